import { centreOf, type Group, orphansOf, runsOf, spacesIn, together } from "./beside";
import type { Seats } from "./status";

/** Lonely is what a selection would leave alone, and what can be chosen instead with one tap. */
export interface Lonely {
  /** The seats that would be left alone. */
  orphans: readonly number[];
  /** The selection with those seats; undefined: it would be too many, or leave others alone. */
  take: readonly number[] | undefined;
  /** The selection moved to where it leaves nobody alone. */
  move: readonly number[] | undefined;
  /** Whether the server refuses it: the event asks for that, and so many seats are together elsewhere. */
  refused: boolean;
}

/**
 * lonelyOf tells what a selection would leave alone; undefined: nothing that matters under the event's rule. It costs up to
 * two passes over the hall, and none where nothing is left alone.
 */
export function lonelyOf(
  seats: Seats,
  selection: ReadonlySet<number>,
  { rule, most }: { rule: "warn" | "refuse" | "ignore"; most: number },
): Lonely | undefined {
  const orphans = rule === "ignore" ? [] : orphansOf(seats, selection);
  if (orphans.length === 0) {
    return undefined;
  }
  const move = moved(seats, selection, orphans) ?? others(seats, [...selection], new Set())?.places;
  if (rule === "refuse" && !others(seats, [...selection], new Set())) {
    return undefined; // there is no better choice, so the server lets it be
  }
  const more = [...selection, ...orphans];
  const fits = more.length <= most && orphansOf(seats, new Set(more)).length === 0;
  return {
    orphans,
    take: fits ? more : undefined,
    move,
    refused: rule === "refuse",
  };
}

/** moved shifts the seats beside the lonely ones, and leaves the others of the selection where they are. */
function moved(seats: Seats, selection: ReadonlySet<number>, orphans: readonly number[]): number[] | undefined {
  const run = runsOf(seats.hall);
  const beside = [...selection].filter((i) => orphans.some((orphan) => run[orphan] === run[i]));
  const rest = [...selection].filter((i) => !beside.includes(i));
  const group = others(seats, beside, new Set(rest));
  return group && [...rest, ...group.places];
}

/** others gives as many seats together, the nearest that leave nobody alone. */
function others(seats: Seats, places: readonly number[], taken: ReadonlySet<number>): Group | undefined {
  const group = together(seats, {
    count: places.length,
    accessible: spacesIn(seats.hall, places),
    near: centreOf(seats.hall, places),
    offer: seats.offerOf[places[0] ?? 0],
    taken,
  });
  return group?.orphans === 0 ? group : undefined;
}
