import { describe, expect, test } from "vitest";
import {
  between,
  centredOn,
  type Frame,
  isWhole,
  kept,
  margin,
  panned,
  toHall,
  toScreen,
  viewOf,
  whole,
  withInView,
  zoomed,
} from "./viewport";

const size = { width: 400, height: 500 };
const frame: Frame = { size, extent: { x: 100, y: 50, width: 4000, height: 3000 }, most: 1 };

describe("a view", () => {
  test("of the whole hall has all of it, in the middle", () => {
    const view = whole(frame);
    const corner = toScreen(view, { x: 100, y: 50 });
    const opposite = toScreen(view, { x: 4100, y: 3050 });
    expect(corner.x).toBeGreaterThan(0);
    expect(corner.y).toBeGreaterThan(0);
    expect(corner.x + opposite.x).toBeCloseTo(400);
    expect(corner.y + opposite.y).toBeCloseTo(500);
    expect(isWhole(view, frame)).toBe(true);
  });

  test("of a small part is no nearer than asked", () => {
    expect(viewOf({ x: 0, y: 0, width: 10, height: 10 }, size, 0.5).scale).toBe(0.5);
  });

  test("that zooms leaves what is under the finger where it is", () => {
    const about = { x: 210, y: 260 };
    const before = kept(centredOn(2000, 1500, 0.3, size), frame);
    const after = zoomed(before, 1.7, about, frame);
    expect(after.scale).toBeCloseTo(0.51);
    expect(toHall(after, about).x).toBeCloseTo(toHall(before, about).x);
    expect(toHall(after, about).y).toBeCloseTo(toHall(before, about).y);
  });

  test("zooms between the whole hall and the nearest, whatever is asked", () => {
    const view = kept(centredOn(2000, 1500, 0.3, size), frame);
    expect(zoomed(view, 100, { x: 0, y: 0 }, frame).scale).toBe(1);
    expect(zoomed(view, 0.001, { x: 0, y: 0 }, frame)).toEqual(whole(frame));
  });

  test("is moved by pixels, up to the hall's edges", () => {
    const view = kept(centredOn(2000, 1500, 0.5, size), frame);
    expect(panned(view, 50, -20, frame)).toMatchObject({ x: view.x - 100, y: view.y + 40 });
    const far = panned(view, 1e6, 1e6, frame);
    expect(toScreen(far, { x: 100, y: 50 }).x).toBeCloseTo(margin);
    expect(panned(far, 1, 1, frame)).toEqual(far);
  });

  test("moves no more than needed to have a place in it", () => {
    const view = kept(centredOn(2000, 1500, 0.5, size), frame);
    expect(withInView(view, { x: 2000, y: 1500 }, 60, frame)).toBe(view);
    const moved = withInView(view, { x: 2500, y: 1500 }, 60, frame);
    expect(toScreen(moved, { x: 2500, y: 1500 }).x).toBeCloseTo(340);
    expect(moved.y).toBe(view.y);
  });
});

test("the way between two views begins and ends at them, and the place that both show at one pixel stays there", () => {
  const from = centredOn(1000, 1000, 0.1, size);
  const to = centredOn(3000, 500, 0.8, size);
  const fixed = (to.x * to.scale - from.x * from.scale) / (to.scale - from.scale);
  for (const t of [0, 0.25, 0.5, 0.75, 1]) {
    const view = between(from, to, t, size);
    expect(view.scale).toBeCloseTo(0.1 * 8 ** t);
    expect((fixed - view.x) * view.scale).toBeCloseTo((fixed - from.x) * from.scale);
  }
  expect(between(from, to, 0, size).y).toBeCloseTo(from.y);
  expect(between(from, to, 1, size).y).toBeCloseTo(to.y);
  expect(between(from, centredOn(2000, 1000, 0.1, size), 0.5, size).x).toBeCloseTo(from.x + 500);
});
