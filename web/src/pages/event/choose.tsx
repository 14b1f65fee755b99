import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api, newKey, Refused, take } from "../../api/client";
import { go, toLogIn } from "../../router";
import { needsLogIn } from "../../session";
import { Empty, sayError } from "../../ui/notice";
import { count, t } from "../../words";
import type { Loaded } from "./event";
import { SeatList } from "./list";
import { type Conflict, still, type Ticket, toggled, without } from "./seats";
import { Selection } from "./selection";

/** Refusal is why the seats were not held. */
export interface Refusal {
  /** The seats that are gone. */
  conflicts: Conflict[];
  /** Anything else, as a sentence. */
  says: string;
  /** A booking to go to instead. */
  link: string | undefined;
  /** How many seats are still chosen. */
  kept: number;
}

interface Props {
  loaded: Loaded;
  reload: () => void;
  more: () => void;
}

/** Seats is the list of free seats and what was chosen of it. It is all that is needed to buy. */
export function Seats({ loaded, reload, more }: Props) {
  const { event, tickets, maxSeats } = loaded;
  const chosen = useChosen(event.id, tickets);
  const refusal = useSignal<Refusal | undefined>(undefined);
  const full = useSignal(false);
  const gone = useSignal<readonly Conflict[]>([]);
  const free = useComputed(() => without(tickets, gone.value)).value;

  const toggle = (seat: Ticket) => {
    const next = toggled(chosen.selection, seat, maxSeats);
    full.value = next === undefined;
    if (next) {
      chosen.choose(next);
    }
  };
  const refuse = (refused: Refusal) => {
    refusal.value = refused;
    if (refused.conflicts.length > 0) {
      gone.value = refused.conflicts; // until the list is loaded anew
      reload();
    }
  };
  return (
    <div class="seats">
      <section class="offer" aria-labelledby="choose">
        <div class="bar">
          <h2 id="choose">{t.seats.title}</h2>
          <a class="skip" href="#selection">
            {t.seats.toSelection}
          </a>
        </div>
        {free.length === 0 ? (
          <Empty title={t.seats.none} says={t.seats.noneSays}>
            <button type="button" onClick={reload}>
              {t.seats.reload}
            </button>
          </Empty>
        ) : (
          <SeatList tickets={free} currency={event.currency} selection={chosen.selection} toggle={toggle} />
        )}
        {loaded.more && (
          <p class="more">
            <button type="button" class="quiet" onClick={more}>
              {t.seats.more}
            </button>
          </p>
        )}
      </section>
      <Selection
        selection={chosen.selection}
        currency={event.currency}
        maxSeats={maxSeats}
        full={full.value ? count(t.seats.max, maxSeats) : ""}
        refusal={refusal.value}
        toggle={toggle}
        book={useBooking(chosen, refuse)}
      />
    </div>
  );
}

interface Chosen {
  selection: readonly Ticket[];
  choose: (next: readonly Ticket[]) => void;
}

/** useChosen keeps the selection in this tab: it outlasts a reload, and logging in. What is no longer free falls out. */
function useChosen(eventId: string, tickets: readonly Ticket[]): Chosen {
  const name = `seats ${eventId}`;
  const ids = useSignal<readonly string[]>(JSON.parse(sessionStorage.getItem(name) ?? "[]"));
  const stored = ids.value.map((id) => ({ id }) as Ticket);
  return {
    selection: still(stored, tickets),
    choose: (next) => {
      ids.value = next.map(({ id }) => id);
      sessionStorage.setItem(name, JSON.stringify(ids.value));
    },
  };
}

/**
 * useBooking gives what the button does: it holds the seats and leads to the booking. One selection is booked under one key,
 * however often the button is pressed or the line breaks.
 */
function useBooking(chosen: Chosen, refuse: (refused: Refusal) => void): { busy: boolean; press: () => void } {
  const busy = useSignal(false);
  const named = useRef({ ids: "", key: "" });
  const latest = useRef(chosen);
  useEffect(() => {
    latest.current = chosen;
  });

  const press = async () => {
    const { selection, choose } = latest.current;
    const ids = selection.map(({ id }) => id);
    if (busy.value || ids.length === 0) {
      return;
    }
    if (named.current.ids !== ids.join()) {
      named.current = { ids: ids.join(), key: newKey() };
    }
    busy.value = true;
    try {
      const params = { header: { "Idempotency-Key": named.current.key } };
      const booking = await take(api.POST("/book", { params, body: ids }));
      choose([]);
      go(booking.links.page); // busy until the browser is there
    } catch (error) {
      busy.value = false;
      if (needsLogIn(error)) {
        go(toLogIn());
        return;
      }
      const conflicts = (error instanceof Refused && error.problem.conflicts) || [];
      const kept = without(selection, conflicts);
      choose(kept);
      refuse({ conflicts, kept: kept.length, ...sayRefusal(error) });
    }
  };
  return { busy: busy.value, press };
}

function sayRefusal(error: unknown): { says: string; link: string | undefined } {
  if (error instanceof Refused && error.code === "open-booking-exists") {
    return { says: t.seats.open, link: error.problem.link && `/app${error.problem.link}` };
  }
  return { says: sayError(error), link: undefined };
}
