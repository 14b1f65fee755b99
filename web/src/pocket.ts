import type { Schemas } from "./api/client";

type Booking = Schemas["Booking"];

/** KeptEvent is what a ticket needs to know of its event. */
export type KeptEvent = Schemas["BookedEvent"] & Partial<Pick<Schemas["Event"], "refund">>;

/** Kept is a booking as it is kept. */
export interface Kept {
  booking: Booking;
  event: KeptEvent;
}

/**
 * Tickets that were seen here are kept here, so that they open at a door without reception. They lie in the browser's cache
 * storage, under the paths that the API gives them: a store for each user, and only one at a time.
 */
export const prefix = "tickets-";

/** At most so many bookings are kept; those that begin first stay. */
export const keptAtMost = 20;

/** A ticket is dropped so long after its event, in ms: some run late. */
const afterwards = 12 * 3_600_000;

const keptPath = /^\/bookings(\/[0-9a-f-]{36}(\/tickets\/[0-9a-f-]{36}\/qr\.png)?)?$|^\/events\/[0-9a-f-]{36}$/;

/** owner is who is logged in; null: nobody; undefined: not known, and nothing is kept or dropped meanwhile. */
export let owner: string | null | undefined;

/** remaining are the tickets that a booking still has: seats that were given back have lost their holder. */
export function remaining(booking: Booking): Schemas["Ticket"][] {
  return booking.tickets.filter((ticket) => ticket.holder_id !== undefined);
}

/** codePath is where the picture of a ticket's code is. */
export function codePath(bookingID: string, ticketID: string): string {
  return `/bookings/${bookingID}/tickets/${ticketID}/qr.png`;
}

/** belongTo says who is logged in, and drops what is another's, and what is over. */
export async function belongTo(who: string | null): Promise<void> {
  owner = who;
  if (!("caches" in globalThis)) {
    return; // without TLS there is no such store
  }
  const others = (await stores()).filter((name) => name !== prefix + owner);
  await Promise.all(others.map((name) => caches.delete(name)));
  if (who !== null && (await caches.has(prefix + who))) {
    await tidy(await caches.open(prefix + who));
  }
}

/**
 * mayAnswer tells whether what is kept can stand in for the server: on the pages of bookings alone. Elsewhere an event that
 * is kept would look as if no seat were free.
 */
export function mayAnswer({ method, url }: Request, page = location.pathname): boolean {
  const isOurs = page.startsWith("/app/bookings") && keptPath.test(new URL(url).pathname);
  return method === "GET" && "caches" in globalThis && isOurs;
}

/** answer gives what is kept as the server would; undefined: nothing is. */
export async function answer({ url }: Request): Promise<Response | undefined> {
  const { pathname: path, searchParams } = new URL(url);
  const [name] = await stores();
  if (name === undefined || owner === null) {
    return undefined;
  }
  const store = await caches.open(name);
  if (path.endsWith(".png")) {
    return store.match(path);
  }
  const all = await list(store);
  if (path === "/bookings") {
    const isFirst = !searchParams.has("cursor"); // all that is kept is one page
    return isFirst && all.length > 0 ? Response.json(pageOf(all)) : undefined;
  }
  const found = all.find(({ booking, event }) => path === `/bookings/${booking.id}` || path === `/events/${event.id}`);
  const { booking, event } = found ?? {};
  return booking && Response.json(path.startsWith("/events") ? { event, tickets: [], max_seats: 0 } : booking);
}

function pageOf(all: Kept[]): Schemas["BookingPage"] {
  const events = new Map(all.map(({ event }) => [event.id, event]));
  return { bookings: all.map(({ booking }) => booking), events: [...events.values()] };
}

async function stores(): Promise<string[]> {
  return (await caches.keys()).filter((name) => name.startsWith(prefix));
}

/** list gives the kept bookings, those that begin first at its head. */
export async function list(store: Cache): Promise<Kept[]> {
  const paths = (await store.keys()).filter(({ url }) => !url.endsWith(".png"));
  const found = await Promise.all(paths.map(async (path) => (await store.match(path))?.json() as Promise<Kept>));
  return found.filter(Boolean).sort((a, b) => Date.parse(a.event.time) - Date.parse(b.event.time));
}

/** isOver tells whether nobody needs the tickets of an event any more. */
export function isOver(event: KeptEvent): boolean {
  return Date.parse(event.ends_at) + afterwards < Date.now();
}

/** tidy drops what is over, and what is too much. */
export async function tidy(store: Cache): Promise<void> {
  const all = await list(store);
  const rest = new Set(all.filter(({ event }) => !isOver(event)).slice(0, keptAtMost));
  await Promise.all(all.filter((each) => !rest.has(each)).map(({ booking }) => drop(store, booking.id, new Set())));
}

/** drop forgets a booking, but for the codes of these paths. */
export async function drop(store: Cache, bookingID: string, but: Set<string>): Promise<void> {
  for (const request of await store.keys()) {
    const path = new URL(request.url).pathname;
    if (path.startsWith(`/bookings/${bookingID}`) && !but.has(path)) {
      await store.delete(request);
    }
  }
}
