import { price } from "../../format";
import { CloseIcon } from "../../ui/icons";
import { count, fill, t } from "../../words";
import type { Refusal } from "./choose";
import { saySeat } from "./list";
import { costOf, type Ticket, totalOf } from "./seats";

interface Props {
  selection: readonly Ticket[];
  currency: string;
  maxSeats: number;
  /** Why the last seat was not added; empty: it was. */
  full: string;
  refusal: Refusal | undefined;
  toggle: (seat: Ticket) => void;
  book: { busy: boolean; press: () => void };
}

/** Selection is what was chosen, what it costs, and the button that holds it. */
export function Selection({ selection, currency, maxSeats, full, refusal, toggle, book }: Props) {
  const seats = count(t.seats.count, selection.length);
  return (
    <section id="selection" class="selection card" aria-labelledby="chosen" tabIndex={-1}>
      <h2 id="chosen">{t.seats.selection}</h2>
      {refusal && <Refused refusal={refusal} />}
      {selection.length === 0 ? (
        <p class="soft">{fill(t.seats.nothing, { max: maxSeats })}</p>
      ) : (
        <ul class="chosen">
          {selection.map((seat) => (
            <li key={seat.id}>
              <span>{saySeat(seat)}</span>
              <span class="amount">{price(costOf(seat), currency)}</span>
              <button
                type="button"
                class="bare"
                aria-label={fill(t.seats.remove, { seat: saySeat(seat) })}
                onClick={() => toggle(seat)}
              >
                <CloseIcon />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="buy">
        <p class="total" role="status">
          <span>
            {t.seats.total}
            {selection.length > 0 && <span class="soft"> · {seats}</span>}
          </span>
          <strong>{price(totalOf(selection), currency)}</strong>
          {full && <span class="wrong">{full}</span>}
        </p>
        <button type="button" disabled={selection.length === 0} aria-disabled={book.busy} onClick={book.press}>
          {sayBook(book.busy, selection.length)}
        </button>
      </div>
      {selection.length > 0 && <p class="hint">{t.seats.held}</p>}
    </section>
  );
}

function sayBook(busy: boolean, seats: number): string {
  if (busy) {
    return t.seats.booking;
  }
  return seats === 0 ? t.seats.bookEmpty : fill(t.seats.book, { count: count(t.seats.count, seats) });
}

/** Refused names the seats that are gone, each kind of reason in one sentence, and says that the rest is kept. */
function Refused({ refusal }: { refusal: Refusal }) {
  const reasons = [...new Set(refusal.conflicts.map((conflict) => conflict.reason))];
  return (
    <div class="mistake" role="alert">
      {reasons.length === 0 && <p>{refusal.says}</p>}
      {reasons.map((reason) => {
        const seats = refusal.conflicts
          .filter((conflict) => conflict.reason === reason)
          .map((conflict) => conflict.seat);
        return (
          <p key={reason}>
            {count(t.seats.taken, seats.length, { seats: seats.join("; "), reason: t.reasons[reason] })}
          </p>
        );
      })}
      {reasons.length > 0 && refusal.kept > 0 && <p>{count(t.seats.kept, refusal.kept)}</p>}
      {refusal.link && (
        <p>
          <a href={refusal.link}>{t.seats.openLink}</a>
        </p>
      )}
    </div>
  );
}
