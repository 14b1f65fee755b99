import { describe, expect, test } from "vitest";
import { setSome, states } from "../status";
import { towards } from "./compass";
import { arena, seatsOf, theatre } from "./halls";
import { fitted, linesFor } from "./labels";
import { seenOf } from "./minimap";
import type { Palette } from "./palette";
import { newScene, showsSeats } from "./scene";
import { placeIn, shortNames, summarise } from "./summary";

const palette = {} as Palette;

describe("a section", () => {
  test("says from what price it is, all in, by its cheapest free seat", () => {
    const seats = seatsOf(arena());
    const floor = newScene(seats, palette);
    expect(linesFor(floor, 0)[0]).toEqual(["Floor", "from $90", "100 free"]);
    expect(linesFor(floor, 1)[1]).toEqual(["101", "from $70", "240 free"]);
    seats.offerOf[150] = 0; // the cheapest, in a section of dearer ones
    expect(summarise(seats, 1).offer).toBe(0);
    setSome(seats, [[states.sold, [150]]]);
    expect(summarise(seats, 1).offer).toBe(1);
    setSome(seats, [[states.held, Array.from({ length: 60 }, (_, i) => i)]]);
    expect(summarise(seats, 0)).toMatchObject({ free: 40, held: 60 });
  });

  test("may come back while anything of it is held, and is sold out else", () => {
    const held = seatsOf(arena(), `${"s".repeat(99)}h`);
    expect(linesFor(newScene(held, palette), 0)[0]).toEqual(["Floor", "may come back"]);
    const sold = seatsOf(arena(), `${"s".repeat(99)}b`);
    expect(linesFor(newScene(sold, palette), 0)[0]).toEqual(["Floor", "sold out"]);
  });

  test("is written on with what fits, the fullest first, and with nothing that does not", () => {
    const lines = [["Section 104", "from $70", "31 free"], ["104", "from $70"], ["104"]];
    const rooms = [{ x: 0, y: 0, wide: 500, high: 300 }];
    const measure = (line: string) => line.length * 0.55;
    expect(fitted(lines, rooms, 0.2, 1, measure)?.lines).toBe(lines[0]);
    expect(fitted(lines, rooms, 0.05, 1, measure)?.lines).toBe(lines[1]);
    expect(fitted(lines, rooms, 0.02, 1, measure)?.lines).toBe(lines[2]);
    expect(fitted(lines, rooms, 0.01, 1, measure)).toBeUndefined();
    expect(fitted(lines, [{ x: 0, y: 0, wide: 500, high: 130 }], 0.1, 1, measure)?.lines).toBe(lines[1]);
    expect(fitted(lines, rooms, 0.05, 2, measure)?.lines).toBe(lines[2]);
  });
});

test("names are short where a word is shared by several", () => {
  expect(shortNames(["Floor", "Section 1", "Section 2", "Section 3"])).toEqual(["Floor", "1", "2", "3"]);
  expect(shortNames(["Box 1", "Box 2", "Stalls left"])).toEqual(["Box 1", "Box 2", "Stalls left"]);
});

test("an area gives its first free place that was not chosen", () => {
  const seats = seatsOf(arena(), "sha");
  expect(placeIn(seats, 0, new Set())).toBe(2);
  expect(placeIn(seats, 0, new Set([2, 3]))).toBe(4);
});

test("seats are shown once they can be told apart, not before", () => {
  const { pitch, nameSpots } = newScene(seatsOf(theatre()), palette);
  expect(pitch).toBeCloseTo(50, -1);
  expect(showsSeats({ pitch }, 9 / pitch)).toBe(false);
  expect(showsSeats({ pitch }, 10 / pitch)).toBe(true);
  expect(nameSpots[2]).toBeDefined(); // a box has room above it
});

test("the compass points at the stage from the edge of the map, and at a stage nearby from there", () => {
  const size = { width: 400, height: 500 };
  expect(towards({ x: 200, y: -5000 }, size)).toEqual({ x: 200, y: 26, turn: 0 });
  const right = towards({ x: 5000, y: 250 }, size);
  expect(right).toMatchObject({ x: 344, y: 250 });
  expect(right.turn).toBeCloseTo(Math.PI / 2);
  expect(towards({ x: 200, y: 300 }, size)).toMatchObject({ x: 200, y: 300 });
});

test("the minimap marks what is seen, and nothing beyond the hall", () => {
  const extent = { x: 100, y: 0, width: 1000, height: 1000 };
  expect(seenOf({ x: 0, y: 500, scale: 1 }, { width: 300, height: 200 }, extent)).toEqual({
    x: 100,
    y: 500,
    width: 200,
    height: 200,
  });
});
