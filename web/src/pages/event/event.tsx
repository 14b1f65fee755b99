import { useSignal } from "@preact/signals";
import { api, type Schemas, take } from "../../api/client";
import { clock, moment, money } from "../../format";
import { useResource } from "../../resource";
import { CalendarIcon, PinIcon, TicketIcon } from "../../ui/icons";
import { entitle } from "../../ui/layout";
import { Pending } from "../../ui/notice";
import { Poster } from "../../ui/poster";
import { fullness, sayFullness } from "../../ui/showing";
import { sayRefunds } from "../../ui/terms";
import { count, fill, t } from "../../words";
import { Seats } from "./choose";
import { costOf, type Ticket } from "./seats";
import "../../styles/event.css";

type Event = Schemas["Event"];

/** Loaded is an event with its free seats as far as they were asked for. */
export interface Loaded {
  event: Event;
  tickets: Ticket[];
  maxSeats: number;
  more: boolean;
}

/** A showing: its facts, and its free seats to choose from. */
export default function EventPage({ id }: { id: string }) {
  const tries = useSignal(0);
  const pages = useSignal(1);
  const page = useResource<Loaded>(
    () => `event ${id} ${pages.value}`,
    (signal) => load(id, pages.peek(), signal),
    tries,
  );
  const { data, error } = page.value;
  entitle(data?.event.name ?? "");
  if (!data) {
    return (
      <div class="wide">
        <Pending error={error} again={() => tries.value++} />
      </div>
    );
  }
  return (
    <div class="wide event-page">
      <Heading event={data.event} />
      <Facts event={data.event} tickets={data.tickets} />
      {data.event.status === "on_sale" ? (
        <Seats loaded={data} reload={() => tries.value++} more={() => pages.value++} />
      ) : (
        <p class="notice">{data.event.status === "cancelled" ? t.event.cancelled : t.event.past}</p>
      )}
    </div>
  );
}

async function load(id: string, pages: number, signal: AbortSignal): Promise<Loaded> {
  const loaded: Partial<Loaded> & { tickets: Ticket[] } = { tickets: [] };
  let cursor: string | undefined;
  for (let page = 0; page < pages; page++) {
    const params = { path: { id }, query: cursor === undefined ? {} : { cursor } };
    const answer = await take(api.GET("/events/{id}", { params, signal }));
    loaded.event = answer.event;
    loaded.maxSeats = answer.max_seats;
    loaded.tickets.push(...answer.tickets);
    cursor = answer.next;
    if (cursor === undefined) {
      break;
    }
  }
  return { ...(loaded as Loaded), more: cursor !== undefined };
}

function Heading({ event }: { event: Event }) {
  return (
    <header class="heading">
      <Poster name={event.name} />
      <div>
        <p class="kind">{t.types[event.type as keyof typeof t.types] ?? t.types.other}</p>
        <h1>{event.name}</h1>
        <p class="lead">
          {moment(event.time, event.venue.time_zone)} · {event.venue.name}
        </p>
        <p>
          <a href={`/app/titles/${event.title_id}`}>{fill(t.event.onTitle, { name: event.name })}</a>
        </p>
      </div>
    </header>
  );
}

function Facts({ event, tickets }: { event: Event; tickets: readonly Ticket[] }) {
  const { venue } = event;
  const highest = tickets.reduce((most, ticket) => Math.max(most, costOf(ticket)), event.price_from_minor);
  const lowest = tickets.reduce((least, ticket) => Math.min(least, costOf(ticket)), highest);
  return (
    <dl class="event-facts">
      <div>
        <dt>
          <CalendarIcon />
          {t.event.when}
        </dt>
        <dd>
          {moment(event.time, venue.time_zone, "long")}
          <span class="soft">{fill(t.event.ends, { time: clock(event.ends_at, venue.time_zone) })}</span>
        </dd>
      </div>
      <div>
        <dt>
          <PinIcon />
          {t.event.where}
        </dt>
        <dd>
          {venue.name}
          <span class="soft">
            {venue.city}, {venue.state}
          </span>
        </dd>
      </div>
      <div>
        <dt>
          <TicketIcon />
          {t.event.prices}
        </dt>
        <dd>
          {sayPrices(lowest, highest, event.currency)}
          <span class="soft" data-full={fullness(event)}>
            {event.available === 0
              ? sayFullness(event)
              : count(t.event.ofSeats, event.available, { total: event.total })}
          </span>
        </dd>
      </div>
      <div>
        <dt>{t.event.refunds}</dt>
        <dd class="policy">{sayRefunds(event)}</dd>
      </div>
    </dl>
  );
}

function sayPrices(lowest: number, highest: number, currency: string): string {
  if (highest === 0) {
    return t.event.free;
  }
  const to = money(highest, currency);
  return lowest === highest ? to : fill(t.event.priceRange, { from: money(lowest, currency), to });
}
