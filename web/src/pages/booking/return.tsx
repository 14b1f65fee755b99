import { useSignal } from "@preact/signals";
import { api, type Schemas, take } from "../../api/client";
import { price } from "../../format";
import { sayError } from "../../ui/notice";
import { count, t } from "../../words";
import { useAct } from "./act";
import type { DeckProps } from "./deck";
import { sayTerms } from "./says";

type Quote = Schemas["CancellationQuote"];
type Ticket = Schemas["Ticket"];

/** Offer is what giving these tickets back comes to. */
interface Offer {
  tickets: Ticket[];
  quote: Quote;
}

interface Props extends DeckProps {
  /** Called once tickets are given back, with what was said to come back. */
  returned: (quote: Quote) => void;
}

/** Return gives tickets back, all or some: choose, see what comes back, confirm. */
export function Return({ booking, tickets, event, returned }: Props) {
  const offer = useSignal<Offer | undefined>(undefined);
  const { busy, error, run } = useAct();
  const ask = (chosen: Ticket[]) =>
    run(async () => {
      offer.value = { tickets: chosen, quote: await quoteOf(booking.id, chosen) };
    }, "ask");
  const confirm = ({ tickets: chosen, quote }: Offer) =>
    run(async (key) => {
      await giveBack(booking.id, chosen, key);
      offer.value = undefined;
      returned(quote);
    }, chosen.map(({ id }) => id).join());
  return (
    <details class="fold">
      <summary>{t.tickets.giveBack}</summary>
      <p>{sayTerms(booking, event)}</p>
      {error !== undefined && (
        <p class="mistake" role="alert">
          {sayError(error)}
        </p>
      )}
      {offer.value ? (
        <Confirm
          offer={offer.value}
          all={offer.value.tickets.length === tickets.length}
          busy={busy}
          confirm={confirm}
          cancel={() => {
            offer.value = undefined;
          }}
        />
      ) : (
        <Choose tickets={tickets} currency={booking.currency} busy={busy} ask={ask} />
      )}
    </details>
  );
}

/** The tickets are always named: a request that names none means the seats of a hold, or all there are. */
async function quoteOf(bookingID: string, tickets: Ticket[]): Promise<Quote> {
  const params = { path: { id: bookingID }, query: { preview: true } };
  const body = { ticket_ids: tickets.map(({ id }) => id) };
  return (await take(api.POST("/bookings/{id}/cancel", { params, body }))) as Quote;
}

async function giveBack(bookingID: string, tickets: Ticket[], key: string): Promise<void> {
  const params = { path: { id: bookingID }, header: { "Idempotency-Key": key } };
  const body = { ticket_ids: tickets.map(({ id }) => id) };
  await take(api.POST("/bookings/{id}/cancel", { params, body }));
}

interface ChooseProps {
  tickets: Ticket[];
  currency: string;
  busy: boolean;
  ask: (chosen: Ticket[]) => void;
}

function Choose({ tickets, currency, busy, ask }: ChooseProps) {
  const none = useSignal(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const ids = new Set(new FormData(event.currentTarget as HTMLFormElement).getAll("ticket"));
    none.value = ids.size === 0;
    if (ids.size > 0) {
      ask(tickets.filter(({ id }) => ids.has(id)));
    }
  };
  return (
    <form onSubmit={submit}>
      <fieldset class="ticks">
        <legend class="hidden">{t.tickets.which}</legend>
        {tickets.map((ticket) => (
          <label key={ticket.id}>
            <input type="checkbox" name="ticket" value={ticket.id} defaultChecked={tickets.length === 1} />
            <span>{ticket.seat}</span>
            <span class="soft">{price(ticket.total_minor, currency)}</span>
          </label>
        ))}
      </fieldset>
      {none.value && (
        <p class="wrong" role="alert">
          {t.tickets.chooseOne}
        </p>
      )}
      <button type="submit" class="quiet" aria-disabled={busy}>
        {busy ? t.tickets.asking : t.tickets.ask}
      </button>
    </form>
  );
}

interface ConfirmProps {
  offer: Offer;
  all: boolean;
  busy: boolean;
  confirm: (offer: Offer) => void;
  cancel: () => void;
}

function Confirm({ offer, all, busy, confirm, cancel }: ConfirmProps) {
  const { quote, tickets } = offer;
  return (
    <fieldset class="offered">
      <legend>{all ? t.tickets.wouldAll : t.tickets.would}</legend>
      <ul>
        {tickets.map((ticket) => (
          <li key={ticket.id}>{ticket.seat}</li>
        ))}
      </ul>
      <dl class="sums">
        <div>
          <dt>{t.tickets.goesBack}</dt>
          <dd>{price(quote.refund_minor, quote.currency)}</dd>
        </div>
        <div>
          <dt>{t.tickets.isKept}</dt>
          <dd>{price(quote.fee_minor, quote.currency)}</dd>
        </div>
      </dl>
      <p>{t.tickets.forGood}</p>
      <p class="actions">
        <button type="button" aria-disabled={busy} onClick={() => confirm(offer)}>
          {busy ? t.tickets.givingBack : count(t.tickets.giveBackN, tickets.length)}
        </button>
        <button type="button" class="quiet" onClick={cancel}>
          {t.tickets.keep}
        </button>
      </p>
    </fieldset>
  );
}
