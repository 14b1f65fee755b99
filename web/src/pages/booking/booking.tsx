import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api, Refused, take } from "../../api/client";
import { type Resource, useResource } from "../../resource";
import { here } from "../../router";
import { entitle } from "../../ui/layout";
import { Pending } from "../../ui/notice";
import { fill, t } from "../../words";
import { Ended } from "./ended";
import { Held, type Shared } from "./held";
import { hasReturned } from "./pay";
import type { Event, Stage } from "./stage";
import { useBooking } from "./use-booking";
import { Waiting } from "./waiting";
import "../../styles/booking.css";

/** A booking: what to do about it now, followed while it can change. */
export default function BookingPage({ id }: { id: string }) {
  const followed = useBooking(id);
  const { booking, stage, error } = followed;
  const { data: event, error: unread } = useEvent(booking?.event_id);
  const said = useSignal("");
  const title = useRef<HTMLHeadingElement>(null);
  entitle(booking ? fill(t.bookings.reference, { reference: booking.reference }) : "");
  useEffect(() => {
    if (stage) {
      if (said.peek() !== "" && document.activeElement === document.body) {
        title.current?.focus(); // what was pressed is gone
      }
      said.value = t.checkout.heading[stage];
    }
  }, [stage]);
  if (!booking || !stage || (event === undefined && unread === undefined)) {
    return (
      <div class="wide">
        <Pending error={booking ? undefined : error} again={followed.look} />
      </div>
    );
  }
  const shared: Shared = {
    booking,
    event,
    changed: followed.changed,
    look: followed.look,
    load: followed.load,
    announce: (says) => {
      said.value = says;
    },
  };
  return (
    <div class="wide booking-page" data-stage={stage}>
      <header>
        <p class="kind">{fill(t.bookings.reference, { reference: booking.reference })}</p>
        <h1 ref={title} tabIndex={-1}>
          {t.checkout.heading[stage]}
        </h1>
      </header>
      <p class="hidden" role="status">
        {said.value}
      </p>
      <Current shared={shared} stage={stage} />
    </div>
  );
}

function Current({ shared, stage }: { shared: Shared; stage: Stage }) {
  switch (stage) {
    case "held":
    case "paying":
      return <Held shared={shared} isOpen={stage === "paying"} />;
    case "noticing":
    case "making":
      return <Waiting shared={shared} isNoticed={stage === "making"} />;
    case "closing":
    case "letting-go":
      return <p class="notice">{stage === "closing" ? t.checkout.closing : t.checkout.lettingGo}</p>;
    case "completed":
      return <Tickets shared={shared} />;
    default:
      return <Ended shared={shared} stage={stage} returned={hasReturned(here.value.query)} />;
  }
}

type Owned = typeof import("./owned").Owned;

/** Tickets loads what shows tickets: who pays does not need it yet. */
function Tickets({ shared }: { shared: Shared }) {
  const tries = useSignal(0);
  const page = useResource<{ Owned: Owned }>(
    () => "owned",
    () => import("./owned"),
    tries,
  );
  const { data, error } = page.value;
  if (!data) {
    return <Pending error={error} again={() => tries.value++} />;
  }
  return <data.Owned booking={shared.booking} event={shared.event ?? undefined} changed={shared.look} />;
}

/** useEvent loads what a booking is of; null: it is no longer listed. */
function useEvent(id: string | undefined): Resource<Event | null> {
  const wanted = useSignal<string | undefined>(undefined);
  useEffect(() => {
    wanted.value = id;
  }, [id]);
  return useResource<Event | null>(
    () => (wanted.value === undefined ? undefined : `booked ${wanted.value}`),
    async (signal) => {
      try {
        const params = { path: { id: wanted.peek() as string }, query: { tickets: "none" as const } };
        return (await take(api.GET("/events/{id}", { params, signal }))).event;
      } catch (error) {
        if (error instanceof Refused && error.status === 404) {
          return null;
        }
        throw error;
      }
    },
  ).value;
}
