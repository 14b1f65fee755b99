import { expect, test } from "vitest";
import { kinds } from "../hall";
import { each, isEmpty, nearest, newGrid } from "./grid";
import { arena, theatre } from "./halls";

const hall = arena(40);
const grid = newGrid(hall);

test("has every seat once, and no place to stand", () => {
  const seen = new Set<number>();
  each(grid, { x: 0, y: 0, width: hall.width, height: hall.height }, (i) => {
    expect(seen.has(i)).toBe(false);
    seen.add(i);
  });
  expect(seen.size).toBe(hall.size - 100);
  expect([...seen].some((i) => hall.kindOf[i] === kinds.standing)).toBe(false);
});

test("finds the nearest seat, as asking all of them does", () => {
  for (let n = 0; n < 300; n++) {
    const at = { x: (n * 7919) % 19000, y: (n * 104729) % 12000 };
    let [best, least] = [undefined as number | undefined, 400];
    for (let i = 100; i < hall.size; i++) {
      const away = Math.hypot((hall.x[i] ?? 0) - at.x, (hall.y[i] ?? 0) - at.y);
      if (away < least && i % 3 !== 0) {
        [best, least] = [i, away];
      }
    }
    const found = nearest(grid, hall, at, 400, (i) => i % 3 !== 0);
    const away = found === undefined ? 400 : Math.hypot((hall.x[found] ?? 0) - at.x, (hall.y[found] ?? 0) - at.y);
    expect(found === undefined).toBe(best === undefined);
    expect(away).toBeCloseTo(least);
  }
});

test("finds nothing further away than asked", () => {
  const small = theatre();
  const at = { x: (small.x[0] ?? 0) - 60, y: small.y[0] ?? 0 };
  expect(nearest(newGrid(small), small, at, 59, () => true)).toBeUndefined();
  expect(nearest(newGrid(small), small, at, 61, () => true)).toBe(0);
});

test("tells an aisle from seats", () => {
  const [x, y] = [hall.x[100] ?? 0, hall.y[100] ?? 0];
  expect(isEmpty(grid, hall, { x: x - 10, y: y - 10, width: 20, height: 20 })).toBe(false);
  expect(isEmpty(grid, hall, { x: x + 30, y: y - 10, width: 50, height: 20 })).toBe(true);
});
