/** Kept is what this tab remembers of a booking: it outlasts a reload, and the way to the payment page and back. */
export interface Kept {
  /** A promotion code as it was typed, as long as it is not taken. */
  code?: string;
  /** The last warning given, and of which deadline. */
  warned?: { deadline: string; at: number };
  /** Since when tickets are waited for, by the server's clock, in milliseconds. */
  waitingSince?: number;
}

const nameOf = (id: string) => `booking ${id}`;

/** recall gives what is kept of a booking. */
export function recall(id: string): Kept {
  return JSON.parse(sessionStorage.getItem(nameOf(id)) ?? "{}");
}

/** keep remembers more of a booking, or something else; undefined forgets. */
export function keep(id: string, more: { [K in keyof Kept]: Kept[K] | undefined }): void {
  sessionStorage.setItem(nameOf(id), JSON.stringify({ ...recall(id), ...more }));
}
