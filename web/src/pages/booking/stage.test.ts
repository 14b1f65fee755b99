import { describe, expect, test } from "vitest";
import { pauseOf, type Stage, stageOf, stepsDone } from "./stage";

const now = Date.parse("2026-12-04T12:00:00Z");
const links = { self: "", event: "", page: "" };
const open = { ...links, checkout: "/bookings/1/checkout" };
const held = { status: "held", payment: "none", hold_expires_at: "2026-12-04T12:08:00Z", links: open } as const;
const late = { hold_expires_at: "2026-12-04T12:00:00Z" };

describe("stageOf", () => {
  test.each([
    ["held", { ...held }, false],
    ["held", { ...held }, true], // an address that somebody made up shows no payment
    ["closing", { ...held, ...late }, false],
    ["paying", { ...held, payment: "open" }, false],
    ["noticing", { ...held, payment: "open" }, true],
    ["noticing", { ...held, ...late, payment: "open" }, true], // whoever has paid does not hear that the time is up
    ["closing", { ...held, ...late, payment: "open" }, false],
    ["letting-go", { ...held, payment: "open", links }, false],
    ["making", { ...held, payment: "paid", links }, false],
    ["making", { ...held, status: "confirmed", payment: "paid", links }, false],
    ["completed", { ...held, status: "completed", links }, true],
    ["expired", { ...held, status: "expired", links }, true],
    ["cancelled", { ...held, status: "cancelled", links }, false],
    ["refunding", { ...held, status: "refunding", links }, false],
    ["refunded", { ...held, status: "refunded", links }, false],
  ] as const)("%s", (stage, booking, returned) => expect(stageOf(booking, returned, now)).toBe(stage));
});

test("pauseOf looks quickly while somebody waits, seldom later, and never at what has ended", () => {
  const minute = 60_000;
  for (const stage of ["noticing", "making", "closing", "letting-go"] as Stage[]) {
    expect(pauseOf(stage, 0, true)).toBeLessThanOrEqual(1_000);
    expect(pauseOf(stage, 9 * minute, true)).toBeLessThanOrEqual(1_000);
    expect(pauseOf(stage, 11 * minute, true)).toBe(10_000);
  }
  for (const stage of ["completed", "expired", "cancelled", "refunded"] as Stage[]) {
    expect(pauseOf(stage, 0, false), stage).toBeUndefined();
  }
  expect(pauseOf("expired", 0, true)).toBe(3_000);
  expect(pauseOf("paying", 3 * minute, false)).toBe(10_000);
  expect(pauseOf("refunding", 0, false)).toBe(3_000);
});

test("stepsDone counts what has been reached", () => {
  const sent = { kind: "tickets", to: "", status: "sent", queued_at: "" } as const;
  expect(stepsDone({ status: "held", payment: "open", mails: [] })).toBe(0);
  expect(stepsDone({ status: "held", payment: "paid", mails: [] })).toBe(1);
  expect(stepsDone({ status: "confirmed", payment: "paid", mails: [] })).toBe(2);
  expect(stepsDone({ status: "completed", payment: "paid", mails: [{ ...sent, status: "queued" }] })).toBe(3);
  expect(stepsDone({ status: "completed", payment: "paid", mails: [sent] })).toBe(4);
});
