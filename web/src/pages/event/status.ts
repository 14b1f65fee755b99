import { type Signal, signal } from "@preact/signals";
import type { Hall } from "./hall";

/** What a place can be. They are the letters of the API's states, and `absent` where the event has no ticket for a place. */
export const states = { available: 0, held: 1, sold: 2, blocked: 3, absent: 4 } as const;

const letters: Record<string, number> = {
  a: states.available,
  h: states.held,
  s: states.sold,
  b: states.blocked,
  "-": states.absent,
};

/** Offer is a price category at a price. */
export interface Offer {
  category: string;
  /** All in, in minor units. */
  totalMinor: number;
}

/**
 * Seats is what an event's seats cost and how they stand, over a hall. States change in place; who draws them reads `changed`
 * for which, and `version` to be told that some did.
 */
export interface Seats {
  readonly hall: Hall;
  /** Stands for the places and their prices: seats of one layout differ in states alone. */
  readonly layout: string;
  readonly currency: string;
  /** The cheapest first. */
  readonly offers: readonly Offer[];
  /** Indexes into offers, by place. */
  readonly offerOf: Uint16Array;
  /** One of `states` each, by place. */
  readonly stateOf: Uint8Array;
  /** Counts up with each change of states. */
  readonly version: Signal<number>;
  /** The places that the last change changed; undefined: it may be any. */
  changed: readonly number[] | undefined;
}

interface NewSeats {
  layout: string;
  currency: string;
  offers: Offer[];
  offerOf: number[];
  letters: string;
}

/** newSeats makes the seats of an event from the API's answer: the letter of each place, offers, and which is whose. */
export function newSeats(hall: Hall, { layout, currency, offers, offerOf, letters }: NewSeats): Seats {
  const order = offers.map((_, i) => i).sort((a, b) => cost(offers, a) - cost(offers, b));
  const rank = new Map(order.map((offer, i) => [offer, i]));
  const seats: Seats = {
    hall,
    layout,
    currency,
    offers: order.map((i) => offers[i] as Offer),
    offerOf: Uint16Array.from(offerOf, (offer) => rank.get(offer) ?? 0),
    stateOf: new Uint8Array(hall.size),
    version: signal(0),
    changed: undefined,
  };
  setAll(seats, letters);
  return seats;
}

function cost(offers: readonly Offer[], i: number): number {
  return offers[i]?.totalMinor ?? 0;
}

/** setAll puts the states of all places in, from their letters. */
export function setAll(seats: Seats, all: string): void {
  for (let i = 0; i < seats.stateOf.length; i++) {
    seats.stateOf[i] = letters[all[i] ?? "-"] ?? states.absent;
  }
  tell(seats, undefined);
}

/** setLike puts the states of other seats of the same layout in. */
export function setLike(seats: Seats, { stateOf }: Seats): void {
  seats.stateOf.set(stateOf);
  tell(seats, undefined);
}

/** setSome puts the states of some places in, and tells once. */
export function setSome(seats: Seats, changes: Iterable<readonly [state: number, places: readonly number[]]>): void {
  const changed: number[] = [];
  for (const [state, places] of changes) {
    for (const i of places) {
      if (seats.stateOf[i] !== state && i < seats.stateOf.length) {
        seats.stateOf[i] = state;
        changed.push(i);
      }
    }
  }
  if (changed.length > 0) {
    tell(seats, changed);
  }
}

function tell(seats: Seats, changed: readonly number[] | undefined): void {
  seats.changed = changed;
  seats.version.value++;
}

/** costOf is what a buyer pays for a place, all in, in minor units: the one place that says so. */
export function costOf(seats: Seats, i: number): number {
  return seats.offers[seats.offerOf[i] ?? 0]?.totalMinor ?? 0;
}
