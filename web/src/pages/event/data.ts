import { api, type Schemas, take } from "../../api/client";
import { type Hall, type PlanJSON, readHall } from "./hall";
import { nameOf, placeOf } from "./say";
import { newSeats, type Seats } from "./status";

export type SeatMap = Schemas["SeatMap"];

/** loadSeats gets an event's seats, and the hall where it is not here yet. Throws Refused. */
export async function loadSeats(eventId: string, signal: AbortSignal): Promise<Seats> {
  const answer = await askMap(eventId, "", signal);
  if (!answer) {
    throw new TypeError("the map is unchanged since nothing");
  }
  const { plan_hash, layout, currency, offer_of: offerOf, states: letters, ...map } = answer.map;
  const offers = map.offers.map(({ category, total_minor }) => ({ category, totalMinor: total_minor }));
  return newSeats(await hallOf(plan_hash), { layout, currency, offers, offerOf, letters });
}

/** askMap gets an event's map; undefined: it is still that of the ETag. Throws Refused, and TypeError where no answer came. */
export async function askMap(
  id: string,
  etag: string,
  signal: AbortSignal,
): Promise<{ map: SeatMap; etag: string } | undefined> {
  const headers = etag === "" ? {} : { "If-None-Match": etag };
  const asked = await api.GET("/events/{id}/seat-map", { params: { path: { id } }, headers, signal });
  if (asked.response.status === 304) {
    return undefined;
  }
  return { map: await take(Promise.resolve(asked)), etag: asked.response.headers.get("ETag") ?? "" };
}

/** Halls never change, so they are read once. Few are looked at in one visit. */
const halls = new Map<string, Promise<Hall>>();

function hallOf(hash: string): Promise<Hall> {
  const hall =
    halls.get(hash) ??
    take(api.GET("/seat-plans/{hash}", { params: { path: { hash } } })).then((plan) =>
      readHall(hash, plan as unknown as PlanJSON),
    );
  halls.set(hash, hall);
  hall.catch(() => halls.delete(hash));
  return hall;
}

/** Tickets knows the ticket of each place of the sections that were asked for; only who books needs them. */
export interface Tickets {
  /** Asks for the tickets of a place's section, so that they are here when they are needed. */
  prefetch: (place: number) => void;
  /** Gives the tickets of places, in their order. Throws Refused, and TypeError where no answer came. */
  of: (places: readonly number[]) => Promise<string[]>;
}

/** ticketsOf begins to know the tickets of an event in a hall. */
export function ticketsOf(eventId: string, hall: Hall): Tickets {
  const sections = new Map<number, Promise<Map<number, string>>>();
  const sectionOf = (place: number) => {
    const section = hall.sectionOf[place] ?? 0;
    const asked = sections.get(section) ?? askSection(eventId, hall, hall.sections[section]?.name ?? "");
    sections.set(section, asked);
    asked.catch(() => sections.delete(section));
    return asked;
  };
  return {
    prefetch: (place) => void sectionOf(place),
    of: async (places) => {
      const found = await Promise.all(places.map(async (place) => (await sectionOf(place)).get(place)));
      const tickets = found.filter((id) => id !== undefined);
      if (tickets.length < places.length) {
        sections.clear();
        throw new TypeError("seats without tickets: the hall was laid out anew meanwhile");
      }
      return tickets;
    },
  };
}

async function askSection(id: string, hall: Hall, section: string): Promise<Map<number, string>> {
  const params = { path: { id }, query: { section } };
  const { ticket_ids, rows, numbers } = await take(api.GET("/events/{id}/seats", { params }));
  const tickets = new Map<number, string>();
  ticket_ids.forEach((ticket, n) => {
    const place = placeOf(hall, { section, row: rows[n] ?? "", number: numbers[n] ?? 0 });
    if (place !== undefined) {
      tickets.set(place, ticket);
    }
  });
  return tickets;
}

/** Names are how a selection is kept: they outlast another plan of the hall. */
export type Names = ReturnType<typeof nameOf>[];

const storedAs = (eventId: string) => `seats ${eventId}`;

/** store keeps a selection in this tab: it outlasts a reload, and logging in. */
export function store(eventId: string, hall: Hall, places: Iterable<number>): void {
  sessionStorage.setItem(storedAs(eventId), JSON.stringify([...places].map((i) => nameOf(hall, i))));
}

/** stored gives the selection that was kept; undefined: none ever was. */
export function stored(eventId: string, hall: Hall): Set<number> | undefined {
  const kept = sessionStorage.getItem(storedAs(eventId));
  if (kept === null) {
    return undefined;
  }
  const places = (JSON.parse(kept) as Names).map((name) => placeOf(hall, name));
  return new Set(places.filter((place) => place !== undefined));
}

/** forget has the selection that was kept be none. */
export function forget(eventId: string): void {
  sessionStorage.removeItem(storedAs(eventId));
}
