import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { money } from "../../format";
import { WheelchairIcon } from "../../ui/icons";
import { count, fill, t } from "../../words";
import type { Choice } from "./choice";
import { kinds, type Row, type Section } from "./hall";
import { describe, sayPlace } from "./say";
import { costOf, type Seats, states } from "./status";
import { enterBy, keepEntry, walk } from "./walk";

/** In a hall of fewer places the first section is open. */
const few = 2_000;

/** SeatList is every free seat by section and row: the twin of the map, and enough by itself. What is closed costs nothing. */
export function SeatList({ choice }: { choice: Choice }) {
  const { hall } = choice.seats.value;
  const { bySection, fitting } = choice.counts.value;
  return (
    <>
      <p class="hint keys">{t.seats.hint}</p>
      {fitting === 0 && <p>{t.seats.noneFiltered}</p>}
      {hall.sections.map((section, i) => (
        <Part
          key={section.name}
          section={section}
          free={bySection[i] ?? 0}
          open={i === 0 && hall.size < few}
          choice={choice}
        />
      ))}
    </>
  );
}

interface PartProps {
  section: Section;
  free: number;
  open: boolean;
  choice: Choice;
}

function Part({ section, free, open, choice }: PartProps) {
  const shown = useSignal(open);
  return (
    <details
      class="section"
      open={shown.value}
      data-empty={free === 0}
      onToggle={(event) => (shown.value = event.currentTarget.open)}
    >
      <summary>
        <h3>{section.name}</h3>
        <span class="soft">{free === 0 ? t.choose.none : count(t.seats.free, free)}</span>
      </summary>
      {shown.value && <Rows section={section} choice={choice} />}
    </details>
  );
}

/** Rows of a section. Tab comes here once; arrows move along a row and between rows, Home and End to a row's ends. */
function Rows({ section, choice }: { section: Section; choice: Choice }) {
  const { rows } = choice.seats.value.hall;
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    list.current && keepEntry(list.current); // before it is seen: who is quick with Tab would pass it by
  }, []);
  useSignalEffect(() => {
    choice.beat.value;
    choice.fits.value;
    const drawn = requestAnimationFrame(() => list.current && keepEntry(list.current));
    return () => cancelAnimationFrame(drawn);
  });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the seats in it
    <div
      class="rows"
      ref={list}
      onKeyDown={walk}
      onFocusIn={(event) => enterBy(event.currentTarget, (event.target as HTMLElement).closest(".seat"))}
    >
      {rows
        .slice(section.firstRow, section.endRow)
        .map((row) =>
          section.outline ? (
            <Standing key="" row={row} choice={choice} />
          ) : (
            <Line key={row.label} row={row} choice={choice} />
          ),
        )}
    </div>
  );
}

/** What a row shows of each place, as one text: it is drawn anew only when that changes. */
function useLine(row: Row, choice: Choice): string {
  return useComputed(() => {
    choice.beat.value;
    const { stateOf } = choice.seats.value;
    const chosen = choice.selection.value;
    const fits = choice.fits.value;
    let line = "";
    for (let i = row.first; i < row.end; i++) {
      const free = stateOf[i] === states.available;
      line += chosen.has(i) ? "c" : free && (fits?.(i) ?? true) ? "a" : stateOf[i] === states.held ? "h" : "-";
    }
    return line;
  }).value;
}

function Line({ row, choice }: { row: Row; choice: Choice }) {
  const line = useLine(row, choice);
  const seats = choice.seats.value;
  const free = [...line].flatMap((letter, n) => (letter === "a" || letter === "c" ? [row.first + n] : []));
  const held = line.split("h").length - 1;
  if (free.length === 0) {
    return null;
  }
  return (
    <div class="row">
      <fieldset>
        <legend>
          {fill(t.seats.row, { row: row.label })}
          <span class="soft">{sayPrices(seats, free)}</span>
          {held > 0 && <span class="soft">{count(t.choose.heldInRow, held)}</span>}
        </legend>
        <div class="chips">
          {free.map((place) => (
            <Seat key={place} place={place} chosen={line[place - row.first] === "c"} choice={choice} />
          ))}
        </div>
      </fieldset>
    </div>
  );
}

function sayPrices(seats: Seats, places: readonly number[]): string {
  const prices = [...new Set(places.map((i) => costOf(seats, i)))].sort((a, b) => a - b);
  return prices.map((each) => money(each, seats.currency)).join(" / ");
}

function Seat({ place, chosen, choice }: { place: number; chosen: boolean; choice: Choice }) {
  const seats = choice.seats.value;
  const { numbers, kindOf } = seats.hall;
  return (
    <button
      type="button"
      class="seat"
      data-number={numbers[place]}
      aria-pressed={chosen}
      aria-label={describe(seats, place, false)}
      tabIndex={-1}
      onFocus={() => choice.look(place)}
      onClick={() => choice.pick(place)}
    >
      {numbers[place]}
      {kindOf[place] === kinds.accessible && <WheelchairIcon />}
    </button>
  );
}

/** Standing places are all alike: a number is chosen, not which. */
function Standing({ row, choice }: { row: Row; choice: Choice }) {
  const line = useLine(row, choice);
  const seats = choice.seats.value;
  const last = line.lastIndexOf("c");
  const next = line.indexOf("a");
  const lastPlace = row.first + last;
  const nextPlace = row.first + next;
  return (
    <fieldset class="standing">
      <legend>
        {t.seats.standing}
        {next >= 0 && <span class="soft">{sayPrices(seats, [nextPlace])}</span>}
      </legend>
      <div class="stepper">
        <button
          type="button"
          class="quiet"
          aria-label={last >= 0 ? fill(t.seats.remove, { seat: sayPlace(seats.hall, lastPlace) }) : "−"}
          disabled={last < 0}
          onClick={() => choice.toggle(lastPlace)}
        >
          −
        </button>
        <output>{line.split("c").length - 1}</output>
        <button
          type="button"
          class="quiet"
          aria-label={next >= 0 ? describe(seats, nextPlace, false) : "+"}
          disabled={next < 0}
          onClick={() => choice.toggle(nextPlace)}
        >
          +
        </button>
      </div>
    </fieldset>
  );
}
