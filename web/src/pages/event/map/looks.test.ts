import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { states } from "../status";
import { colourName, offerMark, shapePath } from "./marks";
import { allLooks, stampOf } from "./stamps";

const styles = new URL("../../../styles/", import.meta.url);
const css = ["tokens.css", "map-tokens.css"].map((name) => readFileSync(new URL(name, styles), "utf8")).join("\n");

/** colourOf gives a token's colour in a theme, as the style sheets say. */
function colourOf(name: string, theme: 0 | 1): string {
  const value = new RegExp(`${name}: ([^;]+);`).exec(css)?.[1] ?? "";
  const [, other] = /^var\((.+)\)$/.exec(value) ?? [];
  const pair = /^light-dark\((#\w{6}), (#\w{6})\)$/.exec(value);
  return other ? colourOf(other, theme) : (pair?.[theme + 1] ?? `no colour: ${name}`);
}

/** contrast is that of WCAG 2. */
function contrast(a: string, b: string): number {
  const light = (colour: string) =>
    [1, 3, 5]
      .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * ([0.2126, 0.7152, 0.0722][i] ?? 0), 0);
  const [low = 0, high = 0] = [light(a), light(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

describe.each([
  ["light", 0],
  ["dark", 1],
] as const)("in the %s", (_, theme) => {
  const offers = Array.from({ length: 8 }, (_, i) => colourName(i));

  test.each([...offers, "--map-gone", "--map-chosen", "--map-hint", "--map-ink", "--map-soft"])(
    "%s is seen on what lies under seats",
    (name) => {
      for (const ground of ["--map-ground", "--map-section"]) {
        expect(contrast(colourOf(name, theme), colourOf(ground, theme))).toBeGreaterThanOrEqual(3);
      }
    },
  );

  test("numbers are read in seats, and the check mark on what was chosen", () => {
    for (const offer of offers) {
      expect(contrast(colourOf("--map-on-offer", theme), colourOf(offer, theme))).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrast(colourOf("--map-on-chosen", theme), colourOf("--map-chosen", theme))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(colourOf("--map-on-stage", theme), colourOf("--map-stage", theme))).toBeGreaterThanOrEqual(4.5);
  });
});

test("offers differ by colour, by shape, or by both", () => {
  const marks = Array.from({ length: 56 }, (_, i) => offerMark(i));
  expect(new Set(marks.map(({ colour, shape }) => `${colour} ${shapePath(shape)}`)).size).toBe(56);
  expect(new Set(marks.slice(0, 8).map(({ shape }) => shapePath(shape))).size).toBe(8);
});

test("every look has a stamp of its own, where it is drawn", () => {
  const looks = allLooks(5);
  expect(looks.map((look) => stampOf({ offers: 5 }, look))).toEqual(looks.map((_, i) => i));
  expect(new Set(looks.map((look) => JSON.stringify(look))).size).toBe(looks.length);
  const free = looks.filter(({ state }) => state === states.available);
  expect(free).toHaveLength(5 * 3 * 2 * 2);
});
