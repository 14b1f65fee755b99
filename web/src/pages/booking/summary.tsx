import { moment, price } from "../../format";
import { CalendarIcon, PinIcon } from "../../ui/icons";
import { Poster } from "../../ui/poster";
import { fill, t } from "../../words";
import type { Booking, Event } from "./stage";

/** What says what a booking is of. event is null where the showing is no longer listed, undefined where it is not known. */
export function What({ event }: { event: Event | null | undefined }) {
  return (
    <section class="what card">
      <Poster name={event?.name ?? ""} />
      <div>
        {event === null && <h2>{t.bookings.gone}</h2>}
        {event && (
          <>
            <h2>
              <a href={`/app/events/${event.id}`}>{event.name}</a>
            </h2>
            <p>
              <CalendarIcon />
              {moment(event.time, event.venue.time_zone)}
            </p>
            <p>
              <PinIcon />
              {event.venue.name}, {event.venue.city}
            </p>
          </>
        )}
      </div>
    </section>
  );
}

/** Prices lists the seats with what each costs, all in, as everywhere before; then fees, discount, and what is to be paid. */
export function Prices({ booking }: { booking: Booking }) {
  const { tickets, currency } = booking;
  const discount = booking.discount_minor ?? 0;
  return (
    <div class="prices">
      <h2 id="seats">{t.checkout.seats}</h2>
      <ul aria-labelledby="seats">
        {tickets.map(({ id, seat, accessible, total_minor, discount_minor }) => (
          <li key={id}>
            <span>
              {seat}
              {accessible && <span class="soft"> · {t.seats.wheelchair}</span>}
            </span>
            <span>{price(total_minor + (discount_minor ?? 0), currency)}</span>
          </li>
        ))}
      </ul>
      <dl>
        {booking.fee_minor > 0 && <Line name={t.checkout.fees} value={price(booking.fee_minor, currency)} />}
        {discount > 0 && (
          <Line
            name={fill(t.checkout.taken, { code: booking.promotion ?? "" })}
            value={`−${price(discount, currency)}`}
          />
        )}
        <div class="sum">
          <dt>{t.seats.total}</dt>
          <dd>{price(booking.amount_minor, currency)}</dd>
        </div>
      </dl>
    </div>
  );
}

function Line({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
