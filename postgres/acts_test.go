package postgres_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// runActs are the acts of a run, each with the stages in which it has anything to do. In every other it must change
// nothing, because its run decided on rows that are no longer so.
var runActs = []struct {
	name string
	does []string // the stages that it changes
	// absent are the codes by which it may refuse a stage that it does not change: it names a payment or a refund that the
	// booking does not have, or asks for tickets where nothing is sold.
	absent []boxoffice.Code
	needs  func(s scene) bool // nil: applies to every scene
	do     func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error
}{
	{name: "Look", do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
		return only(store.Look(ctx, s.ID, epoch))
	}},
	{
		name: "BeginClosing", does: []string{"held, late"},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.BeginClosing(ctx, s.ID, epoch))
		},
	},
	{
		name: "ResolveAttempt, expired", needs: hasAttempt,
		does: []string{"open", "open, closing", "open, cancel wished", "open, wrong amount paid before"},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			session := sessionOf(s.attempt, boxoffice.SessionExpired)
			return only(store.ResolveAttempt(ctx, s.ID, epoch, boxoffice.AttemptEnd{AttemptID: s.attempt.ID, Session: &session}))
		},
	},
	{
		name: "ResolveAttempt, never made", needs: hasAttempt,
		does: []string{"open", "open, closing", "open, cancel wished", "open, wrong amount paid before"},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.ResolveAttempt(ctx, s.ID, epoch, boxoffice.AttemptEnd{AttemptID: s.attempt.ID}))
		},
	},
	{
		name: "ResolveAttempt, paid", needs: hasAttempt,
		does: []string{"open", "open, closing", "open, cancel wished", "open, wrong amount paid before"},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			session := sessionOf(s.attempt, boxoffice.SessionComplete)
			return only(store.ResolveAttempt(ctx, s.ID, epoch, boxoffice.AttemptEnd{AttemptID: s.attempt.ID, Session: &session}))
		},
	},
	{
		name: "ResolveAttempt, still open", needs: hasAttempt,
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			session := sessionOf(s.attempt, boxoffice.SessionOpen)
			return only(store.ResolveAttempt(ctx, s.ID, epoch, boxoffice.AttemptEnd{AttemptID: s.attempt.ID, Session: &session}))
		},
	},
	{
		name: "ReleaseSeats", does: []string{"closing"},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.ReleaseSeats(ctx, s.ID, epoch))
		},
	},
	{
		name: "ConfirmSeats", does: []string{"paid"}, absent: []boxoffice.Code{boxoffice.CodeNotFound},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.ConfirmSeats(ctx, s.ID, epoch, s.payment))
		},
	},
	{
		name: "SellLate", does: []string{"expired, paid late"}, absent: []boxoffice.Code{boxoffice.CodeNotFound},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.SellLate(ctx, s.ID, epoch, s.payment))
		},
	},
	{
		name: "IssueAdmissions", does: []string{"confirmed"}, absent: []boxoffice.Code{boxoffice.CodeFenced},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			_, err := store.IssueAdmissions(ctx, s.ID, epoch)
			return err
		},
	},
	{
		name: "CompleteBooking", does: []string{"confirmed"},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.CompleteBooking(ctx, s.ID, epoch, "tickets/again.pdf"))
		},
	},
	{
		name: "Compensate", does: []string{"paid", "paid, cancel wished", "confirmed"},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.Compensate(ctx, s.ID, epoch, "It could not be."))
		},
	},
	{
		name: "RequestRefund", absent: []boxoffice.Code{boxoffice.CodeNotFound},
		does: []string{"open, wrong amount paid before", "expired, paid late", "cancelled, paid"},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.RequestRefund(ctx, s.ID, epoch, s.payment))
		},
	},
	{
		name: "MarkRefund, pending", does: []string{"refunding", "given back"}, absent: []boxoffice.Code{boxoffice.CodeNotFound},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.MarkRefund(ctx, s.ID, epoch, refundOf(s.payment, 1, boxoffice.RefundPending)))
		},
	},
	{
		name: "MarkRefund, succeeded", does: []string{"refunding", "given back"}, absent: []boxoffice.Code{boxoffice.CodeNotFound},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.MarkRefund(ctx, s.ID, epoch, refundOf(s.payment, 1, boxoffice.RefundSucceeded)))
		},
	},
	{
		name: "MarkRefund, failed", absent: []boxoffice.Code{boxoffice.CodeNotFound},
		does: []string{"refunding", "given back", "refunding, money back", "refunded"},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.MarkRefund(ctx, s.ID, epoch, refundOf(s.payment, 1, boxoffice.RefundFailed)))
		},
	},
	{
		name: "RenewRefund", absent: []boxoffice.Code{boxoffice.CodeNotFound, boxoffice.CodeProviderUnknown}, // all are young: see renew_test.go
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.RenewRefund(ctx, s.ID, epoch, s.payment, 1))
		},
	},
	{
		name: "MarkRefundShort", does: []string{"refunding", "given back"},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.MarkRefundShort(ctx, s.ID, epoch, s.payment, 1))
		},
	},
	{
		name: "RecordRefunds", absent: []boxoffice.Code{boxoffice.CodeNotFound},
		does: []string{
			"paid", "paid, cancel wished", "open, wrong amount paid before", "confirmed", "completed", "expired, paid late", "cancelled, paid", "refunding",
			"given back", "refunding, money back", "refunded", // of the last two more went back than came in: the row is closed
		},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			all := []boxoffice.ProviderRefund{byHand("re_hand_"+s.ID, seatPrice-s.short)}
			return only(store.RecordRefunds(ctx, s.ID, epoch, s.payment, all))
		},
	},
	{
		name: "FinishRefund", does: []string{"refunding, money back"},
		do: func(ctx context.Context, store *postgres.Bookings, s scene, epoch int64) error {
			return only(store.FinishRefund(ctx, s.ID, epoch))
		},
	},
}

