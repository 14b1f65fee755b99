import { money, number } from "../../format";
import { WheelchairIcon } from "../../ui/icons";
import { count, fill, t } from "../../words";
import type { Choice } from "./choice";
import { noFilters, toggled } from "./filter";
import { kinds } from "./hall";
import { OfferMark } from "./mark";

/** Legend says what the colours and shapes stand for, what each costs, and narrows what is offered. */
export function Legend({ choice }: { choice: Choice }) {
  const filters = choice.filters.value;
  const seats = choice.seats.value;
  const { byOffer } = choice.counts.value;
  const set = (next: Partial<typeof filters>) => {
    choice.filters.value = { ...filters, ...next };
    choice.said.value = count(t.choose.fitting, choice.counts.value.fitting);
  };
  const wheelchairs = seats.hall.kindOf.includes(kinds.accessible);
  return (
    <fieldset class="legend">
      <legend class="hidden">{t.choose.filters}</legend>
      <div class="pills">
        {seats.offers.map((offer, i) => (
          <button
            type="button"
            key={i}
            class="pill"
            aria-pressed={filters.offers.has(i)}
            onClick={() => set({ offers: toggled(filters.offers, i) })}
          >
            <OfferMark offer={i} />
            {offer.category} <strong>{money(offer.totalMinor, seats.currency)}</strong>
            <span class="soft">{count(t.seats.free, byOffer[i] ?? 0)}</span>
          </button>
        ))}
        {wheelchairs && (
          <button
            type="button"
            class="pill"
            aria-pressed={filters.accessible}
            onClick={() => set({ accessible: !filters.accessible })}
          >
            <WheelchairIcon />
            {t.seats.accessible}
            <span class="soft">{number(choice.counts.value.accessible)}</span>
          </button>
        )}
        <MostPrice choice={choice} set={(most) => set({ most })} />
      </div>
      {choice.fits.value && (
        <p class="fitting">
          {count(t.choose.fitting, choice.counts.value.fitting)}
          <button type="button" class="bare" onClick={() => set(noFilters)}>
            {t.home.clear}
          </button>
        </p>
      )}
    </fieldset>
  );
}

function MostPrice({ choice, set }: { choice: Choice; set: (most: number) => void }) {
  const { offers, currency } = choice.seats.value;
  const prices = [...new Set(offers.map(({ totalMinor }) => totalMinor))];
  const { most } = choice.filters.value;
  if (prices.length < 3) {
    return null;
  }
  return (
    <label class="choice">
      <span class="hidden">{t.choose.mostPrice}</span>
      <select
        value={prices.includes(most) ? most : ""}
        data-chosen={prices.includes(most)}
        onChange={({ currentTarget: { value } }) => set(value === "" ? noFilters.most : Number(value))}
      >
        <option value="">{t.home.anyPrice}</option>
        {prices.slice(0, -1).map((each) => (
          <option key={each} value={each}>
            {fill(t.choose.upTo, { price: money(each, currency) })}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Party asks how many seats one tap chooses. */
export function Party({ choice }: { choice: Choice }) {
  return (
    <label class="choice party">
      <span class="hidden">{t.choose.party}</span>
      <select
        value={choice.party.value}
        data-chosen={choice.party.value > 1}
        onChange={(event) => (choice.party.value = Number(event.currentTarget.value))}
      >
        {Array.from({ length: choice.terms.most }, (_, i) => (
          <option key={i} value={i + 1}>
            {i === 0 ? t.choose.oneByOne : count(t.choose.atOnce, i + 1)}
          </option>
        ))}
      </select>
    </label>
  );
}
