import { beforeEach, expect, test, vi } from "vitest";

vi.stubGlobal("location", { origin: "http://box.test", pathname: "/app/bookings/1" });
const asked = vi.fn<(request: Request) => Promise<Response>>();
vi.stubGlobal("fetch", asked);
const { Looks } = await import("./looks");

const says = (payment: string, headers: Record<string, string>) =>
  new Response(JSON.stringify({ id: "1", payment }), { headers: { "Content-Type": "application/json", ...headers } });
const headersOf = (n: number) => {
  const { headers } = asked.mock.calls[n]?.[0] ?? new Request("http://box.test");
  return [headers.get("If-None-Match"), headers.get("Prefer")];
};

beforeEach(() => {
  asked.mockReset();
});

test("who has seen the booking waits for it to go on", async () => {
  const looks = new Looks("1");
  asked.mockResolvedValueOnce(says("open", { ETag: '"1"' }));
  expect((await looks.look(undefined, true)).payment).toBe("open");
  expect([headersOf(0), looks.hasWaited]).toEqual([[null, null], false]);

  asked.mockResolvedValueOnce(new Response(null, { status: 304, headers: { "Preference-Applied": "wait=20" } }));
  expect((await looks.look(undefined, true)).payment).toBe("open");
  expect([headersOf(1), looks.hasWaited]).toEqual([['"1"', "wait=20"], true]);

  asked.mockResolvedValueOnce(says("paid", { ETag: '"2"', "Preference-Applied": "wait=20" }));
  expect((await looks.look(undefined, true)).payment).toBe("paid");

  asked.mockResolvedValueOnce(new Response(null, { status: 304 })); // too many wait
  expect((await looks.look(undefined, true)).payment).toBe("paid");
  expect([headersOf(3), looks.hasWaited]).toEqual([['"2"', "wait=20"], false]);
});

test("who only looks is answered in full", async () => {
  const looks = new Looks("1");
  asked.mockImplementation(async () => says("open", { ETag: '"1"' }));
  await looks.look();
  await looks.look();
  expect(headersOf(1)).toEqual([null, null]);
});
