import type { Found } from "./find";

/** TitleGroup is a title with what was found of it. */
export interface TitleGroup {
  titleId: string;
  name: string;
  type: string;
  /** The name with what matched, from the search engine. */
  highlight: string | undefined;
  venues: VenueGroup[];
  count: number;
}

/** VenueGroup is a venue with the showings of one title, in the order of time. */
export interface VenueGroup {
  venue: Found["venue"];
  distanceKm: number | undefined;
  events: Found[];
}

/** groupByTitle puts showings of a title together: titles and venues stay in the order in which they were found. */
export function groupByTitle(events: readonly Found[]): TitleGroup[] {
  const titles = new Map<string, TitleGroup>();
  for (const event of events) {
    const known = titles.get(event.title_id);
    const title = known ?? {
      titleId: event.title_id,
      name: event.name,
      type: event.type,
      highlight: event.highlights?.title,
      venues: [],
      count: 0,
    };
    titles.set(title.titleId, title);
    title.count++;
    const at = title.venues.find(({ venue }) => venue.id === event.venue.id);
    if (at) {
      at.events.push(event);
    } else {
      title.venues.push({ venue: event.venue, distanceKm: event.distance_km, events: [event] });
    }
  }
  for (const { venues } of titles.values()) {
    for (const { events } of venues) {
      events.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
    }
  }
  return [...titles.values()];
}

/** Piece is a part of a text, and whether it is what matched. */
export interface Piece {
  text: string;
  marked: boolean;
}

const entities: Record<string, string> = {
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
  "&quot;": '"',
  "&#34;": '"',
  "&#39;": "'",
};

/** piecesOf reads a highlight: its only markup is <mark>, all else is escaped. Nothing of it is ever read as HTML. */
export function piecesOf(highlight: string): Piece[] {
  return highlight
    .split(/(<mark>.*?<\/mark>)/)
    .filter((part) => part !== "")
    .map((part) => {
      const marked = part.startsWith("<mark>") && part.endsWith("</mark>");
      const text = marked ? part.slice(6, -7) : part;
      return { text: text.replace(/&(lt|gt|amp|quot|#34|#39);/g, (entity) => entities[entity] ?? entity), marked };
    });
}
