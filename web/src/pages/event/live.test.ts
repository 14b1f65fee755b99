import { afterEach, beforeEach, expect, test, vi } from "vitest";

type Handler = (event: { data: string }) => void;

/** Stream stands in for the browser's EventSource. */
class Stream {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static all: Stream[] = [];
  readyState = Stream.CONNECTING;
  readonly handlers = new Map<string, Handler>();

  constructor(readonly url: string) {
    Stream.all.push(this);
  }

  addEventListener(type: string, handler: Handler): void {
    this.handlers.set(type, handler);
  }

  close(): void {
    this.readyState = Stream.CLOSED;
  }

  send(type: string, data: unknown = {}): void {
    this.readyState = type === "open" ? Stream.OPEN : this.readyState;
    this.handlers.get(type)?.({ data: JSON.stringify(data) });
  }

  fail(state: number): void {
    this.readyState = state;
    this.handlers.get("error")?.({ data: "" });
  }
}

const page = Object.assign(new EventTarget(), { hidden: false });
vi.stubGlobal("location", { pathname: "/app", search: "", origin: "https://box.test" });
vi.stubGlobal("EventSource", Stream);
vi.stubGlobal("document", page);
vi.stubGlobal("window", new EventTarget());
const asked = vi.fn<(request: Request) => Promise<Response>>();
vi.stubGlobal("fetch", asked);
const { Live } = await import("./live");

const map = { layout: "l", states: "ah", plan_hash: "", event_id: "", currency: "USD", offers: [], offer_of: [] };
let version = 0;
const count = () => void version++;
const told = { all: vi.fn(count), some: vi.fn(count), version: () => version };
let live: InstanceType<typeof Live>;

beforeEach(() => {
  vi.useFakeTimers();
  asked.mockReset().mockImplementation(async () => Response.json(map, { headers: { ETag: '"2"' } }));
  told.all.mockClear();
  told.some.mockClear();
  Stream.all = [];
  page.hidden = false;
  live = new Live("e", told);
  live.start();
});

afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

const stream = () => Stream.all.at(-1) as Stream;
const etags = () => asked.mock.calls.map(([request]) => request.headers.get("If-None-Match"));

test("what the stream says is told, and nothing is asked meanwhile", async () => {
  expect(stream().url).toBe("/events/e/seats/stream");
  stream().send("open");
  stream().send("seats", { layout: "l", states: "aa" });
  stream().send("changes", { held: [1] });
  await vi.advanceTimersByTimeAsync(120_000);
  expect(told.all.mock.calls).toEqual([["l", "aa"]]);
  expect(told.some.mock.calls).toEqual([[{ held: [1] }]]);
  expect(asked).not.toHaveBeenCalled();
});

test("a stream that ends and comes back at once is not noticed", async () => {
  stream().send("open");
  stream().fail(Stream.CONNECTING);
  await vi.advanceTimersByTimeAsync(1_500);
  stream().send("open");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).not.toHaveBeenCalled();
  expect(Stream.all).toHaveLength(1);
});

test("without a stream the map is asked for again and again, with its ETag, and the stream is tried again", async () => {
  stream().fail(Stream.CLOSED);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(etags().length).toBeGreaterThanOrEqual(3);
  expect(etags().slice(0, 3)).toEqual([null, '"2"', '"2"']);
  expect(told.all).toHaveBeenCalledWith("l", "ah");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(Stream.all).toHaveLength(2);
  stream().send("open");
  const before = asked.mock.calls.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.mock.calls.length).toBe(before);
});

test("states that were changed otherwise meanwhile are asked for without the ETag of those before", async () => {
  stream().fail(Stream.CLOSED);
  await vi.advanceTimersByTimeAsync(3_500);
  expect(etags()).toEqual([null]);
  stream().send("changes", { held: [1] });
  await vi.advanceTimersByTimeAsync(15_000);
  expect(etags().slice(0, 3)).toEqual([null, null, '"2"']);
});

test("a map that is unchanged is not told", async () => {
  asked.mockImplementation(async () => new Response(null, { status: 304 }));
  stream().fail(Stream.CLOSED);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toHaveBeenCalled();
  expect(told.all).not.toHaveBeenCalled();
  expect(live.away.value).toBe(false);
});

test("a server that is away is asked less and less often, and said to be away until it answers", async () => {
  asked.mockImplementation(async () => {
    throw new TypeError("no line");
  });
  stream().fail(Stream.CONNECTING);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(live.away.value).toBe(true);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked.mock.calls.length).toBeLessThan(20);
  asked.mockImplementation(async () => Response.json(map));
  await vi.advanceTimersByTimeAsync(75_000);
  expect(live.away.value).toBe(false);
});

test("being asked to wait is heeded", async () => {
  const problem = { type: "/problems/busy", title: "", status: 429, detail: "", request_id: "" };
  asked.mockImplementation(async () => Response.json(problem, { status: 429, headers: { "Retry-After": "50" } }));
  stream().fail(Stream.CLOSED);
  await vi.advanceTimersByTimeAsync(40_000);
  expect(asked).toHaveBeenCalledTimes(1);
  expect(live.away.value).toBe(false);
});

test("a hidden tab has neither stream nor questions, and catches up when it is shown", async () => {
  stream().send("open");
  page.hidden = true;
  page.dispatchEvent(new Event("visibilitychange"));
  expect(stream().readyState).toBe(Stream.CLOSED);
  await vi.advanceTimersByTimeAsync(600_000);
  expect([Stream.all.length, asked.mock.calls.length]).toEqual([1, 0]);
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  expect(Stream.all).toHaveLength(2);
  live.stop();
  expect(stream().readyState).toBe(Stream.CLOSED);
});
