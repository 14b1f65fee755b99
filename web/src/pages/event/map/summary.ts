import { costOf, type Seats, states } from "../status";

/** Summary is how a section stands. */
export interface Summary {
  free: number;
  held: number;
  /** The offer of the cheapest free place; of the cheapest of all where none is free. */
  offer: number;
}

/** summarise counts the places of a section. */
export function summarise(seats: Seats, section: number): Summary {
  const { first = 0, end = 0 } = seats.hall.sections[section] ?? {};
  const summary: Summary = { free: 0, held: 0, offer: 0 };
  let [cheapest, any] = [-1, -1]; // places
  for (let i = first; i < end; i++) {
    const state = seats.stateOf[i];
    if (state === states.available) {
      summary.free++;
      cheapest = cheaper(seats, i, cheapest);
    } else if (state === states.held) {
      summary.held++;
    }
    any = cheaper(seats, i, any);
  }
  summary.offer = seats.offerOf[cheapest < 0 ? any : cheapest] ?? 0;
  return summary;
}

function cheaper(seats: Seats, a: number, b: number): number {
  return b < 0 || costOf(seats, a) < costOf(seats, b) ? a : b;
}

/** shortNames leaves out a first word that several names with a number have in common: "Section 104" is 104. */
export function shortNames(names: readonly string[]): string[] {
  const parts = names.map((name) => /^(\S+) (\S*\d\S*)$/.exec(name));
  const times = new Map<string, number>();
  for (const [, word = ""] of parts.filter((part) => part !== null)) {
    times.set(word, (times.get(word) ?? 0) + 1);
  }
  return names.map((name, i) => {
    const [, word = "", rest = name] = parts[i] ?? [];
    return (times.get(word) ?? 0) > 2 ? rest : name;
  });
}

/** placeIn gives a place of an area where people stand for who wants one more: its first free one that is not chosen. */
export function placeIn(seats: Seats, section: number, chosen: ReadonlySet<number>): number {
  const { first = 0, end = 0 } = seats.hall.sections[section] ?? {};
  for (let i = first; i < end; i++) {
    if (seats.stateOf[i] === states.available && !chosen.has(i)) {
      return i;
    }
  }
  return first;
}
