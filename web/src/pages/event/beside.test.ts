import { describe, expect, test } from "vitest";
import { centreOf, orphansOf, runsOf, spacesIn, together } from "./beside";
import { crowd, drawn } from "./drawn.test.helper";
import type { Seats } from "./status";

const near = (seats: Seats, place: number) => ({ near: centreOf(seats.hall, [place]), accessible: 0 });

test("seats are together until an aisle or the end of their row", () => {
  const run = runsOf(drawn("aa aa", "aa").hall);
  expect([...run]).toEqual([0, 0, 1, 1, 2, 2]);
  expect(new Set(runsOf(crowd("aaaa").hall)).size).toBe(1);
});

describe("a seat is left alone", () => {
  test.each([
    ["by the wall", "aaaa", [1], [0]],
    ["between two chosen ones", "aaaaa", [1, 3], [0, 2, 4]],
    ["beside a sold one", "saaas", [2], [1, 3]],
    ["not, where two are left", "aaaa", [0, 1], []],
    ["not, where it was alone before", "sasaa", [3, 4], []],
    ["not beyond an aisle", "a aaa", [1, 2, 3], []],
    ["not, where it is for a wheelchair", "waaa", [1, 2, 3], []],
    ["not, where it is beside one", "wcaa", [2, 3], []],
  ])("%s", (_, row, chosen, alone) => {
    expect(orphansOf(drawn(row), new Set(chosen))).toEqual(alone);
  });

  test("never where people stand", () => expect(orphansOf(crowd("aaa"), new Set([1]))).toEqual([]));
});

describe("seats together", () => {
  test("lie around the one that was tapped, and leave nobody alone", () => {
    const seats = drawn("aaaaaaa");
    expect(together(seats, { ...near(seats, 3), count: 3, having: 3 })?.places).toEqual([2, 3, 4]);
    const six = drawn("aaaaaa");
    expect(together(six, { ...near(six, 2), count: 3, having: 2 })?.places).toEqual([0, 1, 2]);
  });

  test("have no aisle between them, and no taken one", () => {
    const seats = drawn("aa aa", "aahaa");
    expect(together(seats, { ...near(seats, 0), count: 3 })).toBeUndefined();
    expect(together(seats, { ...near(seats, 0), count: 2, taken: new Set([0]) })?.places).toEqual([4, 5]);
  });

  test("are the nearest elsewhere, of the same price first", () => {
    const seats = drawn("as", "sa", "aa", "aa");
    expect(together(seats, { ...near(seats, 0), count: 2, having: 0 })).toBeUndefined();
    expect(together(seats, { ...near(seats, 0), count: 2, offer: 0 })?.places).toEqual([4, 5]);
    const other = drawn("sas", "aas", "aas", "aas");
    expect(together(other, { ...near(other, 11), count: 2, offer: 0 })?.places).toEqual([3, 4]);
  });

  test("have as many places for wheelchairs as are wished for, and leave the seats beside them for others", () => {
    const seats = drawn("aawcaa", "ssaass");
    const four = together(seats, { ...near(seats, 2), accessible: 1, count: 4, having: 2 });
    expect(four?.places).toContain(2);
    expect(spacesIn(seats.hall, four?.places ?? [])).toBe(1);
    const few = drawn("wca", "saa");
    expect(together(few, { ...near(few, 1), count: 2 })?.places).toEqual([4, 5]);
  });

  test("are any places where people stand", () => {
    const seats = crowd("shasaa");
    expect(together(seats, { ...near(seats, 2), count: 3 })?.places).toEqual([2, 4, 5]);
  });
});
