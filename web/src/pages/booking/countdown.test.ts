import { expect, test } from "vitest";
import { dueWarning, secondsLeft, writeLeft } from "./countdown";

test("secondsLeft counts to the server's deadline, and stops at nothing", () => {
  const deadline = "2026-12-04T12:08:00Z";
  expect(secondsLeft(deadline, Date.parse("2026-12-04T12:00:00Z"))).toBe(480);
  expect(secondsLeft(deadline, Date.parse("2026-12-04T12:07:59.200Z"))).toBe(1);
  expect(secondsLeft(deadline, Date.parse("2026-12-04T13:00:00Z"))).toBe(0);
});

test("writeLeft writes minutes and seconds", () => {
  expect([480, 65, 9, 0].map(writeLeft)).toEqual(["8:00", "1:05", "0:09", "0:00"]);
});

test("dueWarning warns at two minutes and at one, once each, and not in the last half minute", () => {
  expect(dueWarning(121, undefined)).toBeUndefined();
  expect(dueWarning(120, undefined)).toBe(120);
  expect(dueWarning(61, 120)).toBeUndefined();
  expect(dueWarning(60, 120)).toBe(60);
  expect(dueWarning(45, 60)).toBeUndefined();
  expect(dueWarning(45, undefined), "of two that are due, the later").toBe(60);
  expect(dueWarning(30, undefined)).toBeUndefined();
});
