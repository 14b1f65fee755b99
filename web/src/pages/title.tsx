import { useSignal } from "@preact/signals";
import { api, type Schemas, take } from "../api/client";
import { isElsewhere, number, writeDay, zoneName } from "../format";
import { useResource } from "../resource";
import { go, here } from "../router";
import { user } from "../session";
import { Days } from "../ui/days";
import { entitle } from "../ui/layout";
import { Empty, Pending } from "../ui/notice";
import { Poster } from "../ui/poster";
import { Showing } from "../ui/showing";
import { count, fill, t } from "../words";
import { citiesOf, cityOf, daysOf, type Event, onDay, pickCity } from "./showtimes";
import "../styles/title.css";

/** A title and when and where it is shown; ?city= and ?day= say what of that. */
export default function TitlePage({ id }: { id: string }) {
  const tries = useSignal(0);
  const page = useResource(
    () => `title ${id}`,
    (signal) => take(api.GET("/titles/{id}", { params: { path: { id } }, signal })),
    tries,
  );
  const { data, error } = page.value;
  entitle(data?.title.name ?? "");
  if (!data) {
    return (
      <div class="wide">
        <Pending error={error} again={() => tries.value++} />
      </div>
    );
  }
  return (
    <div class="wide title-page">
      <header class="heading">
        <Poster name={data.title.name} />
        <div>
          <p class="kind">{t.types[data.title.kind as keyof typeof t.types] ?? t.types.other}</p>
          <h1>{data.title.name}</h1>
          <Facts title={data.title} />
        </div>
      </header>
      {data.events.length === 0 ? (
        <Empty title={t.title.none} says={t.title.noneSays}>
          <a class="button" href="/app">
            {t.failed.home}
          </a>
        </Empty>
      ) : (
        <Times id={id} events={data.events} />
      )}
    </div>
  );
}

function Facts({ title }: { title: Schemas["Title"] }) {
  const facts = [
    title.year && String(title.year),
    title.genre,
    title.rating,
    title.runtime_minutes && count(t.event.minutes, title.runtime_minutes),
  ].filter((fact) => fact);
  return (
    <>
      {facts.length > 0 && (
        <ul class="facts">
          {facts.map((fact) => (
            <li key={fact}>{fact}</li>
          ))}
        </ul>
      )}
      {title.director && <p class="soft">{fill(t.event.by, { name: title.director })}</p>}
    </>
  );
}

function Times({ id, events }: { id: string; events: Event[] }) {
  const { query } = here.value;
  const city = pickCity(events, [query.get("city"), user.value?.location]);
  const local = events.filter((event) => cityOf(event) === city);
  const days = daysOf(local);
  const asked = query.get("day") ?? "";
  const day = days.includes(asked) ? asked : (days[0] ?? "");
  const address = (part: { city?: string; day?: string }) =>
    `/app/titles/${id}?${new URLSearchParams({ city, day, ...part })}`;
  const first = local[0];
  return (
    <section aria-labelledby="showtimes">
      <div class="bar">
        <h2 id="showtimes">{t.title.showtimes}</h2>
        <label class="choice">
          <span class="soft">{t.title.city}</span>
          <select value={city} onChange={(event) => go(address({ city: event.currentTarget.value }))}>
            {citiesOf(events).map((each) => (
              <option key={each.city} value={each.city}>
                {each.city} ({number(each.count)})
              </option>
            ))}
          </select>
        </label>
      </div>
      <Days
        label={t.title.days}
        current={day}
        days={days.map((each) => ({
          day: each,
          count: local.filter((event) => daysOf([event])[0] === each).length,
          to: address({ day: each }),
        }))}
      />
      <h3 class="hidden">{writeDay(day, { weekday: "long", day: "numeric", month: "long" })}</h3>
      <ul class="venues">
        {onDay(local, day).map(({ venue, events: shown }) => (
          <li key={venue.id} class="card">
            <h4>
              {venue.name}
              <span class="soft">
                {venue.city}, {venue.state}
              </span>
            </h4>
            <ul class="times">
              {shown.map((event) => (
                <li key={event.id}>
                  <Showing event={event} dated={false} />
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
      {first && isElsewhere(first.time, first.venue.time_zone) && (
        <p class="hint">{fill(t.event.zone, { zone: zoneName(first.time, first.venue.time_zone) })}</p>
      )}
    </section>
  );
}
