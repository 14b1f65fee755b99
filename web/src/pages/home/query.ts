import type { Schemas } from "../../api/client";

export type PriceBand = Schemas["PriceBand"];
export const priceBands: readonly PriceBand[] = ["under-10", "10-20", "20-40", "40-80", "from-80"];

export const sorts = ["relevance", "time", "price", "distance"] as const;
export type Sort = (typeof sorts)[number];

/** Query is all that the address bar says about a search. Empty texts do not filter. */
export interface Query {
  q: string;
  /** "Chico, CA"; undefined: near where the user lives. */
  city: string | undefined;
  day: string;
  type: string;
  genre: string;
  price: PriceBand | "";
  available: boolean;
  sort: Sort;
  /** How many pages of results are shown, from 1. */
  page: number;
}

/** anywhere is a city that is none. */
export const anywhere = "*";

/** mostPages bounds what a link can make the browser load. */
const mostPages = 10;

/** readQuery reads what an address says; what makes no sense is left out. */
export function readQuery(params: URLSearchParams): Query {
  const text = (name: string) => (params.get(name) ?? "").slice(0, 100);
  const day = text("day");
  const page = Number(params.get("page"));
  return {
    q: (params.get("q") ?? "").slice(0, 200),
    city: params.get("city") === null ? undefined : text("city") || anywhere,
    day: /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(Date.parse(day)) ? day : "",
    type: text("type").slice(0, 40),
    genre: text("genre"),
    price: priceBands.find((band) => band === text("price")) ?? "",
    available: params.get("available") === "true",
    sort: sorts.find((sort) => sort === text("sort")) ?? "relevance",
    page: Number.isInteger(page) && page > 1 ? Math.min(page, mostPages) : 1,
  };
}

/** writeQuery gives the address of a query. What readQuery assumes is left out. */
export function writeQuery(query: Query): string {
  const params = new URLSearchParams();
  const set = (name: string, value: string, standard = "") => value !== standard && params.set(name, value);
  set("q", query.q);
  if (query.city !== undefined) {
    params.set("city", query.city);
  }
  set("day", query.day);
  set("type", query.type);
  set("genre", query.genre);
  set("price", query.price);
  set("available", query.available ? "true" : "");
  set("sort", query.sort, "relevance");
  set("page", String(query.page), "1");
  const text = params.toString();
  return text === "" ? "/app" : `/app?${text}`;
}

/** isFiltered tells whether anything but words and place narrows the results. */
export function isFiltered(query: Query): boolean {
  return query.day !== "" || query.type !== "" || query.genre !== "" || query.price !== "" || query.available;
}

/** cleared is the query without its filters. */
export function cleared(query: Query): Query {
  return { ...query, day: "", type: "", genre: "", price: "", available: false, page: 1 };
}

/** bandEnds gives the ends of a price band in whole units. */
export function bandEnds(band: PriceBand): { from?: number; to?: number } {
  switch (band) {
    case "under-10":
      return { to: 10 };
    case "from-80":
      return { from: 80 };
    default: {
      const [from, to] = band.split("-").map(Number);
      return { from: from as number, to: to as number };
    }
  }
}
