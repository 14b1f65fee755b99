import "../src/styles/tokens.css";
import "../src/styles/base.css";
import "../src/styles/parts.css";
import { type ReadonlySignal, signal } from "@preact/signals";
import { render } from "preact";
import { money } from "../src/format";
import { kinds, readHall } from "../src/pages/event/hall";
import SeatMap from "../src/pages/event/map/view";
import { costOf, newSeats, type Seats, setSome, states } from "../src/pages/event/status";
import { learn } from "../src/words";

// The seat map without a server; docs/web.md says how.
const asked = new URLSearchParams(location.search);

/** random gives the same numbers each time, so that pictures can be compared. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

async function load(): Promise<Seats> {
  const plan = await (await fetch(`plans/${asked.get("plan") ?? "cinema"}.json`)).json();
  const hall = readHall("", plan);
  const offers = hall.categories.map((category, i) => ({ category, totalMinor: 9450 - i * 1700 }));
  const next = random(7);
  const free = Number(asked.get("free") ?? 60);
  const letters = Array.from({ length: hall.size }, () => {
    const r = next() * 100;
    return r < free ? "a" : r < free + 12 ? "h" : r < 97 ? "s" : "b";
  });
  return newSeats(hall, {
    layout: "",
    currency: "USD",
    offers,
    offerOf: [...hall.categoryOf],
    letters: letters.join(""),
  });
}

function describe(seats: Seats, i: number): string {
  const { hall } = seats;
  const row = hall.rows[hall.rowOf[i] ?? 0]?.label;
  const state = Object.keys(states)[seats.stateOf[i] ?? 0];
  return `${hall.sections[hall.sectionOf[i] ?? 0]?.name}, row ${row}, seat ${hall.numbers[i]}, ${money(costOf(seats, i), "USD")}, ${state}`;
}

function At({ seats, at }: { seats: Seats; at: ReadonlySignal<number | undefined> }) {
  return <p>{at.value === undefined ? "–" : describe(seats, at.value)}</p>;
}

/** keepChanging makes and frees seats at random, as buyers would. */
function keepChanging(seats: Seats, perSecond: number): void {
  const next = random(99);
  setInterval(() => {
    const some = Array.from({ length: perSecond / 20 }, () => Math.floor(next() * seats.hall.size));
    setSome(seats, [[Math.floor(next() * 3), some]]);
  }, 50);
}

async function main(): Promise<void> {
  await learn();
  const seats = await load();
  const selection = signal<ReadonlySet<number>>(new Set());
  const at = signal<number | undefined>(undefined);
  const fits = signal<((place: number) => boolean) | undefined>(
    asked.has("dim") ? (i: number) => costOf(seats, i) < 6000 && seats.hall.kindOf[i] === kinds.ordinary : undefined,
  );
  const hints = signal<readonly number[]>([]);
  const pick = (place: number) => {
    const next = new Set(selection.value);
    if (!next.delete(place)) {
      next.add(place);
    }
    selection.value = next;
  };
  keepChanging(seats, Number(asked.get("changes") ?? 0));
  Object.assign(window, { map: { seats, selection, at, fits, hints } });
  render(
    <div class="wide">
      <h1>The seat map alone</h1>
      <SeatMap
        {...{ seats, selection, fits, hints, at, pick }}
        describe={(i) => describe(seats, i)}
        onFailure={(error) => console.error("no map:", error)}
      />
      <At seats={seats} at={at} />
      <h2>The page goes on</h2>
      {Array.from({ length: 40 }, (_, i) => (
        <p key={i}>{i + 1}</p>
      ))}
    </div>,
    document.getElementById("app") as HTMLElement,
  );
}

void main();
