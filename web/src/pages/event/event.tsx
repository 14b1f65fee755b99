import { useComputed, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { api, Refused, type Schemas, take } from "../../api/client";
import { clock, moment } from "../../format";
import { useResource } from "../../resource";
import { here } from "../../router";
import { CalendarIcon, PinIcon, TicketIcon } from "../../ui/icons";
import { entitle } from "../../ui/layout";
import { Pending } from "../../ui/notice";
import { Poster } from "../../ui/poster";
import { fullness, sayFrom } from "../../ui/showing";
import { sayRefunds } from "../../ui/terms";
import { count, fill, t } from "../../words";
import { loadChange, mayChange } from "./before";
import { Choose } from "./choose";
import "../../styles/event.css";
import "../../styles/choose.css";

type Event = Schemas["Event"];

/** Loaded is an event, and how it can be bought. */
interface Loaded {
  event: Event;
  most: number;
  /** The booking whose seats are to be changed, as the address says. */
  change: Schemas["Booking"] | undefined;
}

/** A showing: its facts, and its seats to choose from. */
export default function EventPage({ id }: { id: string }) {
  const tries = useSignal(0);
  const change = useComputed(() => here.value.query.get("change") ?? "");
  const visit = useMemo(() => performance.now(), []);
  const page = useResource<Loaded>(
    // What was loaded of a booking is not for the next visit: its seats may be others by then.
    () => `event ${id} ${change.value && `${change.value} ${visit}`}`,
    (signal) => load(id, change.peek(), signal),
    tries,
  );
  const { data, error } = page.value;
  entitle(data?.event.name ?? "");
  if (!data) {
    return (
      <div class="wide">
        <Pending error={error} again={() => tries.value++} />
      </div>
    );
  }
  const { event, most } = data;
  const mine = data.change && mayChange(data.change, id) ? data.change : undefined;
  return (
    <div class="wide event-page">
      <Heading event={event} />
      {data.change && !mine && (
        <p class="notice">
          {t.choose.closed} <a href={`/app/bookings/${data.change.id}`}>{t.choose.changeBack}</a>
        </p>
      )}
      {event.status === "on_sale" ? (
        <Choose
          key={[id, mine?.id, ...(mine?.tickets ?? []).map((ticket) => ticket.id)].join()}
          event={event}
          most={most}
          change={mine}
        />
      ) : (
        <Over event={event} />
      )}
      <Facts event={event} />
    </div>
  );
}

async function load(id: string, change: string, signal: AbortSignal): Promise<Loaded> {
  const params = { path: { id }, query: { tickets: "none" as const } };
  const [{ event, max_seats }, booking] = await Promise.all([
    take(api.GET("/events/{id}", { params, signal })),
    change === "" ? undefined : loadChange(change, signal).catch(passOver),
  ]);
  return { event, most: max_seats, change: booking };
}

/** passOver lets the address name a booking that is not there: the seats can be bought all the same. */
function passOver(error: unknown): undefined {
  if (!(error instanceof Refused) || error.status === 401) {
    throw error;
  }
}

/** Over says why there is nothing to buy, and where there is. */
function Over({ event }: { event: Event }) {
  const says = { cancelled: t.event.cancelled, draft: t.choose.draft, past: t.event.past, on_sale: "" };
  return (
    <p class="notice">
      {says[event.status]} <a href={`/app/titles/${event.title_id}`}>{fill(t.event.onTitle, { name: event.name })}</a>
    </p>
  );
}

function Heading({ event }: { event: Event }) {
  return (
    <header class="heading">
      <Poster name={event.name} />
      <div>
        <p class="kind">{t.types[event.type as keyof typeof t.types] ?? t.types.other}</p>
        <h1>{event.name}</h1>
        <p class="lead">
          {moment(event.time, event.venue.time_zone)} · {event.venue.name}
        </p>
        <p>
          <a href={`/app/titles/${event.title_id}`}>{fill(t.event.onTitle, { name: event.name })}</a>
        </p>
      </div>
    </header>
  );
}

function Facts({ event }: { event: Event }) {
  const { venue } = event;
  return (
    <dl class="event-facts">
      <div>
        <dt>
          <CalendarIcon />
          {t.event.when}
        </dt>
        <dd>
          {moment(event.time, venue.time_zone, "long")}
          <span class="soft">{fill(t.event.ends, { time: clock(event.ends_at, venue.time_zone) })}</span>
        </dd>
      </div>
      <div>
        <dt>
          <PinIcon />
          {t.event.where}
        </dt>
        <dd>
          {venue.name}
          <span class="soft">
            {venue.city}, {venue.state}
          </span>
        </dd>
      </div>
      <div>
        <dt>
          <TicketIcon />
          {t.event.prices}
        </dt>
        <dd>
          {sayFrom(event)}
          <span class="soft" data-full={fullness(event)}>
            {event.available === 0
              ? t.choose.noneFree
              : count(t.event.ofSeats, event.available, { total: event.total })}
          </span>
        </dd>
      </div>
      <div>
        <dt>{t.event.refunds}</dt>
        <dd class="policy">{sayRefunds(event)}</dd>
      </div>
    </dl>
  );
}
