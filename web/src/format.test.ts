import { expect, test } from "vitest";
import { clock, dayAfter, dayOf, distance, isElsewhere, moment, money, price, zoneName } from "./format";

const pacific = "America/Los_Angeles";
const plain = (text: string) => text.replace(/\u202f/g, " ");

test("money has cents where there are some, price always, and no currency is thought to have two digits", () => {
  expect(money(1450, "USD")).toBe("$14.50");
  expect(money(1100, "USD")).toBe("$11");
  expect(price(1100, "USD")).toBe("$11.00");
  expect(money(1100, "JPY")).toBe("¥1,100");
  expect(price(1500, "KWD")).toMatch(/1\.500/);
});

test("a time is the venue's, and names its zone where the viewer's clock differs", () => {
  const at = "2026-12-04T19:30:00-08:00";
  expect(plain(clock(at, pacific))).toBe("7:30 PM PST");
  expect(plain(clock("2026-12-04T19:30:00-05:00", "America/New_York"))).toBe("7:30 PM");
  expect(plain(moment(at, pacific))).toBe("Fri, Dec 4, 7:30 PM PST");
  expect(zoneName(at, pacific)).toBe("PST");
});

test("isElsewhere compares clocks and not names, also where only one side changes them", () => {
  expect(isElsewhere("2026-07-01T12:00:00Z", "America/Toronto", "America/New_York")).toBe(false);
  expect(isElsewhere("2026-07-01T12:00:00Z", "America/Phoenix", "America/Denver")).toBe(true);
  expect(isElsewhere("2026-12-01T12:00:00Z", "America/Phoenix", "America/Denver")).toBe(false);
});

test("a day is one of the venue's calendar", () => {
  expect(dayOf("2026-12-05T04:30:00Z", pacific)).toBe("2026-12-04");
  expect(dayAfter("2026-12-31", 1)).toBe("2027-01-01");
  expect(dayAfter("2026-03-07", 1)).toBe("2026-03-08"); // across a change of clocks
});

test("distance is in miles for who measures so", () => {
  expect(distance(48)).toBe("30 mi");
  expect(distance(2)).toBe("1.2 mi");
});
