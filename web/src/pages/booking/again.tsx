import { useSignal } from "@preact/signals";
import { api, Refused, type Schemas, take } from "../../api/client";
import { price } from "../../format";
import { go } from "../../router";
import { sayError } from "../../ui/notice";
import { fill, t } from "../../words";
import { leaving, useAct } from "./act";
import type { Shared } from "./held";
import { keep, recall } from "./kept";
import { sayConflicts } from "./says";
import type { Booking } from "./stage";

type Alternative = Schemas["Alternative"];

/** HoldAgain holds the seats of an expired booking anew, by one press, or what comes closest to them. */
export function HoldAgain({ shared: { booking } }: { shared: Shared }) {
  const act = useAct();
  const wanted = useSignal<readonly string[]>([]);
  const own = booking.tickets.map(({ id }) => id);
  const accessible = booking.tickets.some((ticket) => ticket.accessible); // it was said when they were held first
  const hold = (ids: readonly string[]) => {
    wanted.value = ids;
    act.run(async (key) => {
      const params = { query: { accessible }, header: { "Idempotency-Key": key } };
      const next = await take(api.POST("/book", { params, body: [...ids] }));
      await carryCode(booking, next);
      go(next.links.page);
      return leaving;
    }, ids.join());
  };
  const refused = act.error instanceof Refused ? act.error : undefined;
  const code = codeOf(booking);
  const busy = (ids: readonly string[]) => act.busy && wanted.value.join() === ids.join();
  return (
    <div class="again">
      {refused?.code === "seats-taken" || refused?.code === "seat-left-alone" ? (
        <Instead refused={refused} currency={booking.currency} hold={hold} busy={act.busy} />
      ) : (
        <>
          <button type="button" aria-disabled={act.busy} onClick={() => hold(own)}>
            {busy(own) ? t.checkout.ended.holding : t.checkout.ended.again}
          </button>
          {code !== "" && <p class="hint">{fill(t.checkout.ended.keptCode, { code })}</p>}
          {act.error !== undefined && <Mistake error={act.error} />}
        </>
      )}
    </div>
  );
}

interface InsteadProps {
  refused: Refused;
  currency: string;
  busy: boolean;
  hold: (ids: readonly string[]) => void;
}

/** Instead offers what can be had in place of seats that cannot be had, and says why they cannot. */
function Instead({ refused, currency, busy, hold }: InsteadProps) {
  const offers: readonly Alternative[] = refused.problem.alternatives ?? [];
  return (
    <div role="alert">
      {sayConflicts(refused.problem).map((says) => (
        <p key={says}>{says}</p>
      ))}
      <ul class="offers">
        {offers.map(({ ticket_ids, seats, amount_minor }) => (
          <li key={ticket_ids.join()}>
            <button type="button" class="quiet" aria-disabled={busy} onClick={() => hold(ticket_ids)}>
              {fill(t.checkout.ended.instead, { seats: seats.join("; "), amount: price(amount_minor, currency) })}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Mistake({ error }: { error: unknown }) {
  const link = error instanceof Refused && error.code === "open-booking-exists" ? error.problem.link : undefined;
  return (
    <p class="mistake" role="alert">
      {link ? (
        <>
          {t.checkout.ended.openExists} <a href={`/app${link}`}>{t.checkout.ended.openLink}</a>
        </>
      ) : (
        sayError(error)
      )}
    </p>
  );
}

function codeOf(booking: Booking): string {
  return booking.promotion ?? recall(booking.id).code?.trim() ?? "";
}

/** carryCode puts the code of the old booking into the new one. One that is not taken stands in its field, to be seen. */
async function carryCode(from: Booking, to: Booking): Promise<void> {
  const code = codeOf(from);
  if (code === "") {
    return;
  }
  keep(to.id, { code });
  try {
    await take(api.POST("/bookings/{id}/promotion", { params: { path: { id: to.id } }, body: { code } }));
    keep(to.id, { code: undefined });
  } catch {
    // The seats are what matters; the page of the new booking shows the code as typed, with the price that is asked.
  }
}
