import { useSignal } from "@preact/signals";
import { money } from "../../format";
import { WheelchairIcon } from "../../ui/icons";
import { count, fill, t } from "../../words";
import { costOf, type Filters, inHall, noFilters, offersOf, type Row, type Section, type Ticket } from "./seats";

interface Choosing {
  currency: string;
  selection: readonly Ticket[];
  toggle: (seat: Ticket) => void;
}

/** SeatList is every free seat by section and row: the twin of a map, and enough by itself. */
export function SeatList({ tickets, ...choosing }: Choosing & { tickets: readonly Ticket[] }) {
  const filters = useSignal<Filters>(noFilters);
  const sections = inHall(tickets, filters.value);
  return (
    <>
      <Narrow
        tickets={tickets}
        currency={choosing.currency}
        filters={filters.value}
        set={(next) => (filters.value = next)}
      />
      <p class="hint keys">{t.seats.hint}</p>
      {sections.length === 0 && <p>{t.seats.noneFiltered}</p>}
      {sections.map((section, i) => (
        <details key={section.name} class="section" open={i === 0}>
          <summary>
            <h3>{section.name}</h3>
            <span class="soft">{count(t.seats.free, section.free)}</span>
          </summary>
          <Rows section={section} {...choosing} />
        </details>
      ))}
    </>
  );
}

interface NarrowProps {
  tickets: readonly Ticket[];
  currency: string;
  filters: Filters;
  set: (filters: Filters) => void;
}

function Narrow({ tickets, currency, filters, set }: NarrowProps) {
  const offers = offersOf(tickets);
  const sections = [...new Set(tickets.map((ticket) => ticket.section))];
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      {sections.length > 1 && (
        <label class="choice">
          <span class="hidden">{t.seats.section}</span>
          <select value={filters.section} onChange={(event) => set({ ...filters, section: event.currentTarget.value })}>
            <option value="">{t.seats.allSections}</option>
            {sections.map((section) => (
              <option key={section} value={section}>
                {section}
              </option>
            ))}
          </select>
        </label>
      )}
      {offers.length > 1 && (
        <label class="choice">
          <span class="hidden">{t.seats.category}</span>
          <select
            value={filters.category}
            onChange={(event) => set({ ...filters, category: event.currentTarget.value })}
          >
            <option value="">{t.seats.allPrices}</option>
            {offers.map((offer) => (
              <option key={offer.id} value={offer.id}>
                {money(offer.priceMinor, currency)} · {offer.category} ({offer.count})
              </option>
            ))}
          </select>
        </label>
      )}
      {tickets.some((ticket) => ticket.accessible) && (
        <label class="pill">
          <input
            type="checkbox"
            checked={filters.accessible}
            onChange={(event) => set({ ...filters, accessible: event.currentTarget.checked })}
          />
          {t.seats.accessible}
        </label>
      )}
    </form>
  );
}

/** Rows of a section. Tab comes here once; arrows move along a row and between rows, Home and End to a row's ends. */
function Rows({ section, ...choosing }: Choosing & { section: Section }) {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the seats in it
    <div class="rows" onKeyDown={walk}>
      {section.rows.map((row, i) =>
        row.name === "" ? (
          <Standing key="" row={row} {...choosing} />
        ) : (
          <div key={row.name} class="row">
            <fieldset>
              <legend>
                {fill(t.seats.row, { row: row.name })}
                <span class="soft">{sayRowPrices(row, choosing.currency)}</span>
              </legend>
              <div class="chips">
                {row.seats.map((seat, j) => (
                  <Seat key={seat.id} seat={seat} entry={i === 0 && j === 0} {...choosing} />
                ))}
              </div>
            </fieldset>
          </div>
        ),
      )}
    </div>
  );
}

function sayRowPrices(row: Row, currency: string): string {
  const prices = [...new Set(row.seats.map((seat) => costOf(seat)))].sort((a, b) => a - b);
  return prices.map((each) => money(each, currency)).join(" / ");
}

function Seat({ seat, entry, currency, selection, toggle }: Choosing & { seat: Ticket; entry: boolean }) {
  return (
    <button
      type="button"
      class="seat"
      data-number={seat.number}
      aria-pressed={selection.some(({ id }) => id === seat.id)}
      aria-label={sayOffer(seat, currency)}
      tabIndex={entry ? 0 : -1}
      onClick={() => toggle(seat)}
    >
      {seat.number}
      {seat.accessible && <WheelchairIcon />}
    </button>
  );
}

/** sayOffer is a seat as it is read out: where it is, what it costs, what is special. */
export function sayOffer(seat: Ticket, currency: string): string {
  const offer = fill(t.seats.offer, { seat: saySeat(seat), price: money(costOf(seat), currency) });
  return seat.accessible ? `${offer}, ${t.seats.wheelchair}` : offer;
}

/** saySeat names a seat in the reader's language. */
export function saySeat(seat: Pick<Ticket, "section" | "row" | "number">): string {
  return fill(seat.row === "" ? t.seats.place : t.seats.seat, seat);
}

/** Standing places are all alike: a number is chosen, not which. */
function Standing({ row, currency, selection, toggle }: Choosing & { row: Row }) {
  const mine = row.seats.filter((seat) => selection.some(({ id }) => id === seat.id));
  const next = row.seats.find((seat) => !mine.includes(seat));
  const last = mine.at(-1);
  return (
    <fieldset class="standing">
      <legend>
        {t.seats.standing}
        <span class="soft">{sayRowPrices(row, currency)}</span>
      </legend>
      <div class="stepper">
        <button
          type="button"
          class="quiet"
          aria-label={last ? fill(t.seats.remove, { seat: saySeat(last) }) : "−"}
          disabled={!last}
          onClick={() => last && toggle(last)}
        >
          −
        </button>
        <output>{mine.length}</output>
        <button
          type="button"
          class="quiet"
          aria-label={next ? sayOffer(next, currency) : "+"}
          disabled={!next}
          onClick={() => next && toggle(next)}
        >
          +
        </button>
      </div>
    </fieldset>
  );
}

/** walk moves the focus between seats, and with it where Tab comes in. */
function walk(event: KeyboardEvent): void {
  const rows = event.currentTarget as HTMLElement;
  const seat = (event.target as HTMLElement).closest<HTMLElement>(".seat");
  const row = seat?.closest(".row");
  const to = seat && row && stepFrom(seat, row, event.key);
  if (to) {
    event.preventDefault();
    rows.querySelector('.seat[tabindex="0"]')?.setAttribute("tabindex", "-1");
    to.setAttribute("tabindex", "0");
    to.focus();
  }
}

function stepFrom(seat: HTMLElement, row: Element, key: string): HTMLElement | undefined {
  const seats = [...row.querySelectorAll<HTMLElement>(".seat")];
  const at = seats.indexOf(seat);
  switch (key) {
    case "ArrowRight":
      return seats[at + 1];
    case "ArrowLeft":
      return seats[at - 1];
    case "Home":
      return seats[0];
    case "End":
      return seats.at(-1);
    case "ArrowDown":
      return nearest(row.nextElementSibling, seat);
    case "ArrowUp":
      return nearest(row.previousElementSibling, seat);
    default:
      return undefined;
  }
}

/** nearest is the seat of a row whose number is closest. */
function nearest(row: Element | null, seat: HTMLElement): HTMLElement | undefined {
  const away = (other: HTMLElement) => Math.abs(Number(other.dataset.number) - Number(seat.dataset.number));
  return [...(row?.querySelectorAll<HTMLElement>(".seat") ?? [])].sort((a, b) => away(a) - away(b))[0];
}
