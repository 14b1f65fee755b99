import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { serverNow } from "../../server";

/** Warnings come with so many seconds left. Who comes back to the last half minute is not stopped by one. */
const warnings = [120, 60];
const tooLate = 30;

/** secondsLeft is how long until a deadline by the server's clock, in whole seconds, 0 at the least. */
export function secondsLeft(deadline: string, now = serverNow()): number {
  return Math.max(0, Math.ceil((Date.parse(deadline) - now) / 1_000));
}

/** writeLeft writes minutes and seconds: "7:05". */
export function writeLeft(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** dueWarning is the warning to give with so many seconds left, where the last one given of this deadline was `given`. */
export function dueWarning(left: number, given: number | undefined): number | undefined {
  const due = warnings.filter((each) => left <= each).at(-1);
  return due === undefined || left <= tooLate || (given !== undefined && due >= given) ? undefined : due;
}

/** useSecondsLeft counts down to a deadline. */
export function useSecondsLeft(deadline: string): number {
  const ticks = useSignal(0);
  useEffect(() => {
    let timer = 0;
    const wait = () => {
      const ms = Date.parse(deadline) - serverNow();
      if (ms > 0) {
        timer = window.setTimeout(tick, (ms % 1_000) + 5);
      }
    };
    const tick = () => {
      ticks.value++;
      wait();
    };
    wait();
    return () => clearTimeout(timer);
  }, [deadline]);
  ticks.value; // each shows it anew, and so does a deadline that moved
  return secondsLeft(deadline);
}
