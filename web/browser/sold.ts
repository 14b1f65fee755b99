import { type Customer, call, patience } from "./open";

/** Sold is a booking as the tests need it. */
export interface Sold {
  id: string;
  reference: string;
  status: string;
  amount_minor: number;
  tickets: { id: string; seat: string; holder_id?: string }[];
  links: { page: string };
}

/** buy has somebody book seats of a showing and pay for them, beside the browser; it waits for the tickets. */
export async function buy(as: Customer, showingID: string, seats: number): Promise<Sold> {
  const { tickets } = await call<{ tickets: { id: string }[] }>("GET", `/events/${showingID}`, { as });
  const body = tickets.slice(0, seats).map(({ id }) => id);
  const { id } = await call<Sold>("POST", "/book", { as, body });
  const checkout = { email: "ada@example.com" };
  const { checkout_url } = await call<{ checkout_url: string }>("POST", `/bookings/${id}/checkout`, {
    as,
    body: checkout,
  });
  const paid = new URLSearchParams({ card_number: "4242424242424242", email: "ada@example.com" });
  await fetch(checkout_url, { method: "POST", body: paid, redirect: "manual" });
  return completed(as, id);
}

async function completed(as: Customer, id: string): Promise<Sold> {
  const deadline = Date.now() + patience;
  for (;;) {
    const booking = await call<Sold>("GET", `/bookings/${id}`, { as });
    if (booking.status === "completed") {
      return booking;
    }
    if (Date.now() > deadline) {
      throw new Error(`booking ${id} is ${booking.status}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
