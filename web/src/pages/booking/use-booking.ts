import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { Retry } from "../../retry";
import { go, here, toLogIn } from "../../router";
import { serverNow } from "../../server";
import { needsLogIn } from "../../session";
import { Follower } from "./follow";
import { Looks } from "./looks";
import { hasReturned } from "./pay";
import { type Booking, isFleeting, pauseOf, type Stage, stageOf } from "./stage";

/** Followed is a booking as the server told of it last. */
export interface Followed {
  booking: Booking | undefined;
  stage: Stage | undefined;
  /** Why it could not be looked at, the last time. */
  error: unknown;
  look: () => void;
  load: () => Promise<Booking>;
  changed: (booking: Booking) => void;
}

interface Seen {
  booking?: Booking;
  stage?: Stage;
  error?: unknown;
}

/** useBooking follows a booking, at once when the page is seen again or the server is back. */
export function useBooking(id: string): Followed {
  const seen = useSignal<Seen>({});
  const looks = useMemo(() => new Looks(id), [id]);
  const retry = useMemo(() => new Retry(), [id]);
  const follower = useMemo(
    () =>
      follow(
        looks,
        (look) => retry.of(look),
        (next) => {
          seen.value = next;
        },
        () => seen.peek(),
      ),
    [id],
  );

  useEffect(() => {
    const look = () => void follower.look();
    const shown = () => {
      if (!document.hidden) {
        look();
      }
    };
    const returned = (event: PageTransitionEvent) => {
      if (event.persisted) {
        look();
      }
    };
    look();
    document.addEventListener("visibilitychange", shown);
    addEventListener("pageshow", returned);
    return () => {
      follower.stop();
      document.removeEventListener("visibilitychange", shown);
      removeEventListener("pageshow", returned);
    };
  }, [follower]);
  useEffect(() => retry.watch(() => void follower.look()), [follower]);
  return {
    booking: seen.value.booking,
    stage: seen.value.stage,
    error: seen.value.error,
    look: () => void follower.look(),
    load: () => looks.look(),
    changed: (booking) => follower.replace(booking),
  };
}

/** follow makes a follower that knows for how long a booking has been in its stage. */
function follow(
  looks: Looks,
  load: (look: () => Promise<Booking>) => Promise<Booking>,
  set: (next: Seen) => void,
  before: () => Seen,
): Follower<Booking> {
  let since = serverNow();
  const returned = () => hasReturned(here.peek().query);
  const stageNow = (booking: Booking) => stageOf(booking, returned(), serverNow());
  return new Follower<Booking>({
    load: (signal) => load(() => looks.look(signal, isFleeting(before().stage))),
    pause: (booking) => {
      const pause = pauseOf(stageNow(booking), serverNow() - since, returned());
      return pause && looks.hasWaited ? 0 : pause;
    },
    see: (booking) => {
      const stage = stageNow(booking);
      if (stage !== before().stage) {
        since = serverNow();
      }
      set({ booking, stage });
    },
    fail: (error) => {
      if (needsLogIn(error)) {
        go(toLogIn(), { replace: true });
      } else {
        set({ ...before(), error });
      }
    },
  });
}
