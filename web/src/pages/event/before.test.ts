import { expect, test, vi } from "vitest";

const asked = vi.fn<(request: Request) => Promise<Response>>();
vi.stubGlobal("location", { pathname: "/app", search: "", origin: "https://box.test" });
vi.stubGlobal("fetch", asked);
const { loadBefore } = await import("./before");

test("a buyer has what was bought and not given back, even where somebody else bought it since", async () => {
  const kept = { id: "t1", section: "Stalls", row: "A", number: 1, state: "sold", holder_id: "u" };
  const resold = { id: "t2", section: "Stalls", row: "A", number: 2, state: "sold" };
  const bookings = [
    { id: "b", status: "completed", tickets: [kept, resold] },
    { id: "c", status: "held", tickets: [] },
    { id: "d", status: "refunded", tickets: [resold] },
  ];
  asked.mockImplementation(async () => Response.json({ bookings, events: [] }));
  const { had, open } = await loadBefore("e", new AbortController().signal);
  expect([had, open?.id]).toEqual([[kept], "c"]);
});
