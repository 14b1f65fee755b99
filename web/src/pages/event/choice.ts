import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Schemas } from "../../api/client";
import { price } from "../../format";
import { count, fill, t } from "../../words";
import { centreOf, isFree, spacesIn, together } from "./beside";
import { forget, store, stored } from "./data";
import { type Counts, countOf, type Filters, fitsOf, noFilters } from "./filter";
import { type Lonely, lonelyOf } from "./orphans";
import { describe, nameOf, placeOf, sayPlace } from "./say";
import { costOf, type Seats, setAll, setLike, setSome, states } from "./status";

/** Lost is what fell out of the selection because others took it, and the nearest that is free instead. */
export interface Lost {
  places: readonly number[];
  instead: readonly number[] | undefined;
}

/** Terms are what an event and a booking set a selection. */
export interface Terms {
  eventId: string;
  /** How many seats one booking may have. */
  most: number;
  rule: "warn" | "refuse" | "ignore";
  /** The booking whose seats are changed; they can be had by its buyer. */
  change: { id: string; tickets: readonly Schemas["Ticket"][] } | undefined;
}

/** How often counts and lists follow the seats, in milliseconds: hundreds of changes may come in a second. */
const beatEvery = 150;

/** Choice is what a buyer chose of an event's seats, and what there is to choose. It lives in this tab until it is booked. */
export class Choice {
  readonly seats: Signal<Seats>;
  readonly selection: Signal<ReadonlySet<number>>;
  /** The place that pointer, tap or keyboard is at. */
  readonly at = signal<number | undefined>(undefined);
  readonly filters = signal<Filters>(noFilters);
  /** How many seats one tap chooses. */
  readonly party = signal(1);
  /** What is said to screen readers, once for each change. */
  readonly said = signal("");
  /** Whether the last seat was one too many. */
  readonly full = signal(false);
  readonly lost = signal<Lost | undefined>(undefined);
  /** The nearest seats together where there are not so many around what was tapped; empty: there are nowhere. */
  readonly elsewhere = signal<readonly number[] | undefined>(undefined);
  /** Other seats that the server named instead of those that are gone. */
  readonly alternatives = signal<readonly (readonly number[])[]>([]);
  /** Whether the chosen seats cost something else since they were chosen. */
  readonly repriced = signal(false);
  /** Changes with the seats, not too often. */
  readonly beat = signal(0);
  readonly fits: ReadonlySignal<((place: number) => boolean) | undefined>;
  readonly counts: ReadonlySignal<Counts>;
  readonly total: ReadonlySignal<number>;
  readonly lonely: ReadonlySignal<Lonely | undefined>;
  readonly hints: ReadonlySignal<readonly number[]>;
  /** Seats fall out of the selection only while this is not set: when we book them they are taken, by us. */
  booking = false;
  /** How often the seats were laid out anew. */
  builds = 0;
  /** The booking that is changed has these. */
  own: ReadonlySet<number>;
  /** Another open booking of the same buyer has these. */
  elsewhereOwn: ReadonlySet<number> = new Set();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly terms: Terms,
    seats: Seats,
  ) {
    this.seats = signal(seats);
    this.own = this.#giveBack(seats);
    this.selection = signal(stored(this.#kept, seats.hall) ?? this.own);
    this.fits = computed(() => fitsOf(this.seats.value, this.filters.value));
    this.counts = computed(() => countOf(this.#standing(), this.fits.value));
    this.total = computed(() => {
      const now = this.seats.value;
      return [...this.selection.value].reduce((sum, i) => sum + costOf(now, i), 0);
    });
    this.lonely = computed(() => lonelyOf(this.#standing(), this.selection.value, this.terms));
    this.hints = computed(() => [
      ...(this.lonely.value?.orphans ?? []),
      ...[this.lost.value?.instead ?? [], this.elsewhere.value ?? [], ...this.alternatives.value]
        .flat()
        .filter((i) => !this.selection.value.has(i)),
    ]);
  }

  /** The seats, for what is to be found anew whenever some change their states. */
  #standing(): Seats {
    this.beat.value;
    return this.seats.value;
  }

  get #kept(): string {
    return this.terms.change ? `${this.terms.eventId} ${this.terms.change.id}` : this.terms.eventId;
  }

  /** giveBack has the seats of the booking that is changed be free for its buyer, and gives their places. */
  #giveBack(seats: Seats): Set<number> {
    const places = (this.terms.change?.tickets ?? []).map((ticket) => placeOf(seats.hall, ticket));
    const own = new Set(places.filter((place) => place !== undefined));
    setSome(seats, [[states.available, [...own]]]);
    return own;
  }

  /** follow keeps the selection and drops what others take of it, until the function that it gives is called. */
  follow(): () => void {
    const keeping = effect(() => store(this.#kept, this.seats.value.hall, this.selection.value));
    const dropping = effect(() => {
      this.seats.value.version.value;
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.beat.value++;
      }, beatEvery);
      this.drop();
    });
    return () => {
      keeping();
      dropping();
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  /** drop takes out of the selection what is no longer free, and says so. */
  drop(): void {
    const seats = this.seats.peek();
    const gone = [...this.selection.peek()].filter((i) => !isFree(seats, i));
    if (this.booking || gone.length === 0) {
      return;
    }
    const rest = new Set([...this.selection.peek()].filter((i) => !gone.includes(i)));
    const places = gone.filter((i) => !this.elsewhereOwn.has(i));
    this.selection.value = rest;
    if (places.length > 0) {
      this.lost.value = { places, instead: this.#nearest(places, rest) };
      this.said.value = sayLost(seats, places);
    }
  }

  #nearest(places: readonly number[], taken: ReadonlySet<number>): readonly number[] | undefined {
    const seats = this.seats.peek();
    return together(seats, {
      count: places.length,
      accessible: spacesIn(seats.hall, places),
      near: centreOf(seats.hall, places),
      offer: seats.offerOf[places[0] ?? 0],
      taken,
    })?.places;
  }

  /** pick is a tap on a place: a chosen one is let go, of free ones as many are chosen as the party is. */
  readonly pick = (place: number): void => {
    this.at.value = place;
    const now = this.selection.peek();
    if (now.has(place) || this.party.peek() === 1 || (now.size > 0 && now.size < this.party.peek())) {
      this.toggle(place);
    } else if (isFree(this.seats.peek(), place)) {
      this.#pickParty(place);
    }
  };

  #pickParty(place: number): void {
    const seats = this.seats.peek();
    const wish = {
      count: this.party.peek(),
      accessible: spacesIn(seats.hall, [place]),
      near: centreOf(seats.hall, [place]),
      offer: seats.offerOf[place],
      fits: this.fits.peek(),
    };
    const around = together(seats, { ...wish, having: place });
    if (around) {
      this.choose(around.places);
      return;
    }
    this.#settle();
    this.elsewhere.value = together(seats, wish)?.places ?? [];
    this.said.value = sayElsewhere(seats, wish.count, this.elsewhere.value);
  }

  /** toggle chooses a free place, or lets go of a chosen one. */
  readonly toggle = (place: number): void => {
    const seats = this.seats.peek();
    const next = new Set(this.selection.peek());
    const removed = next.delete(place);
    if (!removed && !isFree(seats, place)) {
      this.said.value = describe(seats, place, false);
      return;
    }
    if (!removed && next.size >= this.terms.most) {
      this.full.value = true;
      this.said.value = count(t.seats.max, this.terms.most);
      return;
    }
    this.choose(
      removed ? next : next.add(place),
      fill(removed ? t.choose.let : t.choose.took, { seat: sayPlace(seats.hall, place) }),
    );
  };

  /** choose puts other seats in the place of all that were chosen, and says so once. */
  choose(places: Iterable<number>, says = ""): void {
    this.#settle();
    const { hall, currency } = this.seats.peek();
    const before = this.selection.peek();
    this.selection.value = new Set(places);
    const added = [...this.selection.peek()].filter((i) => !before.has(i)).map((i) => sayPlace(hall, i));
    const what = says || fill(t.choose.took, { seat: added.join("; ") });
    const sum = price(this.total.peek(), currency);
    const alone = this.lonely.peek() ? ` ${sayLonely(this.seats.peek(), this.lonely.peek() as Lonely)}` : "";
    this.said.value = `${what} ${fill(t.choose.sum, { count: count(t.seats.count, this.selection.peek().size), sum })}${alone}`;
  }

  /** settle takes back what was said about the selection before. */
  #settle(): void {
    this.full.value = false;
    this.repriced.value = false;
    this.lost.value = undefined;
    this.elsewhere.value = undefined;
    this.alternatives.value = [];
  }

  /** clear forgets the selection: it is booked. */
  clear(): void {
    this.#settle();
    this.selection.value = new Set();
    forget(this.#kept);
  }

  /** all puts the states of all places in, from their letters. */
  all(letters: string): void {
    setAll(this.seats.peek(), [...letters].map((letter, i) => (this.own.has(i) ? "a" : letter)).join(""));
  }

  /** some puts the states of some places in. */
  some(changes: Schemas["SeatChanges"]): void {
    const others = (places: readonly number[] = []) => places.filter((i) => !this.own.has(i));
    setSome(this.seats.peek(), [
      [states.available, changes.available ?? []],
      [states.held, others(changes.held)],
      [states.sold, others(changes.sold)],
      [states.blocked, others(changes.blocked)],
    ]);
  }

  /** take takes seats that were loaded anew: their states; if laid out otherwise, all, and what was chosen by its names. */
  take(seats: Seats): void {
    const now = this.seats.peek();
    this.own = this.#giveBack(seats);
    if (seats.layout === now.layout) {
      setLike(now, seats);
      return;
    }
    const found = [...this.selection.peek()].map((i) => placeOf(seats.hall, nameOf(now.hall, i)));
    const total = this.total.peek();
    this.#settle();
    this.at.value = undefined;
    this.filters.value = noFilters;
    this.builds++;
    batch(() => {
      this.selection.value = new Set(found.filter((i) => i !== undefined));
      this.seats.value = seats;
    });
    this.repriced.value = this.total.peek() !== total;
  }

  /** look has the details of a place shown. */
  readonly look = (place: number): void => {
    this.at.value = place;
  };
}

/** sayLost names what others took, and whether it may come back. */
export function sayLost(seats: Seats, places: readonly number[]): string {
  const names = places.map((i) => sayPlace(seats.hall, i)).join("; ");
  const held = places.every((i) => seats.stateOf[i] === states.held);
  return count(held ? t.choose.lostHeld : t.choose.lost, places.length, { seats: names });
}

/** sayElsewhere says that so many seats are not together there, and where they are. */
export function sayElsewhere(seats: Seats, party: number, places: readonly number[]): string {
  const seat = places.map((i) => sayPlace(seats.hall, i)).join("; ");
  return places.length === 0
    ? fill(t.choose.nowhere, { n: party })
    : fill(t.choose.elsewhere, { n: party, seats: seat });
}

/** sayLonely says what would be left alone, and what the event makes of it. */
export function sayLonely({ hall }: Seats, { orphans, refused }: Lonely): string {
  const seats = orphans.map((i) => sayPlace(hall, i)).join("; ");
  return count(refused ? t.choose.lonelyRefused : t.choose.lonely, orphans.length, { seats });
}
