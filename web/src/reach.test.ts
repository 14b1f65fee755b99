import { afterEach, beforeEach, expect, test, vi } from "vitest";

const pocket = vi.hoisted(() => ({ answer: vi.fn(), mayAnswer: vi.fn() }));
vi.mock("./pocket", () => pocket);

let { arrivals, reach, standIns } = await import("./reach");
let { reachable, recoveries } = await import("./server");

const request = (init?: RequestInit) => new Request("http://box.test/bookings", init);
const network = vi.fn<(request: Request) => Promise<Response>>();

beforeEach(async () => {
  vi.resetModules();
  ({ arrivals, reach, standIns } = await import("./reach"));
  ({ reachable, recoveries } = await import("./server"));
  network.mockReset();
  vi.useFakeTimers();
  vi.stubGlobal("fetch", network);
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

/** slow has the network answer after so many ms, and gives what is kept meanwhile. */
async function slow(text: string, ms: number): Promise<string> {
  network.mockImplementationOnce(async () => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return new Response(text);
  });
  const asked = reach(request());
  await vi.advanceTimersByTimeAsync(4_000);
  return (await asked).text();
}

const again = async () => (await reach(request())).text();

test("an answer that is late is taken by who asks again, and is no recovery", async () => {
  expect(await slow("late", 6_000)).toBe("kept");
  const early = again();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await early, "the same answer is waited for").toBe("late");
  expect([recoveries.value, arrivals.value]).toEqual([0, 1]);
  expect(reachable.value).toBe(true);
  expect(await again()).toBe("late");
  expect(network).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(4_000);
  network.mockResolvedValueOnce(new Response("new"));
  expect(await again(), "an answer does not stay").toBe("new");
});

test("what was asked for before an act is not taken after it", async () => {
  expect(await slow("before", 5_000)).toBe("kept");
  await vi.advanceTimersByTimeAsync(1_000);
  pocket.mayAnswer.mockReturnValueOnce(false);
  network.mockResolvedValueOnce(new Response("done"));
  await reach(new Request("http://box.test/logout", { method: "POST" }));
  network.mockResolvedValueOnce(new Response("after"));
  expect(await again()).toBe("after");
});

test("a request that is given up is not answered from here", async () => {
  const breaker = new AbortController();
  network.mockImplementation(async () => {
    breaker.abort();
    throw new TypeError("failed");
  });
  await expect(reach(request({ signal: breaker.signal }))).rejects.toThrow("failed");
  expect(standIns.value).toBe(0);
});

test("what is not kept is never answered from here", async () => {
  pocket.mayAnswer.mockReturnValue(false);
  network.mockRejectedValue(new TypeError("failed"));
  await expect(reach(request({ method: "POST" }))).rejects.toThrow(TypeError);
});
