import { afterEach, beforeEach, expect, test, vi } from "vitest";

vi.stubGlobal("location", { origin: "http://box.test" });
const { Refused } = await import("../../api/client");
const { Follower, pauseAfter } = await import("./follow");

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** following follows numbers that count up, every second until 3. */
function following(load: (signal: AbortSignal) => Promise<number>, isHidden = () => false) {
  const seen: number[] = [];
  const failed: unknown[] = [];
  const hands = {
    load,
    pause: (n: number) => (n < 3 ? 1_000 : undefined),
    see: (n: number) => seen.push(n),
    fail: (error: unknown) => failed.push(error),
  };
  return { follower: new Follower(hands, isHidden), seen, failed };
}

test("it looks again until nothing can change", async () => {
  let n = 0;
  const { follower, seen } = following(async () => ++n);
  await follower.look();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toEqual([1, 2, 3]);
});

test("what an act answered is not overtaken by a look that began before", async () => {
  const { follower, seen } = following(
    (signal) => new Promise((resolve) => setTimeout(() => resolve(signal.aborted ? -1 : 1), 500)),
  );
  void follower.look();
  follower.replace(3);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toEqual([3]);
});

test("nobody sees a hidden page, so it does not look", async () => {
  let n = 0;
  let hidden = true;
  const { follower, seen } = following(
    async () => ++n,
    () => hidden,
  );
  await follower.look();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toEqual([1]);
  hidden = false;
  await follower.look();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(seen).toEqual([1, 2, 3]);
});

test("a server that is away is asked again, less often, until it is back", async () => {
  let n = 0;
  const { follower, seen, failed } = following(async () => {
    if (++n < 4) {
      throw new TypeError("Failed to fetch");
    }
    return 3;
  });
  await follower.look();
  await vi.advanceTimersByTimeAsync(6_000);
  expect([failed.length, seen]).toEqual([3, []]);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(seen).toEqual([3]);
});

test("pauseAfter asks when the server says, and not at all what it will refuse again", () => {
  const refused = (status: number, retryAfter = 0) =>
    new Refused({ type: "/problems/x", title: "", status, detail: "", request_id: "" }, retryAfter);
  expect(pauseAfter(refused(404), 0)).toBeUndefined();
  expect(pauseAfter(refused(429, 20), 0)).toBe(20_000);
  expect(pauseAfter(refused(503), 9)).toBe(8_000);
  expect(pauseAfter(new TypeError(), 0)).toBe(1_000);
});
