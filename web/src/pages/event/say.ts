import { money } from "../../format";
import { fill, t } from "../../words";
import { type Hall, kinds } from "./hall";
import { costOf, type Seats, states } from "./status";

/** Name is what tickets call a place. */
export interface Name {
  section: string;
  row: string;
  number: number;
}

/** nameOf gives the name of a place. */
export function nameOf(hall: Hall, i: number): Name {
  return {
    section: hall.sections[hall.sectionOf[i] ?? 0]?.name ?? "",
    row: hall.rows[hall.rowOf[i] ?? 0]?.label ?? "",
    number: hall.numbers[i] ?? 0,
  };
}

/** placeOf finds a place by its name; undefined: the hall has none of it. */
export function placeOf(hall: Hall, { section, row, number }: Name): number | undefined {
  const part = hall.sections.find(({ name }) => name === section);
  for (let r = part?.firstRow ?? 0; r < (part?.endRow ?? 0); r++) {
    const found = hall.rows[r];
    for (let i = found?.first ?? 0; found?.label === row && i < found.end; i++) {
      if (hall.numbers[i] === number) {
        return i;
      }
    }
  }
  return undefined;
}

/** placeCalled finds a place by what the API calls it: "Stalls, row C, seat 12". */
export function placeCalled(hall: Hall, seat: string): number | undefined {
  const [, section = "", row = "", number = ""] =
    /^(.*), row (.*), seat (\d+)$/.exec(seat) ?? /^(.*), ()place (\d+)$/.exec(seat) ?? [];
  return placeOf(hall, { section, row, number: Number(number) });
}

/** saySeat names a seat in the reader's language. */
export function saySeat(seat: Name): string {
  return fill(seat.row === "" ? t.seats.place : t.seats.seat, { ...seat });
}

/** sayPlace is saySeat for a place of a hall. */
export function sayPlace(hall: Hall, i: number): string {
  return saySeat(nameOf(hall, i));
}

/** sayBriefly names several seats by row and number, "C4, C5", with their section where it is not the same for all. */
export function sayBriefly(seats: readonly Name[]): string {
  const one = new Set(seats.map(({ section }) => section)).size <= 1;
  return seats.map(({ section, row, number }) => `${one ? "" : `${section} `}${row}${number}`).join(", ");
}

/** sayState says how a place stands, in words. */
export function sayState(state: number | undefined): string {
  switch (state) {
    case states.available:
      return t.choose.available;
    case states.held:
      return t.choose.heldState;
    case states.sold:
      return t.choose.sold;
    default:
      return t.choose.blocked;
  }
}

/** sayTraits lists what is special about a place. */
export function sayTraits({ kindOf, restricted }: Hall, i: number): string[] {
  const traits = [];
  if (kindOf[i] === kinds.accessible) {
    traits.push(t.seats.wheelchair);
  } else if (kindOf[i] === kinds.companion) {
    traits.push(t.choose.companion);
  }
  if (restricted[i]) {
    traits.push(t.choose.restricted);
  }
  return traits;
}

/** describe says all about a place as it is read out: "Stalls, row C, seat 12, $14.50, available". */
export function describe(seats: Seats, i: number, chosen: boolean): string {
  const cost = money(costOf(seats, i), seats.currency);
  const state = chosen ? t.choose.chosen : sayState(seats.stateOf[i]);
  return [sayPlace(seats.hall, i), cost, state, ...sayTraits(seats.hall, i)].join(", ");
}
