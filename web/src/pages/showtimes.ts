import type { Schemas } from "../api/client";
import { dayOf } from "../format";

export type Event = Schemas["Event"];

/** cityOf names an event's city as people and the search write it: "Chico, CA". */
export function cityOf(event: Pick<Event, "venue">): string {
  return `${event.venue.city}, ${event.venue.state}`;
}

/** citiesOf counts the showings in each city, by name. */
export function citiesOf(events: readonly Event[]): { city: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const event of events) {
    counts.set(cityOf(event), (counts.get(cityOf(event)) ?? 0) + 1);
  }
  return [...counts].map(([city, count]) => ({ city, count })).sort((a, b) => a.city.localeCompare(b.city));
}

/** pickCity is the first wish that has a showing, else where the next one is. */
export function pickCity(events: readonly Event[], wishes: readonly (string | null | undefined)[]): string {
  const cities = new Map(events.map((event) => [cityOf(event).toLocaleLowerCase(), cityOf(event)]));
  for (const wish of wishes) {
    const city = wish && cities.get(wish.toLocaleLowerCase());
    if (city) {
      return city;
    }
  }
  return events[0] ? cityOf(events[0]) : "";
}

/** daysOf lists the days with showings, by the calendars of the venues. */
export function daysOf(events: readonly Event[]): string[] {
  return [...new Set(events.map((event) => dayOf(event.time, event.venue.time_zone)))].sort();
}

/** Showtimes are the showings of a day at a venue. */
export interface Showtimes {
  venue: Event["venue"];
  events: Event[];
}

/** onDay puts the showings of a day under their venues, by name; events come in the order of time. */
export function onDay(events: readonly Event[], day: string): Showtimes[] {
  const venues = new Map<string, Showtimes>();
  for (const event of events) {
    if (dayOf(event.time, event.venue.time_zone) === day) {
      const at = venues.get(event.venue.id) ?? { venue: event.venue, events: [] };
      at.events.push(event);
      venues.set(event.venue.id, at);
    }
  }
  return [...venues.values()].sort((a, b) => a.venue.name.localeCompare(b.venue.name));
}
