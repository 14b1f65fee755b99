import type { Schemas } from "../api/client";

type Booking = Schemas["Booking"];
type BookedEvent = Schemas["BookedEvent"];

/** Mine is a user's bookings, by what they ask for. */
export interface Mine {
  /** Held and not paid: those whose time ends first come first. */
  open: Booking[];
  /** What leads to something still; the next showing comes first. */
  upcoming: Booking[];
  /** What is over, the newest first. */
  past: Booking[];
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

/** group sorts bookings, which come newest first. */
export function group(bookings: readonly Booking[], events: ReadonlyMap<string, BookedEvent>, now = Date.now()): Mine {
  const starts = (booking: Booking) => Date.parse(events.get(booking.event_id)?.time ?? booking.created_at);
  const mine: Mine = { open: [], upcoming: [], past: [] };
  for (const booking of bookings) {
    if (booking.links.checkout) {
      mine.open.push(booking);
    } else {
      mine[isUpcoming(booking, events.get(booking.event_id), now) ? "upcoming" : "past"].push(booking);
    }
  }
  mine.open.sort((a, b) => Date.parse(a.hold_expires_at) - Date.parse(b.hold_expires_at));
  mine.upcoming.sort(
    (a, b) => Number(a.status === "refunding") - Number(b.status === "refunding") || starts(a) - starts(b),
  );
  return mine;
}

/** sayLeft writes the time to a deadline as a clock does: "7:05"; "" once it is over. */
export function sayLeft(deadline: string, now: number): string {
  const seconds = Math.ceil((Date.parse(deadline) - now) / 1000);
  if (seconds <= 0) {
    return "";
  }
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
