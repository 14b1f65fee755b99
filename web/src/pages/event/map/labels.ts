import { money } from "../../../format";
import { count, fill, t } from "../../../words";
import type { Room } from "./outlines";
import type { Scene } from "./scene";

/** Lines are what is written on a section, the first bold. */
export type Lines = readonly string[];

/** linesFor gives what can be written on a section, the fullest first. */
export function linesFor({ seats, summaries, shortNames }: Scene, section: number): Lines[] {
  const name = seats.hall.sections[section]?.name ?? "";
  const short = shortNames[section] ?? name;
  const summary = summaries[section];
  if (!summary || summary.free === 0) {
    const none = summary && summary.held > 0 ? t.map.held : t.map.none;
    return [[name, none], [short, none], [short]];
  }
  const cost = seats.offers[summary.offer]?.totalMinor ?? 0;
  const price = cost === 0 ? t.event.free : money(cost, seats.currency);
  const from = cost === 0 ? price : fill(t.event.from, { price });
  const free = count(t.map.free, summary.free);
  return [[name, from, free], [short, from, free], [short, price, free], [short, from], [short, price], [short]];
}

/** Sizes of type in pixels that are tried, the largest first. */
const sizes = [15, 13, 11.5, 10.5, 9.5];
/** Sizes by how many lines there are: a line alone is a name, which need not shout but should be there. */
const sizesOf = [[], [13, 11.5, 10.5, 9.5, 8.5], [...sizes, 9]];

/** Written is lines at a size of type, and where. */
export interface Written {
  lines: Lines;
  size: number;
  room: Room;
}

/**
 * fitted gives the fullest lines that fit into one of the rooms, at the largest size at which they do; undefined where not
 * even a name does. measure gives the width of a text at 1 px; text is how much larger than usual people want it.
 */
export function fitted(
  all: readonly Lines[],
  rooms: readonly Room[],
  scale: number,
  text: number,
  measure: (line: string, isBold: boolean) => number,
): Written | undefined {
  for (const lines of all) {
    const widest = Math.max(...lines.map((line, i) => measure(line, i === 0)));
    for (const plain of sizesOf[lines.length] ?? sizes) {
      const size = plain * text;
      const half = { wide: (widest * size) / 2 / scale, high: (lines.length * size * lineHeight) / 2 / scale };
      const room = rooms.find(({ wide, high }) => half.wide <= wide && half.high <= high);
      if (room) {
        return { lines, size, room };
      }
    }
  }
  return undefined;
}

/** lineHeight is that of labels, in sizes of type. */
export const lineHeight = 1.18;
