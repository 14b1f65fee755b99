import { expect, test } from "vitest";
import type { Found } from "./find";
import { groupByTitle, piecesOf } from "./group";

function found(title: string, venue: string, time: string): Found {
  return {
    id: `${title}-${venue}-${time}`,
    title_id: title,
    name: title,
    type: "film",
    time,
    venue: { id: venue },
  } as Found;
}

test("showings of a title stand together, in the order in which titles and venues were found", () => {
  const groups = groupByTitle([
    found("Ghost", "b", "2026-12-05T20:00:00Z"),
    found("Big", "a", "2026-12-04T20:00:00Z"),
    found("Ghost", "a", "2026-12-04T20:00:00Z"),
    found("Ghost", "b", "2026-12-05T12:00:00-08:00"),
    found("Ghost", "b", "2026-12-04T20:00:00Z"),
  ]);
  expect(groups.map(({ name, count }) => [name, count])).toEqual([
    ["Ghost", 4],
    ["Big", 1],
  ]);
  expect(groups[0]?.venues.map(({ venue }) => venue.id)).toEqual(["b", "a"]);
  expect(groups[0]?.venues[0]?.events.map(({ time }) => time)).toEqual([
    "2026-12-04T20:00:00Z",
    "2026-12-05T20:00:00Z",
    "2026-12-05T12:00:00-08:00",
  ]);
});

test("a highlight is text with marks, never HTML", () => {
  expect(piecesOf("The <mark>Gho</mark>st &amp; &lt;b&gt;Co&lt;/b&gt;")).toEqual([
    { text: "The ", marked: false },
    { text: "Gho", marked: true },
    { text: "st & <b>Co</b>", marked: false },
  ]);
  expect(piecesOf("<img src=x onerror=alert(1)>")).toEqual([{ text: "<img src=x onerror=alert(1)>", marked: false }]);
  expect(piecesOf("&amp;lt;")).toEqual([{ text: "&lt;", marked: false }]);
});
