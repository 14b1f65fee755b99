package postgres

import (
	"context"
	"fmt"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ownMoney is what our books say of an object of the provider's; nil: they have no row of it.
type ownMoney struct {
	bookingID *string // of the payment or attempt that it belongs to
	amount    *int64
	currency  *string
	state     *boxoffice.RefundState
	known     *bool // the row has the provider's ID
}

func (o ownMoney) booking() string { return deref(o.bookingID) }

func (o ownMoney) money() boxoffice.Money {
	return boxoffice.Money{Minor: deref(o.amount), Currency: deref(o.currency)}
}

// JudgePayments finds our payments by their payment intents, and those that we ought to have by their attempts.
func (s *Bookings) JudgePayments(ctx context.Context, payments []boxoffice.ProviderPayment) ([]boxoffice.Verdict, error) {
	intents, attempts := make([]string, len(payments)), make([]string, len(payments))
	for i, p := range payments {
		intents[i], attempts[i] = p.PaymentIntent, uuidOf(p.AttemptID)
	}
	verdicts := make([]boxoffice.Verdict, len(payments))
	err := s.compare(ctx, verdicts, func(i int, o ownMoney) boxoffice.Verdict { return judgePayment(payments[i], o) }, `
		SELECT q.i - 1, coalesce(p.booking_id, a.booking_id)::text, p.amount_minor, p.currency, NULL::text, NULL::boolean
		FROM unnest($1::text[], $2::text[]::uuid[]) WITH ORDINALITY AS q (intent, attempt, i)
		LEFT JOIN payments p ON p.payment_intent = q.intent
		LEFT JOIN payment_attempts a ON a.id = q.attempt`, intents, attempts)
	return verdicts, err
}

func judgePayment(p boxoffice.ProviderPayment, ours ownMoney) boxoffice.Verdict {
	v := boxoffice.Verdict{BookingID: ours.booking()}
	switch {
	case ours.amount != nil && ours.money() == p.Amount:
		v.Standing = boxoffice.StandsAgreed
	case ours.amount != nil:
		v.Standing, v.Says = boxoffice.StandsApart, fmt.Sprintf("The provider took %s, and our books say %s.", p.Amount, ours.money())
	case ours.bookingID != nil:
		v.Standing, v.Says = boxoffice.StandsBehind, fmt.Sprintf("The provider took %s for the booking, and we never heard of it.", p.Amount)
	case p.AttemptID != "" && p.BookingID != "":
		v.Standing, v.Says = boxoffice.StandsLost, fmt.Sprintf("The provider took %s for a booking that this database does not have.", p.Amount)
	default:
		v.Standing = boxoffice.StandsForeign
	}
	return v
}

// JudgeRefunds finds our refunds by the provider's IDs or by their numbers, and refunds made by hand by their payment.
func (s *Bookings) JudgeRefunds(ctx context.Context, refunds []boxoffice.ProviderRefund) ([]boxoffice.Verdict, error) {
	ids, payments, numbers, intents := make([]string, len(refunds)), make([]string, len(refunds)), make([]int, len(refunds)), make([]string, len(refunds))
	for i, r := range refunds {
		ids[i], payments[i], numbers[i], intents[i] = r.ID, uuidOf(r.PaymentID), r.N, r.PaymentIntent
	}
	verdicts := make([]boxoffice.Verdict, len(refunds))
	err := s.compare(ctx, verdicts, func(i int, o ownMoney) boxoffice.Verdict { return judgeRefund(refunds[i], o) }, `
		SELECT q.i - 1, coalesce(r.booking_id, p.booking_id)::text, r.amount_minor, r.currency, r.state::text, r.known
		FROM unnest($1::text[], $2::text[]::uuid[], $3::integer[], $4::text[]) WITH ORDINALITY AS q (id, payment, n, intent, i)
		LEFT JOIN LATERAL (
			SELECT rp.booking_id, r.amount_minor, r.currency, r.state, r.provider_id IS NOT NULL AS known
			FROM refunds r JOIN payments rp ON rp.id = r.payment_id
			WHERE r.provider_id = q.id OR (r.payment_id = q.payment AND r.n = q.n AND r.provider_id IS NULL) LIMIT 1) r ON true
		LEFT JOIN payments p ON p.payment_intent = q.intent`, ids, payments, numbers, intents)
	return verdicts, err
}

func judgeRefund(r boxoffice.ProviderRefund, ours ownMoney) boxoffice.Verdict {
	v := boxoffice.Verdict{BookingID: ours.booking()}
	switch state := deref(ours.state); {
	case ours.amount != nil && ours.money() != r.Amount:
		v.Standing, v.Says = boxoffice.StandsApart, fmt.Sprintf("The provider's refund is of %s, and our books say %s.", r.Amount, ours.money())
	case ours.amount != nil && state == r.State && deref(ours.known):
		v.Standing = boxoffice.StandsAgreed
	case ours.amount != nil:
		v.Standing, v.Says = boxoffice.StandsBehind,
			fmt.Sprintf("The refund of %s is %s at the provider, and %s in our books.", r.Amount, nameOf(r.State), state)
	case r.State == boxoffice.RefundFailed && r.PaymentID == "":
		v.Standing = boxoffice.StandsAgreed // it was never ours, and moved nothing
	case ours.bookingID != nil:
		v.Standing, v.Says = boxoffice.StandsBehind, fmt.Sprintf("The provider has a refund of %s that we did not ask for, %s.", r.Amount, nameOf(r.State))
	case r.PaymentID != "":
		v.Standing, v.Says = boxoffice.StandsLost, fmt.Sprintf("The provider has a refund of %s, of a payment that this database does not have.", r.Amount)
	default:
		v.Standing = boxoffice.StandsForeign
	}
	return v
}

// nameOf names a state for people, also one that we do not know.
func nameOf(state boxoffice.RefundState) string {
	if state == "" {
		return "in a state unknown to us"
	}
	return string(state)
}

// compare asks for what our books say, and judges each object by that.
func (s *Bookings) compare(ctx context.Context, verdicts []boxoffice.Verdict, by func(i int, ours ownMoney) boxoffice.Verdict, sql string, args ...any) error {
	return s.db.apart.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		var i int
		var o ownMoney
		_, err = pgx.ForEachRow(rows, []any{&i, &o.bookingID, &o.amount, &o.currency, &o.state, &o.known}, func() error {
			verdicts[i] = by(i, o)
			return nil
		})
		return err
	})
}

