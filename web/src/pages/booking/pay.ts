import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, Refused, take } from "../../api/client";
import { price } from "../../format";
import { sayError } from "../../ui/notice";
import { fill, t } from "../../words";
import { leaving, useAct } from "./act";
import type { Shared } from "./held";
import type { Booking } from "./stage";

/** The page of a booking says by this parameter that the payment page led back to it, having been paid. */
const returnedBy = "returned";

/** hasReturned tells whether the payment page said that it is paid. It shows words by this, and nothing else. */
export function hasReturned(query: URLSearchParams): boolean {
  return query.get(returnedBy) === "paid";
}

/** toPayment opens the payment page of a booking, or the one that is open, and gives its address. Throws Refused. */
export async function toPayment(booking: Booking): Promise<string> {
  const page = `/app/bookings/${booking.id}`;
  const body = { success_url: `${page}?${returnedBy}=paid`, cancel_url: page };
  const { checkout_url } = await take(
    api.POST("/bookings/{id}/checkout", { params: { path: { id: booking.id } }, body }),
  );
  return checkout_url;
}

/** usePay gives what the button does: it leads to the payment page, if that asks for the amount which the button says. */
export function usePay({ booking, changed, look }: Pick<Shared, "booking" | "changed" | "look">) {
  const act = useAct();
  const news = useSignal("");
  const closed = act.error instanceof Refused && act.error.status === 409;
  useEffect(() => {
    if (closed) {
      look(); // it was paid, let go or called off elsewhere: the page tells
    }
  }, [closed]);

  const press = () =>
    act.run(async () => {
      news.value = "";
      const path = { id: booking.id };
      const [page, now] = await Promise.all([
        toPayment(booking),
        take(api.GET("/bookings/{id}", { params: { path } })),
      ]);
      if (now.amount_minor !== booking.amount_minor) {
        changed(now);
        look(); // the payment page is open since
        news.value = fill(t.checkout.priceChanged, { amount: price(now.amount_minor, now.currency) });
        return undefined;
      }
      location.assign(page);
      return leaving;
    });
  return { busy: act.busy, says: act.error === undefined ? news.value : sayFailure(act.error), press };
}

function sayFailure(error: unknown): string {
  return error instanceof Refused ? sayError(error) : t.checkout.lost;
}
