import { beforeEach, expect, test, vi } from "vitest";
import type { Schemas } from "./api/client";
import { keep, keepAll } from "./packing";
import { answer, belongTo, codePath, type KeptEvent, keptAtMost, mayAnswer } from "./pocket";

const origin = "http://box.test";
const ada = "0199a1b2-0000-7000-8000-00000000000a";
const bob = "0199a1b2-0000-7000-8000-00000000000b";

/** A store of the browser's, in memory. */
class FakeCache {
  readonly all = new Map<string, Response>();
  put = async (path: string, response: Response) => void this.all.set(origin + path, response);
  match = async (path: string | Request) => this.all.get(typeof path === "string" ? origin + path : path.url)?.clone();
  keys = async () => [...this.all.keys()].map((url) => new Request(url));
  delete = async ({ url }: Request) => this.all.delete(url);
}

let stores: Map<string, FakeCache>;

beforeEach(async () => {
  stores = new Map();
  vi.stubGlobal("caches", {
    open: async (name: string) => stores.get(name) ?? stores.set(name, new FakeCache()).get(name),
    has: async (name: string) => stores.has(name),
    keys: async () => [...stores.keys()],
    delete: async (name: string) => stores.delete(name),
  });
  await belongTo(ada);
});

const hour = 3_600_000;

function eventOf(n: number, startsIn = hour): KeptEvent {
  const venue = {
    id: "v",
    name: "El Rey",
    city: "Chico",
    state: "CA",
    time_zone: "America/Los_Angeles",
    lat: 0,
    lon: 0,
  };
  const time = new Date(Date.now() + startsIn).toISOString();
  const ends_at = new Date(Date.now() + startsIn + hour).toISOString();
  return { id: idOf(n, "e"), name: "Ghost", title_id: "t", venue, time, ends_at, status: "on_sale" };
}

const idOf = (n: number, kind: string) => `0199a1b2-0000-7000-800${kind}-${String(n).padStart(12, "0")}`;

/** sold is a booking of two tickets; those that were given back have no holder. */
function sold(n: number, holders: (string | undefined)[] = [ada, ada], status = "completed"): Schemas["Booking"] {
  const tickets = holders.map((holder_id, i) => ({ id: idOf(10 * n + i, "c"), holder_id }));
  const mails = [{ to: "ada@example.com" }];
  return {
    id: idOf(n, "b"),
    event_id: idOf(n, "e"),
    status,
    tickets,
    email: "ada@example.com",
    mails,
  } as unknown as Schemas["Booking"];
}

const code = async (path: string) => new Blob([`code of ${path}`]);
const ask = async (path: string) => (await answer(new Request(origin + path)))?.text();

test("what was seen answers for the server: the booking, its event, its codes, the list", async () => {
  const booking = sold(1);
  const [first] = booking.tickets;
  await keep(booking, eventOf(1), code);
  const { email, ...told } = booking;
  expect(JSON.parse((await ask(`/bookings/${booking.id}`)) ?? "")).toEqual({ ...told, mails: [] });
  expect(JSON.parse((await ask(`/events/${booking.event_id}`)) ?? "").event.venue.name).toBe("El Rey");
  const picture = codePath(booking.id, first?.id ?? "");
  expect(await ask(picture)).toBe(`code of ${picture}`);
  const list = JSON.parse((await ask("/bookings?limit=50")) ?? "");
  expect(list.bookings).toHaveLength(1);
  expect(list.events).toHaveLength(1);
  expect(await ask("/bookings?limit=50&cursor=b2"), "the same again as a second page").toBeUndefined();
  expect(await ask(`/bookings/${idOf(2, "b")}`)).toBeUndefined();
});

