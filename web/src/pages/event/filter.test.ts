import { expect, test } from "vitest";
import { drawn } from "./drawn.test.helper";
import { countOf, fitsOf, noFilters, toggled } from "./filter";
import { states } from "./status";

test("filters narrow together, and none is no filter", () => {
  const seats = drawn("aaa", "aas", "wca");
  const fitting = (filters: Partial<typeof noFilters>) => {
    const fits = fitsOf(seats, { ...noFilters, ...filters });
    return Array.from({ length: seats.hall.size }, (_, i) => i).filter((i) => fits?.(i) ?? true);
  };
  expect(fitsOf(seats, noFilters)).toBeUndefined();
  expect(fitting({ offers: new Set([1]) })).toEqual([3, 4, 5, 6, 7, 8]);
  expect(fitting({ most: 1450 })).toEqual([0, 1, 2]);
  expect(fitting({ offers: new Set([1]), most: 1450 })).toEqual([]);
  expect(fitting({ accessible: true })).toEqual([6, 7]);
});

test("counts are of what is free, by price and section, and of what others hold", () => {
  const seats = drawn("aah", "ahs", "wca");
  const counts = countOf(seats, fitsOf(seats, { ...noFilters, most: 1450 }));
  expect(counts).toMatchObject({ free: 6, held: 2, fitting: 2, accessible: 1 });
  expect([...counts.byOffer]).toEqual([2, 4]);
  expect([...counts.bySection]).toEqual([2]);
  seats.stateOf[0] = states.sold;
  expect(countOf(seats, undefined)).toMatchObject({ free: 5, held: 2, fitting: 5 });
});

test("a filter is put on and taken off", () => {
  const one = toggled(new Set([1]), 2);
  expect([...one]).toEqual([1, 2]);
  expect([...toggled(one, 1)]).toEqual([2]);
});