func only(_ boxoffice.Situation, err error) error { return err }

func hasAttempt(s scene) bool { return s.attempt.ID != "" }

// TestRunActs_FencedGuardedAndRepeatable does every act of a run in every stage of a booking: with an old epoch (refused,
// nothing changed), in a stage that is not the act's (nothing changed), in one that is (something changed), and once more
// (nothing changed).
func TestRunActs_FencedGuardedAndRepeatable(t *testing.T) {
	t.Parallel()
	for _, act := range runActs {
		t.Run(act.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, len(stages))
			for i, stage := range stages {
				s := h.stage(t, i)
				if act.needs != nil && !act.needs(s) {
					continue
				}
				do := func(epoch int64) error { return act.do(t.Context(), h.store, s, epoch) }
				before := h.rows(t)
				requireCode(t, boxoffice.CodeFenced, do(s.epoch-1))
				require.Equal(t, before, h.rows(t), "%s: an old epoch changes nothing", stage.name)

				err := do(s.epoch)
				after := h.rows(t)
				if !slices.Contains(act.does, stage.name) {
					if err != nil {
						require.Contains(t, act.absent, boxoffice.CodeOf(err), "%s: %v", stage.name, err)
					}
					require.Equal(t, before, after, "%s: it is not this act's stage", stage.name)
					continue
				}
				require.NoError(t, err, stage.name)
				require.NotEqual(t, before, after, "%s: the act has its effect", stage.name)
				require.NoError(t, do(s.epoch), stage.name)
				require.Equal(t, after, h.rows(t), "%s: once more changes nothing", stage.name)
			}
		})
	}
}

// stage builds the ith stage with the ith seat.
func (h *house) stage(t testing.TB, i int) scene {
	t.Helper()
	s := stages[i].build(t, h, h.addUser(t), h.tickets[i:i+1])
	if s.payment == "" {
		s.payment = newID(t) // a payment that there is not
	}
	return s
}

