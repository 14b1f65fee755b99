import { beforeEach, describe, expect, test, vi } from "vitest";

const asked = vi.fn<(request: Request) => Promise<Response>>();
const went = vi.fn<(to: string) => void>();
vi.stubGlobal("location", { pathname: "/app", search: "", origin: "https://box.test", assign: went });
vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => undefined, removeItem: () => undefined });
vi.stubGlobal("fetch", asked);
const { Choice } = await import("./choice");
const { drawn } = await import("./drawn.test.helper");
const { Order } = await import("./order");
const { states } = await import("./status");

const terms = { eventId: "e", most: 4, rule: "warn", change: undefined } as const;
const tickets = { prefetch: () => undefined, of: async (places: readonly number[]) => places.map((i) => `t${i}`) };

function ordering(change?: unknown) {
  const choice = new Choice({ ...terms, change: change as never }, drawn("aaaa", "aaaa"));
  return { choice, order: new Order(choice, () => tickets) };
}

const problem = (code: string, more = {}) =>
  Response.json(
    { type: `/problems/${code}`, title: "", status: 409, detail: "No.", request_id: "", ...more },
    { status: 409 },
  );
const booked = () => Response.json({ links: { page: "/app/bookings/b" } }, { status: 201 });
const keys = () => asked.mock.calls.map(([request]) => request.headers.get("Idempotency-Key"));

beforeEach(() => {
  asked.mockReset();
  went.mockReset();
});

test("what is chosen is held, once however often the button is pressed, and leads to the booking", async () => {
  const { choice, order } = ordering();
  choice.choose([1, 2]);
  asked.mockImplementation(async () => booked());
  await Promise.all([order.book(), order.book()]);
  expect(asked).toHaveBeenCalledTimes(1);
  const [request] = asked.mock.calls[0] as [Request];
  expect([request.method, new URL(request.url).pathname, await request.json()]).toEqual([
    "POST",
    "/book",
    ["t1", "t2"],
  ]);
  expect(went).toHaveBeenCalledWith("/app/bookings/b");
  expect(choice.selection.value.size).toBe(0);
});

test("after a lost answer the same key asks again, and nothing falls out meanwhile; another choice has another key", async () => {
  const { choice, order } = ordering();
  const stop = choice.follow();
  choice.choose([1, 2]);
  asked.mockRejectedValue(new TypeError("no line"));
  await order.book();
  choice.some({ held: [1, 2] });
  expect([...choice.selection.value]).toEqual([1, 2]);
  await order.book();
  choice.choose([3]);
  await order.book();
  const [first, second, third] = keys();
  expect(second).toBe(first);
  expect(third).not.toBe(first);
  stop();
});

describe("a refusal", () => {
  const taken = {
    conflicts: [{ ticket_id: "t1", seat: "Stalls, row A, seat 2", reason: "held" }],
    alternatives: [
      { ticket_ids: ["t2", "t3"], seats: ["Stalls, row A, seat 3", "Stalls, row A, seat 4"], amount_minor: 2900 },
      { ticket_ids: ["x"], seats: ["Elsewhere, row A, seat 3"], amount_minor: 2900 },
    ],
  };

  test("names what is gone, keeps the rest, and has the alternatives that are in the hall", async () => {
    const { choice, order } = ordering();
    choice.choose([1, 2]);
    asked.mockImplementation(async () => problem("seats-taken", taken));
    await order.book();
    expect([...choice.selection.value]).toEqual([2]);
    expect(choice.seats.value.stateOf[1]).toBe(states.held);
    expect(choice.alternatives.value).toEqual([[2, 3]]);
    expect(choice.hints.value).toContain(3);
    expect(order.refusal.value).toMatchObject({
      reasons: [{ reason: "held", seats: ["Stalls, row A, seat 2"] }],
      kept: 1,
      amounts: [2900],
    });
  });

  test("keeps what would leave a seat alone, and what is kept for wheelchairs: both can still be had", async () => {
    for (const reason of ["left_alone", "reserved_accessible"]) {
      const { choice, order } = ordering();
      choice.choose([1, 2]);
      const conflicts = [{ ticket_id: "t1", seat: "Stalls, row A, seat 2", reason }];
      asked.mockImplementation(async () => problem("seats-taken", { conflicts }));
      await order.book();
      expect([...choice.selection.value]).toEqual([1, 2]);
      expect(choice.seats.value.stateOf[1]).toBe(states.available);
    }
  });

  test("because of an open booking leads to it", async () => {
    const { choice, order } = ordering();
    choice.choose([1]);
    asked.mockImplementation(async () => problem("open-booking-exists", { link: "/bookings/b" }));
    await order.book();
    expect(order.refusal.value?.link).toBe("/app/bookings/b");
  });

  test("of the best seats, because they are nowhere together, offers them apart once", async () => {
    const { order } = ordering();
    asked.mockImplementation(async () => problem("not-together"));
    await order.best({ count: 4, accessible: 1 });
    expect(order.refusal.value?.apart).toEqual({ count: 4, accessible: 1 });
    await order.best({ count: 4, accessible: 1, split: true });
    expect(order.refusal.value?.apart).toBeUndefined();
    expect(await asked.mock.calls[1]?.[0].json()).toEqual({ count: 4, accessible: 1, split: true });
  });
});

test("who needs a wheelchair's place says so, under another key", async () => {
  const { choice, order } = ordering();
  choice.choose([1]);
  asked.mockImplementation(async () => problem("seats-taken"));
  await order.book();
  order.needed.value = true;
  await order.book();
  expect(asked.mock.calls.map(([request]) => new URL(request.url).search)).toEqual(["", "?accessible=true"]);
  expect(new Set(keys()).size).toBe(2);
});

test("a change adds what is new, gives back what is left out, and leads back to its booking", async () => {
  const ticket = (number: number) => ({ id: `t${number - 1}`, section: "Stalls", row: "A", number });
  const { choice, order } = ordering({ id: "b", tickets: [ticket(1), ticket(2)] });
  choice.choose([1, 2]);
  asked.mockImplementation(async () => Response.json({}));
  await order.book();
  const [request] = asked.mock.calls[0] as [Request];
  expect([request.method, new URL(request.url).pathname]).toEqual(["PATCH", "/bookings/b/seats"]);
  expect(await request.json()).toEqual({ add: ["t2"], remove: ["t0"] });
  expect(went).toHaveBeenCalledWith("/app/bookings/b");
});

test("of a refused change the alternatives are the whole wish: what the booking keeps of it is neither added nor given back", async () => {
  const ticket = (number: number) => ({ id: `t${number - 1}`, section: "Stalls", row: "A", number });
  const { choice, order } = ordering({ id: "b", tickets: [ticket(1), ticket(2)] });
  choice.choose([1, 2]);
  const seats = ["Stalls, row A, seat 2", "Stalls, row A, seat 4"];
  const conflicts = [{ ticket_id: "t2", seat: "Stalls, row A, seat 3", reason: "sold" }];
  const alternatives = [{ ticket_ids: ["t1", "t3"], seats, amount_minor: 2900 }];
  asked.mockImplementationOnce(async () => problem("seats-taken", { conflicts, alternatives }));
  await order.book();
  expect([...choice.selection.value]).toEqual([1]);
  choice.choose(choice.alternatives.value[0] ?? []);
  asked.mockImplementationOnce(async () => Response.json({}));
  await order.book();
  expect(await asked.mock.calls[1]?.[0].json()).toEqual({ add: ["t3"], remove: ["t0"] });
});
