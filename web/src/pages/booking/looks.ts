import { api, take } from "../../api/client";
import type { Booking } from "./stage";

/** Looks asks for a booking. Who has seen it may wait: the server then answers when the booking goes on. */
export class Looks {
  /** Whether the server has waited with its last answer. It does not while too many wait. */
  hasWaited = false;
  #etag = "";
  #seen: Booking | undefined;

  constructor(readonly id: string) {}

  /** look throws Refused, and TypeError where no answer came. */
  async look(signal?: AbortSignal, isWaiting = false): Promise<Booking> {
    const headers = isWaiting && this.#seen ? { "If-None-Match": this.#etag, Prefer: "wait=20" } : {};
    const params = { path: { id: this.id } };
    const asked = await api.GET("/bookings/{id}", { params, headers, ...(signal && { signal }) });
    this.hasWaited = asked.response.headers.has("Preference-Applied");
    if (asked.response.status !== 304 || !this.#seen) {
      this.#seen = await take(Promise.resolve(asked));
      this.#etag = asked.response.headers.get("ETag") ?? "";
    }
    return this.#seen;
  }
}
