import { beforeEach, expect, test, vi } from "vitest";

const asked = vi.fn<(request: Request) => Promise<Response>>();
vi.stubGlobal("location", { pathname: "/app", search: "", origin: "https://box.test" });
vi.stubGlobal("fetch", asked);
const { loadSeats, ticketsOf } = await import("./data");
const { drawn } = await import("./drawn.test.helper");

const paths = () => asked.mock.calls.map(([{ url }]) => new URL(url).pathname + new URL(url).search);

beforeEach(() => {
  asked.mockReset();
});

test("a hall is read once, however often its states are loaded", async () => {
  const plan = {
    name: "Hall",
    width: 900,
    height: 900,
    stage: { label: "Stage", x: 0, y: 0, width: 9, height: 9 },
    categories: ["standard"],
    sections: [{ name: "Box", rows: [{ label: "A", seats: [{ number: 1, x: 1, y: 1, category: "standard" }] }] }],
  };
  const offers = [{ category: "standard", price_minor: 1000, total_minor: 1100 }];
  const map = { event_id: "e", plan_hash: "h", layout: "l", currency: "USD", states: "h", offers, offer_of: [0] };
  asked.mockImplementation(async ({ url }) =>
    Response.json(url.includes("plans") ? plan : map, { headers: { ETag: "1" } }),
  );
  const first = await loadSeats("e", new AbortController().signal);
  const second = await loadSeats("e", new AbortController().signal);
  expect(second.hall).toBe(first.hall);
  expect(first).toMatchObject({ layout: "l" });
  expect(paths().filter((path) => path === "/seat-plans/h")).toHaveLength(1);
});

test("tickets are asked for once a section, and a seat that has none is not left out quietly", async () => {
  const { hall } = drawn("aaa");
  const answer = { ticket_ids: ["t1", "t2"], rows: ["A", "A"], numbers: [1, 2] };
  asked.mockImplementation(async () => Response.json(answer));
  const tickets = ticketsOf("e", hall);
  tickets.prefetch(0);
  expect(await tickets.of([1, 0])).toEqual(["t2", "t1"]);
  expect(paths()).toEqual(["/events/e/seats?section=Stalls"]);
  await expect(tickets.of([0, 2])).rejects.toThrow(TypeError);
  asked.mockRejectedValueOnce(new TypeError("no line"));
  await expect(tickets.of([0])).rejects.toThrow("no line");
  expect(await tickets.of([0])).toEqual(["t1"]); // asked for again
});
