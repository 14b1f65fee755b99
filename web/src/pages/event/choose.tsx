import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { useResource } from "../../resource";
import { user } from "../../session";
import { Pending } from "../../ui/notice";
import { count, t } from "../../words";
import { Banners } from "./banners";
import { type Before, loadBefore } from "./before";
import { Best } from "./best";
import { Choice } from "./choice";
import { loadSeats, ticketsOf } from "./data";
import { Detail } from "./detail";
import { SeatList } from "./list";
import { Live } from "./live";
import { MapView } from "./mapview";
import { Order } from "./order";
import { placeOf, sayBriefly } from "./say";
import { Selection } from "./selection";
import type { Seats } from "./status";
import { Legend, Party } from "./tools";

interface Props {
  event: Schemas["Event"];
  most: number;
  /** The booking whose seats are changed; undefined: a new one is made. */
  change: Schemas["Booking"] | undefined;
}

/** Choose is an event's seats as they are now, and what is chosen of them. */
export function Choose({ event, most, change }: Props) {
  const layouts = useSignal(0);
  const loaded = useResource<Seats>(
    () => `seats ${event.id}`,
    (signal) => loadSeats(event.id, signal),
    layouts,
  );
  const { data, error } = loaded.value;
  if (!data) {
    return <Pending error={error} again={() => layouts.value++} />;
  }
  return <Board event={event} most={most} change={change} seats={data} reload={() => layouts.value++} />;
}

function Board({ event, most, change, seats, reload }: Props & { seats: Seats; reload: () => void }) {
  const choice = useMemo(
    () => new Choice({ eventId: event.id, most, rule: event.orphan_rule, change }, seats),
    [event.id],
  );
  const order = useOrder(event.id, choice);
  const away = useFollowing(event.id, choice, seats, reload);
  const before = useResource<Before>(
    () => (user.value ? `before ${event.id}` : undefined), // who may look without a session has nothing yet
    (signal) => loadBefore(event.id, signal),
  ).value.data;
  const open = change ? undefined : before?.open;
  useEffect(() => {
    const { hall } = choice.seats.peek();
    const places = (open?.tickets ?? []).map((ticket) => placeOf(hall, ticket));
    choice.elsewhereOwn = new Set(places.filter((place) => place !== undefined));
  }, [choice, open]);
  const again = useAgain(change ? [] : (before?.had ?? []));
  return (
    <div class="seats">
      <Said choice={choice} />
      <section class="offer" aria-labelledby="choose">
        <div class="bar">
          <h2 id="choose">{change ? t.choose.changeTitle : t.seats.title}</h2>
          <a class="skip" href="#selection">
            {t.seats.toSelection}
          </a>
        </div>
        <Banners choice={choice} open={open} away={away.value} />
        <Legend choice={choice} />
        <Views choice={choice} />
        {!change && <Best choice={choice} order={order} ready={again.ask} />}
      </section>
      <Selection
        choice={choice}
        order={order}
        again={again.says}
        press={() => again.ask(() => void order.book())}
        answer={again.answer}
      />
    </div>
  );
}

/** useOrder asks for the tickets of what is chosen before they are needed. */
function useOrder(eventId: string, choice: Choice): Order {
  const tickets = useComputed(() => ticketsOf(eventId, choice.seats.value.hall));
  useSignalEffect(() => {
    for (const place of choice.selection.value) {
      tickets.value.prefetch(place);
    }
  });
  return useMemo(() => new Order(choice, () => tickets.peek()), [choice]);
}

/** Said is the one place from which screen readers hear what becomes of the selection. */
function Said({ choice }: { choice: Choice }) {
  return (
    <p class="hidden" role="status">
      {choice.said.value}
    </p>
  );
}

/** How long after its layout changed a map is loaded anew, in milliseconds, or up to twice that: not by all who look at once. */
const anew = 500;

/** useFollowing follows the seats while the page is here, and gives whether the server is away. */
function useFollowing(eventId: string, choice: Choice, seats: Seats, reload: () => void) {
  const later = useRef<ReturnType<typeof setTimeout>>(undefined);
  const live = useMemo(() => {
    return new Live(eventId, {
      all: (now, letters) => {
        if (now === seats.layout) {
          choice.all(letters);
        } else {
          clearTimeout(later.current);
          later.current = setTimeout(reload, anew * (1 + Math.random()));
        }
      },
      some: (changes) => choice.some(changes),
      version: () => choice.seats.peek().version.peek(),
    });
  }, [seats]);
  useEffect(() => {
    if (choice.seats.peek() !== seats) {
      choice.take(seats);
    }
    live.start();
    return () => {
      live.stop();
      clearTimeout(later.current);
    };
  }, [live]);
  useEffect(() => choice.follow(), [choice]);
  return live.away;
}

/** useAgain asks once, before seats are held, who has some of the event already. */
function useAgain(had: Before["had"]) {
  const waiting = useSignal<(() => void) | undefined>(undefined);
  const agreed = useSignal(false);
  const says = count(t.choose.again, had.length, { seats: sayBriefly(had) });
  return {
    says: waiting.value ? says : "",
    ask: (go: () => void) => {
      if (had.length === 0 || agreed.value) {
        go();
      } else {
        waiting.value = go;
      }
    },
    answer: (yes: boolean) => {
      const go = waiting.value;
      waiting.value = undefined;
      agreed.value = yes;
      if (yes) {
        go?.();
      }
    },
  };
}

const storedAs = "seats as";

/** Views are the hall as a picture and as a list, one at a time: what is chosen in one is chosen in the other. */
function Views({ choice }: { choice: Choice }) {
  const failed = useSignal(false);
  const list = useSignal(localStorage.getItem(storedAs) === "list");
  const asList = useComputed(() => failed.value || list.value).value;
  useSignalEffect(() => localStorage.setItem(storedAs, list.value ? "list" : "map"));
  return (
    <>
      <div class="views">
        {!failed.value && (
          <fieldset class="switch">
            <legend class="hidden">{t.choose.view}</legend>
            <button type="button" aria-pressed={!asList} onClick={() => (list.value = false)}>
              {t.choose.map}
            </button>
            <button type="button" aria-pressed={asList} onClick={() => (list.value = true)}>
              {t.choose.list}
            </button>
          </fieldset>
        )}
        <Party choice={choice} />
      </div>
      {asList ? (
        <SeatList key={choice.builds} choice={choice} />
      ) : (
        <div class="hall">
          <MapView choice={choice} onFailure={() => (failed.value = true)} />
        </div>
      )}
      {!asList && <Detail choice={choice} />}
    </>
  );
}
