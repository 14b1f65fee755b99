import { useSignal } from "@preact/signals";
import type { Schemas } from "../../api/client";
import { codePath, type KeptEvent } from "../../pocket";
import { reachable } from "../../server";
import { user } from "../../session";
import { WheelchairIcon } from "../../ui/icons";
import { fill, t } from "../../words";
import { Code } from "./code";
import { Door } from "./door";
import { sayStart } from "./says";

type Ticket = Schemas["Ticket"];

export interface DeckProps {
  booking: Schemas["Booking"];
  /** At least one. */
  tickets: Ticket[];
  event: KeptEvent | undefined;
}

/** Deck is the tickets beside each other, to swipe through. One that is pressed is shown on the whole screen. */
export function Deck({ booking, tickets, event }: DeckProps) {
  const open = useSignal<number | undefined>(undefined);
  return (
    <section aria-labelledby="deck">
      <h2 id="deck" class="hidden">
        {t.tickets.title}
      </h2>
      <ul class="deck">
        {tickets.map((ticket, i) => (
          <li key={ticket.id} class="stub">
            <div>
              <p class="kind">{fill(t.tickets.nth, { n: i + 1, total: tickets.length })}</p>
              <h3>{event?.name ?? t.bookings.gone}</h3>
            </div>
            <Place ticket={ticket} />
            <button
              type="button"
              class="show"
              aria-label={fill(t.tickets.show, { seat: ticket.seat })}
              onClick={() => {
                open.value = i;
              }}
            >
              <Code path={codePath(booking.id, ticket.id)} label="" />
              <span>{t.tickets.enlarge}</span>
            </button>
            <Facts booking={booking} event={event} />
          </li>
        ))}
      </ul>
      {open.value !== undefined && (
        <Door
          booking={booking}
          tickets={tickets}
          event={event}
          first={open.value}
          close={() => {
            open.value = undefined;
          }}
        />
      )}
    </section>
  );
}

/** Place is where one sits, in large type. */
export function Place({ ticket }: { ticket: Ticket }) {
  return (
    <dl class="place">
      <div>
        <dt>{t.tickets.section}</dt>
        <dd>{ticket.section}</dd>
      </div>
      {ticket.row !== "" && (
        <div>
          <dt>{t.tickets.row}</dt>
          <dd>{ticket.row}</dd>
        </div>
      )}
      <div>
        <dt>{ticket.row === "" ? t.tickets.standing : t.tickets.seat}</dt>
        <dd>{ticket.number}</dd>
      </div>
      {ticket.accessible && (
        <div class="accessible">
          <dt class="hidden">{t.tickets.kind}</dt>
          <dd>
            <WheelchairIcon /> <span class="hidden">{t.seats.wheelchair}</span>
          </dd>
        </div>
      )}
    </dl>
  );
}

function Facts({ booking, event }: Omit<DeckProps, "tickets">) {
  return (
    <dl class="facts">
      {event && (
        <div>
          <dt>{t.tickets.starts}</dt>
          <dd>{sayStart(event)}</dd>
        </div>
      )}
      {event && (
        <div>
          <dt>{t.event.where}</dt>
          <dd>
            {event.venue.name}, {event.venue.city}
          </dd>
        </div>
      )}
      <div>
        <dt>{t.tickets.booking}</dt>
        <dd>{booking.reference}</dd>
      </div>
      {user.value !== null && reachable.value && (
        <div>
          <dt>{t.tickets.holder}</dt>
          <dd>{user.value?.username ?? "…"}</dd>
        </div>
      )}
    </dl>
  );
}
