import { type Hall, type PlanJSON, readHall } from "../hall";
import { newSeats, type Seats } from "../status";

// Halls for tests, of the shapes that real ones have.

type Row = { label: string; seats: { number: number; x: number; y: number; category: string }[] };

/** straight gives rows of seats 50 cm apart, with an aisle in the middle; turned, they run away from the stage. */
function straight(left: number, top: number, rows: number, seats: number, category: string, turned = false): Row[] {
  return Array.from({ length: rows }, (_, row) => ({
    label: String.fromCharCode(65 + row),
    seats: Array.from({ length: seats }, (_, i) => {
      const along = i * 50 + (i >= seats / 2 ? 100 : 0);
      const [x, y] = turned ? [left - row * 90, top + along] : [left + along, top + row * 90];
      return { number: i + 1, x, y, category };
    }),
  }));
}

/** curved gives rows on arcs around the stage's middle. */
function curved(rows: number, seats: number, radius: number, category: string): Row[] {
  return Array.from({ length: rows }, (_, row) => ({
    label: String.fromCharCode(65 + row),
    seats: Array.from({ length: seats }, (_, i) => {
      const angle = ((i - (seats - 1) / 2) * 52) / (radius + row * 90);
      const far = radius + row * 90;
      return {
        number: i + 1,
        x: Math.round(2000 + Math.sin(angle) * far),
        y: Math.round(Math.cos(angle) * far),
        category,
      };
    }),
  }));
}

const stage = { x: 1500, y: 0, width: 1000, height: 200, label: "Stage" };

/** cinema is one section of ten rows of twelve. */
export function cinema(): Hall {
  const sections = [{ name: "Stalls", rows: straight(200, 400, 10, 12, "All") }];
  return readHall("cinema", {
    name: "Cinema",
    width: 1200,
    height: 1500,
    stage: { ...stage, x: 200 },
    categories: ["All"],
    sections,
  });
}

/** theatre has curved stalls, a circle behind them, and a box at each side. */
export function theatre(): Hall {
  const box = (name: string, left: number) => ({ name, rows: straight(left, 900, 2, 2, "Box") });
  const sections = [
    { name: "Stalls", rows: curved(12, 30, 700, "Front") },
    { name: "Circle", rows: curved(6, 44, 2000, "Back") },
    box("Box 1", 300),
    box("Box 2", 3400),
  ];
  return readHall("theatre", {
    name: "Theatre",
    width: 4000,
    height: 3000,
    stage,
    categories: ["Front", "Back", "Box"],
    sections,
  });
}

/** arenaPlan has rows along its side, a floor where people stand, and so many sections behind it. */
export function arenaPlan(behind = 3, rows = 20): PlanJSON {
  const floor = [
    { x: 1500, y: 300 },
    { x: 2500, y: 300 },
    { x: 2500, y: 1500 },
    { x: 1500, y: 1500 },
  ];
  const sections: PlanJSON["sections"] = [
    { name: "Floor", standing: { capacity: 100, category: "Floor", outline: floor } },
    { name: "Section 101", rows: straight(1200, 400, Math.min(rows, 12), 20, "Side", true) },
    ...Array.from({ length: behind }, (_, i) => ({
      name: `Section ${102 + i}`,
      rows: straight(200 + (i % 12) * 1500, 1700 + Math.floor(i / 12) * 2500, rows, 22, "Back"),
    })),
  ];
  const down = 1700 + 2500 * Math.ceil(behind / 12);
  const width = 200 + 1500 * Math.max(2, Math.min(behind, 12));
  return { name: "Arena", width, height: down, stage, categories: ["Floor", "Side", "Back"], sections };
}

/** arena is the hall of arenaPlan. */
export function arena(behind = 3, rows = 20): Hall {
  return readHall("arena", arenaPlan(behind, rows));
}

/** seatsOf puts a hall on sale; categories cost $90, $70, $50 and so on. letters are the states of the first places. */
export function seatsOf(hall: Hall, letters = ""): Seats {
  return newSeats(hall, {
    layout: "",
    currency: "USD",
    offers: hall.categories.map((category, i) => ({ category, totalMinor: 9000 - 2000 * i })),
    offerOf: [...hall.categoryOf],
    letters: letters.padEnd(hall.size, "a"),
  });
}
