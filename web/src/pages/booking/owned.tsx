import { t } from "../../words";
import type { Booking, Event } from "./stage";
import { Prices, What } from "./summary";

interface Props {
  booking: Booking;
  event: Event | undefined;
  /** changed is called after an act changed the booking. */
  changed: () => void;
}

/** Owned is a booking with tickets: the files to take along. */
export function Owned({ booking, event }: Props) {
  const { links } = booking;
  return (
    <div class="columns">
      <div>
        <What event={event} />
      </div>
      <section class="owned card">
        <p>{t.bookings.completed}</p>
        <p class="actions">
          {links.tickets && (
            <a class="button" href={links.tickets}>
              {t.bookings.pdf}
            </a>
          )}
          {links.calendar && (
            <a class="button quiet" href={links.calendar}>
              {t.bookings.calendar}
            </a>
          )}
        </p>
        <Prices booking={booking} />
      </section>
    </div>
  );
}
