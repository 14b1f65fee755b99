package postgres_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// ledger is a provider's record: its payments, in pages of two.
type ledger struct {
	boxoffice.ProviderLedger
	payments []boxoffice.ProviderPayment
	asked    boxoffice.LedgerWindow
	err      error
}

func (l *ledger) Payments(_ context.Context, w boxoffice.LedgerWindow, after string) (boxoffice.LedgerPage[boxoffice.ProviderPayment], error) {
	l.asked = w
	at := 1 + slices.IndexFunc(l.payments, func(p boxoffice.ProviderPayment) bool { return p.PaymentIntent == after })
	page := boxoffice.LedgerPage[boxoffice.ProviderPayment]{Items: l.payments[at:min(at+2, len(l.payments))]}
	if at+2 < len(l.payments) {
		page.Next = l.payments[at+1].PaymentIntent
	}
	return page, l.err
}

// record gives what the provider has where it agrees with our books: each payment, with what went back of it.
func (h *house) record(t testing.TB) *ledger {
	t.Helper()
	rows, err := h.own.Query(t.Context(), `
		SELECT p.payment_intent, p.attempt_id::text, p.booking_id::text, p.amount_minor, p.currency, p.received_at,
			coalesce((SELECT sum(amount_minor) FROM refunds r WHERE r.payment_id = p.id AND state <> 'failed' AND provider_id IS NOT NULL), 0)::bigint
		FROM payments p WHERE amount_minor > 0 ORDER BY p.id`)
	require.NoError(t, err)
	l := &ledger{}
	for rows.Next() {
		p := boxoffice.ProviderPayment{Captured: true}
		require.NoError(t, rows.Scan(&p.PaymentIntent, &p.AttemptID, &p.BookingID, &p.Amount.Minor, &p.Amount.Currency, &p.PaidAt, &p.RefundedMinor))
		l.payments = append(l.payments, p)
	}
	require.NoError(t, rows.Err())
	return l
}

// providerPlant is a difference between the provider's record and our books, on either side.
type providerPlant struct {
	promise string
	what    string
	build   func(h *house, t testing.TB, user string, tickets []string) scene
	theirs  func(l *ledger)
	ours    string // SQL
	subject string
}

var providerPlants = []providerPlant{
	{"provider-payment-is-ours", "never heard of", (*house).open, func(l *ledger) {
		l.payments = append(l.payments, l.payments[0])
		l.payments[len(l.payments)-1].PaymentIntent = "pi_unheard"
	}, "", "payment pi_unheard"},
	{"provider-payment-is-ours", "of a booking that is gone", (*house).sold, func(l *ledger) {
		lost := l.payments[0]
		lost.PaymentIntent, lost.BookingID = "pi_lost", "01900000-0000-7000-8000-000000000009"
		l.payments = append(l.payments, lost)
	}, "", "payment pi_lost"},
	{"our-payment-is-the-providers", "not at the provider", (*house).sold, func(l *ledger) { l.payments = nil }, "", "payment {payment}"},
	{"our-payment-is-the-providers", "never captured", (*house).sold, func(l *ledger) { l.payments[0].Captured = false }, "", "payment {payment}"},
	{"payment-is-the-providers-amount", "less", (*house).sold, func(l *ledger) { l.payments[0].Amount.Minor-- }, "", "payment {payment}"},
	{"payment-is-the-providers-amount", "in other money", (*house).sold, func(l *ledger) { l.payments[0].Amount.Currency = "MXN" }, "", "payment {payment}"},
	{"payment-is-the-providers-amount", "more in our books", (*house).paid, nil, `UPDATE payments SET amount_minor = amount_minor + 1 WHERE id = {payment}`, "payment {payment}"},
	{"refund-is-the-providers", "by hand", (*house).sold, func(l *ledger) { l.payments[0].RefundedMinor = 100 }, "", "payment {payment}"},
	{"refund-is-the-providers", "never made", (*house).refunded, func(l *ledger) { l.payments[0].RefundedMinor = 0 }, "", "payment {payment}"},
	{"refund-is-the-providers", "failed in our books alone", (*house).moneyBack, nil,
		`UPDATE refunds SET state = 'failed' WHERE payment_id = {payment}`, "payment {payment}"},
}

