package payments_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	simulator "github.com/boxoffice/boxoffice/internal/devstack/stripe"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/stretchr/testify/require"
)

const patience = 20 * time.Second

// stand is a simulator, a client of it, and the events that the simulator sent and the client verified.
type stand struct {
	t      *testing.T
	sim    *simulator.Server
	client *payments.Client
	events chan boxoffice.PaymentEvent
}

func setup(t *testing.T, change ...func(*simulator.Options)) *stand {
	t.Helper()
	s := &stand{t: t, events: make(chan boxoffice.PaymentEvent, 100)}
	endpoint := httptest.NewServer(http.HandlerFunc(s.receive))
	t.Cleanup(endpoint.Close)
	o := simulator.Options{
		Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), AsyncDelay: 50 * time.Millisecond,
		Webhooks: []simulator.Endpoint{{URL: endpoint.URL, Secret: testSecret}},
	}
	for _, f := range change {
		f(&o)
	}
	sim, err := simulator.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sim.Stop()) })
	s.sim = sim
	s.client, _ = newClient(t, sim.URL)
	return s
}

func (s *stand) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	e, err := s.client.VerifyWebhook(body, r.Header.Get("Stripe-Signature"))
	if err != nil {
		s.t.Errorf("a genuine webhook was refused: %v", err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.events <- e
}

// await waits for an event of a type.
func (s *stand) await(kind string) boxoffice.PaymentEvent {
	s.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		select {
		case e := <-s.events:
			if e.Type == kind {
				return e
			}
		case <-deadline.C:
			require.FailNow(s.t, "no event came", kind)
		}
	}
}

func (s *stand) create(attempt string) boxoffice.PaymentSession {
	s.t.Helper()
	made, err := s.client.CreateSession(s.t.Context(), order(attempt))
	require.NoError(s.t, err)
	return made
}

// pay fills in the payment page, as a buyer does.
func (s *stand) pay(session boxoffice.PaymentSession, card string) {
	s.t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	form := url.Values{"email": {"page@example.com"}, "card_number": {card}, "exp": {"12/40"}, "cvc": {"123"}}
	s.post(browser, session.URL, "application/x-www-form-urlencoded", form.Encode(), http.StatusSeeOther)
}

// fault makes the simulator misbehave.
func (s *stand) fault(json string) {
	s.t.Helper()
	s.post(http.DefaultClient, s.sim.URL+"/_sim/faults", "application/json", json, http.StatusCreated)
}

func (s *stand) post(client *http.Client, address, kind, body string, want int) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, address, strings.NewReader(body))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", kind)
	res, err := client.Do(req)
	require.NoError(s.t, err)
	require.NoError(s.t, res.Body.Close())
	require.Equal(s.t, want, res.StatusCode)
}

func (s *stand) paid(card string) boxoffice.PaymentSession {
	s.t.Helper()
	open := s.create("attempt-1")
	s.pay(open, card)
	now, err := s.client.Session(s.t.Context(), open.ID)
	require.NoError(s.t, err)
	require.True(s.t, now.Paid)
	return now
}

func TestSimulatorOneSessionForOneKey(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := order("attempt-1")
	first, err := s.client.CreateSession(t.Context(), p)
	require.NoError(t, err)
	again, err := s.client.CreateSession(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, boxoffice.SessionOpen, first.Status)
	require.Equal(t, boxoffice.Money{Minor: 3550, Currency: "USD"}, first.Amount)
	require.Equal(t, p.ExpiresAt.Unix(), first.ExpiresAt.Unix())
	require.NotEmpty(t, first.URL)
	p.Reference = "OTHER"
	_, err = s.client.CreateSession(t.Context(), p)
	require.Equal(t, boxoffice.CodeNoSession, codeOf(t, err), "the key has other parameters")
}

