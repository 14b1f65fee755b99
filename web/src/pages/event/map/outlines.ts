import { type Box, boxAround, type Hall, type Point, type Section } from "../hall";

/** Shape is the ground that a section stands on. */
export interface Shape {
  /** The corners, in cm. A section of one row has a line. */
  corners: readonly Point[];
  /** How far the ground goes beyond its corners, in cm, with round corners. */
  reach: number;
  /** All of it. */
  box: Box;
  /** Where words have room, for lines that are short, of usual length, and long. */
  rooms: readonly Room[];
}

/** Room is an upright box inside of a shape, by its middle and half its width and height, in cm. */
export interface Room extends Point {
  wide: number;
  high: number;
}

/** The ground of seats goes so much beyond their centres. */
const reach = 38;

/** shapesOf gives the ground of each section, once for a hall. */
export function shapesOf(hall: Hall): Shape[] {
  return hall.sections.map((section) => {
    const corners = section.outline ?? around(hall, section);
    const beyond = section.outline ? 0 : reach;
    const { x, y, width, height } = boxAround(corners);
    const box = { x: x - beyond, y: y - beyond, width: width + 2 * beyond, height: height + 2 * beyond };
    const rooms = widths.map((wider) => roomIn({ corners: few(corners), reach: beyond }, box, wider));
    return { corners, reach: beyond, box, rooms };
  });
}

/** around goes along the first row, down the right ends of the rows, back along the last, and up their left ends. */
function around(hall: Hall, { firstRow, endRow }: Section): Point[] {
  const rows = hall.rows.slice(firstRow, endRow);
  const first = rows[0];
  const last = rows.at(-1);
  if (!first || !last) {
    return [];
  }
  const point = (i: number): Point => ({ x: hall.x[i] ?? 0, y: hall.y[i] ?? 0 });
  const along = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => point(from + i));
  if (first === last) {
    return along(first.first, first.end);
  }
  const inner = rows.slice(1, -1);
  return [
    ...along(first.first, first.end),
    ...inner.map((row) => point(row.end - 1)),
    ...along(last.first, last.end).reverse(),
    ...inner.map((row) => point(row.first)).reverse(),
  ];
}

/** isIn tells whether a place is on a shape. */
export function isIn(shape: Pick<Shape, "corners" | "reach">, at: Point): boolean {
  return awayFrom(shape, at) === 0;
}

/** awayFrom is how many cm a place is beside a shape; 0: it is on it. */
export function awayFrom({ corners, reach }: Pick<Shape, "corners" | "reach">, at: Point): number {
  return isInside(corners, at) ? 0 : Math.max(0, fromEdge(corners, at, 1) - reach);
}

/** shapeAt gives the shape at a place, else the nearest within so many cm; -1: there is none. */
export function shapeAt(shapes: readonly Shape[], at: Point, within: number): number {
  let found = -1;
  let best = within;
  shapes.forEach((shape, i) => {
    const { x, y, width, height } = shape.box;
    if (at.x < x - best || at.y < y - best || at.x > x + width + best || at.y > y + height + best) {
      return;
    }
    const away = awayFrom(shape, at);
    if (away < best || (away === 0 && found < 0)) {
      best = away;
      found = i;
    }
  });
  return found;
}

function isInside(corners: readonly Point[], { x, y }: Point): boolean {
  let inside = false;
  let b = corners.at(-1);
  for (const a of corners) {
    if (b && a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) {
      inside = !inside;
    }
    b = a;
  }
  return inside;
}

/** fromEdge is how far a place is from the nearest edge; lengths up and down count `tall` times. */
function fromEdge(corners: readonly Point[], { x, y }: Point, tall: number): number {
  let least = Infinity;
  let b = corners.at(-1);
  for (const a of corners) {
    if (b) {
      const [dx, dy] = [b.x - a.x, (b.y - a.y) * tall];
      const [px, py] = [x - a.x, (y - a.y) * tall];
      const t = Math.min(Math.max((px * dx + py * dy) / (dx * dx + dy * dy || 1), 0), 1);
      least = Math.min(least, Math.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2));
    }
    b = a;
  }
  return least;
}

/** How much wider than high rooms for words are. */
const widths = [1.1, 1.55, 2.2, 3.6];

/** few is about the same shape of at most 24 corners: enough to place words. */
function few(corners: readonly Point[]): readonly Point[] {
  const every = Math.ceil(corners.length / 24);
  return corners.filter((_, i) => i % every === 0);
}

/** roomIn looks for the roomiest spot on a raster, the middle before others, and makes the box there as large as it fits. */
function roomIn(shape: Pick<Shape, "corners" | "reach">, box: Box, wider: number): Room {
  const [columns, rows] = [5, 11];
  let best = { x: box.x + box.width / 2, y: box.y + box.height / 2, free: 0 };
  for (let i = 0; i < columns * rows; i++) {
    const [across, down] = [((i % columns) + 0.5) / columns, (Math.floor(i / columns) + 0.5) / rows];
    const at = { x: box.x + box.width * across, y: box.y + box.height * down };
    if (isInside(shape.corners, at)) {
      const free = fromEdge(shape.corners, at, wider) * (1 - 0.7 * Math.abs(across - 0.5) - 0.2 * Math.abs(down - 0.5));
      best = free > best.free ? { ...at, free } : best;
    }
  }
  let [high, step] = [0, box.height / 2];
  for (let i = 0; i < 8; i++, step /= 2) {
    if (hasRoom(shape, best, (high + step) * wider, high + step)) {
      high += step;
    }
  }
  return { x: best.x, y: best.y, wide: high * wider, high };
}

/** hasRoom tells whether a box is on a shape: its corners, and the middles of its sides. */
function hasRoom(shape: Pick<Shape, "corners" | "reach">, { x, y }: Point, wide: number, high: number): boolean {
  return [-1, 0, 1].every((a) => [-1, 0, 1].every((b) => isIn(shape, { x: x + a * wide, y: y + b * high })));
}
