package bookings_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/bookings"
	"github.com/boxoffice/boxoffice/internal/metrics"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"
)

// rows answers as the store would; a method that a test does not expect is a nil dereference.
type rows struct {
	boxoffice.BookingStore
	calls     []string // of the store and of the provider, in order
	held      boxoffice.Booking
	fresh     bool
	settled   bool
	mail      string                     // that RequestResend queues
	attempts  []boxoffice.PaymentAttempt // given by OpenAttempt, one after the other
	opened    []boxoffice.CheckoutRequest
	abandoned []string
	stored    []boxoffice.PaymentSession
	storeErr  error
	cancelErr error // of RequestCancel
	received  []boxoffice.PaymentEvent
	receipt   boxoffice.EventReceipt
	putOff    []string // events, with why
}

var deadline = time.Date(2026, 11, 27, 19, 30, 0, 0, time.UTC)

func (r *rows) HoldSeats(context.Context, boxoffice.HoldRequest) (boxoffice.Booking, boxoffice.BookingRef, bool, error) {
	return r.held, boxoffice.BookingRef{BookingID: r.held.ID, Summary: "2 seats · Ghost · Chico"}, r.fresh, nil
}

func (r *rows) Booking(context.Context, string, string) (boxoffice.Booking, error) {
	return r.held, nil
}

func (r *rows) OpenAttempt(_ context.Context, req boxoffice.CheckoutRequest) (boxoffice.PaymentAttempt, error) {
	r.opened = append(r.opened, req)
	r.calls = append(r.calls, "OpenAttempt")
	return r.attempts[min(len(r.opened), len(r.attempts))-1], nil
}

func (r *rows) StoreSession(_ context.Context, id string, s boxoffice.PaymentSession) (time.Time, error) {
	r.stored = append(r.stored, s)
	r.calls = append(r.calls, "StoreSession "+id)
	return deadline, r.storeErr
}

func (r *rows) AbandonAttempt(_ context.Context, id string) error {
	r.abandoned = append(r.abandoned, id)
	r.calls = append(r.calls, "AbandonAttempt "+id)
	return nil
}

func (r *rows) RequestCancel(context.Context, string, string, *boxoffice.IdempotencyKey) (boxoffice.Booking, bool, error) {
	r.calls = append(r.calls, "RequestCancel")
	return r.held, r.settled, r.cancelErr
}

func (r *rows) CancelSale(_ context.Context, c boxoffice.Cancellation) (boxoffice.Booking, error) {
	r.calls = append(r.calls, "CancelSale "+c.BookingID)
	return r.held, r.storeErr
}

func (r *rows) RequestResend(context.Context, boxoffice.ResendRequest) (boxoffice.Booking, string, error) {
	return r.held, r.mail, r.storeErr
}

func (r *rows) BookingRef(context.Context, string) (boxoffice.BookingRef, error) {
	return boxoffice.BookingRef{BookingID: r.held.ID}, nil
}

func (r *rows) ReceivePaymentEvent(_ context.Context, e boxoffice.PaymentEvent) (boxoffice.EventReceipt, error) {
	r.received = append(r.received, e)
	return r.receipt, r.storeErr
}

func (r *rows) PutOffEvent(_ context.Context, eventID, why string) (boxoffice.EventFate, error) {
	r.putOff = append(r.putOff, eventID+": "+why)
	return boxoffice.EventUnknown, r.storeErr
}

// bank answers as the provider would.
type bank struct {
	boxoffice.PaymentProvider
	rows      *rows   // whose calls those of the bank stand among
	create    []error // of one call after the other; the last one stays
	find      error
	created   []boxoffice.SessionParameters
	signature error
	parked    string
	now       boxoffice.PaymentEvent // the object of an event as it is now
	nowErr    error
}

func (b *bank) CreateSession(_ context.Context, p boxoffice.SessionParameters) (boxoffice.PaymentSession, error) {
	b.created = append(b.created, p)
	b.rows.calls = append(b.rows.calls, "CreateSession "+p.AttemptID)
	err := b.create[min(len(b.created), len(b.create))-1]
	return boxoffice.PaymentSession{ID: "cs_" + p.AttemptID, URL: "https://pay.test/" + p.AttemptID}, err
}

