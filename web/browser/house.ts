import type { Page } from "playwright-core";
import { type Customer, call, type Showing, setting } from "./open";

/** stripe is the payment provider of the system under test: a simulator with a record, and with faults. */
const stripe = setting("STRIPE_API_BASE");

export const goodCard = "4242 4242 4242 4242";
export const declinedCard = "4000 0000 0000 0002";

/** Held is a booking as the tests need it. */
export interface Held {
  id: string;
  reference: string;
  status: string;
  payment: string;
  amount_minor: number;
  hold_expires_at: string;
  tickets: { id: string; seat: string }[];
}

/** hold books free seats of a showing, by the API. */
export async function hold(as: Customer, showing: Showing | undefined, seats: number): Promise<Held> {
  const { tickets } = await call<{ tickets: { id: string }[] }>("GET", `/events/${showing?.id}`, { as });
  return call("POST", "/book", { as, body: tickets.slice(0, seats).map(({ id }) => id) });
}

/** bookingOf asks how a booking stands. */
export function bookingOf(as: Customer, id: string): Promise<Held> {
  return call("GET", `/bookings/${id}`, { as });
}

/** Record is what the provider has of payment pages and of cards that were charged. */
export interface Record {
  pages: number;
  charged: number;
}

/** record reads it. */
export async function record(): Promise<Record> {
  const state = await (await fetch(`${stripe}/_sim/state`)).json();
  const pages = Object.values<number>(state.sessions).reduce((sum, n) => sum + n, 0);
  return { pages, charged: state.charges.succeeded ?? 0 };
}

/** breaks puts a fault in force at the provider; mends ends all. */
export async function breaks(fault: {
  target: string;
  kind: string;
  event?: string;
  delay_ms?: number;
}): Promise<void> {
  await fetch(`${stripe}/_sim/faults`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(fault),
  });
}

export async function mends(): Promise<void> {
  await fetch(`${stripe}/_sim/faults`, { method: "DELETE" });
}

/** payBy fills in the payment page, and presses its button. */
export async function payBy(page: Page, card: string): Promise<void> {
  await page.getByLabel("E-mail").fill("ada@example.com");
  await page.getByLabel("Card number").fill(card);
  await page.getByRole("button", { name: /^Pay / }).click();
}

/** secondsOn reads a countdown on a page. */
export async function secondsOn(page: Page): Promise<number> {
  const [minutes, seconds] = ((await page.getByRole("timer").textContent()) ?? "").split(":").map(Number);
  return (minutes ?? Number.NaN) * 60 + (seconds ?? Number.NaN);
}
