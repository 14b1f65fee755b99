import { afterEach, expect, test, vi } from "vitest";
import { noteDate, reachable, recoveries, serverNow, watchedFetch, whenBack } from "./server";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("the server's clock is told from its answers, whatever the viewer's says", () => {
  const noon = Date.parse("2026-12-04T12:00:00Z");
  noteDate(null, 1_000);
  noteDate("Fri, 04 Dec 2026 12:00:00 GMT", 1_000);
  expect(serverNow(1_000)).toBe(noon);
  expect(serverNow(61_500)).toBe(noon + 60_500);
  // A slower answer tells of an earlier time, and changes nothing; a quicker one is nearer.
  noteDate("Fri, 04 Dec 2026 12:00:01 GMT", 4_000);
  expect(serverNow(4_000)).toBe(noon + 3_000);
  noteDate("Fri, 04 Dec 2026 12:00:05 GMT", 5_100);
  expect(serverNow(5_100)).toBe(noon + 5_000);
});

test("away is where no answer comes, or something in front answers; a refusal of the server's own is none", async () => {
  const answers = (answer: () => Response) => vi.stubGlobal("fetch", async () => answer());
  const ask = (init?: RequestInit) => watchedFetch(new Request("http://box.test/me", init)).catch(() => undefined);
  const problem = { status: 503, headers: { "Content-Type": "application/problem+json" } };
  answers(() => new Response("{}", problem));
  await ask();
  expect(reachable.value).toBe(true);
  answers(() => new Response("bad gateway", { status: 502 }));
  await ask();
  expect(reachable.value).toBe(false);
  answers(() => new Response("{}", { status: 401 }));
  await ask();
  expect([reachable.value, recoveries.value]).toEqual([true, 1]);
  answers(() => {
    throw new TypeError("Failed to fetch");
  });
  await ask({ signal: AbortSignal.abort() });
  expect(reachable.value, "we broke it off ourselves").toBe(true);
  await ask();
  expect(reachable.value).toBe(false);
});

test("what waits for the server is done once when it is back, and not where nobody wants it any more", () => {
  const [wanted, unwanted] = [vi.fn(), vi.fn()];
  let isWanted = true;
  whenBack(wanted, () => true);
  whenBack(unwanted, () => isWanted);
  isWanted = false;
  expect(wanted).not.toHaveBeenCalled();
  recoveries.value++;
  isWanted = true;
  recoveries.value++;
  expect(wanted).toHaveBeenCalledTimes(1);
  expect(unwanted).not.toHaveBeenCalled();
});

test("where a part of the server is away and the rest answers, recoveries become rare, and soon again when they last", async () => {
  vi.useFakeTimers();
  vi.resetModules();
  const fresh = await import("./server");
  const ask = async (status: number) => {
    vi.stubGlobal("fetch", async () => new Response("", { status }));
    await fresh.watchedFetch(new Request("http://box.test/bookings"));
  };
  const flicker = async () => {
    await ask(502);
    await ask(200);
  };
  await flicker();
  expect(fresh.recoveries.value, "the first is told at once").toBe(1);
  for (let ms = 0; ms < 60_000; ms += 100) {
    await flicker();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(fresh.recoveries.value).toBe(5); // after 4, 12, 28 and 60 s
  await ask(502);
  await vi.advanceTimersByTimeAsync(200_000);
  expect(fresh.recoveries.value, "it is not back").toBe(5);
  await ask(200);
  expect(fresh.recoveries.value).toBe(6);
  await flicker();
  await vi.advanceTimersByTimeAsync(4_000);
  expect(fresh.recoveries.value).toBe(7);
  vi.useRealTimers();
});
