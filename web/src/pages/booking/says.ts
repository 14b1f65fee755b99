import type { Problem, Schemas } from "../../api/client";
import { clock, dayOf, moment, percent, writeDay } from "../../format";
import type { KeptEvent } from "../../pocket";
import { count, fill, t } from "../../words";

/** zoneOf is whose clock times are told by: the venue's, else the viewer's. */
export function zoneOf(event: KeptEvent | undefined): string {
  return event?.venue.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** sayStart writes when an event begins, briefly, with its zone where that is not the viewer's. */
export function sayStart({ time, venue: { time_zone: zone } }: KeptEvent): string {
  const day = writeDay(dayOf(time, zone), { weekday: "short", day: "numeric", month: "short" });
  return `${day}, ${clock(time, zone)}`;
}

/** sayTerms tells until when tickets can be given back, and what goes back of their price. */
export function sayTerms(
  booking: Pick<Schemas["Booking"], "refundable_until" | "fee_minor">,
  event: KeptEvent | undefined,
): string {
  const when = moment(booking.refundable_until ?? "", zoneOf(event));
  const share = event?.refund?.percent;
  if (share === undefined) {
    return fill(t.tickets.until, { when });
  }
  const text = booking.fee_minor > 0 ? t.tickets.untilLessFees : t.tickets.untilShare;
  return fill(text, { when, percent: percent(share) });
}

/** sayMail tells in a line what became of a mail, and when. */
export function sayMail(mail: Schemas["BookingMail"], zone: string): string {
  const when = moment(mail.sent_at ?? mail.queued_at, zone);
  return fill(t.tickets.mailed[mail.status], { when });
}

/** sayConflicts tells why seats cannot be held, by what stands in the way: not every one of them is gone. */
export function sayConflicts({
  conflicts = [],
  alternatives = [],
}: Pick<Problem, "conflicts" | "alternatives">): string[] {
  const seatsOf = (why: Schemas["Conflict"]["reason"]) =>
    conflicts.filter(({ reason }) => reason === why).map(({ seat }) => seat);
  const alone = seatsOf("left_alone");
  const reserved = seatsOf("reserved_accessible");
  const says: string[] = [];
  if (alone.length > 0) {
    says.push(count(t.choose.lonelyRefused, alone.length, { seats: alone.join("; ") }));
  }
  if (reserved.length > 0) {
    says.push(count(t.choose.reserved, reserved.length, { seats: reserved.join("; ") }));
  }
  if (alone.length + reserved.length < conflicts.length) {
    says.push(alternatives.length === 0 ? t.checkout.ended.takenAll : t.checkout.ended.taken);
  }
  return says;
}
