import { type Hall, type PlanJSON, readHall } from "./hall";
import { newSeats, type Seats } from "./status";

/**
 * drawn makes seats from rows as they are drawn: a is free, h held, s sold, b blocked; w is a free place for a wheelchair, c
 * the free seat beside it; a space is an aisle. Rows are A, B and so on of the section Stalls. The last two are dearer.
 */
export function drawn(...rows: string[]): Seats {
  const hall = readHall("hash", planOf(rows));
  const letters = rows.join("").replaceAll(" ", "").replaceAll(/[wc]/g, "a");
  const offers = [
    { category: "standard", totalMinor: 1450 },
    { category: "premium", totalMinor: 1850 },
  ];
  const offerOf = [...hall.rowOf].map((row) => (row >= rows.length - 2 && rows.length > 2 ? 1 : 0));
  return newSeats(hall, { layout: rows.map(({ length }) => length).join(), currency: "USD", offers, offerOf, letters });
}

function planOf(rows: readonly string[]): PlanJSON {
  const seatsOf = (text: string, row: number) =>
    [...text].flatMap((letter, i) => {
      const kind = { w: "accessible" as const, c: "companion" as const }[letter];
      const number = text.slice(0, i).replaceAll(" ", "").length + 1;
      const seat = { number, x: 60 * i, y: 100 * row, category: "standard", ...(kind && { kind }) };
      return letter === " " ? [] : [seat];
    });
  return {
    name: "Hall",
    width: 2000,
    height: 2000,
    stage: { label: "Stage", x: 0, y: 0, width: 100, height: 10 },
    categories: ["standard"],
    sections: [
      {
        name: "Stalls",
        rows: rows.map((text, i) => ({ label: String.fromCharCode(65 + i), seats: seatsOf(text, i) })),
      },
    ],
  };
}

/** crowd is an area where people stand, one letter a place. */
export function crowd(letters: string): Seats {
  const outline = [
    { x: 0, y: 0 },
    { x: 900, y: 0 },
    { x: 900, y: 900 },
  ];
  const floor = { name: "Floor", standing: { capacity: letters.length, category: "standard", outline } };
  const hall: Hall = readHall("crowd", { ...planOf([]), sections: [floor] });
  const offers = [{ category: "standard", totalMinor: 2000 }];
  return newSeats(hall, { layout: "crowd", currency: "USD", offers, offerOf: [...letters].map(() => 0), letters });
}
