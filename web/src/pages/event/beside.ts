import { type Hall, kinds, type Point } from "./hall";
import { type Seats, states } from "./status";

/** Seats that follow each other in a row have an aisle between them from this distance of their centres on, in cm. */
const aisleGap = 120;

const known = new WeakMap<Hall, Uint32Array>();

/** runsOf numbers the places by runs: those of one number that follow each other are together. It is found once a hall. */
export function runsOf(hall: Hall): Uint32Array {
  let run = known.get(hall);
  if (!run) {
    run = new Uint32Array(hall.size);
    for (let i = 1; i < hall.size; i++) {
      run[i] = (run[i - 1] ?? 0) + (follows(hall, i) ? 0 : 1);
    }
    known.set(hall, run);
  }
  return run;
}

function follows({ rowOf, kindOf, x, y }: Hall, i: number): boolean {
  const apart = Math.hypot(at(x, i) - at(x, i - 1), at(y, i) - at(y, i - 1));
  return rowOf[i] === rowOf[i - 1] && (kindOf[i] === kinds.standing || apart < aisleGap);
}

function at(column: Float32Array, i: number): number {
  return column[i] ?? 0;
}

/** isFree tells whether a place can be had. */
export function isFree(seats: Seats, i: number): boolean {
  return seats.stateOf[i] === states.available;
}

/** centreOf is the middle of some places. */
export function centreOf({ x, y }: Hall, places: readonly number[]): Point {
  const sum = { x: 0, y: 0 };
  for (const i of places) {
    sum.x += at(x, i) / places.length;
    sum.y += at(y, i) / places.length;
  }
  return sum;
}

/**
 * orphansOf gives the free seats that a selection would leave alone, as the server judges it: with nobody's free seat beside
 * them, where before there was one. Places to stand are never alone, nor are those for wheelchairs and the ones beside them.
 */
export function orphansOf(seats: Seats, selection: ReadonlySet<number>): number[] {
  const { hall } = seats;
  const run = runsOf(hall);
  const orphans = new Set<number>();
  for (const chosen of selection) {
    const left = (i: number) => run[i] === run[chosen] && isFree(seats, i) && !selection.has(i);
    for (const i of [chosen - 1, chosen + 1]) {
      if (left(i) && !left(i - 1) && !left(i + 1) && hall.kindOf[i] === kinds.ordinary) {
        orphans.add(i);
      }
    }
  }
  return [...orphans].sort((a, b) => a - b);
}

/** Wish is what seats together should be. */
export interface Wish {
  count: number;
  /** Exactly so many of them are for wheelchairs. */
  accessible: number;
  /** Where they should be near to. */
  near: Point;
  /** The offer that they had best be of. */
  offer?: number | undefined;
  /** A place that must be among them. */
  having?: number;
  /** Places that are no longer free. */
  taken?: ReadonlySet<number>;
  /** Which places will do; left out: all. */
  fits?: ((place: number) => boolean) | undefined;
}

/** Group is seats that are together. */
export interface Group {
  places: readonly number[];
  /** How many seats they would leave alone. */
  orphans: number;
}

/**
 * together gives the best free seats that are together: that leave nobody alone, leave the seats beside wheelchairs to those
 * in them, are of the wanted offer, and are near. Undefined: there are none. One pass over the hall, or over the section of
 * the place that must be among them.
 */
export function together(seats: Seats, wish: Wish): Group | undefined {
  const { hall } = seats;
  const run = runsOf(hall);
  const { first, end } = hall.sections[hall.sectionOf[wish.having ?? -1] ?? -1] ?? { first: 0, end: hall.size };
  let line: number[] = [];
  let best: readonly number[] | undefined;
  let least = Infinity;
  for (let i = first; i < end; i++) {
    if (run[i] !== run[i - 1]) {
      line = [];
    }
    if (!isFree(seats, i) || wish.taken?.has(i) || !(wish.fits?.(i) ?? true)) {
      line = hall.kindOf[i] === kinds.standing ? line : []; // in a crowd there are no gaps
      continue;
    }
    line.push(i);
    const faults = line.length < wish.count ? Infinity : judge(seats, wish, line);
    if (faults < least) {
      best = line.slice(-wish.count);
      least = faults;
    }
  }
  return best && { places: best, orphans: Math.floor(least / grave) };
}

/** Faults are compared as one number: what is graver outweighs all that is less so. */
const far = 1e6;
const grave = far * 1e4;

/** judge weighs what speaks against the last places of a line; Infinity: they do not fulfil the wish. It allocates nothing. */
function judge(seats: Seats, { count, ...wish }: Wish, line: readonly number[]): number {
  const { kindOf, x, y } = seats.hall;
  const first = line[line.length - count] ?? 0;
  const last = line[line.length - 1] ?? 0;
  const offer = wish.offer ?? seats.offerOf[first];
  const found = { spaces: 0, reserved: 0, unlike: 0, having: wish.having === undefined };
  for (let n = line.length - count; n < line.length; n++) {
    const i = line[n] ?? 0;
    found.spaces += kindOf[i] === kinds.accessible ? 1 : 0;
    found.reserved += kindOf[i] === kinds.companion && wish.accessible === 0 ? 1 : 0;
    found.unlike += seats.offerOf[i] === offer ? 0 : 1;
    found.having ||= i === wish.having;
  }
  if (found.spaces !== wish.accessible || !found.having) {
    return Infinity;
  }
  const orphans = lonely(seats, first, -1, wish.taken) + lonely(seats, last, 1, wish.taken);
  const dx = (at(x, first) + at(x, last)) / 2 - wish.near.x;
  const dy = (at(y, first) + at(y, last)) / 2 - wish.near.y;
  return orphans * grave + (found.reserved * 100 + found.unlike) * far + Math.hypot(dx, dy);
}

/** lonely counts the seat beside an end of a group, if it would be alone. */
function lonely(seats: Seats, end: number, step: 1 | -1, taken: ReadonlySet<number> | undefined): 0 | 1 {
  const run = runsOf(seats.hall);
  const left = (i: number) => run[i] === run[end] && isFree(seats, i) && !taken?.has(i);
  const beside = end + step;
  return seats.hall.kindOf[beside] === kinds.ordinary && left(beside) && !left(beside + step) ? 1 : 0;
}

/** spacesIn counts the places for wheelchairs. */
export function spacesIn({ kindOf }: Hall, places: Iterable<number>): number {
  return [...places].filter((i) => kindOf[i] === kinds.accessible).length;
}