test("tickets belong to one user: another, or nobody, finds none", async () => {
  await keep(sold(1), eventOf(1), code);
  await belongTo(bob);
  expect(stores.size).toBe(0);
  await keep(sold(1), eventOf(1), code); // a page that ada left open
  expect(stores.size).toBe(0);
  await keep(sold(2, [bob]), eventOf(2), code);
  await belongTo(null);
  expect(stores.size).toBe(0);
  await keep(sold(2, [bob]), eventOf(2), code);
  expect(stores.size).toBe(0);
});

test("who logs out while codes are fetched leaves nothing behind", async () => {
  await keep(sold(1), eventOf(1), async (path) => {
    await belongTo(null);
    return code(path);
  });
  expect(stores.size).toBe(0);
});

test("what is kept stays when its codes cannot be fetched again, and is not fetched again without need", async () => {
  const booking = sold(1);
  await keep(booking, eventOf(1), code);
  const fails = vi.fn(() => Promise.reject(new TypeError("failed")));
  const { time, ends_at } = JSON.parse((await ask(`/events/${booking.event_id}`)) ?? "").event;
  await keep(booking, { ...eventOf(1), time, ends_at }, fails);
  expect(fails).not.toHaveBeenCalled();
  await expect(keep(booking, eventOf(1, 5 * hour), fails)).rejects.toThrow("failed");
  expect(await ask(`/bookings/${booking.id}`)).toBeDefined();
  expect(await ask(codePath(booking.id, booking.tickets[0]?.id ?? ""))).toBeDefined();
});

test("a ticket that was given back is dropped, and a booking that has none", async () => {
  const [kept, gone] = sold(1).tickets;
  await keep(sold(1), eventOf(1), code);
  await keep(sold(1, [ada, undefined]), eventOf(1), code);
  expect(await ask(codePath(sold(1).id, kept?.id ?? ""))).toBeDefined();
  expect(await ask(codePath(sold(1).id, gone?.id ?? ""))).toBeUndefined();
  await keep(sold(1, [undefined, undefined], "refunded"), eventOf(1), code);
  expect(await ask("/bookings")).toBeUndefined();
});

test("what is over is dropped, and beyond the bound what begins last", async () => {
  await keep(sold(1), eventOf(1, -20 * hour), code);
  expect(await ask("/bookings")).toBeUndefined();
  for (let n = keptAtMost + 2; n > 0; n--) {
    await keep(sold(n), eventOf(n, n * hour), code);
  }
  const { bookings } = JSON.parse((await ask("/bookings")) ?? "");
  expect(bookings.map(({ id }: { id: string }) => id)).toEqual(
    Array.from({ length: keptAtMost }, (_, i) => idOf(i + 1, "b")),
  );
});

test("a list fetches codes once, anew when the event is moved, and drops what is refunded", async () => {
  const fetched = vi.fn(code);
  const events = new Map([[idOf(1, "e"), eventOf(1)]]);
  await keepAll([sold(1)], events, fetched);
  await keepAll([sold(1)], events, fetched);
  expect(fetched).toHaveBeenCalledTimes(2);
  await keepAll([sold(1)], new Map([[idOf(1, "e"), eventOf(1, 5 * hour)]]), fetched);
  expect(fetched).toHaveBeenCalledTimes(4);
  await keepAll([sold(1, [undefined, undefined], "refunding")], events, fetched);
  expect(await ask("/bookings")).toBeUndefined();
});

test("only reads of tickets, on pages of bookings, are answered from what is kept", () => {
  const may = (method: string, path: string, page = "/app/bookings") =>
    mayAnswer(new Request(origin + path, { method }), page);
  const id = idOf(1, "b");
  expect(may("GET", `/bookings/${id}`)).toBe(true);
  expect(may("GET", "/bookings?limit=50")).toBe(true);
  expect(may("POST", `/bookings/${id}`)).toBe(false);
  expect(may("GET", `/bookings/${id}/tickets.pdf`)).toBe(false);
  expect(may("GET", "/me")).toBe(false);
  expect(may("GET", `/events/${id}`)).toBe(true);
  expect(may("GET", `/events/${id}`, `/app/events/${id}`)).toBe(false);
});
