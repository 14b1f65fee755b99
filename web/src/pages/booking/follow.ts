import { Refused } from "../../api/client";

interface Hands<T> {
  load: (signal: AbortSignal) => Promise<T>;
  /** How long to wait before the next look, in milliseconds; undefined: there is none. */
  pause: (seen: T) => number | undefined;
  see: (seen: T) => void;
  fail: (error: unknown) => void;
}

/** Follower looks at something again and again, as long as it can change and somebody sees the page. */
export class Follower<T> {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #breaker = new AbortController();
  #failures = 0;
  readonly #hands: Hands<T>;
  readonly #isHidden: () => boolean;

  constructor(hands: Hands<T>, isHidden = () => document.hidden) {
    this.#hands = hands;
    this.#isHidden = isHidden;
  }

  /** look looks now. A look that is under way is broken off, and does not overtake this one. */
  async look(): Promise<void> {
    const { signal } = this.#begin();
    try {
      const seen = await this.#hands.load(signal);
      if (!signal.aborted) {
        this.#failures = 0;
        this.#show(seen);
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#hands.fail(error);
        this.#wait(pauseAfter(error, this.#failures++));
      }
    }
  }

  /** replace takes what an act answered: it is newer than any look under way. */
  replace(seen: T): void {
    this.#begin();
    this.#show(seen);
  }

  /** stop ends it. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#breaker.abort();
  }

  #begin(): AbortController {
    this.stop();
    this.#breaker = new AbortController();
    return this.#breaker;
  }

  #show(seen: T): void {
    this.#hands.see(seen);
    this.#wait(this.#hands.pause(seen));
  }

  #wait(pause: number | undefined): void {
    if (pause !== undefined && !this.#isHidden()) {
      this.#timer = setTimeout(() => void this.look(), pause);
    }
  }
}

/** pauseAfter is how long to wait after so many failures in a row; undefined: another look shows nothing else. */
export function pauseAfter(error: unknown, failures: number): number | undefined {
  if (error instanceof Refused && error.status < 500 && error.status !== 429) {
    return undefined;
  }
  const asked = error instanceof Refused ? error.retryAfter * 1_000 : 0;
  return Math.max(asked, Math.min(8_000, 1_000 * 2 ** failures));
}
