import { useSignal } from "@preact/signals";
import { money, price } from "../../format";
import { count, fill, t } from "../../words";
import { type Choice, sayElsewhere, sayLonely, sayLost } from "./choice";
import type { Order } from "./order";
import { sayPlace } from "./say";
import { costOf, type Seats } from "./status";

/** toSelection moves the focus to what is chosen: what it was on is gone. */
export function toSelection(): void {
  document.getElementById("selection")?.focus({ preventScroll: true });
}

/** Refused says why seats were not held: which are gone, that the rest is kept, and what can be had instead. */
export function Refused({ choice, order }: { choice: Choice; order: Order }) {
  const refusal = order.refusal.value;
  if (!refusal) {
    return null;
  }
  const { reasons, apart } = refusal;
  const gone = reasons.some(({ reason }) => reason !== "left_alone" && reason !== "reserved_accessible");
  return (
    <div class="mistake" role="alert">
      {reasons.length === 0 && <p>{refusal.says}</p>}
      {reasons.map(({ reason, seats }) => (
        <p key={reason}>{sayReason(reason, seats)}</p>
      ))}
      {gone && refusal.kept > 0 && <p>{count(t.seats.kept, refusal.kept)}</p>}
      <Instead choice={choice} order={order} />
      {reasons.some(({ reason }) => reason === "reserved_accessible") && !order.needed.value && (
        <button type="button" class="quiet" onClick={() => bookNeeded(order)}>
          {t.choose.needBook}
        </button>
      )}
      {refusal.link && (
        <p>
          <a href={refusal.link}>{t.seats.openLink}</a>
        </p>
      )}
      {apart && (
        <button type="button" class="quiet" onClick={() => void order.best({ ...apart, split: true })}>
          {t.choose.apart}
        </button>
      )}
    </div>
  );
}

function bookNeeded(order: Order): void {
  order.needed.value = true;
  void order.book();
}

function sayReason(reason: keyof typeof t.reasons, seats: readonly string[]): string {
  const names = seats.join("; ");
  switch (reason) {
    case "left_alone":
      return count(t.choose.lonelyRefused, seats.length, { seats: names });
    case "reserved_accessible":
      return count(t.choose.reserved, seats.length, { seats: names });
    default:
      return count(t.seats.taken, seats.length, { seats: names, reason: t.reasons[reason] });
  }
}

/** Instead offers what the server named in the place of what is gone. */
function Instead({ choice, order }: { choice: Choice; order: Order }) {
  const seats = choice.seats.value;
  const alternatives = choice.alternatives.value;
  const amounts = order.refusal.value?.amounts ?? [];
  if (alternatives.length === 0) {
    return null;
  }
  const take = (places: readonly number[]) => {
    order.refusal.value = undefined;
    choice.choose(places);
  };
  return (
    <>
      <p>{t.choose.instead}</p>
      <div class="offers">
        {alternatives.map((places, n) => (
          <Take
            key={places.join()}
            seats={seats}
            places={places}
            amount={amounts[n] ?? sum(seats, places)}
            take={() => take(places)}
          />
        ))}
      </div>
    </>
  );
}

interface TakeProps {
  seats: Seats;
  places: readonly number[];
  amount: number;
  take: () => void;
}

/** Take chooses some places with one tap. */
function Take({ seats, places, amount, take }: TakeProps) {
  const press = () => {
    take();
    toSelection();
  };
  return (
    <button type="button" class="quiet take" onClick={press}>
      <span>{sayTogether(seats, places)}</span>
      <strong>{price(amount, seats.currency)}</strong>
    </button>
  );
}

/** sayTogether names places, those of a row in one: "Stalls, row C, seats 4, 5, 6". */
function sayTogether({ hall }: Seats, places: readonly number[]): string {
  const rows = new Map<number, number[]>();
  for (const i of [...places].sort((a, b) => a - b)) {
    const row = hall.rowOf[i] ?? 0;
    rows.set(row, [...(rows.get(row) ?? []), i]);
  }
  const say = (row: number, of: readonly number[]) => {
    const { label = "", section = 0 } = hall.rows[row] ?? {};
    const numbers = of.map((i) => hall.numbers[i]).join(", ");
    return fill(label === "" ? t.choose.places : t.choose.rowSeats, {
      section: hall.sections[section]?.name ?? "",
      row: label,
      numbers,
    });
  };
  return [...rows].map(([row, of]) => (of.length === 1 ? sayPlace(hall, of[0] ?? 0) : say(row, of))).join("; ");
}