// TestAudit_FindsEachDifferenceToTheProvider plants one at a time: that one is reported, and no other of its kind.
func TestAudit_FindsEachDifferenceToTheProvider(t *testing.T) {
	t.Parallel()
	for _, p := range providerPlants {
		t.Run(p.promise+", "+p.what, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 5)
			s := p.build(h, t, h.addUser(t), h.tickets[:2])
			h.sold(t, h.addUser(t), h.tickets[2:3])
			h.refunded(t, h.addUser(t), h.tickets[3:4])
			h.clock.AdvanceClock(t, 5*time.Minute)
			l := h.record(t)
			differences := func() []postgres.AuditViolation {
				found := h.audit(t, postgres.AuditOptions{Provider: l}).Violations
				return slices.DeleteFunc(found, func(v postgres.AuditViolation) bool {
					return !slices.ContainsFunc(postgres.ProviderPromises(), func(p postgres.AuditPromise) bool { return p.Name == v.Promise })
				})
			}
			require.Empty(t, differences(), "before anything is planted")
			if p.theirs != nil {
				own := slices.IndexFunc(l.payments, func(at boxoffice.ProviderPayment) bool { return at.BookingID == s.ID })
				if own > 0 {
					l.payments[0], l.payments[own] = l.payments[own], l.payments[0]
				}
				others := l.payments[min(1, len(l.payments)):]
				p.theirs(l)
				if l.payments == nil {
					l.payments = others
				}
			}
			if p.ours != "" {
				h.exec(t, strings.ReplaceAll(p.ours, "{payment}", quoted(s.payment)))
			}
			found := differences()
			require.Len(t, found, 1, "%+v", found)
			require.Equal(t, []string{p.promise, strings.ReplaceAll(p.subject, "{payment}", s.payment)}, []string{found[0].Promise, found[0].Subject})
			require.NotEmpty(t, found[0].Detail)
			require.NotContains(t, found[0].Detail, "@", "nothing personal")
		})
	}
}

func TestAudit_EachProviderPromiseIsPlanted(t *testing.T) {
	t.Parallel()
	planted := map[string]bool{}
	for _, p := range providerPlants {
		planted[p.promise] = true
	}
	asked := map[string]bool{}
	for _, p := range postgres.ProviderPromises() {
		require.NotEmpty(t, p.Says)
		asked[p.Name] = true
	}
	require.Equal(t, asked, planted)
}

// TestAudit_ProviderInEverySituation compares bookings in every situation that a run can meet: none differs.
func TestAudit_ProviderInEverySituation(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages))
	for i := range stages {
		h.stage(t, i)
	}
	for range 2 {
		l := h.record(t)
		report := h.audit(t, postgres.AuditOptions{Provider: l, Grace: time.Hour})
		require.Empty(t, report.Violations)
		require.EqualValues(t, len(l.payments), report.Provider)
		require.Greater(t, report.Provider, int64(4), "more than a page")
		h.clock.AdvanceClock(t, time.Minute)
	}
}

// TestAudit_ProviderLeavesOutWhatMoves compares nothing that may have changed since the record was read.
func TestAudit_ProviderLeavesOutWhatMoves(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.sold(t, h.addUser(t), h.tickets[:1])
	h.refunding(t, h.addUser(t), h.tickets[1:])
	l := h.record(t)
	l.payments[1].RefundedMinor = l.payments[1].Amount.Minor // made, and its answer is under way
	l.payments = append(l.payments[1:], boxoffice.ProviderPayment{PaymentIntent: "pi_now", BookingID: "b", Captured: true, PaidAt: time.Now()})
	require.Empty(t, h.audit(t, postgres.AuditOptions{Provider: l}).Violations)

	h.clock.AdvanceClock(t, 40*24*time.Hour)
	for i := range l.payments {
		l.payments[i].PaidAt = time.Now()
	}
	report := h.audit(t, postgres.AuditOptions{Provider: &ledger{}})
	require.NotContains(t, broken(report), "our-payment-is-the-providers", "its record of that time was not read")
	h.audit(t, postgres.AuditOptions{Provider: l, ProviderSince: time.Hour})
	require.WithinDuration(t, l.asked.To.Add(-3*time.Hour), l.asked.From, time.Second, "an hour more at each end")

	l.err = boxoffice.Errorf(boxoffice.CodeProviderUnknown, "away")
	_, err := h.db.Audit(t.Context(), postgres.AuditOptions{Provider: l})
	requireCode(t, boxoffice.CodeProviderUnknown, err)
	l.err = nil
	h.audit(t, postgres.AuditOptions{Provider: l}) // the connection of the one that failed kept nothing
}
