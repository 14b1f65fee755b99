import type { Schemas } from "./api/client";
import { codePath, drop, isOver, type Kept, type KeptEvent, list, owner, prefix, remaining, tidy } from "./pocket";

type Booking = Schemas["Booking"];

/**
 * keep stores a booking's tickets with their codes, which code fetches, for when there is no network. What has no tickets
 * any more is dropped. Whoever is not their holder keeps nothing.
 */
export async function keep(booking: Booking, event: KeptEvent, code: (path: string) => Promise<Blob>): Promise<void> {
  const tickets = booking.status === "completed" ? remaining(booking) : [];
  const holder = tickets[0]?.holder_id;
  if (!("caches" in globalThis) || !owner || (holder !== undefined && holder !== owner)) {
    return;
  }
  if (tickets.length === 0 && !(await caches.has(prefix + owner))) {
    return;
  }
  const store = await caches.open(prefix + owner);
  const row = `/bookings/${booking.id}`;
  const codes = tickets.map(({ id }) => codePath(booking.id, id));
  const before = (await (await store.match(row))?.json()) as Kept | undefined;
  const isMoved = before?.event.time !== event.time || before.event.ends_at !== event.ends_at;
  await drop(store, booking.id, new Set(tickets.length > 0 ? [row, ...codes] : []));
  for (const path of codes) {
    if (isMoved || !(await store.match(path))) {
      await store.put(path, new Response(await code(path)));
    }
  }
  if (tickets.length > 0) {
    await store.put(row, Response.json({ booking: bare(booking), event } satisfies Kept));
  }
  await tidy(store); // who logs out meanwhile has the store deleted, and this is written to nowhere
}

/** bare leaves out where the tickets were mailed: nobody at a door asks for that. */
function bare({ email, ...booking }: Booking): Booking {
  return { ...booking, mails: [] };
}

/** keepAll is keep for a list of bookings: it adds and drops, and leaves alone what is kept as it is. */
export async function keepAll(
  bookings: readonly Booking[],
  events: ReadonlyMap<string, KeptEvent>,
  code: (path: string) => Promise<Blob>,
): Promise<void> {
  if (!("caches" in globalThis) || !owner) {
    return;
  }
  const kept = (await caches.has(prefix + owner)) ? await list(await caches.open(prefix + owner)) : [];
  const before = new Map(kept.map((each) => [each.booking.id, stateOf(each)]));
  for (const booking of bookings) {
    const event = events.get(booking.event_id);
    const wanted = event && booking.status === "completed" && !isOver(event);
    if (event && before.get(booking.id) !== (wanted ? stateOf({ booking, event }) : undefined)) {
      await keep(booking, event, code);
    }
  }
}

/** stateOf is what the codes of a booking depend on: another ticket, or another time, has another code. */
function stateOf({ booking, event }: Kept): string {
  return [event.time, event.ends_at, ...remaining(booking).map(({ id }) => id)].join();
}
