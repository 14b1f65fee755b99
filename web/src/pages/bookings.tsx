import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, type Schemas, take } from "../api/client";
import { moment, price, shortClock } from "../format";
import { keepAll } from "../packing";
import { useResource } from "../resource";
import { reachable, serverNow } from "../server";
import { user } from "../session";
import { entitle } from "../ui/layout";
import { Empty, Pending } from "../ui/notice";
import { Poster } from "../ui/poster";
import { count, fill, t } from "../words";
import { codeOf } from "./booking/codes";
import { group, sayLeft } from "./mine";
import "../styles/bookings.css";

type Booking = Schemas["Booking"];
type BookedEvent = Schemas["BookedEvent"];

interface Loaded {
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
  const mine = useResource<Loaded>(
    () => `bookings ${pages.value}`,
    (signal) => load(pages.peek(), signal),
    tries,
  );
  const { data, error } = mine.value;
  useEffect(() => {
    if (data && user.value && reachable.value) {
      keepAll(data.bookings, data.events, codeOf).catch(() => undefined); // no room, or forbidden
    }
  }, [data, user.value, reachable.value]);
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
      {data && data.bookings.length > 0 && <All loaded={data} again={() => tries.value++} />}
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

async function load(pages: number, signal: AbortSignal): Promise<Loaded> {
  const mine: Loaded = { bookings: [], events: new Map(), more: true };
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

interface AllProps {
  loaded: Loaded;
  again: () => void;
}

function All({ loaded, again }: AllProps) {
  const { open, upcoming, past } = group(loaded.bookings, loaded.events);
  const card = (booking: Booking, size?: "large") => (
    <li key={booking.id}>
      <Card booking={booking} event={loaded.events.get(booking.event_id)} size={size} />
    </li>
  );
  return (
    <>
      {open.length > 0 && (
        <ul class="cards open">
          {open.map((booking) => (
            <li key={booking.id}>
              <Open booking={booking} loaded={loaded} again={again} />
            </li>
          ))}
        </ul>
      )}
      <section aria-labelledby="upcoming">
        <h2 id="upcoming">{t.bookings.upcoming}</h2>
        {upcoming.length === 0 ? (
          <p class="soft">{t.bookings.noneUpcoming}</p>
        ) : (
          <ul class="cards">{upcoming.map((booking, i) => card(booking, i === 0 ? "large" : undefined))}</ul>
        )}
      </section>
      {past.length > 0 && (
        <details class="past">
          <summary>
            <h2>{count(t.tickets.mine.past, past.length)}</h2>
          </summary>
          <ul class="cards">{past.map((booking) => card(booking))}</ul>
        </details>
      )}
    </>
  );
}

/** Open is a booking that is held: it says how long still, and leads to where it is paid. */
function Open({ booking, loaded, again }: AllProps & { booking: Booking }) {
  const event = loaded.events.get(booking.event_id);
  const left = useLeft(booking.hold_expires_at, again);
  return (
    <article class="card booking held">
      <div>
        <p class="badge" data-status={booking.status}>
          {left === "" ? t.badges.held : fill(t.tickets.mine.left, { time: left })}
        </p>
        <h3>{event?.name ?? t.bookings.gone}</h3>
        {event && <When event={event} />}
        <p class="soft">{sayStatus(booking)}</p>
        <a class="button" href={booking.links.page}>
          {fill(t.tickets.mine.pay, { amount: price(booking.amount_minor, booking.currency) })}
        </a>
      </div>
    </article>
  );
}

/** useLeft counts down to a deadline by the server's clock. When it is over, the page is loaded anew. */
function useLeft(deadline: string, over: () => void): string {
  const left = useSignal(sayLeft(deadline, serverNow()));
  useEffect(() => {
    const timer = setInterval(() => {
      const before = left.value;
      left.value = sayLeft(deadline, serverNow());
      if (before !== "" && left.value === "") {
        over();
      }
    }, 1000);
    return () => clearInterval(timer);
  }, [deadline]);
  return left.value;
}

interface CardProps {
  booking: Booking;
  event: BookedEvent | undefined;
  /** The next showing is large. */
  size: "large" | undefined;
}

function Card({ booking, event, size }: CardProps) {
  const seats = booking.tickets.map((ticket) => ticket.seat).join(" · ");
  return (
    <article class="card booking" data-size={size}>
      <Poster name={event?.name ?? ""} />
      <div>
        <p class="badge" data-status={booking.status}>
          {t.badges[booking.status]}
        </p>
        <h3>
          <a href={booking.links.page}>{event?.name ?? t.bookings.gone}</a>
        </h3>
        {event && <When event={event} />}
        <p>
          {count(t.seats.count, booking.tickets.length)}: {seats}
        </p>
        {booking.status !== "completed" && <p>{sayStatus(booking)}</p>}
        <p class="soft">{fill(t.bookings.reference, { reference: booking.reference })}</p>
      </div>
      <Links booking={booking} all={size === "large"} />
    </article>
  );
}

function When({ event }: { event: BookedEvent }) {
  return (
    <p>
      <strong>{moment(event.time, event.venue.time_zone)}</strong>
      <br />
      {event.venue.name}, {event.venue.city}
    </p>
  );
}

function Links({ booking: { links }, all }: { booking: Booking; all: boolean }) {
  return (
    <div class="actions">
      <a class={links.tickets ? "button" : "button quiet"} href={links.page}>
        {links.tickets ? t.tickets.mine.show : t.bookings.open}
      </a>
      {links.tickets && reachable.value && (
        <a class="button quiet" href={links.tickets} download>
          {t.bookings.pdf}
        </a>
      )}
      {all && links.calendar && reachable.value && (
        <a class="button quiet" href={links.calendar} download>
          {t.bookings.calendar}
        </a>
      )}
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
