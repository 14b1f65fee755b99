import type { Schemas } from "../api/client";
import { dayOf, isElsewhere, moment, money, shortClock, writeDay, zoneName } from "../format";
import { count, fill, t } from "../words";

type Shown = Pick<
  Schemas["Event"],
  "id" | "time" | "venue" | "price_from_minor" | "currency" | "available" | "total" | "name"
>;

/** How full a showing is: few are a tenth of the seats or less, as the search counts them. */
export function fullness(event: { available: number; total: number }): "none" | "few" | "plenty" {
  if (event.available === 0) {
    return "none";
  }
  return event.available * 10 <= event.total ? "few" : "plenty";
}

/** sayFullness says how many seats are left, where that matters. */
export function sayFullness(event: { available: number; total: number }): string {
  switch (fullness(event)) {
    case "none":
      return t.event.soldOut;
    case "few":
      return count(t.event.left, event.available);
    default:
      return t.event.plenty;
  }
}

/** sayFrom says what the cheapest seat costs. */
export function sayFrom(event: { price_from_minor: number; currency: string }): string {
  return event.price_from_minor === 0
    ? t.event.free
    : fill(t.event.from, { price: money(event.price_from_minor, event.currency) });
}

/** Showing is a time to go: a link that says when, from how much, and how full it is. */
export function Showing({ event, dated }: { event: Shown; dated: boolean }) {
  const zone = event.venue.time_zone;
  const elsewhere = isElsewhere(event.time, zone);
  return (
    <a class="showing" data-full={fullness(event)} href={`/app/events/${event.id}`}>
      <span class="hidden">{`${event.name}, ${moment(event.time, zone)}, `}</span>
      <span class="time" aria-hidden="true">
        {dated && (
          <small>{writeDay(dayOf(event.time, zone), { weekday: "short", day: "numeric", month: "short" })}</small>
        )}
        {shortClock(event.time, zone)}
        {elsewhere && <small> {zoneName(event.time, zone)}</small>}
      </span>
      <span class="from">{event.available === 0 ? t.event.soldOut : sayFrom(event)}</span>
      <Meter event={event} />
    </a>
  );
}

function Meter({ event }: { event: Shown }) {
  const taken = event.total === 0 ? 100 : Math.round(100 - (100 * event.available) / event.total);
  return (
    <>
      <svg class="meter" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect class="rest" width="100" height="4" rx="2" />
        <rect class="taken" width={taken} height="4" rx="2" />
      </svg>
      {event.available > 0 && <span class="left">{sayFullness(event)}</span>}
    </>
  );
}
