import { afterEach, beforeEach, expect, test, vi } from "vitest";

const pocket = vi.hoisted(() => ({ answer: vi.fn(), mayAnswer: vi.fn() }));
vi.mock("./pocket", () => pocket);

const { reach } = await import("./reach");
const { reachable } = await import("./server");

const request = (init?: RequestInit) => new Request("http://box.test/bookings", init);
const network = vi.fn<(request: Request) => Promise<Response>>();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", network);
  reachable.value = true;
  pocket.mayAnswer.mockReturnValue(true);
  pocket.answer.mockImplementation(async () => new Response("kept"));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test.each([404, 503])("the server's own answer is taken as it is: %i", async (status) => {
  const headers = { "Content-Type": "application/problem+json" };
  network.mockResolvedValue(new Response("no", { status, headers }));
  expect(await (await reach(request())).text()).toBe("no");
  expect(reachable.value).toBe(true);
});

test.each([
  ["no network", async () => Promise.reject(new TypeError("failed"))],
  ["something in front of a server that is down", async () => new Response("gateway", { status: 503 })],
])("%s: what is kept stands in, and what is not kept fails", async (_, fails) => {
  network.mockImplementation(fails);
  expect(await (await reach(request())).text()).toBe("kept");
  expect(reachable.value).toBe(false);
  pocket.answer.mockResolvedValue(undefined);
  const last = await reach(request()).then(
    ({ status }) => status,
    (error: unknown) => error,
  );
  expect(last === 503 || last instanceof TypeError).toBe(true);
});

test("a line that does not answer in time counts as none", async () => {
  network.mockReturnValue(new Promise(() => undefined));
  const asked = reach(request());
  await vi.advanceTimersByTimeAsync(4_000);
  expect(await (await asked).text()).toBe("kept");
  expect(reachable.value).toBe(false);
});

test("a request that is given up gets nothing, and says nothing about the network", async () => {
  const breaker = new AbortController();
  network.mockImplementation(async () => {
    breaker.abort();
    throw new DOMException("aborted", "AbortError");
  });
  await expect(reach(request({ signal: breaker.signal }))).rejects.toThrow("aborted");
  expect(reachable.value).toBe(true);
});

test("what is not kept is never answered from here", async () => {
  pocket.mayAnswer.mockReturnValue(false);
  network.mockRejectedValue(new TypeError("failed"));
  await expect(reach(request({ method: "POST" }))).rejects.toThrow(TypeError);
});
