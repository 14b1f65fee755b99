import { type Signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Retry } from "./retry";
import { go, here, toLogIn } from "./router";
import { needsLogIn } from "./session";

/** Resource is what a page loads. While it loads anew, data is that of before, so that nothing jumps. */
export interface Resource<T> {
  data?: T;
  error?: unknown;
  loading: boolean;
}

/** Loads are kept for the back button: at most this many, the oldest go first. */
const kept = new Map<string, unknown>();
const keptAtMost = 30;

function keep(key: string, value: unknown): void {
  kept.delete(key);
  kept.set(key, value);
  for (const oldest of kept.keys()) {
    if (kept.size <= keptAtMost) {
      break;
    }
    kept.delete(oldest);
  }
}

/** forget drops what is kept: somebody else is logged in now. */
export function forget(): void {
  kept.clear();
}

/**
 * useResource loads what key names, and again when key or `again` changes, or when the server is back after the load failed;
 * a load that is no longer wanted is broken off.
 * What was loaded before under the key is shown at once, and brought up to date. An answer that asks for a session leads to
 * the page to log in. key is read inside an effect, so it may read signals; undefined: not yet.
 */
export function useResource<T>(
  key: () => string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
  again?: Signal<number>,
): Signal<Resource<T>> {
  const state = useSignal<Resource<T>>({ loading: true });
  const path = useRef(here.peek().path);
  // After a step to another page, this one stays on the screen until the code of the next is here: it asks for nothing more.
  const wanted = useComputed(() => (here.value.path === path.current ? key() : undefined));
  const latest = useRef(load);
  latest.current = load;
  const retry = useMemo(() => new Retry(), []);
  const retries = useSignal(0);
  useEffect(() => retry.watch(() => retries.value++), []);
  useSignalEffect(() => {
    const name = wanted.value;
    again?.value;
    retries.value;
    if (name === undefined) {
      return;
    }
    const breaker = new AbortController();
    const before = (kept.get(name) as T | undefined) ?? state.peek().data;
    state.value = before === undefined ? { loading: true } : { data: before, loading: true };
    const loading = retry.of(() => latest.current(breaker.signal));
    loading.then(
      (data) => {
        if (!breaker.signal.aborted) {
          keep(name, data);
          state.value = { data, loading: false };
        }
      },
      (error: unknown) => {
        if (breaker.signal.aborted) {
          return;
        }
        if (needsLogIn(error)) {
          go(toLogIn(), { replace: true });
          return;
        }
        state.value = { ...state.peek(), error, loading: false };
      },
    );
    return () => breaker.abort();
  });
  return state;
}
