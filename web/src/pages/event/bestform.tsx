import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { money } from "../../format";
import { count, fill, t } from "../../words";
import type { Choice } from "./choice";
import { kinds } from "./hall";
import type { BestWish, Order } from "./order";

export interface BestProps {
  choice: Choice;
  order: Order;
  ready: (go: () => void) => void;
}

/** BestForm holds the best seats of a wish without a look at the map. Its wish begins with what the filters say. */
export function BestForm({ choice, order, ready }: BestProps) {
  const asked = useSignal(0);
  const size = asked.value || (choice.party.value > 1 ? choice.party.value : Math.min(2, choice.terms.most));
  const spaces = useSignal<number | undefined>(undefined);
  const accessible = Math.min(spaces.value ?? (choice.filters.value.accessible ? 1 : 0), size);
  const { kindOf } = choice.seats.value.hall;
  const within = withinOf(choice);
  const submit = (event: Event) => {
    event.preventDefault();
    ready(() => void order.best({ count: size, ...(accessible > 0 && { accessible }), ...within.wish }));
  };
  return (
    <form onSubmit={submit}>
      <Numbers says={t.choose.bestCount} from={1} to={choice.terms.most} value={size} set={(n) => (asked.value = n)} />
      {kindOf.includes(kinds.accessible) && (
        <Numbers says={t.choose.bestSpaces} from={0} to={size} value={accessible} set={(n) => (spaces.value = n)} />
      )}
      <p class="hint">{within.says}</p>
      <button type="submit" aria-disabled={order.busy.value}>
        {fill(t.choose.bestHold, { count: count(t.seats.count, size) })}
      </button>
    </form>
  );
}

interface NumbersProps {
  says: string;
  from: number;
  to: number;
  value: number;
  set: (n: number) => void;
}

function Numbers({ says, from, to, value, set }: NumbersProps) {
  const id = useId();
  return (
    <p>
      <label for={id}>{says}</label>
      <select id={id} value={Math.min(value, to)} onChange={(event) => set(Number(event.currentTarget.value))}>
        {Array.from({ length: to - from + 1 }, (_, i) => (
          <option key={i} value={from + i}>
            {from + i}
          </option>
        ))}
      </select>
    </p>
  );
}

/**
 * withinOf makes a wish of the filters: the category, where they let only one through, and the highest price. The API knows no
 * more, so of several categories only the price is asked for, and only the price is said.
 */
export function withinOf({ seats, filters }: Pick<Choice, "seats" | "filters">): {
  wish: Pick<BestWish, "category" | "max_price_minor">;
  says: string;
} {
  const { offers, currency } = seats.value;
  const { offers: picked, most } = filters.value;
  const rest = offers.filter(({ totalMinor }, i) => totalMinor <= most && (picked.size === 0 || picked.has(i)));
  const dearest = Math.max(1, ...rest.map(({ totalMinor }) => totalMinor));
  const categories = [...new Set(rest.map(({ category }) => category))];
  if (rest.length === offers.length || rest.length === 0) {
    return { wish: {}, says: t.choose.bestAny };
  }
  const one = categories.length === 1 ? categories[0] : undefined;
  const price = money(dearest, currency);
  return one === undefined
    ? { wish: { max_price_minor: dearest }, says: fill(t.choose.bestUpTo, { price }) }
    : { wish: { category: one, max_price_minor: dearest }, says: fill(t.choose.bestWithin, { category: one, price }) };
}
