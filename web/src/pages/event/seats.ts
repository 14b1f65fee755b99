import type { Schemas } from "../../api/client";

export type Ticket = Schemas["Ticket"];
export type Conflict = Schemas["Conflict"];

/** Section is a part of the hall with its free seats, by rows. */
export interface Section {
  name: string;
  free: number;
  rows: Row[];
}

/** Row is a row with its free seats, by number; where people stand, its name is empty. */
export interface Row {
  name: string;
  seats: Ticket[];
}

/** Filters narrow the list. Empty ones do not. */
export interface Filters {
  section: string;
  /** "standard 1450": a category at a price. */
  category: string;
  accessible: boolean;
}

export const noFilters: Filters = { section: "", category: "", accessible: false };

/** costOf is what a buyer pays for a seat, all in: the one place that says so. */
export function costOf(ticket: Ticket): number {
  return ticket.total_minor;
}

/** offerOf names a category with its price: one may have several prices. */
export function offerOf(ticket: Ticket): string {
  return `${ticket.category} ${costOf(ticket)}`;
}

/** offersOf lists what can be had, the cheapest first. */
export function offersOf(
  tickets: readonly Ticket[],
): { id: string; category: string; priceMinor: number; count: number }[] {
  const offers = new Map<string, { id: string; category: string; priceMinor: number; count: number }>();
  for (const ticket of tickets) {
    const id = offerOf(ticket);
    const offer = offers.get(id) ?? { id, category: ticket.category, priceMinor: costOf(ticket), count: 0 };
    offers.set(id, { ...offer, count: offer.count + 1 });
  }
  return [...offers.values()].sort((a, b) => a.priceMinor - b.priceMinor || a.category.localeCompare(b.category));
}

/** inHall puts seats, which come in the order of the hall, into their sections and rows. */
export function inHall(tickets: readonly Ticket[], filters: Filters): Section[] {
  const sections: Section[] = [];
  for (const ticket of tickets) {
    if (!fits(ticket, filters)) {
      continue;
    }
    let section = sections.find(({ name }) => name === ticket.section);
    if (!section) {
      section = { name: ticket.section, free: 0, rows: [] };
      sections.push(section);
    }
    let row = section.rows.at(-1);
    if (row?.name !== ticket.row) {
      row = { name: ticket.row, seats: [] };
      section.rows.push(row);
    }
    row.seats.push(ticket);
    section.free++;
  }
  return sections;
}

function fits(ticket: Ticket, filters: Filters): boolean {
  return (
    (filters.section === "" || ticket.section === filters.section) &&
    (filters.category === "" || offerOf(ticket) === filters.category) &&
    (!filters.accessible || ticket.accessible)
  );
}

/** toggled is the selection with a seat added or taken out; undefined: that would be too many. */
export function toggled(selection: readonly Ticket[], seat: Ticket, most: number): readonly Ticket[] | undefined {
  if (selection.some(({ id }) => id === seat.id)) {
    return selection.filter(({ id }) => id !== seat.id);
  }
  return selection.length < most ? [...selection, seat] : undefined;
}

/** without takes out what conflicts name. */
export function without(tickets: readonly Ticket[], conflicts: readonly Conflict[]): Ticket[] {
  return tickets.filter(({ id }) => !conflicts.some((conflict) => conflict.ticket_id === id));
}

/** totalOf is what the seats cost, in minor units. */
export function totalOf(selection: readonly Ticket[]): number {
  return selection.reduce((sum, ticket) => sum + costOf(ticket), 0);
}

/** still gives the seats of an earlier selection that are free yet, at the price of now. */
export function still(selection: readonly Ticket[], free: readonly Ticket[]): Ticket[] {
  return free.filter(({ id }) => selection.some((chosen) => chosen.id === id));
}
