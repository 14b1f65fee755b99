import { useSignal } from "@preact/signals";
import { api, type Schemas, take } from "../../api/client";
import { Field, wrongOf } from "../../ui/field";
import { sayError } from "../../ui/notice";
import { fill, t } from "../../words";
import { useAct } from "./act";
import { sayMail } from "./says";

interface Props {
  booking: Schemas["Booking"];
  /** Whose clock times are told by, an IANA name. */
  zone: string;
  changed: () => void;
}

/** Mails tells what was mailed about a booking and what became of it, and has its tickets mailed again. */
export function Mails({ booking, zone, changed }: Props) {
  if (booking.mails.length === 0 && !booking.links.resend) {
    return null;
  }
  return (
    <details class="fold">
      <summary>{t.tickets.mails}</summary>
      <ul class="mails">
        {booking.mails.map((mail) => (
          <li key={`${mail.kind} ${mail.queued_at}`} data-status={mail.status}>
            <strong>{t.tickets.kinds[mail.kind]}</strong>
            <span>{mail.to}</span>
            <span class="soft">{sayMail(mail, zone)}</span>
          </li>
        ))}
      </ul>
      {booking.links.resend && <Resend booking={booking} changed={changed} />}
    </details>
  );
}

/** Resend mails the tickets again, to where they went or to an address that is typed. */
function Resend({ booking, changed }: Omit<Props, "zone">) {
  const sent = useSignal<string | undefined>(undefined);
  const { busy, error, run } = useAct();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const email = String(new FormData(form).get("email")).trim();
    sent.value = undefined;
    run(async (key) => {
      const params = { path: { id: booking.id }, header: { "Idempotency-Key": key } };
      const answer = await take(api.POST("/bookings/{id}/resend", { params, body: email ? { email } : {} }));
      sent.value = email || answer.email || answer.mails[0]?.to || "";
      form.reset();
      changed();
    }, email);
  };
  const wrong = wrongOf(error, "email");
  return (
    <form onSubmit={submit} noValidate>
      <Field
        name="email"
        label={t.tickets.otherEmail}
        type="email"
        autocomplete="email"
        verbatim
        optional
        wrong={wrong}
      />
      {error !== undefined && !wrong && (
        <p class="mistake" role="alert">
          {sayError(error)}
        </p>
      )}
      <div role="status">
        {sent.value !== undefined && <p class="notice">{fill(t.tickets.sent, { to: sent.value })}</p>}
      </div>
      <button type="submit" class="quiet" aria-disabled={busy}>
        {busy ? t.tickets.sending : t.tickets.resend}
      </button>
    </form>
  );
}
