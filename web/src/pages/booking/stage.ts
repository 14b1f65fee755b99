import type { Schemas } from "../../api/client";

export type Booking = Schemas["Booking"];
export type Event = Schemas["Event"];

/** Stage is what a buyer is told of a booking, and what can be done about it. */
export type Stage =
  | "held" /* nothing is paid, and no payment page is open */
  | "paying" /* a payment page is open */
  | "noticing" /* the buyer has paid, and we have not heard of it */
  | "closing" /* the time is up, and the server sees to it that no payment is under way */
  | "letting-go" /* let go of, and the same */
  | "making" /* paid; tickets are being made */
  | "completed"
  | "expired"
  | "cancelled"
  | "refunding"
  | "refunded";

type Told = Pick<Booking, "status" | "payment" | "hold_expires_at" | "links">;

/** stageOf tells the stage at a time of the server's clock. returned: the payment page said that it is paid. */
export function stageOf(booking: Told, returned: boolean, now: number): Stage {
  switch (booking.status) {
    case "held":
      return ofHeld(booking, returned, now);
    case "confirmed":
      return "making";
    default:
      return booking.status;
  }
}

function ofHeld(booking: Told, returned: boolean, now: number): Stage {
  if (booking.payment === "paid") {
    return "making";
  }
  if (!booking.links.checkout) {
    return "letting-go";
  }
  if (booking.payment === "open" && returned) {
    return "noticing";
  }
  if (Date.parse(booking.hold_expires_at) <= now) {
    return "closing";
  }
  return booking.payment === "open" ? "paying" : "held";
}

/** isFleeting tells of a stage in which the server acts, and is worth waiting for. */
export function isFleeting(stage: Stage | undefined): boolean {
  return stage === "noticing" || stage === "making" || stage === "closing" || stage === "letting-go";
}

const second = 1_000;
const minute = 60 * second;

/**
 * pauseOf is how long to wait before the next look at a booking that has been in a stage for some time, in milliseconds;
 * undefined: nothing is to come. Whoever waits for tickets sees them within two seconds for ten minutes; after that a person
 * no longer watches.
 */
export function pauseOf(stage: Stage, sinceMs: number, returned: boolean): number | undefined {
  if (isFleeting(stage)) {
    return sinceMs < 10 * minute ? second : 10 * second;
  }
  switch (stage) {
    case "paying":
      return sinceMs < 2 * minute ? 3 * second : 10 * second;
    case "held":
      return 15 * second; // another tab may pay, or let go
    case "refunding":
      return sinceMs < minute ? 3 * second : 30 * second;
    case "expired":
      return returned && sinceMs < 10 * minute ? 3 * second : undefined; // a payment may come late
    default:
      return undefined;
  }
}

/** How many of the four steps to tickets are done: payment noticed, seats sold, tickets made, mail sent. */
export function stepsDone(booking: Pick<Booking, "status" | "payment" | "mails">): number {
  if (booking.status === "completed") {
    return booking.mails.some(({ kind, status }) => kind === "tickets" && status === "sent") ? 4 : 3;
  }
  return booking.status === "confirmed" ? 2 : Number(booking.payment === "paid");
}
