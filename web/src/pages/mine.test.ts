import { expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { group, isUpcoming, sayLeft } from "./mine";

type Booking = Schemas["Booking"];

const now = Date.parse("2026-12-04T12:00:00Z");

function event(id: string, time: string): Schemas["BookedEvent"] {
  const venue = {
    id: "v",
    name: "El Rey",
    city: "Chico",
    state: "CA",
    time_zone: "America/Los_Angeles",
    lat: 0,
    lon: 0,
  };
  const ends = new Date(Date.parse(time) + 7_200_000).toISOString();
  return { id, name: id, title_id: "t", venue, time, ends_at: ends, status: "on_sale" };
}

const soon = event("soon", "2026-12-04T20:00:00Z");
const later = event("later", "2026-12-09T20:00:00Z");
const over = event("over", "2026-12-01T20:00:00Z");
const events = new Map([soon, later, over].map((each) => [each.id, each]));

function booking(id: string, status: Booking["status"], of: { id: string }, more: Partial<Booking> = {}): Booking {
  const links = { self: "", event: "", page: `/app/bookings/${id}`, ...(status === "held" && { checkout: "/" }) };
  const rest = { payment: "none", tickets: [], amount_minor: 1, fee_minor: 0, currency: "USD", mails: [] } as const;
  const times = { hold_expires_at: "2026-12-04T12:08:00Z", created_at: "2026-12-04T12:00:00Z" };
  return { id, reference: id, event_id: of.id, status, ...rest, tickets: [], mails: [], ...times, links, ...more };
}

test("what is next comes first, and money on its way after tickets", () => {
  const all = [
    booking("paid-later", "completed", later),
    booking("refund", "refunding", over),
    booking("paid-soon", "completed", soon),
    booking("seen", "completed", over),
    booking("lost", "expired", soon),
    booking("hold", "held", soon, { hold_expires_at: "2026-12-04T12:08:00Z" }),
    booking("hold-first", "held", later, { hold_expires_at: "2026-12-04T12:02:00Z" }),
  ];
  const ids = (list: Booking[]) => list.map(({ id }) => id);
  const mine = group(all, events, now);
  expect(ids(mine.open)).toEqual(["hold-first", "hold"]);
  expect(ids(mine.upcoming)).toEqual(["paid-soon", "paid-later", "refund"]);
  expect(ids(mine.past)).toEqual(["seen", "lost"]);
});

test("a showing that is called off, or listed no longer, is not upcoming; one that runs is", () => {
  const sold = booking("b", "completed", soon);
  expect(isUpcoming(sold, soon, Date.parse(soon.time) + 60_000)).toBe(true);
  expect(isUpcoming(sold, { ...soon, status: "cancelled" }, now)).toBe(false);
  expect(isUpcoming(sold, undefined, now)).toBe(false);
});

test("sayLeft counts down to nothing", () => {
  expect(sayLeft("2026-12-04T12:08:00Z", now)).toBe("8:00");
  expect(sayLeft("2026-12-04T12:08:00Z", now + 475_400)).toBe("0:05");
  expect(sayLeft("2026-12-04T12:08:00Z", now + 480_000)).toBe("");
});
