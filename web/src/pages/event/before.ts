import { api, type Schemas, take } from "../../api/client";
import { remaining } from "../../pocket";
import type { Name } from "./say";

type Booking = Schemas["Booking"];

/** Before is what the buyer has of an event already. */
export interface Before {
  /** A booking that is neither bought nor over. */
  open: Booking | undefined;
  /** Seats that are the buyer's: who gave some back has them no more, whoever bought them since. */
  had: Name[];
}

/** loadBefore asks for the buyer's bookings of an event. Throws Refused. */
export async function loadBefore(eventId: string, signal: AbortSignal): Promise<Before> {
  const { bookings } = await take(api.GET("/bookings", { params: { query: { event_id: eventId } }, signal }));
  const bought = bookings.filter(({ status }) => status === "confirmed" || status === "completed");
  return {
    open: bookings.find(({ status }) => status === "held"),
    had: bought.flatMap(remaining),
  };
}

/** loadChange gets the booking whose seats are to be changed. Throws Refused. */
export function loadChange(id: string, signal: AbortSignal): Promise<Booking> {
  return take(api.GET("/bookings/{id}", { params: { path: { id } }, signal }));
}

/** mayChange tells whether a booking's seats can be others: it is of the event, held, and no payment is under way. */
export function mayChange({ event_id, status, payment }: Booking, eventId: string): boolean {
  return event_id === eventId && status === "held" && payment === "none";
}
