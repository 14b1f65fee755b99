import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { go } from "../../router";
import { serverNow } from "../../server";
import { sayError } from "../../ui/notice";
import { fill, t } from "../../words";
import { leaving, useAct } from "./act";
import type { Shared } from "./held";
import { keep, recall } from "./kept";
import { toPayment } from "./pay";
import { stepsDone } from "./stage";
import { What } from "./summary";

/** Whoever has waited so long is told what happens next. */
const slowAfter = 120_000;

/** Waiting follows a payment on its way to tickets. isNoticed: the payment has arrived. */
export function Waiting({ shared, isNoticed }: { shared: Shared; isNoticed: boolean }) {
  const { booking, event } = shared;
  const isSlow = useSlow(booking.id);
  return (
    <div class="columns">
      <div>
        <What event={event} />
      </div>
      <section class="waiting card">
        <Steps done={stepsDone(booking)} />
        <p>{t.checkout.wait.says}</p>
        {!isNoticed && <p class="soft">{t.checkout.wait.deadline}</p>}
        {isSlow && <Slow shared={shared} />}
        {!isNoticed && <Unpaid shared={shared} />}
      </section>
    </div>
  );
}

function Steps({ done }: { done: number }) {
  const { label, paid, sold, made, mailed } = t.checkout.steps;
  return (
    <ol class="steps" aria-label={label}>
      {[paid, sold, made, mailed].map((name, i) => (
        <li key={name} data-step={stepOf(i, done)} aria-current={i === done ? "step" : undefined}>
          {name} <span class="hidden">({t.checkout.steps[stepOf(i, done)]})</span>
        </li>
      ))}
    </ol>
  );
}

function stepOf(i: number, done: number): "done" | "now" | "later" {
  if (i < done) {
    return "done";
  }
  return i === done ? "now" : "later";
}

/** useSlow tells whether tickets are waited for since long, reloads included. */
function useSlow(id: string): boolean {
  const since = recall(id).waitingSince ?? serverNow();
  const isSlow = useSignal(serverNow() - since >= slowAfter);
  useEffect(() => {
    keep(id, { waitingSince: since });
    const timer = setTimeout(
      () => {
        isSlow.value = true;
      },
      since + slowAfter - serverNow(),
    );
    return () => clearTimeout(timer);
  }, [id]);
  return isSlow.value;
}

function Slow({ shared }: { shared: Shared }) {
  const { booking, changed, load, announce } = shared;
  const act = useAct();
  const check = () =>
    act.run(async () => {
      changed(await load());
      announce(t.checkout.wait.checked);
    });
  return (
    <div class="slow notice">
      <h2>{t.checkout.wait.slowTitle}</h2>
      <p>{fill(t.checkout.wait.slow, { reference: booking.reference })}</p>
      {act.error !== undefined && <p class="wrong">{sayError(act.error)}</p>}
      <button type="button" aria-disabled={act.busy} onClick={check}>
        {t.checkout.wait.check}
      </button>
    </div>
  );
}

/** Unpaid is the way back to the payment page, for who came here by an old address. */
function Unpaid({ shared }: { shared: Shared }) {
  const act = useAct();
  const { booking } = shared;
  const press = () =>
    act.run(async () => {
      const page = await toPayment(booking);
      go(booking.links.page, { replace: true }); // who goes back finds a booking that is not paid
      location.assign(page);
      return leaving;
    });
  return (
    <p class="hint">
      {t.checkout.wait.unpaid}{" "}
      <button type="button" class="bare" aria-disabled={act.busy} onClick={press}>
        {t.checkout.wait.toPayment}
      </button>
      {act.error !== undefined && <span class="wrong"> {sayError(act.error)}</span>}
    </p>
  );
}
