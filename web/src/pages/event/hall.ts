/** Point is a place on the map, in centimetres: x to the right, y away from the stage. */
export interface Point {
  x: number;
  y: number;
}

/** Box is an upright rectangle in centimetres; x and y are its upper left corner. */
export interface Box extends Point {
  width: number;
  height: number;
}

/** What a place is made for. */
export const kinds = { ordinary: 0, accessible: 1, companion: 2, standing: 3 } as const;

/** PlanJSON is a seat plan as the API gives it; docs/seatplan.md describes it. */
export interface PlanJSON {
  name: string;
  width: number;
  height: number;
  stage: Box & { label: string };
  categories: string[];
  sections: {
    name: string;
    rows?: { label: string; seats: SeatJSON[] }[];
    standing?: { capacity: number; category: string; outline: Point[] };
  }[];
}

interface SeatJSON extends Point {
  number: number;
  category: string;
  kind?: "accessible" | "companion";
  restricted?: boolean;
}

/** Section is a part of a hall; its places are first up to, without, end. */
export interface Section {
  name: string;
  first: number;
  end: number;
  /** Where its places lie. */
  box: Box;
  /** Indexes of its rows: firstRow up to, without, endRow. Where people stand there is one row without a label. */
  firstRow: number;
  endRow: number;
  /** The corners of the area where people stand; undefined where they sit. */
  outline: readonly Point[] | undefined;
}

/** Row is a row of a section, from left to right; its places are first up to, without, end. */
export interface Row {
  section: number;
  label: string;
  first: number;
  end: number;
}

/**
 * Hall is a seat plan in columns, a place an index, in the order of the plan, which is that of every answer of the API about
 * an event's seats. It never changes.
 */
export interface Hall {
  hash: string;
  name: string;
  width: number;
  height: number;
  stage: Box & { label: string };
  categories: readonly string[];
  /** How many places there are. */
  size: number;
  sections: readonly Section[];
  rows: readonly Row[];
  /** Centres in cm; of places to stand, the middle of their area. */
  x: Float32Array;
  y: Float32Array;
  sectionOf: Uint16Array;
  rowOf: Uint32Array;
  numbers: Uint32Array;
  /** Indexes into categories. */
  categoryOf: Uint16Array;
  /** One of `kinds` each. */
  kindOf: Uint8Array;
  /** 1: something stands in the view. */
  restricted: Uint8Array;
}

/** readHall expands a plan into columns, once. It takes 10 ms or so for 20,000 places on a phone. */
export function readHall(hash: string, plan: PlanJSON): Hall {
  const size = plan.sections.reduce((sum, section) => sum + placesOf(section), 0);
  const hall: Writable = {
    hash,
    name: plan.name,
    width: plan.width,
    height: plan.height,
    stage: plan.stage,
    categories: plan.categories,
    size,
    sections: [],
    rows: [],
    x: new Float32Array(size),
    y: new Float32Array(size),
    sectionOf: new Uint16Array(size),
    rowOf: new Uint32Array(size),
    numbers: new Uint32Array(size),
    categoryOf: new Uint16Array(size),
    kindOf: new Uint8Array(size),
    restricted: new Uint8Array(size),
  };
  let next = 0;
  for (const section of plan.sections) {
    const first = next;
    const firstRow = hall.rows.length;
    next = section.standing ? stand(hall, section.standing, first) : sit(hall, section.rows ?? [], first);
    hall.sections.push({
      name: section.name,
      first,
      end: next,
      box: section.standing ? boxAround(section.standing.outline) : boxOf(hall, first, next),
      firstRow,
      endRow: hall.rows.length,
      outline: section.standing?.outline,
    });
  }
  return hall;
}

type Writable = Omit<Hall, "sections" | "rows"> & { sections: Section[]; rows: Row[] };

function placesOf({ rows, standing }: PlanJSON["sections"][number]): number {
  return standing ? standing.capacity : (rows ?? []).reduce((sum, row) => sum + row.seats.length, 0);
}

/** sit writes the rows of the section that is about to be pushed, and gives the place after them. */
function sit(hall: Writable, rows: readonly { label: string; seats: SeatJSON[] }[], first: number): number {
  const section = hall.sections.length;
  let i = first;
  for (const { label, seats } of rows) {
    for (const seat of seats) {
      hall.x[i] = seat.x;
      hall.y[i] = seat.y;
      hall.sectionOf[i] = section;
      hall.rowOf[i] = hall.rows.length;
      hall.numbers[i] = seat.number;
      hall.categoryOf[i] = hall.categories.indexOf(seat.category);
      hall.kindOf[i] = kinds[seat.kind ?? "ordinary"];
      hall.restricted[i] = seat.restricted ? 1 : 0;
      i++;
    }
    hall.rows.push({ section, label, first: i - seats.length, end: i });
  }
  return i;
}

/** stand writes the places of an area as one row without a label. */
function stand(
  hall: Writable,
  { capacity, category, outline }: { capacity: number; category: string; outline: Point[] },
  first: number,
): number {
  const middle = middleOf(boxAround(outline));
  const end = first + capacity;
  hall.x.fill(middle.x, first, end);
  hall.y.fill(middle.y, first, end);
  hall.sectionOf.fill(hall.sections.length, first, end);
  hall.rowOf.fill(hall.rows.length, first, end);
  hall.categoryOf.fill(hall.categories.indexOf(category), first, end);
  hall.kindOf.fill(kinds.standing, first, end);
  for (let i = first; i < end; i++) {
    hall.numbers[i] = i - first + 1;
  }
  hall.rows.push({ section: hall.sections.length, label: "", first, end });
  return end;
}

function boxOf({ x, y }: Pick<Hall, "x" | "y">, first: number, end: number): Box {
  return boxAround(Array.from({ length: end - first }, (_, i) => ({ x: x[first + i] ?? 0, y: y[first + i] ?? 0 })));
}

/** boxAround gives the smallest box that has all points. */
export function boxAround(points: readonly Point[]): Box {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const { x, y } of points) {
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  }
  return { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top };
}

/** middleOf gives the centre of a box. */
export function middleOf({ x, y, width, height }: Box): Point {
  return { x: x + width / 2, y: y + height / 2 };
}
