import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const tab = new Map<string, string>();
vi.stubGlobal("location", { pathname: "/app", search: "", origin: "https://box.test" });
vi.stubGlobal("sessionStorage", {
  getItem: (key: string) => tab.get(key) ?? null,
  setItem: (key: string, value: string) => tab.set(key, value),
  removeItem: (key: string) => tab.delete(key),
});
const { Choice } = await import("./choice");
const { crowd, drawn } = await import("./drawn.test.helper");
const { noFilters } = await import("./filter");
const { states } = await import("./status");

const terms = { eventId: "e", most: 4, rule: "warn", change: undefined } as const;

beforeEach(() => {
  tab.clear();
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const chosen = ({ selection }: InstanceType<typeof Choice>) => [...selection.value].sort((a, b) => a - b);

describe("one by one", () => {
  test("a seat is chosen and let go, and each is said once with the sum", () => {
    const choice = new Choice(terms, drawn("aaaa"));
    choice.pick(0);
    expect(choice.said.value).toBe("Stalls, row A, seat 1 chosen. 1 seat, $14.50.");
    choice.pick(1);
    expect([chosen(choice), choice.total.value]).toEqual([[0, 1], 2900]);
    choice.pick(0);
    expect(choice.said.value).toMatch(/^Stalls, row A, seat 1 no longer chosen\. 1 seat, \$14\.50\./);
    expect(chosen(choice)).toEqual([1]);
  });

  test("no more than one booking may have, and nothing that is not free", () => {
    const choice = new Choice(terms, drawn("aaaaah"));
    for (const place of [0, 1, 2, 3, 4, 5]) {
      choice.pick(place);
    }
    expect(chosen(choice)).toEqual([0, 1, 2, 3]);
    expect(choice.full.value).toBe(true);
    choice.pick(3);
    expect(choice.full.value).toBe(false);
  });
});

describe("a party", () => {
  test("is seated side by side by one tap, and by another tap elsewhere", () => {
    const choice = new Choice(terms, drawn("aaaaaa", "aaaa"));
    choice.party.value = 4;
    choice.pick(2);
    expect(chosen(choice)).toEqual([0, 1, 2, 3]);
    choice.pick(7);
    expect(chosen(choice)).toEqual([6, 7, 8, 9]);
    choice.pick(7); // a chosen one is let go, and another added for it
    choice.pick(5);
    expect(chosen(choice)).toEqual([5, 6, 8, 9]);
  });

  test("is offered the nearest seats where there are not so many, within the filters", () => {
    const choice = new Choice(terms, drawn("aas", "aaa", "aaa"));
    choice.party.value = 3;
    choice.pick(0);
    expect([chosen(choice), choice.elsewhere.value, choice.hints.value]).toEqual([[], [3, 4, 5], [3, 4, 5]]);
    choice.filters.value = { ...noFilters, most: 1000 };
    choice.pick(0);
    expect(choice.elsewhere.value).toEqual([]);
    expect(choice.said.value).toContain("no 3 free seats");
  });

  test("stands where people stand", () => {
    const choice = new Choice(terms, crowd("saaa"));
    choice.party.value = 2;
    choice.pick(1);
    expect(chosen(choice)).toEqual([1, 2]);
  });
});

describe("what others take", () => {
  test("falls out of the selection, is named, and the nearest is offered", () => {
    const choice = new Choice(terms, drawn("aaaaaa"));
    const stop = choice.follow();
    choice.choose([0, 1]);
    choice.some({ held: [1] });
    expect(chosen(choice)).toEqual([0]);
    expect(choice.lost.value).toEqual({ places: [1], instead: [2] });
    expect(choice.said.value).toBe(
      "Stalls, row A, seat 2 was just taken by somebody else. It is held, and may come back.",
    );
    choice.some({ sold: [0] });
    expect(choice.said.value).toBe("Stalls, row A, seat 1 was just taken by somebody else.");
    stop();
    choice.choose([4]);
    choice.some({ held: [4] });
    expect(chosen(choice)).toEqual([4]);
  });

  test("is not what we hold ourselves, now or in another booking", () => {
    const choice = new Choice(terms, drawn("aaaa"));
    const stop = choice.follow();
    choice.choose([0, 1]);
    choice.booking = true;
    choice.some({ held: [0, 1] });
    expect(chosen(choice)).toEqual([0, 1]);
    choice.booking = false;
    choice.elsewhereOwn = new Set([0, 1]);
    choice.drop();
    expect([chosen(choice), choice.lost.value]).toEqual([[], undefined]);
    stop();
  });

  test("is counted, not for each of many changes", () => {
    const choice = new Choice(terms, drawn("aaaa"));
    const stop = choice.follow();
    const beats = choice.beat.value;
    expect(choice.counts.value.free).toBe(4);
    for (const place of [0, 1, 2]) {
      choice.some({ sold: [place] });
    }
    expect(choice.counts.value.free).toBe(4);
    vi.advanceTimersByTime(1_000);
    expect([choice.counts.value.free, choice.beat.value]).toEqual([1, beats + 1]);
    stop();
  });
});

describe("the selection", () => {
  test("outlasts a reload, and another layout, by its names", () => {
    const before = new Choice(terms, drawn("aaaa", "aa"));
    const stop = before.follow();
    before.choose([2, 5]);
    stop();
    const after = new Choice(terms, drawn("aaaa", "aa"));
    expect(chosen(after)).toEqual([2, 5]);
    after.take(drawn("aa", "aaa"));
    expect(chosen(after)).toEqual([3]);
    after.clear();
    expect(chosen(new Choice(terms, drawn("aaaa")))).toEqual([]);
  });

  test("and all that a buyer set stay where seats of the same layout are loaded anew; what is gone falls out", () => {
    const choice = new Choice(terms, drawn("aaaa"));
    const stop = choice.follow();
    const hall = choice.seats.value.hall;
    choice.filters.value = { ...noFilters, most: 2000 };
    choice.choose([1, 2]);
    choice.at.value = 2;
    choice.take(drawn("ahaa"));
    expect(choice.seats.value.hall).toBe(hall);
    expect([choice.builds, choice.filters.value.most, choice.at.value]).toEqual([0, 2000, 2]);
    expect([chosen(choice), choice.lost.value?.places]).toEqual([[2], [1]]);
    choice.take(drawn("ahaa"));
    expect(choice.lost.value?.places).toEqual([1]);
    stop();
  });

  test("of a booking that is changed begins with its seats, which only its buyer may take", () => {
    const seat = { section: "Stalls", row: "A", number: 2 };
    const change = { id: "b", tickets: [{ ...seat, id: "t", seat: "Stalls, row A, seat 2" }] } as never;
    const choice = new Choice({ ...terms, change }, drawn("ahah"));
    const stop = choice.follow();
    expect(chosen(choice)).toEqual([1]);
    choice.pick(1);
    choice.all("ahah");
    choice.some({ held: [1, 2] });
    expect([choice.seats.value.stateOf[1], choice.seats.value.stateOf[2]]).toEqual([states.available, states.held]);
    choice.pick(1);
    choice.all("ahah");
    choice.take(drawn("ahah"));
    expect(chosen(choice)).toEqual([1]);
    stop();
  });
});
