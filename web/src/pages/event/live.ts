import { signal } from "@preact/signals";
import type { Schemas } from "../../api/client";
import { Refused } from "../../api/client";
import { askMap } from "./data";

/** Told is who is told of an event's seats. */
export interface Told {
  /** How all places stand. */
  all: (layout: string, states: string) => void;
  /** How some stand, by their indexes. */
  some: (changes: Schemas["SeatChanges"]) => void;
  /** A number that counts up whenever the states at hand change, whoever changed them. */
  version: () => number;
}

/** How long to wait, in milliseconds. */
const waits = {
  /** A stream that ends begins again by itself sooner than this. */
  beforePolling: 2_500,
  poll: 5_000,
  longestPoll: 60_000,
  beforeStream: 30_000,
  longestStream: 300_000,
};

/** spread makes many browsers that lost the server at once come back one by one. */
function spread(wait: number): number {
  return wait * (0.8 + 0.4 * Math.random());
}

/**
 * Live follows an event's seats: by the stream, or by asking every few seconds where the stream cannot be had. It rests while
 * the tab is hidden, and catches up when it is shown. `away` says that the server does not answer.
 */
export class Live {
  readonly away = signal(false);
  #stream: EventSource | undefined;
  #poll: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | undefined;
  #failedPolls = 0;
  #failedStreams = 0;
  /** The answer that was told last. Its ETag is that of the states at hand only while these are still of its version. */
  #last = { etag: "", version: -1 };

  constructor(
    readonly eventId: string,
    private readonly told: Told,
  ) {}

  /** start begins to follow, until stop. */
  start(): void {
    document.addEventListener("visibilitychange", this.#turn);
    window.addEventListener("online", this.#look);
    window.addEventListener("offline", this.#look);
    this.#turn();
  }

  stop(): void {
    document.removeEventListener("visibilitychange", this.#turn);
    window.removeEventListener("online", this.#look);
    window.removeEventListener("offline", this.#look);
    this.#rest();
  }

  readonly #turn = () => (document.hidden ? this.#rest() : this.#connect());

  /** look asks now: the network went or came. */
  readonly #look = () => {
    if (!document.hidden) {
      this.#pollAfter(0);
    }
  };

  #rest(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#stopPolling();
    clearTimeout(this.#again);
  }

  #stopPolling(): void {
    clearTimeout(this.#poll);
    this.#poll = undefined;
    this.#asking?.abort();
    this.#asking = undefined;
  }

  #connect(): void {
    if (this.#stream) {
      return;
    }
    clearTimeout(this.#again);
    const stream = new EventSource(`/events/${this.eventId}/seats/stream`);
    this.#stream = stream;
    stream.addEventListener("open", () => this.#follows());
    stream.addEventListener("error", () => this.#breaks(stream));
    stream.addEventListener("seats", ({ data }) => {
      const { layout, states }: Schemas["SeatStates"] = JSON.parse(data);
      this.told.all(layout, states);
    });
    stream.addEventListener("changes", ({ data }) => this.told.some(JSON.parse(data)));
  }

  #follows(): void {
    this.#stopPolling();
    this.#failedStreams = 0;
    this.#failedPolls = 0;
    this.away.value = false;
  }

  /** breaks asks meanwhile; a stream that the browser has given up is tried again later. */
  #breaks(stream: EventSource): void {
    this.#pollAfter(waits.beforePolling);
    if (stream.readyState === EventSource.CLOSED) {
      this.#stream = undefined;
      clearTimeout(this.#again);
      const wait = Math.min(waits.beforeStream * 2 ** this.#failedStreams++, waits.longestStream);
      this.#again = setTimeout(() => this.#connect(), spread(wait));
    }
  }

  /** pollAfter has the next question asked; one that is waiting stays, unless this one is at once. */
  #pollAfter(wait: number): void {
    if (wait > 0 && (this.#poll !== undefined || this.#asking)) {
      return;
    }
    this.#stopPolling();
    this.#poll = setTimeout(() => void this.#ask(), spread(wait));
  }

  async #ask(): Promise<void> {
    this.#poll = undefined;
    const asking = new AbortController();
    this.#asking = asking;
    const wait = await this.#answer(asking.signal);
    if (asking.signal.aborted) {
      return;
    }
    this.#asking = undefined;
    if (this.away.peek() || this.#stream?.readyState !== EventSource.OPEN) {
      this.#pollAfter(wait);
    }
  }

  /** answer asks once, tells, and gives how long to wait. */
  async #answer(signal: AbortSignal): Promise<number> {
    try {
      const answer = await askMap(this.eventId, this.#etag(), signal);
      if (signal.aborted) {
        return 0;
      }
      this.#failedPolls = 0;
      this.away.value = false;
      if (answer) {
        this.told.all(answer.map.layout, answer.map.states);
        this.#last = { etag: answer.etag, version: this.told.version() };
      }
      return waits.poll;
    } catch (error) {
      if (signal.aborted) {
        return 0;
      }
      this.away.value = !(error instanceof Refused) || error.status >= 500;
      const asked = error instanceof Refused ? error.retryAfter * 1000 : 0;
      return Math.max(asked, Math.min(waits.poll * 2 ** this.#failedPolls++, waits.longestPoll));
    }
  }

  #etag(): string {
    return this.#last.version === this.told.version() ? this.#last.etag : "";
  }
}
