import { price } from "../../format";
import { CloseIcon } from "../../ui/icons";
import { count, fill, t } from "../../words";
import type { Choice } from "./choice";
import { kinds } from "./hall";
import { Again, Alone, Elsewhere, Gone, Refused, Repriced, toSelection } from "./notes";
import type { Order } from "./order";
import { nameOf, sayPlace, saySeat } from "./say";
import { costOf } from "./status";

interface Props {
  choice: Choice;
  order: Order;
  /** What the buyer is asked before the seats are held, about those that they have already; empty: nothing. */
  again: string;
  press: () => void;
  answer: (yes: boolean) => void;
}

/** Selection is what was chosen, what it costs, and the button that holds it. */
export function Selection({ choice, order, again, press, answer }: Props) {
  const chosen = [...choice.selection.value].sort((a, b) => a - b);
  const idle = chosen.length === 0 && !order.refusal.value && !choice.lost.value && !choice.elsewhere.value && !again;
  return (
    <section id="selection" class="selection card" data-idle={idle} aria-labelledby="chosen" tabIndex={-1}>
      <h2 id="chosen">{t.seats.selection}</h2>
      {chosen.length === 0 ? (
        <p class="soft">{fill(t.seats.nothing, { max: choice.terms.most })}</p>
      ) : (
        <ul class="chosen">
          {chosen.map((place) => (
            <Chosen key={place} place={place} choice={choice} />
          ))}
        </ul>
      )}
      <Need choice={choice} order={order} />
      <div class="buy">
        <div class="notes">
          <Refused choice={choice} order={order} />
          <Gone choice={choice} />
          <Repriced choice={choice} />
          <Elsewhere choice={choice} />
          <Alone choice={choice} />
          {again && <Again says={again} seats={chosen.length} answer={answer} />}
        </div>
        <Buy choice={choice} order={order} press={press} />
      </div>
      {chosen.length > 0 && !choice.terms.change && <p class="hint">{t.seats.held}</p>}
      {choice.terms.change && <p class="hint">{t.choose.changeHint}</p>}
    </section>
  );
}

function Chosen({ place, choice }: { place: number; choice: Choice }) {
  const seats = choice.seats.value;
  const name = fill(t.seats.remove, { seat: sayPlace(seats.hall, place) });
  const remove = () => {
    choice.toggle(place);
    toSelection();
  };
  return (
    <li>
      <button type="button" class="named" onClick={() => choice.look(place)}>
        {saySeat(nameOf(seats.hall, place))}
      </button>
      <span class="amount">{price(costOf(seats, place), seats.currency)}</span>
      <button type="button" class="bare" aria-label={name} onClick={remove}>
        <CloseIcon />
      </button>
    </li>
  );
}

/** Need takes the statement of who needs a place for a wheelchair. No proof is asked for: 28 CFR 36.302(f)(8). */
function Need({ choice, order }: { choice: Choice; order: Order }) {
  const { kindOf } = choice.seats.value.hall;
  const kept = [...choice.selection.value].some((i) => kindOf[i] === kinds.accessible || kindOf[i] === kinds.companion);
  if (!kept) {
    return null;
  }
  return (
    <label class="need">
      <input
        type="checkbox"
        checked={order.needed.value}
        onChange={(event) => (order.needed.value = event.currentTarget.checked)}
      />
      <span>
        {t.choose.need}
        <span class="soft">{t.choose.needWhy}</span>
      </span>
    </label>
  );
}

function Buy({ choice, order, press }: { choice: Choice; order: Order; press: () => void }) {
  const seats = choice.selection.value.size;
  const unchanged = choice.terms.change !== undefined && isSame(choice.selection.value, choice.own);
  return (
    <>
      <p class="total">
        <span>
          {t.seats.total}
          {seats > 0 && <span class="soft"> · {count(t.seats.count, seats)}</span>}
        </span>
        <strong>{price(choice.total.value, choice.seats.value.currency)}</strong>
        {choice.full.value && <span class="wrong">{count(t.seats.max, choice.terms.most)}</span>}
      </p>
      <button type="button" disabled={seats === 0 || unchanged} aria-disabled={order.busy.value} onClick={press}>
        {sayBook(order.busy.value, seats, choice.terms.change !== undefined)}
      </button>
    </>
  );
}

function isSame(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  return a.size === b.size && [...a].every((i) => b.has(i));
}

function sayBook(busy: boolean, seats: number, changing: boolean): string {
  if (changing) {
    return busy ? t.choose.changing : t.choose.change;
  }
  if (busy) {
    return t.seats.booking;
  }
  return seats === 0 ? t.seats.bookEmpty : fill(t.seats.book, { count: count(t.seats.count, seats) });
}
