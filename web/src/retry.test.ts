import { afterEach, beforeEach, expect, test, vi } from "vitest";

vi.stubGlobal("location", { origin: "http://box.test", pathname: "/app" });
const { arrivals, standIns } = await import("./reach");
const { Retry } = await import("./retry");
const { recoveries } = await import("./server");

let retry: InstanceType<typeof Retry>;
let stop: () => void;
const again = vi.fn();

beforeEach(() => {
  again.mockReset();
  retry = new Retry();
  stop = retry.watch(again);
});

afterEach(() => stop());

test("what was loaded is not loaded again when the server is back", async () => {
  await retry.of(async () => 1);
  recoveries.value++;
  arrivals.value++;
  expect(again).not.toHaveBeenCalled();
});

test("what failed is, and so is what something that is kept stood in for", async () => {
  await expect(retry.of(() => Promise.reject(new TypeError("failed")))).rejects.toThrow("failed");
  recoveries.value++;
  expect(again).toHaveBeenCalledTimes(1);
  await retry.of(async () => standIns.value++);
  arrivals.value++;
  expect(again).toHaveBeenCalledTimes(2);
});

test("a load under way is left alone, whatever became of the one before", async () => {
  let fail: (error: Error) => void = () => undefined;
  const first = retry.of(() => new Promise((_, reject) => (fail = reject)));
  let end: (value: number) => void = () => undefined;
  const second = retry.of(() => new Promise<number>((resolve) => (end = resolve)));
  fail(new DOMException("aborted", "AbortError"));
  await expect(first).rejects.toThrow("aborted");
  recoveries.value++;
  end(1);
  await second;
  recoveries.value++;
  expect(again).not.toHaveBeenCalled();
});