func (b *bank) FindSession(_ context.Context, attemptID string, _ time.Time) (boxoffice.PaymentSession, error) {
	b.rows.calls = append(b.rows.calls, "FindSession "+attemptID)
	return boxoffice.PaymentSession{ID: "cs_found_" + attemptID, URL: "https://pay.test/found"}, b.find
}

func (b *bank) VerifyWebhook([]byte, string) (boxoffice.PaymentEvent, error) {
	return boxoffice.PaymentEvent{ID: "evt_1", Type: "checkout.session.completed", Parked: b.parked}, b.signature
}

func (b *bank) EventNow(_ context.Context, e boxoffice.PaymentEvent) (boxoffice.PaymentEvent, error) {
	b.now.ID, b.now.Type = e.ID, e.Type
	return b.now, b.nowErr
}

type bundle struct {
	service  *bookings.Service
	rows     *rows
	bank     *bank
	temporal *mocks.Client
	metrics  *metrics.Metrics
}

func setup(t *testing.T) bundle {
	t.Helper()
	base, err := url.Parse("https://tickets.test")
	require.NoError(t, err)
	b := bundle{
		rows: &rows{held: boxoffice.Booking{ID: "b1", Status: boxoffice.BookingHeld}, fresh: true, attempts: []boxoffice.PaymentAttempt{
			{ID: "a1", Parameters: boxoffice.SessionParameters{AttemptID: "a1", AmountMinor: 2900}},
			{ID: "a2", Parameters: boxoffice.SessionParameters{AttemptID: "a2", AmountMinor: 2900}},
		}},
		bank: &bank{create: []error{nil}}, temporal: mocks.NewClient(t),
	}
	b.metrics, err = metrics.New(prometheus.NewRegistry())
	require.NoError(t, err)
	b.bank.rows = b.rows
	b.service = bookings.New(bookings.Options{
		Store: b.rows, Provider: b.bank, Temporal: b.temporal, BaseURL: base, Logger: slog.New(slog.DiscardHandler), Metrics: b.metrics,
	})
	t.Cleanup(func() { require.NoError(t, b.service.Drain()) })
	return b
}

func code(c boxoffice.Code) error { return boxoffice.Errorf(c, "as the test wants it") }

func TestBook_StartsTheRunOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.temporal.On("ExecuteWorkflow", mock.Anything, mock.MatchedBy(func(o client.StartWorkflowOptions) bool {
		return o.ID == workflows.BookingWorkflowID("b1") && o.StaticSummary == "2 seats · Ghost · Chico" && o.TaskQueue == workflows.QueueBooking
	}), mock.Anything, mock.Anything).Return(mocks.NewWorkflowRun(t), nil).Once()
	_, err := b.service.Book(t.Context(), boxoffice.HoldRequest{})
	require.NoError(t, err)
	require.NoError(t, b.service.Drain())

	b.rows.fresh = false // the answer of an earlier request: its run was started by that one, or by the sweep
	_, err = b.service.Book(t.Context(), boxoffice.HoldRequest{})
	require.NoError(t, err)
	require.NoError(t, b.service.Drain())
}

func TestBook_OKWhileTemporalIsAway(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"away": errors.New("connection refused"), "ran already": serviceerror.NewWorkflowExecutionAlreadyStarted("", "", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, err).Once()
			booking, err := b.service.Book(t.Context(), boxoffice.HoldRequest{})
			require.NoError(t, err)
			require.Equal(t, "b1", booking.ID)
		})
	}
}

func TestCheckout_OK(t *testing.T) {
	t.Parallel()
	b := setup(t)
	checkout, err := b.service.Checkout(t.Context(), boxoffice.CheckoutRequest{BookingID: "b1"})
	require.NoError(t, err)
	require.Equal(t, boxoffice.Checkout{URL: "https://pay.test/a1", ExpiresAt: deadline}, checkout)
	require.Equal(t, "https://tickets.test/app/bookings/b1", b.rows.opened[0].SuccessURL)
	require.Equal(t, "cs_a1", b.rows.stored[0].ID)
}

// A page that is open already is given again without asking the provider.
func TestCheckout_GivesTheOpenPageAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rows.attempts[0].SessionID, b.rows.attempts[0].URL = "cs_a1", "https://pay.test/open"
	checkout, err := b.service.Checkout(t.Context(), boxoffice.CheckoutRequest{BookingID: "b1"})
	require.NoError(t, err)
	require.Equal(t, "https://pay.test/open", checkout.URL)
	require.Empty(t, b.bank.created)
}

