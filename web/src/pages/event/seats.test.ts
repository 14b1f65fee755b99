import { expect, test } from "vitest";
import { inHall, noFilters, offersOf, still, type Ticket, toggled, totalOf, without } from "./seats";

function seat(section: string, row: string, number: number, more: Partial<Ticket> = {}): Ticket {
  const id = `${section}${row}${number}`;
  return { id, section, row, number, category: "standard", total_minor: 1450, accessible: false, ...more } as Ticket;
}

const hall = [
  seat("Stalls", "A", 1),
  seat("Stalls", "A", 2, { accessible: true }),
  seat("Stalls", "B", 1, { category: "premium", total_minor: 1850 }),
  seat("Circle", "A", 1),
];

test("seats stand in their sections and rows, in the order of the hall", () => {
  const sections = inHall(hall, noFilters);
  expect(sections.map(({ name, free }) => [name, free])).toEqual([
    ["Stalls", 3],
    ["Circle", 1],
  ]);
  expect(sections[0]?.rows.map(({ name, seats }) => [name, seats.length])).toEqual([
    ["A", 2],
    ["B", 1],
  ]);
});

test("filters narrow together", () => {
  expect(inHall(hall, { ...noFilters, accessible: true }).map(({ free }) => free)).toEqual([1]);
  expect(inHall(hall, { ...noFilters, category: "premium 1850" })[0]?.rows[0]?.name).toBe("B");
  expect(inHall(hall, { section: "Circle", category: "premium 1850", accessible: false })).toEqual([]);
});

test("offers are the cheapest first, a category once for each of its prices", () => {
  expect(offersOf([...hall, seat("Stalls", "C", 1, { total_minor: 900 })])).toEqual([
    { id: "standard 900", category: "standard", priceMinor: 900, count: 1 },
    { id: "standard 1450", category: "standard", priceMinor: 1450, count: 3 },
    { id: "premium 1850", category: "premium", priceMinor: 1850, count: 1 },
  ]);
});

test("a seat is chosen, chosen back, and refused beyond the most", () => {
  const [a, b, c] = hall as [Ticket, Ticket, Ticket];
  const two = toggled([a], b, 2);
  expect(two).toEqual([a, b]);
  expect(toggled([a, b], c, 2)).toBeUndefined();
  expect(toggled([a, b], a, 2)).toEqual([b]);
  expect(totalOf([a, c])).toBe(3300);
});

test("what is gone falls out, and the rest is kept at the price of now", () => {
  const [a, b] = hall as [Ticket, Ticket];
  expect(without([a, b], [{ ticket_id: a.id, seat: "", reason: "sold" }])).toEqual([b]);
  const dearer = { ...b, total_minor: 2000 };
  expect(still([a, b], [dearer])).toEqual([dearer]);
});
