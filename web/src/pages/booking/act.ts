import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { newKey, Refused } from "../../api/client";
import { go, toLogIn } from "../../router";
import { needsLogIn } from "../../session";

/** Act is something that a button does. */
export interface Act {
  busy: boolean;
  /** Why it was not done, the last time. */
  error: unknown;
  /** run does it, unless it is being done. what names it where one button can mean several things: each has a key of its own. */
  run: (work: (key: string) => Promise<unknown>, what?: string) => void;
}

/** ActKey is the Idempotency-Key of an act, the same until it is known what became of it. */
export class ActKey {
  #named = { what: "", key: "" };

  /** of gives the key of what is done: another one for something else. */
  of(what: string): string {
    if (this.#named.key === "" || this.#named.what !== what) {
      this.#named = { what, key: newKey() };
    }
    return this.#named.key;
  }

  /** done says that it was done. */
  done(): void {
    this.#named.key = "";
  }

  /**
   * failed says how it failed. What the server refused is not done, and may be wished anew. After anything else, an answer in
   * the server's place too, it may have been done; and 429 tells nothing of a try before.
   */
  failed(error: unknown): void {
    if (error instanceof Refused && error.status < 500 && ![408, 429].includes(error.status)) {
      this.done();
    }
  }
}

/**
 * useAct keeps an act from being done twice: while it is being done it is not begun again, and one whose answer was lost is
 * repeated under the same key. A page that comes back out of the browser's memory is not busy any more.
 */
export function useAct(): Act {
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const key = useMemo(() => new ActKey(), []);
  useEffect(() => {
    const returned = (event: PageTransitionEvent) => {
      if (event.persisted) {
        busy.value = false;
      }
    };
    addEventListener("pageshow", returned);
    return () => removeEventListener("pageshow", returned);
  }, []);

  const run = async (work: (key: string) => Promise<unknown>, what = "") => {
    if (busy.peek()) {
      return;
    }
    busy.value = true;
    error.value = undefined;
    try {
      const leaves = await work(key.of(what));
      key.done();
      busy.value = leaves === leaving;
    } catch (failed) {
      busy.value = false;
      key.failed(failed);
      if (needsLogIn(failed)) {
        go(toLogIn());
        return;
      }
      error.value = failed;
    }
  };
  return { busy: busy.value, error: error.value, run: (work, what) => void run(work, what) };
}

/** leaving is what work gives that leads to another page: the button stays busy until the browser is there. */
export const leaving = Symbol("leaving");
