import { expect, test, vi } from "vitest";

vi.stubGlobal("location", { origin: "http://box.test" });
const { Refused } = await import("../../api/client");
const { ActKey } = await import("./act");

const refused = (status: number) =>
  new Refused({ type: "about:blank", title: "", status, detail: "", request_id: "" }, 0);

test.each([
  ["no answer", new TypeError("Failed to fetch")],
  ["a server that broke", refused(500)],
  ["a gateway that gave up", refused(504)],
  ["too many requests, of which this was one", refused(429)],
])("after %s the same act is asked for under the same key", (_, error) => {
  const key = new ActKey();
  const first = key.of("A1");
  key.failed(error);
  expect(key.of("A1")).toBe(first);
  expect(key.of("A2"), "another act").not.toBe(first);
});

test("what was refused or done is another act the next time", () => {
  const key = new ActKey();
  const first = key.of("A1");
  key.failed(refused(409));
  const second = key.of("A1");
  expect(second).not.toBe(first);
  key.done();
  expect(key.of("A1")).not.toBe(second);
});
