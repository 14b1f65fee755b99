import { describe, expect, test } from "vitest";
import type { Hall } from "../hall";
import { arena, cinema, theatre } from "./halls";
import { type Direction, ends, step } from "./step";

const all = () => true;
const directions: Direction[] = ["left", "right", "up", "down"];

/** named gives a place by section, row and number. */
function named(hall: Hall, section: string, row: string, number: number): number {
  return hall.x.findIndex(
    (_, i) =>
      hall.sections[hall.sectionOf[i] ?? 0]?.name === section &&
      hall.rows[hall.rowOf[i] ?? 0]?.label === row &&
      hall.numbers[i] === number,
  );
}

describe("an arrow", () => {
  const hall = cinema();

  test("goes along the row, over its aisle and over what is not sold here", () => {
    const seat = (n: number) => named(hall, "Stalls", "C", n);
    expect(step(hall, all, seat(6), "right")).toBe(seat(7));
    expect(step(hall, all, seat(7), "left")).toBe(seat(6));
    expect(step(hall, (i) => i !== seat(5), seat(4), "right")).toBe(seat(6));
  });

  test("stays at the end of a row where nothing is beyond", () => {
    const last = named(hall, "Stalls", "C", 12);
    expect(step(hall, all, last, "right")).toBe(last);
  });

  test("up and down goes to the nearest seat of the next row", () => {
    expect(step(hall, all, named(hall, "Stalls", "C", 4), "down")).toBe(named(hall, "Stalls", "D", 4));
    expect(step(hall, all, named(hall, "Stalls", "C", 4), "up")).toBe(named(hall, "Stalls", "B", 4));
  });

  test("follows curved rows to their ends, and goes on to the next section", () => {
    const curved = theatre();
    let at = named(curved, "Stalls", "F", 1);
    const row = curved.rowOf[at];
    for (let n = 2; n <= 30; n++) {
      at = step(curved, all, at, (curved.x[at + 1] ?? 0 > (curved.x[at] ?? 0)) ? "right" : "left");
      expect(curved.rowOf[at]).toBe(row);
      expect(curved.numbers[at]).toBe(n);
    }
    const back = named(curved, "Stalls", "L", 15);
    expect(curved.sectionOf[step(curved, all, back, "down")]).toBe(1);
  });

  test("goes where it points in rows that run away from the stage", () => {
    const turned = arena();
    expect(step(turned, all, named(turned, "Section 101", "B", 3), "down")).toBe(named(turned, "Section 101", "B", 4));
    expect(step(turned, all, named(turned, "Section 101", "B", 3), "left")).toBe(named(turned, "Section 101", "C", 3));
    expect(step(turned, all, named(turned, "Section 101", "A", 3), "right")).toBe(0); // the floor, by its first place
    expect(turned.sectionOf[step(turned, all, 7, "down")]).toBeGreaterThan(1); // from the floor as a whole
  });
});

test.each([cinema(), theatre(), arena()].map((hall) => [hall.name, hall] as const))(
  "arrows lead to every seat of a %s",
  (_, hall) => {
    const first = hall.sections[0]?.outline ? 100 : 0;
    const seen = new Set([first]);
    const todo = [first];
    for (let from = todo.pop(); from !== undefined; from = todo.pop()) {
      for (const direction of directions) {
        const to = step(hall, all, from, direction);
        if (!seen.has(to)) {
          seen.add(to);
          todo.push(to);
        }
      }
    }
    const stops = hall.sections.reduce((sum, { first, end, outline }) => sum + (outline ? 1 : end - first), 0);
    expect(seen.size).toBe(stops);
  },
);

test("Home and End are the ends of the row as they lie, without what is not sold here", () => {
  const hall = theatre(); // its rows are numbered from the left
  const at = named(hall, "Stalls", "B", 9);
  const [left, right] = ends(hall, (i) => hall.numbers[i] !== 1, at);
  expect(hall.x[left]).toBeLessThan(hall.x[at] ?? 0);
  expect([hall.numbers[left], hall.numbers[right]]).toEqual([2, 30]);
  expect(ends(arena(), all, 5)).toEqual([5, 5]);
});
