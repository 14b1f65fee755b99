import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { price } from "../../format";
import { keep } from "../../packing";
import { type KeptEvent, remaining } from "../../pocket";
import { reachable } from "../../server";
import { user } from "../../session";
import { fill, t } from "../../words";
import { codeOf, forgetCodes } from "./codes";
import { Deck } from "./deck";
import { Mails } from "./mails";
import { Return } from "./return";
import { zoneOf } from "./says";
import "../../styles/owned.css";

interface Props {
  booking: Schemas["Booking"];
  /** Undefined: it is listed no longer. */
  event: KeptEvent | undefined;
  /** Called after something of the booking was changed here, so that it is looked at anew. */
  changed: () => void;
}

/**
 * Owned is a booking that was sold: its tickets, and what can be done with them. Tickets that are shown are kept on the
 * device, for a door without reception.
 */
export function Owned({ booking, event, changed }: Props) {
  const tickets = remaining(booking);
  const back = useSignal<Schemas["CancellationQuote"] | undefined>(undefined);
  useEffect(() => forgetCodes, [booking.id]);
  useEffect(() => {
    if (event && user.value && reachable.value) {
      keep(booking, event, codeOf).catch(() => undefined); // no room, or forbidden: then they need a network
    }
  }, [booking, event, user.value, reachable.value]);
  const returned = (quote: Schemas["CancellationQuote"]) => {
    back.value = quote;
    changed();
  };
  return (
    <div class="owned">
      {event?.status === "cancelled" && <p class="notice">{t.tickets.calledOff}</p>}
      <div role="status">
        {back.value && (
          <p class="notice">
            {fill(t.tickets.onItsWay, { amount: price(back.value.refund_minor, back.value.currency) })}
          </p>
        )}
      </div>
      {tickets.length > 0 && <Deck booking={booking} tickets={tickets} event={event} />}
      {reachable.value ? (
        <>
          <Files booking={booking} />
          {booking.refundable_until && tickets.length > 0 && (
            <Return booking={booking} tickets={tickets} event={event} returned={returned} />
          )}
          <Mails booking={booking} zone={zoneOf(event)} changed={changed} />
        </>
      ) : (
        <p class="notice">{t.tickets.away}</p>
      )}
    </div>
  );
}

function Files({ booking: { links } }: { booking: Schemas["Booking"] }) {
  return (
    <div class="actions files">
      {links.tickets && (
        <a class="button" href={links.tickets} download>
          {t.bookings.pdf}
        </a>
      )}
      {links.calendar && (
        <a class="button quiet" href={links.calendar} download>
          {t.bookings.calendar}
        </a>
      )}
    </div>
  );
}
