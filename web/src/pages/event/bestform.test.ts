import { signal } from "@preact/signals";
import { expect, test, vi } from "vitest";

vi.stubGlobal("location", { pathname: "/app", search: "", origin: "https://box.test" });
const { withinOf } = await import("./bestform");
const { drawn } = await import("./drawn.test.helper");
const { noFilters } = await import("./filter");

/** wished is what is asked for, and said, with these offers picked of three; or with a highest price. */
function wished(picked: readonly number[], most = noFilters.most) {
  const offers = [
    { category: "standard", totalMinor: 1450 },
    { category: "premium", totalMinor: 1850 },
    { category: "box", totalMinor: 2500 },
  ];
  const filters = signal({ ...noFilters, offers: new Set(picked), most });
  return withinOf({ seats: signal({ ...drawn("aa"), offers }), filters });
}

test("the best seats are asked for as the filters say, and nothing else is said", () => {
  const any = wished([]);
  expect([any.wish, any.says]).toEqual([{}, expect.stringContaining("at any price")]);
  const one = wished([1]);
  expect(one.wish).toEqual({ category: "premium", max_price_minor: 1850 });
  expect(one.says).toContain("premium, up to $18.50");
  for (const several of [wished([0, 1]), wished([], 1850)]) {
    expect(several.wish).toEqual({ max_price_minor: 1850 });
    expect(several.says).toContain("of any category, up to $18.50");
  }
});
