import { price } from "../../format";
import { fill, t } from "../../words";
import { HoldAgain } from "./again";
import type { Shared } from "./held";
import type { Stage } from "./stage";
import { Prices, What } from "./summary";

/** Ended is a booking that led to no tickets, or no longer does. returned: the payment page said that it was paid. */
export function Ended({ shared, stage, returned }: { shared: Shared; stage: Stage; returned: boolean }) {
  const { booking, event } = shared;
  const onSale = event?.status === "on_sale" && !booking.called_off;
  return (
    <div class="columns">
      <div>
        <What event={event} />
      </div>
      <section class="ended card">
        <CalledOff shared={shared} />
        <p>{sayEnd(shared, stage, returned)}</p>
        {stage === "expired" && onSale && <HoldAgain shared={shared} />}
        <p>
          <a
            class={stage === "expired" && onSale ? "button quiet" : "button"}
            href={onSale ? `/app/events/${event.id}` : "/app"}
          >
            {onSale ? t.checkout.ended.toEvent : t.checkout.ended.find}
          </a>
        </p>
        <Prices booking={booking} />
      </section>
    </div>
  );
}

function CalledOff({ shared: { booking, event } }: { shared: Shared }) {
  if (!booking.called_off && event?.status !== "cancelled") {
    return null;
  }
  const reason = booking.called_off?.reason;
  return (
    <div class="notice">
      <p>
        <strong>{t.checkout.ended.calledOff}</strong>
      </p>
      {reason && <p dir="auto">{fill(t.checkout.ended.calledOffWhy, { reason })}</p>}
    </div>
  );
}

function sayEnd({ booking }: Shared, stage: Stage, returned: boolean): string {
  const { ended } = t.checkout;
  const amount = price(booking.amount_minor, booking.currency);
  switch (stage) {
    case "expired":
      return returned ? ended.expiredPaid : ended.expired;
    case "refunding":
      return booking.called_off ? fill(ended.refundingAll, { amount }) : ended.refunding;
    case "refunded":
      return booking.called_off ? fill(ended.refundedAll, { amount }) : ended.refunded;
    default:
      return ended.cancelled;
  }
}
