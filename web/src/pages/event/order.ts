import { signal } from "@preact/signals";
import { api, newKey, Refused, type Schemas, take } from "../../api/client";
import { go, toLogIn } from "../../router";
import { needsLogIn } from "../../session";
import { sayError } from "../../ui/notice";
import { t } from "../../words";
import type { Choice } from "./choice";
import type { Tickets } from "./data";
import { placeCalled, placeOf, sayPlace } from "./say";
import { setSome, states } from "./status";

type Conflict = Schemas["Conflict"];

/** Refusal is why seats were not held. */
export interface Refusal {
  /** The seats that stood in the way, by reason. */
  reasons: { reason: Conflict["reason"]; seats: string[] }[];
  /** Anything else, as a sentence. */
  says: string;
  /** A booking to go to instead. */
  link: string | undefined;
  /** How many seats are still chosen, of those that were. */
  kept: number;
  /** What can be had instead; the choice has their places. */
  amounts: number[];
  /** The best seats that were wished for, which are nowhere together: they may be had apart. */
  apart: BestWish | undefined;
}

/** BestWish is what the best seats should be. */
export type BestWish = Pick<Schemas["BookBestRequest"], "count"> & Partial<Schemas["BookBestRequest"]>;

interface Booked {
  page: string;
}

/**
 * Order holds what is chosen, and leads to the booking. One wish is asked for under one key, however often the button is
 * pressed or the line breaks.
 */
export class Order {
  readonly busy = signal(false);
  readonly refusal = signal<Refusal | undefined>(undefined);
  /** Whether the buyer says that the places for wheelchairs are needed. */
  readonly needed = signal(false);
  #named = { wish: "", key: "" };

  constructor(
    private readonly choice: Choice,
    private readonly tickets: () => Tickets,
  ) {}

  /** book holds the seats that are chosen, or changes those of the booking at hand. */
  async book(): Promise<void> {
    const places = [...this.choice.selection.peek()];
    if (places.length > 0) {
      await this.#act(async () => {
        const { change } = this.choice.terms;
        return change ? this.#change(change.id, places) : this.#hold(await this.#ticketsOf(places));
      });
    }
  }

  /** best holds the best free seats of a wish. */
  async best(wish: BestWish): Promise<void> {
    await this.#act(async () => {
      const params = { path: { id: this.choice.terms.eventId }, header: this.#key("best", wish) };
      return pageOf(
        await take(api.POST("/events/{id}/book-best", { params, body: { accessible: 0, split: false, ...wish } })),
      );
    }, wish);
  }

  async #hold(ids: string[]): Promise<Booked> {
    const query = this.needed.peek() ? { accessible: true } : {};
    const params = { query, header: this.#key("book", [ids, query]) };
    return pageOf(await take(api.POST("/book", { params, body: ids })));
  }

  async #change(id: string, places: readonly number[]): Promise<Booked> {
    const { own, terms } = this.choice;
    const add = await this.#ticketsOf(places.filter((i) => !own.has(i)));
    const { hall } = this.choice.seats.peek();
    const remove = (terms.change?.tickets ?? []).filter((ticket) => {
      const place = placeOf(hall, ticket);
      return place !== undefined && !places.includes(place);
    });
    const body = {
      ...(add.length > 0 && { add }),
      ...(remove.length > 0 && { remove: remove.map((ticket) => ticket.id) }),
    };
    const query = this.needed.peek() ? { accessible: true } : {};
    const params = { path: { id }, query, header: this.#key(`change ${id}`, [body, query]) };
    await take(api.PATCH("/bookings/{id}/seats", { params, body }));
    return { page: `/app/bookings/${id}` };
  }

  #ticketsOf(places: readonly number[]): Promise<string[]> {
    return this.tickets().of(places);
  }

  #placeOf(seat: string): number | undefined {
    return placeCalled(this.choice.seats.peek().hall, seat);
  }

  #key(act: string, wish: unknown): { "Idempotency-Key": string } {
    const named = `${act} ${JSON.stringify(wish)}`;
    if (this.#named.wish !== named) {
      this.#named = { wish: named, key: newKey() };
    }
    return { "Idempotency-Key": this.#named.key };
  }

  async #act(ask: () => Promise<Booked>, wish?: BestWish): Promise<void> {
    if (this.busy.peek()) {
      return;
    }
    this.busy.value = true;
    this.refusal.value = undefined;
    this.choice.booking = true;
    try {
      const { page } = await ask();
      this.choice.clear();
      go(page); // busy until the browser is there
    } catch (error) {
      this.busy.value = false;
      if (needsLogIn(error)) {
        go(toLogIn());
        return;
      }
      this.#refuse(error, wish);
    }
  }

  /** refuse takes out what is gone and keeps the rest. Whether seats were held is not known where no clear answer came. */
  #refuse(error: unknown, wish: BestWish | undefined): void {
    const { choice } = this;
    const { conflicts = [], alternatives = [] } = error instanceof Refused ? error.problem : {};
    const gone = conflicts.filter(({ reason }) => reason !== "left_alone" && reason !== "reserved_accessible");
    const places = gone.map(({ seat }) => this.#placeOf(seat) ?? -1);
    setSome(choice.seats.peek(), [
      [states.held, places.filter((_, n) => gone[n]?.reason !== "sold")],
      [states.sold, places.filter((_, n) => gone[n]?.reason === "sold")],
    ]);
    const kept = [...choice.selection.peek()].filter((i) => !places.includes(i));
    if (places.length > 0) {
      choice.selection.value = new Set(kept);
    }
    const others = alternatives
      .map(({ seats, amount_minor }) => ({ places: seats.map((seat) => this.#placeOf(seat)), amount: amount_minor }))
      .filter((other) => other.places.every((place) => place !== undefined));
    choice.alternatives.value = others.map((other) => other.places as number[]);
    choice.booking = !(error instanceof Refused) || error.status >= 500;
    choice.drop();
    this.refusal.value = {
      reasons: this.#reasonsOf(conflicts),
      kept: kept.length,
      amounts: others.map(({ amount }) => amount),
      apart: error instanceof Refused && error.code === "not-together" && !wish?.split ? wish : undefined,
      ...sayRefusal(error, choice.terms.change !== undefined),
    };
  }

  #reasonsOf(conflicts: readonly Conflict[]): Refusal["reasons"] {
    const say = (seat: string) => {
      const place = this.#placeOf(seat);
      return place === undefined ? seat : sayPlace(this.choice.seats.peek().hall, place);
    };
    return [...new Set(conflicts.map(({ reason }) => reason))].map((reason) => ({
      reason,
      seats: conflicts.filter((conflict) => conflict.reason === reason).map(({ seat }) => say(seat)),
    }));
  }
}

function pageOf(booking: Schemas["Booking"]): Booked {
  return { page: booking.links.page };
}

function sayRefusal(error: unknown, changing: boolean): { says: string; link: string | undefined } {
  const code = error instanceof Refused ? error.code : "";
  if (error instanceof Refused && code === "open-booking-exists") {
    return { says: t.seats.open, link: error.problem.link && `/app${error.problem.link}` };
  }
  if (code === "booking-closed" && changing) {
    return { says: t.choose.closed, link: undefined };
  }
  return { says: code === "not-together" ? t.choose.notTogether : sayError(error), link: undefined };
}
