import { money, number } from "../../format";
import { Days } from "../../ui/days";
import { fill, t } from "../../words";
import type { Facets, Results } from "./find";
import {
  bandEnds,
  cleared,
  isFiltered,
  type PriceBand,
  priceBands,
  type Query,
  type Sort,
  sorts,
  writeQuery,
} from "./query";
import { change } from "./searchbar";

const daysShown = 14;

/** DayFilter is the strip of days that have something on. */
export function DayFilter({ query, facets }: { query: Query; facets: Facets | undefined }) {
  const days = (facets?.day ?? []).slice(0, daysShown);
  if (query.day !== "" && !days.some(({ value }) => value === query.day)) {
    days.unshift({ value: query.day, count: 0 });
  }
  const to = (day: string) => writeQuery({ ...query, day, page: 1 });
  const links = days.map(({ value, count }) => ({ day: value, count, to: to(value) }));
  return (
    <Days label={t.home.day} current={query.day} days={[{ day: "", name: t.home.anyDay, to: to("") }, ...links]} />
  );
}

/** Filters narrow the results; each choice says what it would find. */
export function Filters({ query, data }: { query: Query; data: Results | undefined }) {
  const facets = data?.facets;
  const set = (part: Partial<Query>) => change({ ...query, ...part, page: 1 });
  const currency = data?.events[0]?.currency ?? "USD";
  const free = (facets?.availability ?? []).reduce(
    (sum, { value, count }) => (value === "none" ? sum : sum + count),
    0,
  );
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <Choice
        label={t.home.type}
        value={query.type}
        any={t.home.anyType}
        counts={facets?.type}
        say={(value) => t.types[value as keyof typeof t.types] ?? value}
        onChange={(type) => set({ type })}
      />
      <Choice
        label={t.home.genre}
        value={query.genre}
        any={t.home.anyGenre}
        counts={facets?.genre}
        say={(value) => value}
        onChange={(genre) => set({ genre })}
      />
      <Choice
        label={t.home.price}
        value={query.price}
        any={t.home.anyPrice}
        counts={facets?.price_band}
        say={(band) => sayBand(band, currency)}
        onChange={(price) => set({ price: price as PriceBand | "" })}
      />
      <label class="pill">
        <input
          type="checkbox"
          checked={query.available}
          onChange={(event) => set({ available: event.currentTarget.checked })}
        />
        {t.home.available}
        {facets && <span class="soft">{number(free)}</span>}
      </label>
      {isFiltered(query) && (
        <button type="button" class="bare" onClick={() => change(cleared(query))}>
          {t.home.clear}
        </button>
      )}
      <label class="sort">
        <span class="soft">{t.home.sort}</span>
        <select value={query.sort} onChange={(event) => set({ sort: event.currentTarget.value as Sort })}>
          {sorts
            .filter((sort) => sort !== "distance" || data?.near)
            .map((sort) => (
              <option key={sort} value={sort}>
                {t.sorts[sort]}
              </option>
            ))}
        </select>
      </label>
    </form>
  );
}

/** sayBand writes a price band in the currency of what was found. */
export function sayBand(band: string, currency: string): string {
  if (!priceBands.includes(band as PriceBand)) {
    return band;
  }
  const { from, to } = bandEnds(band as PriceBand);
  const say = (whole: number | undefined) => (whole === undefined ? "" : money(whole * 100, currency));
  return fill(t.bands[band as PriceBand], { from: say(from), to: say(to) });
}

interface ChoiceProps {
  label: string;
  value: string;
  any: string;
  counts: readonly { value: string; count: number }[] | undefined;
  say: (value: string) => string;
  onChange: (value: string) => void;
}

function Choice({ label, value, any, counts = [], say, onChange }: ChoiceProps) {
  const known = value === "" || counts.some((each) => each.value === value);
  return (
    <label class="choice">
      <span class="hidden">{label}</span>
      <select value={value} data-chosen={value !== ""} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{any}</option>
        {!known && <option value={value}>{say(value)}</option>}
        {counts.map((each) => (
          <option key={each.value} value={each.value}>
            {say(each.value)} ({number(each.count)})
          </option>
        ))}
      </select>
    </label>
  );
}