// JudgePages finds our attempts by the references that payment pages carry. A page that is open for nothing is behind, and
// so is an attempt that waits for a page that is closed; who paid on one is among the payments.
func (s *Bookings) JudgePages(ctx context.Context, pages []boxoffice.PaymentSession) ([]boxoffice.Verdict, error) {
	ids, attempts := make([]string, len(pages)), make([]string, len(pages))
	for i, p := range pages {
		ids[i], attempts[i] = p.ID, uuidOf(p.AttemptID)
	}
	verdicts := make([]boxoffice.Verdict, len(pages))
	err := s.db.apart.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT q.i - 1, a.booking_id::text, a.live, a.held
			FROM unnest($1::text[], $2::text[]::uuid[]) WITH ORDINALITY AS q (id, attempt, i)
			LEFT JOIN LATERAL (
				SELECT a.booking_id, a.state = 'live' AS live, b.status = 'held' AS held
				FROM payment_attempts a JOIN bookings b ON b.id = a.booking_id
				WHERE a.id = q.attempt OR a.session_id = q.id ORDER BY a.id = q.attempt DESC LIMIT 1) a ON true`, ids, attempts)
		if err != nil {
			return err
		}
		var i int
		var bookingID *string
		var live, held *bool
		_, err = pgx.ForEachRow(rows, []any{&i, &bookingID, &live, &held}, func() error {
			verdicts[i] = judgePage(pages[i], bookingID, deref(live), deref(held))
			return nil
		})
		return err
	})
	return verdicts, err
}

func judgePage(page boxoffice.PaymentSession, bookingID *string, live, held bool) boxoffice.Verdict {
	v := boxoffice.Verdict{Standing: boxoffice.StandsAgreed, BookingID: deref(bookingID)}
	switch {
	case bookingID == nil:
		v.Standing = boxoffice.StandsForeign
	case page.Status == boxoffice.SessionOpen && !(live && held):
		v.Standing, v.Says = boxoffice.StandsBehind, "A payment page is open at the provider, and what is paid on it can buy nothing."
	case page.Status == boxoffice.SessionExpired && live:
		v.Standing, v.Says = boxoffice.StandsBehind, "A payment page is closed at the provider, and our books have it open."
	}
	return v
}
