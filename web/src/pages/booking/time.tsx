import { useEffect, useRef } from "preact/hooks";
import { api, Refused, take } from "../../api/client";
import { sayError } from "../../ui/notice";
import { count, fill, t } from "../../words";
import { useAct } from "./act";
import { dueWarning, secondsLeft, useSecondsLeft, writeLeft } from "./countdown";
import { keep, recall } from "./kept";
import type { Booking } from "./stage";

interface Props {
  booking: Booking;
  changed: (booking: Booking) => void;
  announce: (says: string) => void;
  /** What to do when nothing is left. */
  over: () => void;
}

/** Time is the countdown of a hold, with what makes it longer, and the warning before it ends. */
export function Time({ booking, changed, announce, over }: Props) {
  const left = useSecondsLeft(booking.hold_expires_at);
  const more = useMore(booking, changed, announce);
  useEffect(() => {
    if (left === 0) {
      over();
    }
  }, [left === 0]);
  return (
    <section class="time card" aria-label={t.checkout.left}>
      <p>
        <span class="soft">{t.checkout.left}</span>
        <strong role="timer">{writeLeft(left)}</strong>
      </p>
      {!more.longest && (
        <button type="button" class="quiet" aria-disabled={more.busy} onClick={() => more.press()}>
          {t.checkout.extend}
        </button>
      )}
      {more.says && (
        <p class={more.longest ? "soft" : "wrong"} role="alert">
          {more.says}
        </p>
      )}
      <Warning booking={booking} left={left} more={more} announce={announce} />
    </section>
  );
}

interface More {
  busy: boolean;
  /** Whether it cannot get longer. */
  longest: boolean;
  /** Why it did not get longer; empty: it did. */
  says: string;
  press: (then?: () => void) => void;
}

/** useMore asks for more time. */
function useMore(booking: Booking, changed: Props["changed"], announce: Props["announce"]): More {
  const act = useAct();
  const longest = act.error instanceof Refused && act.error.code === "deadline-passed";
  return {
    busy: act.busy,
    longest,
    says: longest ? t.checkout.longest : act.error === undefined ? "" : sayError(act.error),
    press: (then) =>
      act.run(async (key) => {
        const params = { path: { id: booking.id }, header: { "Idempotency-Key": key } };
        const longer = await take(api.POST("/bookings/{id}/extend", { params }));
        changed(longer);
        then?.(); // first: behind a dialog nothing is announced
        announce(fill(t.checkout.extended, { left: writeLeft(secondsLeft(longer.hold_expires_at)) }));
      }),
  };
}

interface WarningProps {
  booking: Booking;
  left: number;
  more: More;
  announce: (says: string) => void;
}

/** Warning is a dialog that comes two minutes and one minute before the end, once each, also after a reload. */
function Warning({ booking, left, more, announce }: WarningProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { id, hold_expires_at: deadline } = booking;
  const { warned } = recall(id);
  const due = dueWarning(left, warned?.deadline === deadline ? warned.at : undefined);
  useEffect(() => {
    if (due !== undefined) {
      keep(id, { warned: { deadline, at: due } });
      announce(sayLeft(left));
      if (!dialog.current?.open) {
        dialog.current?.showModal();
      }
    }
  }, [due]);
  useEffect(() => {
    if (left === 0) {
      dialog.current?.close();
    }
  }, [left === 0]);
  const close = () => dialog.current?.close();
  return (
    <dialog ref={dialog} class="warning" aria-labelledby="warning" aria-describedby="warning-left warning-says">
      <h2 id="warning">{t.checkout.warning.title}</h2>
      <p id="warning-left" class="clock">
        <span class="hidden">{sayLeft(left)}</span>
        <span aria-hidden="true">{writeLeft(left)}</span>
      </p>
      <p id="warning-says">{more.longest ? t.checkout.warning.saysLongest : t.checkout.warning.says}</p>
      {more.says && !more.longest && <p class="wrong">{more.says}</p>}
      <div class="actions">
        {!more.longest && (
          <button type="button" aria-disabled={more.busy} onClick={() => more.press(close)}>
            {t.checkout.extend}
          </button>
        )}
        <button type="button" class="quiet" onClick={close}>
          {t.checkout.warning.close}
        </button>
      </div>
    </dialog>
  );
}

/** sayLeft says it in minutes, for who hears it. */
function sayLeft(seconds: number): string {
  return count(t.checkout.leftSays, Math.ceil(seconds / 60));
}
