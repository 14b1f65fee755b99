import { api, Refused, type Schemas, take } from "../../api/client";
import { dayOf } from "../../format";
import { anywhere, type Query } from "./query";

export type Found = Schemas["FoundEvent"];
export type Facets = Schemas["SearchFacets"];

/** Results are what is shown for a query. */
export interface Results {
  events: Found[];
  found: number;
  more: boolean;
  /** undefined: they are from the catalogue, because search is away. */
  facets: Facets | undefined;
  /** Seconds after which search is worth another try. */
  retryAfter: number;
  /** Where distances are measured from; undefined: they are not. */
  near: string | undefined;
  /** A place that was asked for and where nothing is on. */
  unplaced: string | undefined;
}

/** radiusKm is how far people go: thirty miles. */
export const radiusKm = 48;

const perPage = 60;

/** find searches near a city; where search is away it lists the catalogue instead. */
export async function find(query: Query, city: string, signal: AbortSignal): Promise<Results> {
  try {
    return await search(query, city, signal);
  } catch (error) {
    if (error instanceof Refused && error.status === 503) {
      return { ...(await list(query, city, signal)), retryAfter: Math.max(error.retryAfter, 2) };
    }
    throw error;
  }
}

async function search(query: Query, city: string, signal: AbortSignal): Promise<Results> {
  const point = await pointOf(city, signal);
  const asked = query.sort === "distance" && !point ? { ...query, sort: "relevance" as const } : query;
  const ask = (page: number) =>
    take(
      api.GET("/search", {
        params: { query: { ...searchParams(asked), ...near(point), page, per_page: perPage } },
        signal,
      }),
    );
  const pages = await Promise.all(Array.from({ length: query.page }, (_, i) => ask(i + 1)));
  const found = pages[0]?.found ?? 0;
  return {
    events: pages.flatMap((page) => page.events),
    found,
    more: found > query.page * perPage,
    facets: pages[0]?.facets,
    retryAfter: 0,
    near: point && city,
    unplaced: city !== anywhere && !point ? city : undefined,
  };
}

type SearchParams = NonNullable<import("../../api/schema.gen").operations["search"]["parameters"]["query"]>;

/** searchParams are the parameters of a query but for its place and page. */
export function searchParams(query: Query): SearchParams {
  return {
    ...(query.q && { q: query.q }),
    ...(query.day && { day: query.day }),
    ...(query.type && { type: query.type }),
    ...(query.genre && { genre: query.genre }),
    ...(query.price && { price_band: query.price }),
    ...(query.available && { available: true }),
    ...(query.sort !== "relevance" && { sort: query.sort }),
  };
}

function near(point: string | undefined): SearchParams {
  return point === undefined ? {} : { near: point, radius_km: radiusKm };
}

const points = new Map<string, string | undefined>();

/** pointOf gives where a city is, as its venues say; undefined: none of its venues has anything on. */
async function pointOf(city: string, signal: AbortSignal): Promise<string | undefined> {
  if (city === anywhere) {
    return undefined;
  }
  if (!points.has(city)) {
    const { events } = await take(api.GET("/search", { params: { query: { city, per_page: 1 } }, signal }));
    const venue = events[0]?.venue;
    points.set(city, venue && `${venue.lat},${venue.lon}`);
  }
  return points.get(city);
}

/** citiesFor counts what a query would find in each city. */
export async function citiesFor(query: Query, signal: AbortSignal): Promise<Schemas["FacetCount"][]> {
  const { sort: _, ...params } = searchParams(query);
  const { facets } = await take(api.GET("/search", { params: { query: { ...params, per_page: 1 } }, signal }));
  return facets.city;
}

async function list(query: Query, city: string, signal: AbortSignal): Promise<Results> {
  const { events } = await take(
    api.GET("/events", { params: { query: { ...(city !== anywhere && { city }), limit: 100 } }, signal }),
  );
  const wanted = events.filter((event) => matches(query, event));
  return {
    events: wanted,
    found: wanted.length,
    more: false,
    facets: undefined,
    retryAfter: 0,
    near: undefined,
    unplaced: undefined,
  };
}

/** matches is what of a query can be told without the search engine. */
export function matches(query: Query, event: Schemas["Event"]): boolean {
  const text = `${event.name} ${event.venue.name} ${event.venue.city}`.toLocaleLowerCase();
  return (
    query.q
      .toLocaleLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word)) &&
    (query.day === "" || dayOf(event.time, event.venue.time_zone) === query.day) &&
    (query.type === "" || event.type === query.type) &&
    (!query.available || event.available > 0)
  );
}