func TestSimulatorPaidSessionAndItsWebhook(t *testing.T) {
	t.Parallel()
	s := setup(t)
	paid := s.paid("4242424242424242")
	require.Equal(t, boxoffice.SessionComplete, paid.Status)
	require.NotEmpty(t, paid.PaymentIntent)
	require.Equal(t, "page@example.com", paid.Email)
	e := s.await("checkout.session.completed")
	require.Empty(t, e.Parked)
	require.Equal(t, paid.ID, e.ObjectID)
	require.Equal(t, paid, *e.Session, "the webhook and the answer tell the same")
	late, err := s.client.ExpireSession(t.Context(), paid.ID)
	require.NoError(t, err, "the buyer was faster")
	require.Equal(t, paid, late)
}

func TestSimulatorExpiredSessionAndItsWebhook(t *testing.T) {
	t.Parallel()
	s := setup(t)
	open := s.create("attempt-1")
	for range 2 {
		closed, err := s.client.ExpireSession(t.Context(), open.ID)
		require.NoError(t, err)
		require.Equal(t, boxoffice.SessionExpired, closed.Status)
	}
	e := s.await("checkout.session.expired")
	require.Equal(t, boxoffice.SessionExpired, e.Session.Status)
	require.False(t, e.Session.Paid)
	_, err := s.client.Session(t.Context(), "cs_test_absent")
	require.Equal(t, boxoffice.CodeNotFound, codeOf(t, err))
}

func TestSimulatorExpiryWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	s := setup(t)
	open := s.create("attempt-1")
	s.fault(`{"target":"api","kind":"error_after","method":"POST","n":1}`)
	closed, err := s.client.ExpireSession(t.Context(), open.ID)
	require.NoError(t, err)
	require.Equal(t, boxoffice.SessionExpired, closed.Status)
}

func TestSimulatorFindsASession(t *testing.T) {
	t.Parallel()
	s := setup(t)
	want := s.create("attempt-1")
	s.create("attempt-2")
	found, err := s.client.FindSession(t.Context(), "attempt-1", time.Now())
	require.NoError(t, err)
	require.Equal(t, want, found)
	for attempt, at := range map[string]time.Time{"attempt-3": time.Now(), "attempt-1": time.Now().Add(time.Hour)} {
		_, err = s.client.FindSession(t.Context(), attempt, at)
		require.Equal(t, boxoffice.CodeNoSession, codeOf(t, err))
	}
}

func TestSimulatorCreationWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := order("attempt-1")
	s.fault(`{"target":"api","kind":"error_after","method":"POST","n":1}`)
	_, err := s.client.CreateSession(t.Context(), p)
	require.Equal(t, boxoffice.CodeProviderUnknown, codeOf(t, err))
	made, err := s.client.CreateSession(t.Context(), p)
	require.NoError(t, err)
	found, err := s.client.FindSession(t.Context(), "attempt-1", time.Now())
	require.NoError(t, err)
	require.Equal(t, made, found)
}

func TestSimulatorStoredFailureIsLookedUp(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := order("attempt-1")
	s.fault(`{"target":"api","kind":"error_stored","method":"POST","n":1}`)
	_, err := s.client.CreateSession(t.Context(), p)
	require.Equal(t, boxoffice.CodeProviderUnknown, codeOf(t, err))
	_, err = s.client.CreateSession(t.Context(), p)
	require.Equal(t, boxoffice.CodeNoSession, codeOf(t, err), "Stripe replays the failure")
	_, err = s.client.FindSession(t.Context(), "attempt-1", time.Now())
	require.Equal(t, boxoffice.CodeNoSession, codeOf(t, err), "and made nothing")
}

