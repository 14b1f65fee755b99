import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
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

/**
 * useAct keeps an act from being done twice: while it is being done it is not begun again, and one whose answer was lost is
 * repeated under the same key. A page that comes back out of the browser's memory is not busy any more.
 */
export function useAct(): Act {
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const named = useRef({ what: "", key: "" });
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
    if (named.current.key === "" || named.current.what !== what) {
      named.current = { what, key: newKey() };
    }
    busy.value = true;
    error.value = undefined;
    try {
      const leaves = await work(named.current.key);
      named.current.key = "";
      busy.value = leaves === leaving;
    } catch (failed) {
      busy.value = false;
      if (failed instanceof Refused) {
        named.current.key = "";
      }
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
