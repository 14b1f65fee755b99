import { useSignalEffect } from "@preact/signals";
import { api } from "../api/client";
import { here } from "../router";
import { reachable } from "../server";
import { t } from "../words";

/** How often a server that is away is asked whether it is back, in milliseconds. */
const every = 2_000;

/** AwayBanner says that the server cannot be reached, and asks until it can. Pages try again then by themselves. */
export function AwayBanner() {
  useSignalEffect(() => {
    if (reachable.value) {
      return;
    }
    const timer = setInterval(() => {
      if (navigator.onLine) {
        api.GET("/me").catch(() => undefined); // what is noted of the answer is all that is wanted
      }
    }, every);
    return () => clearInterval(timer);
  });
  return (
    <div class="away-banner" role="status">
      {!reachable.value && (
        <p class="wide">
          {t.checkout.away} {t.tickets.stillWork}{" "}
          {here.value.path !== "/app/bookings" && <a href="/app/bookings">{t.nav.bookings}</a>}
        </p>
      )}
    </div>
  );
}
