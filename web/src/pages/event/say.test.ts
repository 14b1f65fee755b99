import { expect, test } from "vitest";
import { crowd, drawn } from "./drawn.test.helper";
import { describe, nameOf, placeCalled, placeOf, sayBriefly } from "./say";

test("a place is found by its name, and by what the API calls it", () => {
  const { hall } = drawn("aa aa", "aaa");
  expect(placeOf(hall, { section: "Stalls", row: "B", number: 2 })).toBe(5);
  expect(placeOf(hall, nameOf(hall, 3))).toBe(3);
  expect(placeOf(hall, { section: "Circle", row: "B", number: 2 })).toBeUndefined();
  expect(placeCalled(hall, "Stalls, row A, seat 4")).toBe(3);
  expect(placeCalled(hall, "Stalls, row Z, seat 4")).toBeUndefined();
  expect(placeCalled(crowd("aaa").hall, "Floor, place 2")).toBe(1);
});

test("a place is described with price, state, and what is special about it", () => {
  const seats = drawn("ah", "ws", "bb", "bb");
  seats.hall.restricted[0] = 1;
  expect(describe(seats, 0, false)).toBe("Stalls, row A, seat 1, $14.50, available, restricted view");
  expect(describe(seats, 0, true)).toBe("Stalls, row A, seat 1, $14.50, chosen by you, restricted view");
  expect(describe(seats, 1, false)).toBe("Stalls, row A, seat 2, $14.50, held, may come back");
  expect(describe(seats, 2, false)).toBe("Stalls, row B, seat 1, $14.50, available, wheelchair place");
  expect(describe(seats, 3, false)).toBe("Stalls, row B, seat 2, $14.50, sold");
});

test("several seats are named briefly, with their section where it matters", () => {
  const c4 = { section: "Stalls", row: "C", number: 4 };
  expect(sayBriefly([c4, { ...c4, number: 5 }])).toBe("C4, C5");
  expect(sayBriefly([c4, { section: "Circle", row: "A", number: 1 }])).toBe("Stalls C4, Circle A1");
});
