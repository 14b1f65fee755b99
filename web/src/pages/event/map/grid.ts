import { type Box, type Hall, kinds } from "../hall";

/** side of a cell in cm: a few seats lie in each. */
const side = 150;

/** Grid finds the seats at a place without asking all. Places to stand are not in it: they have an area. */
export interface Grid {
  columns: number;
  rows: number;
  /** Where the seats of a cell begin in `places`; one more than there are cells. */
  starts: Uint32Array;
  places: Uint32Array;
}

/** newGrid sorts the seats of a hall into cells. */
export function newGrid(hall: Hall): Grid {
  const columns = Math.floor(hall.width / side) + 1;
  const rows = Math.floor(hall.height / side) + 1;
  const grid: Grid = {
    columns,
    rows,
    starts: new Uint32Array(columns * rows + 1),
    places: new Uint32Array(hall.size),
  };
  for (let i = 0; i < hall.size; i++) {
    if (hall.kindOf[i] !== kinds.standing) {
      bump(grid.starts, cellOf(grid, hall, i) + 1);
    }
  }
  for (let cell = 0; cell < columns * rows; cell++) {
    grid.starts[cell + 1] = at(grid.starts, cell + 1) + at(grid.starts, cell);
  }
  const next = grid.starts.slice();
  for (let i = 0; i < hall.size; i++) {
    if (hall.kindOf[i] !== kinds.standing) {
      const cell = cellOf(grid, hall, i);
      grid.places[at(next, cell)] = i;
      bump(next, cell);
    }
  }
  return grid;
}

function at(array: ArrayLike<number>, i: number): number {
  return array[i] ?? 0;
}

function bump(array: Uint32Array, i: number): void {
  array[i] = at(array, i) + 1;
}

function cellOf(grid: Grid, hall: Hall, i: number): number {
  return rowAt(grid, at(hall.y, i)) * grid.columns + columnAt(grid, at(hall.x, i));
}

function columnAt(grid: Grid, x: number): number {
  return Math.min(Math.max(Math.floor(x / side), 0), grid.columns - 1);
}

function rowAt(grid: Grid, y: number): number {
  return Math.min(Math.max(Math.floor(y / side), 0), grid.rows - 1);
}

/** each calls visit with the seats in the cells that a box touches: all in it, and some beside. */
export function each(grid: Grid, { x, y, width, height }: Box, visit: (place: number) => void): void {
  const right = columnAt(grid, x + width);
  for (let row = rowAt(grid, y); row <= rowAt(grid, y + height); row++) {
    const from = at(grid.starts, row * grid.columns + columnAt(grid, x));
    const end = at(grid.starts, row * grid.columns + right + 1);
    for (let k = from; k < end; k++) {
      visit(at(grid.places, k));
    }
  }
}

/** nearest gives the seat that is next to a place, `within` so many cm, among those that count. */
export function nearest(
  grid: Grid,
  hall: Hall,
  { x, y }: { x: number; y: number },
  within: number,
  counts: (place: number) => boolean,
): number | undefined {
  let found: number | undefined;
  let best = within * within;
  each(grid, { x: x - within, y: y - within, width: 2 * within, height: 2 * within }, (i) => {
    const square = (at(hall.x, i) - x) ** 2 + (at(hall.y, i) - y) ** 2;
    if (square <= best && counts(i)) {
      best = square;
      found = i;
    }
  });
  return found;
}

/** isEmpty tells whether no seat's centre lies in a box. */
export function isEmpty(grid: Grid, hall: Hall, box: Box): boolean {
  let empty = true;
  each(grid, box, (i) => {
    const [x, y] = [at(hall.x, i), at(hall.y, i)];
    empty &&= x < box.x || x > box.x + box.width || y < box.y || y > box.y + box.height;
  });
  return empty;
}
