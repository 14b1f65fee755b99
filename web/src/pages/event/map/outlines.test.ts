import { describe, expect, test } from "vitest";
import type { Hall } from "../hall";
import { arena, cinema, theatre } from "./halls";
import { isIn, shapeAt, shapesOf } from "./outlines";

describe.each([cinema(), theatre(), arena()].map((hall) => [hall.name, hall] as const))(
  "the ground of a %s",
  (_, hall: Hall) => {
    const shapes = shapesOf(hall);

    test("has each seat on that of its section alone", () => {
      for (let i = 0; i < hall.size; i++) {
        const at = { x: hall.x[i] ?? 0, y: hall.y[i] ?? 0 };
        expect(shapes.flatMap((shape, section) => (isIn(shape, at) ? [section] : []))).toEqual([hall.sectionOf[i]]);
        expect(shapeAt(shapes, at, 0)).toBe(hall.sectionOf[i]);
      }
    });

    test("has room for words, all of it on the ground", () => {
      for (const shape of shapes) {
        for (const { x, y, wide, high } of shape.rooms) {
          expect(wide).toBeGreaterThan(20);
          for (const [a, b] of [
            [-1, -1],
            [-1, 1],
            [1, -1],
            [1, 1],
            [0.5, 1],
            [-0.5, -1],
          ] as const) {
            expect(isIn(shape, { x: x + a * wide * 0.99, y: y + b * high * 0.99 })).toBe(true);
          }
        }
      }
    });
  },
);

test("a finger beside the ground means the nearest, and far away none", () => {
  const hall = arena();
  const shapes = shapesOf(hall);
  expect(shapeAt(shapes, { x: 1480, y: 900 }, 50)).toBe(0);
  expect(shapeAt(shapes, { x: 1480, y: 900 }, 10)).toBe(-1);
  expect(shapeAt(shapes, { x: 1260, y: 900 }, 1000)).toBe(1);
  expect(shapeAt(shapes, { x: 9000, y: 9000 }, 500)).toBe(-1);
});
