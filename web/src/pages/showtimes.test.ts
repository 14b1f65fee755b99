import { expect, test } from "vitest";
import { citiesOf, daysOf, type Event, onDay, pickCity } from "./showtimes";

function showing(city: string, venue: string, time: string): Event {
  const place = { id: venue, name: venue, city, state: "CA", time_zone: "America/Los_Angeles" };
  return { id: time + venue, time, venue: place } as Event;
}

const events = [
  showing("Chico", "Pageant", "2026-12-05T04:30:00Z"), // the 4th in California
  showing("Chico", "El Rey", "2026-12-05T20:00:00Z"),
  showing("Chico", "El Rey", "2026-12-05T23:00:00Z"),
  showing("Davis", "Varsity", "2026-12-06T20:00:00Z"),
];

test("cities are counted, by name", () => {
  expect(citiesOf(events)).toEqual([
    { city: "Chico, CA", count: 3 },
    { city: "Davis, CA", count: 1 },
  ]);
});

test("the first wish that has a showing is taken, else where the next one is", () => {
  expect(pickCity(events, ["Reno, NV", "davis, ca"])).toBe("Davis, CA");
  expect(pickCity(events, [null, undefined, ""])).toBe("Chico, CA");
  expect(pickCity([], ["Chico, CA"])).toBe("");
});

test("days are the venue's", () => {
  expect(daysOf(events)).toEqual(["2026-12-04", "2026-12-05", "2026-12-06"]);
  expect(onDay(events, "2026-12-05").map(({ venue, events }) => [venue.name, events.length])).toEqual([["El Rey", 2]]);
});
