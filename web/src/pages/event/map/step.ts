import { type Hall, kinds } from "../hall";

export type Direction = "left" | "right" | "up" | "down";

const ways: Record<Direction, readonly [dx: number, dy: number]> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, -1],
  down: [0, 1],
};

/** A seat further aside than ahead is none that a key leads to, but where there is no other. */
const steep = 1.2;

/**
 * step gives the place that an arrow leads to, or the same where there is none. Along a row it goes from seat to seat over
 * gaps and what is absent; elsewhere to the nearest that way, be it in another section. An area where people stand is one stop.
 */
export function step(hall: Hall, exists: (place: number) => boolean, from: number, direction: Direction): number {
  const way = ways[direction];
  return alongRow(hall, exists, from, way) ?? across(hall, exists, from, way) ?? from;
}

/** ends gives the first and last place of a row, as they lie from left to right. */
export function ends(hall: Hall, exists: (place: number) => boolean, from: number): [left: number, right: number] {
  const row = hall.rows[hall.rowOf[from] ?? 0];
  let [left, right] = [from, from];
  if (hall.kindOf[from] !== kinds.standing && row) {
    for (let i = row.first; i < row.end; i++) {
      if (exists(i)) {
        left = Math.min(left, i);
        right = Math.max(right, i);
      }
    }
  }
  return x(hall, left) <= x(hall, right) ? [left, right] : [right, left];
}

function x(hall: Hall, i: number): number {
  return hall.x[i] ?? 0;
}

function y(hall: Hall, i: number): number {
  return hall.y[i] ?? 0;
}

function alongRow(
  hall: Hall,
  exists: (place: number) => boolean,
  from: number,
  [dx, dy]: readonly [number, number],
): number | undefined {
  const row = hall.rows[hall.rowOf[from] ?? 0];
  if (!row || hall.kindOf[from] === kinds.standing) {
    return undefined;
  }
  for (const turn of [1, -1]) {
    for (let i = from + turn; i >= row.first && i < row.end; i += turn) {
      if (exists(i)) {
        const [px, py] = [x(hall, i) - x(hall, from), y(hall, i) - y(hall, from)];
        const ahead = px * dx + py * dy;
        if (ahead > 0 && ahead >= Math.abs(px * dy - py * dx)) {
          return i;
        }
        break;
      }
    }
  }
  return undefined;
}

function across(
  hall: Hall,
  exists: (place: number) => boolean,
  from: number,
  [dx, dy]: readonly [number, number],
): number | undefined {
  let found: number | undefined;
  let best = Infinity;
  for (const section of hall.sections) {
    const end = section.outline ? section.first + 1 : section.end; // one stop
    for (let i = section.first; i < end; i++) {
      const [px, py] = [x(hall, i) - x(hall, from), y(hall, i) - y(hall, from)];
      const ahead = px * dx + py * dy;
      const aside = Math.abs(px * dy - py * dx);
      if (ahead < 1 || hall.rowOf[i] === hall.rowOf[from] || !(exists(i) || section.outline)) {
        continue;
      }
      const cost = ahead + 2 * aside + (aside > steep * ahead ? 1e6 : 0);
      if (cost < best) {
        best = cost;
        found = i;
      }
    }
  }
  return found;
}
