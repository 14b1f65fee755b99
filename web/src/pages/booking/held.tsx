import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, Refused, take } from "../../api/client";
import { price } from "../../format";
import { user } from "../../session";
import { sayError } from "../../ui/notice";
import { sayRefunds } from "../../ui/terms";
import { fill, t } from "../../words";
import { useAct } from "./act";
import { usePay } from "./pay";
import { Promotion } from "./promotion";
import type { Booking, Event } from "./stage";
import { Prices, What } from "./summary";
import { Time } from "./time";

/** Shared is what the parts of the page work with. */
export interface Shared {
  booking: Booking;
  /** What it is of; null: it is no longer listed; undefined: it could not be read. */
  event: Event | null | undefined;
  /** changed takes the booking as an act left it. */
  changed: (booking: Booking) => void;
  /** look has the page ask how the booking stands. */
  look: () => void;
  /** load asks how it stands. Throws Refused. */
  load: () => Promise<Booking>;
  /** announce tells a screen reader, once. */
  announce: (says: string) => void;
}

/** Held is a booking that can be paid: what it costs, under which terms, how long, and the button. */
export function Held({ shared, isOpen }: { shared: Shared; isOpen: boolean }) {
  const { booking, event, changed, announce, look } = shared;
  return (
    <>
      {isOpen && (
        <p class="notice">
          {t.checkout.notPaid} {t.checkout.otherCard}
        </p>
      )}
      <div class="columns">
        <div>
          <What event={event} />
          <Time booking={booking} changed={changed} announce={announce} over={look} />
        </div>
        <section class="bill card" aria-labelledby="seats">
          <Prices booking={booking} />
          {booking.links.promotion && <Promotion booking={booking} changed={changed} announce={announce} />}
          <Terms booking={booking} event={event} />
          <Pay shared={shared} isOpen={isOpen} />
        </section>
        <Away shared={shared} isOpen={isOpen} />
      </div>
    </>
  );
}

/** Terms says before the button what a buyer should know: all that is paid, and whether it can be had back. */
function Terms({ booking, event }: { booking: Booking; event: Shared["event"] }) {
  const keepsFees = booking.fee_minor > 0 && event?.refund;
  return (
    <div class="terms">
      <p>{t.checkout.included}</p>
      {event && (
        <p>
          {sayRefunds(event)} {keepsFees && t.checkout.withoutFees}
        </p>
      )}
    </div>
  );
}

function Pay({ shared, isOpen }: { shared: Shared; isOpen: boolean }) {
  const { booking } = shared;
  const { busy, says, press } = usePay(shared);
  const email = booking.email ?? user.value?.email;
  const free = booking.amount_minor === 0;
  return (
    <div class="pay">
      {says && (
        <p class="mistake" role="alert">
          {says}
        </p>
      )}
      <button type="button" aria-disabled={busy} onClick={press}>
        {busy ? t.checkout.paying : sayPay(booking, isOpen)}
      </button>
      {isOpen && <p class="hint">{t.checkout.maybePaid}</p>}
      <p class="hint">
        {email ? fill(t.checkout.mailTo, { email }) : !free && t.checkout.mailAsked} {!free && t.checkout.secure}
      </p>
    </div>
  );
}

function sayPay(booking: Booking, isOpen: boolean): string {
  if (booking.amount_minor === 0) {
    return t.checkout.payFree;
  }
  return isOpen ? t.checkout.proceed : fill(t.checkout.pay, { amount: price(booking.amount_minor, booking.currency) });
}

/** Away is what leads away from paying: other seats, or none. */
function Away({ shared, isOpen }: { shared: Shared; isOpen: boolean }) {
  const { booking } = shared;
  const asked = useSignal(false);
  const act = useAct();
  const letGo = () =>
    act.run(async (key) => {
      const params = { path: { id: booking.id }, header: { "Idempotency-Key": key } };
      const gone = await take(api.POST("/bookings/{id}/cancel", { params })); // without a body it undoes no sale
      shared.changed(gone as Booking);
      shared.announce(t.checkout.letGoDone);
    });
  const closed = act.error instanceof Refused && act.error.code === "booking-closed";
  useEffect(() => {
    if (closed) {
      shared.look(); // somebody has paid: the page tells
    }
  }, [closed]);
  if (!asked.value) {
    return (
      <p class="away">
        {!isOpen && (
          <a class="button quiet" href={`/app/events/${booking.event_id}?change=${booking.id}`}>
            {t.checkout.change}
          </a>
        )}
        <button
          type="button"
          class="bare"
          onClick={() => {
            asked.value = true;
          }}
        >
          {t.checkout.letGo}
        </button>
      </p>
    );
  }
  return (
    <div class="away notice">
      <p id="let-go">{t.checkout.letGoAsk}</p>
      {act.error !== undefined && (
        <p class="wrong" role="alert">
          {sayError(act.error)}
        </p>
      )}
      <div class="actions">
        <button type="button" aria-describedby="let-go" aria-disabled={act.busy} ref={focus} onClick={letGo}>
          {t.checkout.letGoYes}
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            asked.value = false;
          }}
        >
          {t.checkout.letGoNo}
        </button>
      </div>
    </div>
  );
}

/** focus goes to what has just come. */
function focus(element: HTMLElement | null): void {
  element?.focus();
}
