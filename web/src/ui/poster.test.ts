import { expect, test } from "vitest";
import { hashOf, initialsOf } from "./poster";

test("a title has the same poster everywhere, and titles that are alike do not", () => {
  expect(hashOf("Ghost")).toBe(hashOf("Ghost"));
  const looks = new Set(
    ["Kill Bill: Volume 1", "Kill Bill: Volume 2", "Kill Bill: Volume 3"].map((name) => hashOf(name) % 8),
  );
  expect(looks.size).toBeGreaterThan(1);
});

test("initials are of the words that matter", () => {
  expect(initialsOf("The Lord of the Rings")).toBe("LR");
  expect(initialsOf("She's Out of My League")).toBe("SO");
  expect(initialsOf("Ghost")).toBe("G");
  expect(initialsOf("The The")).toBe("TT");
  expect(initialsOf("Ícaro 2")).toBe("Í2");
  expect(initialsOf("")).toBe("");
});
