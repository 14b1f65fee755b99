import { expect, test } from "vitest";
import { drawn } from "./drawn.test.helper";
import { lonelyOf } from "./orphans";

const warn = { rule: "warn", most: 10 } as const;

test("a seat left alone is taken, too, or the choice moves, with one tap each", () => {
  const lonely = lonelyOf(drawn("aaaaa"), new Set([1, 2]), warn);
  expect(lonely).toEqual({ orphans: [0], take: [1, 2, 0], move: [0, 1], refused: false });
});

test("only what helps is offered: not one seat too many, and nothing that leaves others alone", () => {
  expect(lonelyOf(drawn("aaaaa"), new Set([1, 2]), { ...warn, most: 2 })?.take).toBeUndefined();
  const stuck = lonelyOf(drawn("aaa"), new Set([0, 2]), warn);
  expect([stuck?.orphans, stuck?.take, stuck?.move]).toEqual([[1], [0, 2, 1], undefined]);
});

test("the seats of other rows stay where they are", () => {
  expect(lonelyOf(drawn("aaaaa", "aaaa"), new Set([1, 2, 5, 6]), warn)?.move).toEqual([5, 6, 0, 1]);
});

test("the event's rule says what becomes of it", () => {
  const alone = new Set([1]);
  expect(lonelyOf(drawn("aaaa"), alone, { ...warn, rule: "ignore" })).toBeUndefined();
  expect(lonelyOf(drawn("aaaa"), alone, { ...warn, rule: "refuse" })?.refused).toBe(true);
  expect(lonelyOf(drawn("saas"), new Set([2]), { ...warn, rule: "refuse" })).toBeUndefined(); // there is no better choice
  expect(lonelyOf(drawn("saas"), new Set([2]), warn)?.orphans).toEqual([1]);
});
