import { describe, expect, test } from "vitest";
import { en } from "./en";
import { es } from "./es";
import { chosen, count, fill } from "./index";

type Tree = { [key: string]: string | Tree };

/** textsOf lists all texts by their keys. */
function textsOf(tree: Tree, before = ""): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") {
      texts.set(before + key, value);
    } else {
      for (const [inner, text] of textsOf(value, `${before}${key}.`)) {
        texts.set(inner, text);
      }
    }
  }
  return texts;
}

const placesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe("the languages", () => {
  const english = textsOf(en);
  const spanish = textsOf(es);

  test("have the same keys, and no empty text", () => {
    expect([...spanish.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [key, text] of [...english, ...spanish]) {
      expect(text.trim(), key).not.toBe("");
    }
  });

  test("fill in the same values", () => {
    for (const [key, text] of english) {
      expect(placesIn(spanish.get(key) ?? ""), key).toEqual(placesIn(text));
    }
  });

  test("differ: a text that was forgotten is English in both", () => {
    const isText = (text: string) => /[a-z]{4}/.test(text.replace(/\{\w+\}/g, ""));
    const same = [...english].filter(([key, text]) => isText(text) && spanish.get(key) === text);
    expect(same.map(([key]) => key)).toEqual(["seats.total"]);
  });
});

test("chosen takes what was picked, then what the browser prefers, then English", () => {
  expect(chosen("es", ["en-US"])).toEqual({ language: "es", locale: "es" });
  expect(chosen(null, ["fr-FR", "es-MX", "en"])).toEqual({ language: "es", locale: "es-MX" });
  expect(chosen(null, ["en-GB"])).toEqual({ language: "en", locale: "en-GB" });
  expect(chosen("klingon", ["fr"])).toEqual({ language: "en", locale: "en" });
});

test("count picks the form by number, and writes it as people do", () => {
  expect(count(en.seats.count, 1)).toBe("1 seat");
  expect(count(en.seats.count, 0)).toBe("0 seats");
  expect(count(en.seats.count, 1234)).toBe("1,234 seats");
});

test("fill leaves alone what it has no value for", () => {
  expect(fill("{a} and {b}", { a: "<x>" })).toBe("<x> and {b}");
});