// The booking closed while the provider was asked: nobody gets to that page, but its ID is kept so that it can be closed.
func TestCheckout_ErrClosedMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rows.storeErr = code(boxoffice.CodeBookingClosed)
	_, err := b.service.Checkout(t.Context(), boxoffice.CheckoutRequest{BookingID: "b1"})
	require.Equal(t, boxoffice.CodeBookingClosed, boxoffice.CodeOf(err))
	require.Len(t, b.rows.stored, 1)
}

func TestCheckout_WhenTheProviderHasNoSession(t *testing.T) {
	t.Parallel()
	t.Run("it is looked up", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.bank.create = []error{code(boxoffice.CodeNoSession)}
		checkout, err := b.service.Checkout(t.Context(), boxoffice.CheckoutRequest{BookingID: "b1"})
		require.NoError(t, err)
		require.Equal(t, "https://pay.test/found", checkout.URL)
		require.Empty(t, b.rows.abandoned)
	})
	t.Run("a new attempt is made once the old one is proved to have none", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.bank.create, b.bank.find = []error{code(boxoffice.CodeNoSession), nil}, code(boxoffice.CodeNoSession)
		checkout, err := b.service.Checkout(t.Context(), boxoffice.CheckoutRequest{BookingID: "b1"})
		require.NoError(t, err)
		require.Equal(t, []string{"a1"}, b.rows.abandoned)
		require.Equal(t, "https://pay.test/a2", checkout.URL)
	})
	t.Run("unknown is no proof", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.bank.create, b.bank.find = []error{code(boxoffice.CodeNoSession)}, code(boxoffice.CodeProviderUnknown)
		_, err := b.service.Checkout(t.Context(), boxoffice.CheckoutRequest{BookingID: "b1"})
		require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err))
		require.Empty(t, b.rows.abandoned)
		require.Len(t, b.rows.opened, 1)
	})
}

// Creating the session succeeds, is declined, or its answer is unknown: what is asked and written then, in order, and what
// the buyer is told. Where it is unknown or declined, the attempt stays as it is: the next try is the same call under the
// same key, and a run that closes the checkout knows of it.
func TestCheckout_EachAnswerOfTheProvider(t *testing.T) {
	t.Parallel()
	none, unknown, declined := code(boxoffice.CodeNoSession), code(boxoffice.CodeProviderUnknown), code(boxoffice.CodeProviderDeclined)
	for name, c := range map[string]struct {
		create []error
		find   error
		calls  []string
		told   boxoffice.Code
	}{
		"succeeded": {create: []error{nil}, calls: []string{"OpenAttempt", "CreateSession a1", "StoreSession a1"}},
		"declined":  {create: []error{declined}, calls: []string{"OpenAttempt", "CreateSession a1"}, told: boxoffice.CodeProviderDeclined},
		"unknown":   {create: []error{unknown}, calls: []string{"OpenAttempt", "CreateSession a1"}, told: boxoffice.CodeUnavailable},
		"made before": {
			create: []error{none}, calls: []string{"OpenAttempt", "CreateSession a1", "FindSession a1", "StoreSession a1"},
		},
		"none, and whether it was made is unknown": {
			create: []error{none}, find: unknown, calls: []string{"OpenAttempt", "CreateSession a1", "FindSession a1"}, told: boxoffice.CodeUnavailable,
		},
		"none, then succeeded": {create: []error{none, nil}, find: none, calls: []string{
			"OpenAttempt", "CreateSession a1", "FindSession a1", "AbandonAttempt a1", "OpenAttempt", "CreateSession a2", "StoreSession a2",
		}},
		"none, then declined": {create: []error{none, declined}, find: none, calls: []string{
			"OpenAttempt", "CreateSession a1", "FindSession a1", "AbandonAttempt a1", "OpenAttempt", "CreateSession a2",
		}, told: boxoffice.CodeProviderDeclined},
		"none, then unknown": {create: []error{none, unknown}, find: none, calls: []string{
			"OpenAttempt", "CreateSession a1", "FindSession a1", "AbandonAttempt a1", "OpenAttempt", "CreateSession a2",
		}, told: boxoffice.CodeUnavailable},
		"none, and again none": {create: []error{none}, find: none, calls: []string{
			"OpenAttempt", "CreateSession a1", "FindSession a1", "AbandonAttempt a1",
			"OpenAttempt", "CreateSession a2", "FindSession a2", "AbandonAttempt a2",
		}, told: boxoffice.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.bank.create, b.bank.find = c.create, c.find
			checkout, err := b.service.Checkout(t.Context(), boxoffice.CheckoutRequest{BookingID: "b1"})
			require.Equal(t, c.told, boxoffice.CodeOf(err))
			require.Equal(t, c.calls, b.rows.calls)
			require.Equal(t, err == nil, checkout.URL != "", "an address is handed out with a success only")
		})
	}
}

