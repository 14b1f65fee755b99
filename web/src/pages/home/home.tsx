import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { distance } from "../../format";
import { useResource } from "../../resource";
import { here } from "../../router";
import { reachable } from "../../server";
import { user } from "../../session";
import { entitle } from "../../ui/layout";
import { Empty, Failure, Loading } from "../../ui/notice";
import { count, fill, t } from "../../words";
import { DayFilter, Filters } from "./filters";
import { find, type Results, radiusKm } from "./find";
import { groupByTitle } from "./group";
import { anywhere, cleared, isFiltered, type Query, readQuery, writeQuery } from "./query";
import { Results as List } from "./results";
import { change, SearchBar } from "./searchbar";
import "../../styles/home.css";

/** What is on, near the user or where the address bar says. */
export default function Home() {
  const query = useComputed(() => readQuery(here.value.query));
  // Without a city in the address it is the user's, who may not be known yet, or not at all without a network.
  const city = useComputed(
    () =>
      query.value.city ?? (user.value === undefined && reachable.value ? undefined : user.value?.location || anywhere),
  );
  const tries = useSignal(0);
  const results = useResource<Results>(
    () => city.value && `search ${city.value} ${writeQuery(query.value)}`,
    (signal) => find(query.peek(), city.peek() ?? anywhere, signal),
    tries,
  );
  useSignalEffect(() => {
    const wait = results.value.data?.retryAfter ?? 0;
    if (wait > 0 && !results.value.loading) {
      const timer = setTimeout(() => tries.value++, wait * 1000);
      return () => clearTimeout(timer);
    }
    return undefined;
  });

  const { data, error, loading } = results.value;
  const near = data?.near;
  const title = near ? fill(t.home.titleNear, { city: near }) : t.home.title;
  entitle(query.value.q || (near ? title : ""));
  return (
    <div class="home">
      <div class="hero">
        <div class="wide">
          <h1>{title}</h1>
          <p class="lead">{t.home.lead}</p>
          <SearchBar query={query.value} city={city.value ?? ""} data={data} />
        </div>
      </div>
      <div class="wide">
        <DayFilter query={query.value} facets={data?.facets} />
        <Filters query={query.value} data={data} />
        {data && <Told query={query.value} data={data} />}
        {error !== undefined && !data && <Failure error={error} again={() => tries.value++} />}
        {!data && error === undefined && <Loading rows={6} />}
        {data && (
          <div aria-busy={loading}>
            <List groups={groupByTitle(data.events)} near={near} day={query.value.day} />
            {data.events.length === 0 && <Nothing query={query.value} />}
            {data.more && <More query={query.value} />}
          </div>
        )}
      </div>
    </div>
  );
}

/** Told says what was found, to screen readers too, once the typing pauses. */
function Told({ query, data }: { query: Query; data: Results }) {
  const titles = new Set(data.events.map((event) => event.title_id)).size;
  const showings = count(t.home.found, data.found);
  return (
    <>
      {data.retryAfter > 0 && (
        <p class="notice" role="status">
          {t.home.away}
        </p>
      )}
      {data.unplaced && query.city === undefined && (
        <p class="notice">{fill(t.home.unplaced, { city: data.unplaced })}</p>
      )}
      <p class="told" role="status">
        {data.more || titles === 0 ? showings : count(t.home.ofTitles, titles, { showings })}
        {data.near && (
          <span class="soft"> · {fill(t.home.within, { distance: distance(radiusKm), city: data.near })}</span>
        )}
      </p>
    </>
  );
}

function Nothing({ query }: { query: Query }) {
  return (
    <Empty title={t.home.none} says={t.home.noneSays}>
      <div class="actions">
        {isFiltered(query) && (
          <button type="button" onClick={() => change(cleared(query))}>
            {t.home.clear}
          </button>
        )}
        {query.city !== anywhere && (
          <button type="button" class="quiet" onClick={() => change({ ...query, city: anywhere })}>
            {t.home.anywhereLong}
          </button>
        )}
      </div>
    </Empty>
  );
}

function More({ query }: { query: Query }) {
  return (
    <p class="more">
      <button type="button" class="quiet" onClick={() => change({ ...query, page: query.page + 1 }, true)}>
        {t.home.more}
      </button>
    </p>
  );
}
