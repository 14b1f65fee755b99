import type { Schemas } from "../api/client";
import { moment, percent } from "../format";
import { fill, t } from "../words";

/** sayRefunds puts the event's refund policy into a sentence, with the moment until which it holds. */
export function sayRefunds(event: Pick<Schemas["Event"], "refund" | "time" | "venue">, now = Date.now()): string {
  if (event.refund === null) {
    return t.event.final;
  }
  const until = new Date(Date.parse(event.time) - event.refund.hours * 3_600_000);
  if (until.getTime() <= now) {
    return t.event.refundOver;
  }
  const when = moment(until.toISOString(), event.venue.time_zone);
  return event.refund.percent === 100
    ? fill(t.event.refundAll, { when })
    : fill(t.event.refundPart, { percent: percent(event.refund.percent), when });
}
