import type { Schemas } from "../../api/client";
import { count, t } from "../../words";
import type { Choice } from "./choice";
import { sayBriefly } from "./say";

interface Props {
  choice: Choice;
  open: Schemas["Booking"] | undefined;
  away: boolean;
}

/** Banners say what matters before a seat is chosen: that the server is away, what is held already, that nothing is free. */
export function Banners({ choice, open, away }: Props) {
  const { free, held } = choice.counts.value;
  const { change } = choice.terms;
  return (
    <>
      {away && (
        <p class="mistake away" role="alert">
          {t.choose.away}
        </p>
      )}
      {open && (
        <p class="notice open">
          {count(t.choose.open, open.tickets.length, { seats: sayBriefly(open.tickets) })}{" "}
          <a href={`/app/bookings/${open.id}`}>{t.seats.openLink}</a>
          {" · "}
          <a href={`/app/events/${open.event_id}?change=${open.id}`}>{t.choose.changeLink}</a>
        </p>
      )}
      {change && (
        <p class="notice">
          {t.choose.changeSays} <a href={`/app/bookings/${change.id}`}>{t.choose.changeBack}</a>
        </p>
      )}
      {free === 0 && (
        <p class="notice none" role="status">
          {held > 0 ? count(t.choose.allHeld, held) : t.choose.soldOut}
        </p>
      )}
    </>
  );
}
