import { effect, signal } from "@preact/signals";

/** reachable tells whether the server answered the last request. */
export const reachable = signal(true);

/**
 * recoveries counts how often it came back after something failed, which is worth another try then. Where only a part of it
 * is away, other answers still come: the pause between two recoveries is the longer the less they last.
 */
export const recoveries = signal(0);

const shortestPause = 4_000;
const longestPause = 64_000;

/** When the last recovery was, by performance.now(), and how long after it the next may be, in milliseconds. */
let last = Number.NEGATIVE_INFINITY;
let pause = shortestPause;
let isPausing = false;

/** Whether something failed since. */
let missed = false;

/** whenBack does work when the server comes back the next time, if it is still wanted then. */
export function whenBack(work: () => void, isWanted: () => boolean): void {
  const before = recoveries.peek();
  const stop = effect(() => {
    if (recoveries.value > before) {
      stop();
      if (isWanted()) {
        work();
      }
    }
  });
}

/** By how much the server's clock is ahead of performance.now(), in milliseconds. */
let ahead: number | undefined;

/**
 * noteDate learns the server's clock from the Date of an answer. That has no fractions of a second and took its time to come,
 * so the largest difference that was seen is the nearest. The viewer's own clock is never asked: it may be wrong by hours.
 */
export function noteDate(date: string | null, ticks = performance.now()): void {
  const seen = Date.parse(date ?? "") - ticks;
  if (!Number.isNaN(seen)) {
    ahead = ahead === undefined ? seen : Math.max(ahead, seen);
  }
}

/** serverNow is the time by the server's clock, in milliseconds, behind it by little more than a second. */
export function serverNow(ticks = performance.now()): number {
  return ahead === undefined ? Date.now() : ahead + ticks;
}

/** watchedFetch is fetch, and notes the server's clock and whether it answers at all. */
export async function watchedFetch(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    noteDate(response.headers.get("Date"));
    note(!isGateways(response));
    return response;
  } catch (error) {
    if (!request.signal.aborted) {
      note(false);
    }
    throw error;
  }
}

/** lose notes that the server cannot be reached, whatever it was that told so. */
export function lose(): void {
  note(false);
}

/** isGateways tells whether something in front of the server answered in its place. The server itself answers problems. */
export function isGateways(response: Response): boolean {
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  return !isProblem && [502, 503, 504].includes(response.status);
}

function note(answered: boolean): void {
  reachable.value = answered;
  missed ||= !answered;
  if (missed && answered) {
    recover();
  }
}

function recover(): void {
  const lasted = performance.now() - last;
  if (lasted < pause) {
    if (!isPausing) {
      isPausing = true;
      setTimeout(afterPause, pause - lasted);
    }
    return;
  }
  pause = lasted < longestPause ? Math.min(2 * pause, longestPause) : shortestPause;
  last = performance.now();
  missed = false;
  recoveries.value++;
}

function afterPause(): void {
  isPausing = false;
  note(reachable.peek());
}