// TestSituation_EachStageAsksForItsStep also asserts that the sweep would find each unfinished booking, and no other.
func TestSituation_EachStageAsksForItsStep(t *testing.T) {
	t.Parallel()
	h := newHouse(t, len(stages))
	for i, stage := range stages {
		s := h.stage(t, i)
		now, err := h.store.Look(t.Context(), s.ID, s.epoch)
		require.NoError(t, err)
		require.Equal(t, stage.next, now.Next(), "%s: %+v", stage.name, now)
		checked := one[bool](t, h, `SELECT next_check_at IS NOT NULL FROM bookings WHERE id = $1`, s.ID)
		require.Equal(t, stage.next != boxoffice.StepEnd, checked, "%s: what is unfinished is swept", stage.name)
		again := h.verify(t, s.ID)
		require.Equal(t, s.epoch+1, again.Epoch)
		require.Equal(t, stage.next, again.Next(), "%s: the first step only looks", stage.name)
	}
}

func TestRunActs_ErrNotFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	nobody := scene{Booking: boxoffice.Booking{ID: newID(t)}, attempt: boxoffice.PaymentAttempt{ID: newID(t)}, payment: newID(t)}
	_, err := h.store.VerifyHold(t.Context(), nobody.ID)
	requireCode(t, boxoffice.CodeNotFound, err)
	for _, act := range runActs {
		requireCode(t, boxoffice.CodeNotFound, act.do(t.Context(), h.store, nobody, 0))
	}
	_, err = h.store.Attempt(t.Context(), nobody.attempt.ID)
	requireCode(t, boxoffice.CodeNotFound, err)
	_, err = h.store.StoreSession(t.Context(), nobody.attempt.ID, boxoffice.PaymentSession{ID: "cs"})
	requireCode(t, boxoffice.CodeNotFound, err)
	requireCode(t, boxoffice.CodeNotFound, h.store.AbandonAttempt(t.Context(), nobody.attempt.ID))
	_, err = h.store.Refund(t.Context(), nobody.payment, 1)
	requireCode(t, boxoffice.CodeNotFound, err)
	_, err = h.store.BookingRef(t.Context(), nobody.ID)
	requireCode(t, boxoffice.CodeNotFound, err)
	_, err = h.store.MarkEmail(t.Context(), newID(t), nil, false)
	requireCode(t, boxoffice.CodeNotFound, err)
	_, err = h.store.EmailJob(t.Context(), newID(t))
	requireCode(t, boxoffice.CodeNotFound, err)
}

// TestBuyersActs_AnothersBookingIsAbsent asks for a booking by somebody else's name.
func TestBuyersActs_AnothersBookingIsAbsent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	s := h.soldBooking(t, h.addUser(t), h.tickets[0])
	other, before := h.addUser(t), h.rows(t)
	for name, err := range map[string]error{
		"Booking":        second(h.store.Booking(t.Context(), other, s.ID)),
		"Extend":         second(h.store.Extend(t.Context(), other, s.ID, nil)),
		"OpenAttempt":    second(h.store.OpenAttempt(t.Context(), boxoffice.CheckoutRequest{UserID: other, BookingID: s.ID})),
		"RequestCancel":  third(h.store.RequestCancel(t.Context(), other, s.ID, nil)),
		"CancelSale":     second(h.store.CancelSale(t.Context(), boxoffice.Cancellation{UserID: other, BookingID: s.ID})),
		"Quote":          second(h.store.QuoteCancellation(t.Context(), boxoffice.Cancellation{UserID: other, BookingID: s.ID})),
		"RequestResend":  third(h.store.RequestResend(t.Context(), boxoffice.ResendRequest{UserID: other, BookingID: s.ID})),
		"TicketDocument": third(h.store.TicketDocument(t.Context(), other, s.ID)),
	} {
		require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err), "%s: %v", name, err)
	}
	page, err := h.store.Bookings(t.Context(), boxoffice.BookingFilter{UserID: other, Limit: 10})
	require.NoError(t, err)
	require.Empty(t, page.Bookings)
	require.Equal(t, before, h.rows(t))
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }
