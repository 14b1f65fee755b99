import { expect, test } from "vitest";
import { bandEnds, cleared, isFiltered, type Query, readQuery, writeQuery } from "./query";

const read = (text: string) => readQuery(new URLSearchParams(text));

test("an address says the whole query, and is read back", () => {
  const query: Query = {
    q: "ghost & co",
    city: "Chico, CA",
    day: "2026-12-04",
    type: "film",
    genre: "Drama",
    price: "10-20",
    available: true,
    sort: "distance",
    page: 3,
  };
  expect(read(writeQuery(query).replace("/app?", ""))).toEqual(query);
});

test("what is assumed is left out of the address", () => {
  expect(writeQuery(read(""))).toBe("/app");
  expect(writeQuery({ ...read("q=ghost"), page: 1 })).toBe("/app?q=ghost");
});

test("no city is the user's; an empty one is none", () => {
  expect(read("").city).toBeUndefined();
  expect(read("city=").city).toBe("*");
  expect(read(writeQuery(read("city=*")).replace("/app?", "")).city).toBe("*");
});

test("what makes no sense is left out", () => {
  const query = read(`day=soon&price=cheap&sort=magic&page=-2&available=maybe&q=${"x".repeat(300)}`);
  expect(query).toMatchObject({ day: "", price: "", sort: "relevance", page: 1, available: false });
  expect(query.q).toHaveLength(200);
  expect(read("day=2026-13-40").day).toBe("");
  expect(read("page=9999").page).toBe(10);
});

test("cleared drops the filters, and keeps words and place", () => {
  const query = read("q=ghost&city=Chico&genre=Drama&available=true&page=2");
  expect(isFiltered(query)).toBe(true);
  expect(cleared(query)).toMatchObject({ q: "ghost", city: "Chico", genre: "", available: false, page: 1 });
  expect(isFiltered(cleared(query))).toBe(false);
});

test("bandEnds reads the ends of a band", () => {
  expect(bandEnds("under-10")).toEqual({ to: 10 });
  expect(bandEnds("20-40")).toEqual({ from: 20, to: 40 });
  expect(bandEnds("from-80")).toEqual({ from: 80 });
});
