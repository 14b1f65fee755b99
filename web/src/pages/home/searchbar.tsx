import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { number } from "../../format";
import { go, here } from "../../router";
import { user } from "../../session";
import { Combobox, type Option } from "../../ui/combobox";
import { PinIcon, SearchIcon } from "../../ui/icons";
import { fill, t } from "../../words";
import { citiesFor, type Results } from "./find";
import { groupByTitle, piecesOf } from "./group";
import { anywhere, type Query, readQuery, writeQuery } from "./query";

/** change leads to another query: a step for the back button, unless it only goes on with the one before. */
export function change(query: Query, replace = false): void {
  go(writeQuery(query), { replace });
}

/** How long typing must pause before it is searched for. */
const pauseMs = 150;

const suggested = 6;

/** SearchBar is what is looked for, and where. */
export function SearchBar({ query, city, data }: { query: Query; city: string; data: Results | undefined }) {
  return (
    <search class="searchbar">
      <What query={query} data={data} />
      <Where query={query} city={city} />
    </search>
  );
}

function What({ query, data }: { query: Query; data: Results | undefined }) {
  const text = useSignal(query.q);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const typing = useRef(false); // whether the entry of the history is one that typing made
  useSignalEffect(() => {
    const said = readQuery(here.value.query).q; // back and forward
    if (said !== text.peek().trim()) {
      text.value = said;
    }
  });

  const search = (wanted: string) => {
    clearTimeout(timer.current);
    const now = readQuery(here.peek().query);
    if (here.peek().path === "/app" && wanted.trim() !== now.q) {
      change({ ...now, q: wanted.trim(), page: 1 }, typing.current);
      typing.current = true;
    }
  };
  const onInput = (typed: string) => {
    text.value = typed;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => search(typed), pauseMs);
  };
  const options = useMemo(() => (query.q === "" || !data ? [] : titleOptions(query, data)), [query.q, data]);
  return (
    <Combobox
      label={t.home.search}
      placeholder={t.home.what}
      listLabel={t.home.suggestions}
      icon={<SearchIcon />}
      value={text.value}
      options={options}
      onInput={onInput}
      onSubmit={() => search(text.value)}
      onLeave={() => {
        typing.current = false;
      }}
    />
  );
}

function titleOptions(query: Query, data: Results): Option[] {
  return groupByTitle(data.events)
    .slice(0, suggested)
    .map((group) => ({
      id: group.titleId,
      content: (
        <>
          <span>
            {piecesOf(group.highlight ?? "").length > 0
              ? piecesOf(group.highlight ?? "").map((piece, i) =>
                  piece.marked ? <mark key={i}>{piece.text}</mark> : piece.text,
                )
              : group.name}
          </span>
          <span class="soft">{group.venues[0]?.venue.city}</span>
        </>
      ),
      pick: () => go(titleAddress(group.titleId, data.near, query.day)),
    }));
}

/** titleAddress is the page of a title, at the city and the day that were asked for. */
export function titleAddress(id: string, city: string | undefined, day: string): string {
  const params = new URLSearchParams({ ...(city && { city }), ...(day && { day }) }).toString();
  return `/app/titles/${id}${params && `?${params}`}`;
}

function Where({ query, city }: { query: Query; city: string }) {
  const said = city === anywhere ? "" : city;
  const text = useSignal(said);
  const cities = useSignal<Schemas["FacetCount"][]>([]);
  const asked = useRef<AbortController>(undefined);
  useEffect(() => {
    text.value = said;
  }, [said, text]);

  const load = () => {
    asked.current?.abort();
    asked.current = new AbortController();
    citiesFor(query, asked.current.signal).then(
      (found) => {
        cities.value = found;
      },
      () => undefined, // the list is a help; a city can be typed without it
    );
  };
  const pick = (picked: string | undefined) => {
    text.value = picked === anywhere ? "" : (picked ?? "");
    change({ ...query, city: picked, page: 1 });
  };
  return (
    <Combobox
      label={t.home.where}
      placeholder={t.home.anywhere}
      listLabel={t.home.cities}
      icon={<PinIcon />}
      value={text.value}
      options={cityOptions(text.value === said ? "" : text.value, cities.value, pick)}
      onInput={(typed) => {
        text.value = typed;
      }}
      onSubmit={() => pick(text.value.trim() || anywhere)}
      onFocus={load}
      onLeave={() => {
        text.value = said;
      }}
    />
  );
}

const citiesShown = 8;

function cityOptions(
  typed: string,
  cities: readonly Schemas["FacetCount"][],
  pick: (city: string | undefined) => void,
): Option[] {
  const start = typed.trim().toLocaleLowerCase();
  const home = user.value?.location;
  const options: Option[] = cities
    .filter(({ value }) => value.toLocaleLowerCase().startsWith(start))
    .slice(0, citiesShown)
    .map(({ value, count }) => ({
      id: value,
      content: (
        <>
          <span>{value}</span>
          <span class="soft">{number(count)}</span>
        </>
      ),
      pick: () => pick(value),
    }));
  if (start === "") {
    options.unshift({ id: anywhere, content: t.home.anywhereLong, pick: () => pick(anywhere) });
    if (home) {
      options.unshift({ id: "home", content: fill(t.home.nearMe, { city: home }), pick: () => pick(undefined) });
    }
  }
  return options;
}
