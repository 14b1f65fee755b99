import { type Box, type Hall, middleOf } from "../hall";
import type { Seats } from "../status";
import { type Grid, isEmpty, newGrid } from "./grid";
import { type Shape, shapeAt, shapesOf } from "./outlines";
import type { Palette } from "./palette";
import { type Summary, shortNames, summarise } from "./summary";

/** Scene is all that the picture of a hall is made from. */
export interface Scene {
  seats: Seats;
  grid: Grid;
  shapes: readonly Shape[];
  /** How sections are called where there is little room. */
  shortNames: readonly string[];
  /** Where a section's name can stand beside its seats without covering others, in cm. */
  nameSpots: readonly (Box | undefined)[];
  summaries: Summary[];
  /** From seat to seat in a row, in cm. */
  pitch: number;
  /** Where there is anything to see. */
  extent: Box;
  palette: Palette;
  fits: ((place: number) => boolean) | undefined;
}

/** newScene works out what does not change while a hall is looked at. It takes some milliseconds for 20,000 places. */
export function newScene(seats: Seats, palette: Palette): Scene {
  const { hall } = seats;
  const grid = newGrid(hall);
  const shapes = shapesOf(hall);
  return {
    seats,
    grid,
    shapes,
    shortNames: shortNames(hall.sections.map(({ name }) => name)),
    nameSpots: hall.sections.map((_, i) => spotFor(hall, grid, shapes, i)),
    summaries: hall.sections.map((_, i) => summarise(seats, i)),
    pitch: pitchOf(hall),
    extent: extentOf(hall, shapes),
    palette,
    fits: undefined,
  };
}

/** pitchOf is how far neighbours in a row are apart: the distance that nine of ten have at least. */
export function pitchOf(hall: Hall): number {
  const apart = new Float32Array(hall.size);
  let n = 0;
  for (const { first, end, label } of hall.rows) {
    for (let i = first + 1; i < end && label !== ""; i++) {
      const [dx, dy] = [(hall.x[i] ?? 0) - (hall.x[i - 1] ?? 0), (hall.y[i] ?? 0) - (hall.y[i - 1] ?? 0)];
      apart[n++] = Math.sqrt(dx * dx + dy * dy);
    }
  }
  const sorted = apart.subarray(0, n).sort();
  return Math.min(Math.max(sorted[Math.floor(n / 10)] ?? 50, 45), 100);
}

function extentOf({ stage }: Hall, shapes: readonly Shape[]): Box {
  let [left, top, right, bottom] = [stage.x, stage.y, stage.x + stage.width, stage.y + stage.height];
  for (const { box } of shapes) {
    left = Math.min(left, box.x);
    top = Math.min(top, box.y);
    right = Math.max(right, box.x + box.width);
    bottom = Math.max(bottom, box.y + box.height);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** spotFor looks for room above a section, or before the middle of its first row, where no other section is. */
function spotFor(hall: Hall, grid: Grid, shapes: readonly Shape[], section: number): Box | undefined {
  const { name = "", firstRow = 0 } = hall.sections[section] ?? {};
  const box = shapes[section]?.box ?? hall.stage;
  const { first = 0, end = 0 } = hall.rows[firstRow] ?? {};
  const front = Math.floor((first + end) / 2);
  const width = 26 * name.length;
  const tops = [
    { x: box.x + box.width / 2, y: box.y - 58 },
    { x: hall.x[front] ?? 0, y: (hall.y[front] ?? 0) - 105 },
  ];
  return tops
    .map(({ x, y }) => ({ x: x - width / 2, y, width, height: 50 }))
    .find(
      (spot) =>
        isEmpty(grid, hall, grown(spot, 25)) &&
        !overlap(spot, hall.stage) &&
        [-1, section].includes(shapeAt(shapes, middleOf(spot), 0)),
    );
}

/** grown is a box with so much more at each side. */
export function grown({ x, y, width, height }: Box, by: number): Box {
  return { x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by };
}

/** overlap tells whether two boxes have a part in common. */
export function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** A seat can be told from others when it takes so many pixels; before, sections are shown instead. */
const legible = 9.5;

/** showsSeats tells whether single seats are shown at a scale. */
export function showsSeats({ pitch }: Pick<Scene, "pitch">, scale: number): boolean {
  return pitch * scale >= legible;
}