function sum(seats: Seats, places: readonly number[]): number {
  return places.reduce((total, i) => total + costOf(seats, i), 0);
}

/** Gone names the seats that others took meanwhile, and offers the nearest that are free. */
export function Gone({ choice }: { choice: Choice }) {
  const lost = choice.lost.value;
  const seats = choice.seats.value;
  if (!lost) {
    return null;
  }
  const { places, instead } = lost;
  return (
    <div class="mistake lost">
      <p>{sayLost(seats, places)}</p>
      {instead && (
        <>
          <p>{t.choose.nearest}</p>
          <Take
            seats={seats}
            places={instead}
            amount={sum(seats, instead)}
            take={() => choice.choose([...choice.selection.peek(), ...instead])}
          />
        </>
      )}
      <button type="button" class="bare" onClick={() => (choice.lost.value = undefined)}>
        {t.choose.dismiss}
      </button>
    </div>
  );
}

/** Repriced says that the total is another than before. */
export function Repriced({ choice }: { choice: Choice }) {
  return choice.repriced.value ? (
    <p class="notice repriced" role="alert">
      {t.choose.repriced}
    </p>
  ) : null;
}

/** Elsewhere offers the nearest seats together where there are not so many around what was tapped. */
export function Elsewhere({ choice }: { choice: Choice }) {
  const places = choice.elsewhere.value;
  const seats = choice.seats.value;
  if (!places) {
    return null;
  }
  return (
    <div class="notice elsewhere">
      <p>{sayElsewhere(seats, choice.party.value, places)}</p>
      {places.length > 0 && (
        <Take seats={seats} places={places} amount={sum(seats, places)} take={() => choice.choose(places)} />
      )}
    </div>
  );
}

/** Alone warns of seats that would be left alone, before they are booked, and mends it with one tap. */
export function Alone({ choice }: { choice: Choice }) {
  const lonely = choice.lonely.value;
  const seats = choice.seats.value;
  const letBe = useSignal<ReadonlySet<number> | undefined>(undefined);
  if (!lonely || letBe.value === choice.selection.value) {
    return null;
  }
  const { orphans, take, move } = lonely;
  const mend = (places: readonly number[]) => {
    choice.choose(places);
    toSelection();
  };
  return (
    <div class="notice alone" data-refused={lonely.refused}>
      <p>{sayLonely(seats, lonely)}</p>
      <div class="offers">
        {take && (
          <button type="button" class="quiet take" onClick={() => mend(take)}>
            <span>{count(t.choose.takeToo, orphans.length, { seats: sayTogether(seats, orphans) })}</span>
            <strong>+{money(sum(seats, orphans), seats.currency)}</strong>
          </button>
        )}
        {move && (
          <button type="button" class="quiet take" onClick={() => mend(move)}>
            <span>{fill(t.choose.moveTo, { seats: sayTogether(seats, move) })}</span>
            <strong>{price(sum(seats, move), seats.currency)}</strong>
          </button>
        )}
      </div>
      {!lonely.refused && (
        <button type="button" class="bare" onClick={() => (letBe.value = choice.selection.value)}>
          {t.choose.letBe}
        </button>
      )}
    </div>
  );
}

interface AgainProps {
  says: string;
  seats: number;
  answer: (yes: boolean) => void;
}

/** Again asks who has seats of the event already whether they want more. */
export function Again({ says, seats, answer }: AgainProps) {
  return (
    <div class="notice again" role="alert">
      <p>{says}</p>
      <div class="actions">
        <button type="button" onClick={() => answer(true)}>
          {seats === 0 ? t.choose.againYes : fill(t.choose.againBook, { count: count(t.seats.count, seats) })}
        </button>
        <button type="button" class="quiet" onClick={() => answer(false)}>
          {t.choose.againNo}
        </button>
      </div>
    </div>
  );
}
