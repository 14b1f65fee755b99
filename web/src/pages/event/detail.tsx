import { money } from "../../format";
import { fill, t } from "../../words";
import type { Choice } from "./choice";
import { OfferMark } from "./mark";
import { nameOf, sayState, sayTraits } from "./say";
import { costOf, states } from "./status";

/** Detail says all about the place that pointer, tap or keyboard is at; who cannot see it hears it from map and list. */
export function Detail({ choice }: { choice: Choice }) {
  choice.beat.value;
  const at = choice.at.value;
  const seats = choice.seats.value;
  if (at === undefined || at >= seats.hall.size) {
    return <p class="detail soft">{t.choose.detailNone}</p>;
  }
  const { section, row, number } = nameOf(seats.hall, at);
  const offer = seats.offerOf[at] ?? 0;
  const chosen = choice.selection.value.has(at);
  const traits = sayTraits(seats.hall, at);
  return (
    <div class="detail" data-state={chosen ? "chosen" : seats.stateOf[at]} data-seat={at}>
      <p>
        <strong>{section}</strong>
        <span>{row === "" ? fill(t.choose.placeOnly, { number }) : fill(t.choose.rowSeat, { row, number })}</span>
      </p>
      <p>
        <strong class="amount">{money(costOf(seats, at), seats.currency)}</strong>
        <span>
          <OfferMark offer={offer} /> {seats.offers[offer]?.category}
        </span>
      </p>
      <p class="state">{chosen ? t.choose.chosen : sayState(seats.stateOf[at])}</p>
      {traits.length > 0 && <p class="traits">{traits.join(" · ")}</p>}
      {seats.stateOf[at] === states.held && !chosen && <p class="soft">{t.choose.heldLong}</p>}
    </div>
  );
}
