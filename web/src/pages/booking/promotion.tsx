import { useSignal } from "@preact/signals";
import { api, type Refused, take } from "../../api/client";
import { price } from "../../format";
import { sayError } from "../../ui/notice";
import { fill, t } from "../../words";
import { useAct } from "./act";
import { keep, recall } from "./kept";
import type { Booking } from "./stage";

interface Props {
  booking: Booking;
  changed: (booking: Booking) => void;
  announce: (says: string) => void;
}

/** Promotion puts a code in, or takes it out. What was typed is kept until it is taken. */
export function Promotion({ booking, changed, announce }: Props) {
  return booking.promotion ? (
    <Used booking={booking} changed={changed} announce={announce} />
  ) : (
    <Entry booking={booking} changed={changed} announce={announce} />
  );
}

function Used({ booking, changed, announce }: Props) {
  const act = useAct();
  const remove = () =>
    act.run(async (key) => {
      changed(await take(api.DELETE("/bookings/{id}/promotion", paramsOf(booking, key))));
      announce(t.checkout.codeRemoved);
    });
  return (
    <div class="promotion">
      <p>
        {fill(t.checkout.taken, { code: booking.promotion ?? "" })}{" "}
        <button type="button" class="bare" aria-disabled={act.busy} onClick={remove}>
          {t.checkout.codeRemove}
        </button>
      </p>
      {act.error !== undefined && (
        <p class="wrong" role="alert">
          {sayError(act.error)}
        </p>
      )}
    </div>
  );
}

function Entry({ booking, changed, announce }: Props) {
  const act = useAct();
  const code = useSignal(recall(booking.id).code ?? "");
  const put = (event: SubmitEvent) => {
    event.preventDefault();
    const typed = code.value.trim();
    if (typed === "") {
      return;
    }
    act.run(async (key) => {
      const cheaper = await take(
        api.POST("/bookings/{id}/promotion", { ...paramsOf(booking, key), body: { code: typed } }),
      );
      keep(booking.id, { code: undefined });
      changed(cheaper);
      const amount = price(cheaper.discount_minor ?? 0, cheaper.currency);
      announce(fill(t.checkout.codeTaken, { code: cheaper.promotion ?? typed, amount }));
    }, typed);
  };
  const wrong = act.error === undefined ? "" : sayWrong(act.error);
  return (
    <details class="promotion" open={code.peek() !== ""}>
      <summary>{t.checkout.codeAdd}</summary>
      <form onSubmit={put}>
        <label for="code">{t.checkout.code}</label>
        <div>
          <input
            id="code"
            value={code.value}
            maxLength={40}
            autocomplete="off"
            autocapitalize="characters"
            spellcheck={false}
            aria-invalid={wrong ? true : undefined}
            aria-describedby={wrong ? "code-wrong" : undefined}
            onInput={(event) => {
              code.value = event.currentTarget.value;
              keep(booking.id, { code: code.value });
            }}
          />
          <button type="submit" class="quiet" aria-disabled={act.busy}>
            {t.checkout.codeUse}
          </button>
        </div>
        {wrong && (
          <p class="wrong" id="code-wrong" role="alert">
            {wrong}
          </p>
        )}
      </form>
    </details>
  );
}

/** sayWrong says what is wrong with a code: of a field that is wrong, the field's own words. */
function sayWrong(error: unknown): string {
  return (error as Partial<Refused>).problem?.errors?.[0]?.message ?? sayError(error);
}

function paramsOf(booking: Booking, key: string) {
  return { params: { path: { id: booking.id }, header: { "Idempotency-Key": key } } };
}