func TestSimulatorRefundIsMadeOnce(t *testing.T) {
	t.Parallel()
	// Without webhooks: those of a simulator whose clock has jumped a day ahead are rightly refused.
	s := setup(t, func(o *simulator.Options) { o.Webhooks = nil })
	paid := s.paid("4242424242424242")
	first, err := s.client.Refund(t.Context(), refundOf(paid.PaymentIntent, 1))
	require.NoError(t, err)
	require.Equal(t, boxoffice.RefundSucceeded, first.State)
	again, err := s.client.Refund(t.Context(), refundOf(paid.PaymentIntent, 1))
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.NoError(t, s.sim.AdvanceClock(25*time.Hour)) // Stripe has forgotten the key
	dayLater, err := s.client.Refund(t.Context(), refundOf(paid.PaymentIntent, 1))
	require.NoError(t, err)
	require.Equal(t, first, dayLater, "a part must not be given back twice")
	second, err := s.client.Refund(t.Context(), refundOf(paid.PaymentIntent, 2))
	require.NoError(t, err)
	require.NotEqual(t, first.ID, second.ID)
	tooMuch := refundOf(paid.PaymentIntent, 3)
	tooMuch.Amount.Minor = paid.Amount.Minor
	_, err = s.client.Refund(t.Context(), tooMuch)
	require.Equal(t, boxoffice.CodeProviderDeclined, codeOf(t, err))
}

// A refund's call breaks within Stripe, which stores that for a day. Only the replay of what is stored, and the look that
// follows it, prove that there is no refund; the next number has a key of its own and goes through.
func TestSimulatorStoredFailureOfARefund(t *testing.T) {
	t.Parallel()
	s := setup(t)
	paid := s.paid("4242424242424242")
	s.fault(`{"target":"api","kind":"error_stored","method":"POST","path":"/v1/refunds","n":1}`)
	_, err := s.client.Refund(t.Context(), refundOf(paid.PaymentIntent, 1))
	require.Equal(t, boxoffice.CodeProviderUnknown, codeOf(t, err), "a 500 says nothing")
	for range 2 {
		_, err = s.client.Refund(t.Context(), refundOf(paid.PaymentIntent, 1))
		require.Equal(t, boxoffice.CodeNoRefund, codeOf(t, err), "Stripe replays the failure, and has made nothing")
	}
	made, err := s.client.Refund(t.Context(), refundOf(paid.PaymentIntent, 2))
	require.NoError(t, err)
	require.Equal(t, boxoffice.RefundSucceeded, made.State)
	_, err = s.client.Refund(t.Context(), refundOf(paid.PaymentIntent, 1))
	require.Equal(t, boxoffice.CodeNoRefund, codeOf(t, err), "another number is not this refund")
}

// An answer that is lost is no stored failure: the refund was made, and is found.
func TestSimulatorRefundWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	s := setup(t)
	paid := s.paid("4242424242424242")
	s.fault(`{"target":"api","kind":"error_after","method":"POST","path":"/v1/refunds","n":1}`)
	_, err := s.client.Refund(t.Context(), refundOf(paid.PaymentIntent, 1))
	require.Equal(t, boxoffice.CodeProviderUnknown, codeOf(t, err))
	made, err := s.client.Refund(t.Context(), refundOf(paid.PaymentIntent, 1))
	require.NoError(t, err)
	require.Equal(t, boxoffice.RefundSucceeded, made.State)
}

func TestSimulatorPendingRefundAndItsWebhook(t *testing.T) {
	t.Parallel()
	s := setup(t)
	r := refundOf(s.paid("4000000000007726").PaymentIntent, 1)
	pending, err := s.client.Refund(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, boxoffice.RefundPending, pending.State)
	e := s.await("charge.refund.updated")
	require.Equal(t, pending.ID, e.ObjectID)
	require.Equal(t, boxoffice.RefundSucceeded, e.Refund.State)
	require.Equal(t, "payment-1", e.Refund.PaymentID)
	require.Equal(t, 1, e.Refund.N)
	r.ProviderID = pending.ID
	done, err := s.client.Refund(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, *e.Refund, done)
}

func TestSimulatorFailedRefund(t *testing.T) {
	t.Parallel()
	s := setup(t)
	r := refundOf(s.paid("4000000000005126").PaymentIntent, 1)
	made, err := s.client.Refund(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, boxoffice.RefundSucceeded, made.State)
	e := s.await("charge.refund.updated")
	require.Equal(t, boxoffice.RefundFailed, e.Refund.State)
	require.Equal(t, "expired_or_canceled_card", e.Refund.Failure)
}