// Nothing has to be paid: nobody asks the provider, the run is woken, and the buyer is led on. A double click is led on too.
func TestCheckout_FreeOfCharge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rows.held.HoldExpiresAt = deadline
	b.rows.attempts = []boxoffice.PaymentAttempt{{
		ID: "a1", State: boxoffice.AttemptPaid, Parameters: boxoffice.SessionParameters{AttemptID: "a1", SuccessURL: "https://tickets.test/thanks"},
	}}
	b.temporal.On("SignalWithStartWorkflow", mock.Anything, "booking-b1", workflows.SignalPayment, nil, mock.Anything, mock.Anything, mock.Anything).
		Return(nil, errors.New("away")).Twice()
	for range 2 {
		checkout, err := b.service.Checkout(t.Context(), boxoffice.CheckoutRequest{UserID: "u1", BookingID: "b1"})
		require.NoError(t, err, "the sweep wakes the run where Temporal is away")
		require.Equal(t, boxoffice.Checkout{URL: "https://tickets.test/thanks", ExpiresAt: deadline}, checkout)
	}
	require.Equal(t, []string{"OpenAttempt", "OpenAttempt"}, b.rows.calls)
}

func TestCheckout_ReturnURLs(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"/app/thanks?x=1":              "https://tickets.test/app/thanks?x=1",
		"https://tickets.test/app":     "https://tickets.test/app",
		"//evil.test/app":              "",
		"https://evil.test/":           "",
		"http://tickets.test/app":      "",
		"https://tickets.test@evil/":   "",
		"https://me@tickets.test/":     "",
		"https://tickets.test:444/app": "",
		"javascript:alert(1)":          "",
		"https://%zz":                  "",
	} {
		b := setup(t)
		_, err := b.service.Checkout(t.Context(), boxoffice.CheckoutRequest{BookingID: "b1", SuccessURL: given})
		if want == "" {
			require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), given)
			require.Empty(t, b.rows.opened, "nothing is written")
			continue
		}
		require.NoError(t, err, given)
		require.Equal(t, want, b.rows.opened[0].SuccessURL)
	}
}

func TestResend_StartsTheMailsWorkflow(t *testing.T) {
	t.Parallel()
	t.Run("a mail that was queued", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.rows.mail = "m1"
		b.temporal.On("ExecuteWorkflow", mock.Anything, mock.MatchedBy(func(o client.StartWorkflowOptions) bool {
			return o.ID == "mail-m1" && o.TaskQueue == workflows.QueueFulfilment && !o.WorkflowExecutionErrorWhenAlreadyStarted
		}), mock.Anything, workflows.MailAct(boxoffice.BookingRef{BookingID: "b1"}, "m1")).Return(nil, errors.New("away")).Once()
		booking, err := b.service.Resend(t.Context(), boxoffice.ResendRequest{UserID: "u1", BookingID: "b1"})
		require.NoError(t, err, "the mail is queued; the sweep sends it")
		require.Equal(t, "b1", booking.ID)
	})
	t.Run("an answer of earlier", func(t *testing.T) {
		t.Parallel()
		_, err := setup(t).service.Resend(t.Context(), boxoffice.ResendRequest{})
		require.NoError(t, err)
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.rows.mail, b.rows.storeErr = "m1", boxoffice.Errorf(boxoffice.CodeNotReady, "held")
		_, err := b.service.Resend(t.Context(), boxoffice.ResendRequest{})
		require.Equal(t, boxoffice.CodeNotReady, boxoffice.CodeOf(err))
	})
}
