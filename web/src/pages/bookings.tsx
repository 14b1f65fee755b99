import { useSignal } from "@preact/signals";
import { api, type Schemas, take } from "../api/client";
import { moment, price, shortClock } from "../format";
import { useResource } from "../resource";
import { entitle } from "../ui/layout";
import { Empty, Pending } from "../ui/notice";
import { Poster } from "../ui/poster";
import { count, fill, t } from "../words";
import "../styles/bookings.css";

type Booking = Schemas["Booking"];
type BookedEvent = Schemas["BookedEvent"];

interface Mine {
  bookings: Booking[];
  events: Map<string, BookedEvent>;
  more: boolean;
}

const perPage = 50;

/** The user's bookings: those to come, and those that are over. */
export default function Bookings() {
  entitle(t.bookings.title);
  const tries = useSignal(0);
  const pages = useSignal(1);
  const mine = useResource<Mine>(
    () => `bookings ${pages.value}`,
    (signal) => load(pages.peek(), signal),
    tries,
  );
  const { data, error } = mine.value;
  return (
    <div class="wide bookings">
      <h1>{t.bookings.title}</h1>
      {!data && <Pending error={error} again={() => tries.value++} />}
      {data && data.bookings.length === 0 && (
        <Empty title={t.bookings.none} says={t.bookings.noneSays}>
          <a class="button" href="/app">
            {t.failed.home}
          </a>
        </Empty>
      )}
      {data && data.bookings.length > 0 && <Both mine={data} />}
      {data?.more && (
        <p class="more">
          <button type="button" class="quiet" onClick={() => pages.value++}>
            {t.bookings.more}
          </button>
        </p>
      )}
    </div>
  );
}

async function load(pages: number, signal: AbortSignal): Promise<Mine> {
  const mine: Mine = { bookings: [], events: new Map(), more: true };
  let cursor: string | undefined;
  for (let page = 0; page < pages && mine.more; page++) {
    const query = { limit: perPage, ...(cursor && { cursor }) };
    const answer = await take(api.GET("/bookings", { params: { query }, signal }));
    mine.bookings.push(...answer.bookings);
    for (const event of answer.events) {
      mine.events.set(event.id, event);
    }
    cursor = answer.next;
    mine.more = cursor !== undefined;
  }
  return mine;
}

/** isUpcoming tells whether a booking still leads to something: seats of a showing that is not over, or money on its way. */
export function isUpcoming(booking: Booking, event: BookedEvent | undefined, now = Date.now()): boolean {
  switch (booking.status) {
    case "held":
    case "confirmed":
    case "refunding":
      return true;
    case "completed":
      return event !== undefined && event.status !== "cancelled" && Date.parse(event.ends_at) > now;
    default:
      return false;
  }
}

function Both({ mine }: { mine: Mine }) {
  const at = (booking: Booking) => Date.parse(mine.events.get(booking.event_id)?.time ?? booking.created_at);
  const isNext = (booking: Booking) => isUpcoming(booking, mine.events.get(booking.event_id));
  const upcoming = mine.bookings.filter(isNext).sort((a, b) => at(a) - at(b));
  const past = mine.bookings.filter((booking) => !isNext(booking));
  return (
    <>
      <section aria-labelledby="upcoming">
        <h2 id="upcoming">{t.bookings.upcoming}</h2>
        {upcoming.length === 0 ? (
          <p class="soft">{t.bookings.noneUpcoming}</p>
        ) : (
          <Cards bookings={upcoming} mine={mine} />
        )}
      </section>
      {past.length > 0 && (
        <section aria-labelledby="past" class="past">
          <h2 id="past">{t.bookings.past}</h2>
          <Cards bookings={past} mine={mine} />
        </section>
      )}
    </>
  );
}

function Cards({ bookings, mine }: { bookings: Booking[]; mine: Mine }) {
  return (
    <ul class="cards">
      {bookings.map((booking) => (
        <li key={booking.id}>
          <Card booking={booking} event={mine.events.get(booking.event_id)} />
        </li>
      ))}
    </ul>
  );
}

function Card({ booking, event }: { booking: Booking; event: BookedEvent | undefined }) {
  const seats = booking.tickets.map((ticket) => ticket.seat).join(" · ");
  return (
    <article class="card booking">
      <Poster name={event?.name ?? ""} />
      <div>
        <p class="badge" data-status={booking.status}>
          {t.badges[booking.status]}
        </p>
        <h3>
          <a href={booking.links.page}>{event?.name ?? t.bookings.gone}</a>
        </h3>
        {event && (
          <p>
            {moment(event.time, event.venue.time_zone)} · {event.venue.name}, {event.venue.city}
          </p>
        )}
        <p class="soft">
          {count(t.seats.count, booking.tickets.length)}: {seats}
        </p>
        <p>{sayStatus(booking)}</p>
        <p class="soft">
          {fill(t.bookings.reference, { reference: booking.reference })} ·{" "}
          {price(booking.amount_minor, booking.currency)}
        </p>
        <Links booking={booking} />
      </div>
    </article>
  );
}

function Links({ booking }: { booking: Booking }) {
  const { links } = booking;
  return (
    <div class="actions">
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
      <a class={links.checkout ? "button" : "button quiet"} href={links.page}>
        {links.checkout ? t.bookings.pay : t.bookings.open}
      </a>
    </div>
  );
}

/** sayStatus tells in a sentence how a booking stands. */
export function sayStatus(booking: Pick<Booking, "status" | "payment" | "hold_expires_at">): string {
  if (booking.status !== "held") {
    return t.bookings[booking.status];
  }
  switch (booking.payment) {
    case "paid":
      return t.bookings.paid;
    case "open":
      return t.bookings.paying;
    default: {
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      return fill(t.bookings.heldUntil, { time: shortClock(booking.hold_expires_at, zone) });
    }
  }
}
