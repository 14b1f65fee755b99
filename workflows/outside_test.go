package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
)

// outside stands for all that is neither Postgres nor Temporal: the payment provider, the ticket renderer, the file store
// and the mail server. What it keeps hangs at the booking; its calls meet the booking's faults.
type outside struct {
	boxoffice.PaymentProvider
	boxoffice.TicketFiles
	rows *rows
}

var (
	_ boxoffice.PaymentProvider = outside{}
	_ boxoffice.TicketFiles     = outside{}
	_ boxoffice.FileStore       = outside{}
	_ boxoffice.MailComposer    = outside{}
	_ boxoffice.MailSender      = outside{}
)

// stepsOver are the real activities over the rows and the outside.
func stepsOver(r *rows) *activities.Activities {
	o := outside{rows: r}
	return &activities.Activities{
		Bookings: r, Emails: r, Support: r, Provider: o, Tickets: o, Files: o, Composer: o, Sender: o, Logger: slog.New(slog.DiscardHandler),
	}
}

func newRows(now func() time.Time) *rows { return &rows{now: now, bookings: map[string]*booking{}} }

// checkout opens a payment page, which moves a deadline that is nearer than least.
func (b *booking) checkout(least time.Duration) {
	b.rows.mu.Lock()
	defer b.rows.mu.Unlock()
	id := fmt.Sprintf("attempt-%s-%d", b.ref.BookingID, len(b.attempts)+1)
	a := &attempt{
		PaymentAttempt: boxoffice.PaymentAttempt{
			ID: id, BookingID: b.ref.BookingID, State: boxoffice.AttemptLive, SessionID: "cs_" + id,
			Parameters: boxoffice.SessionParameters{AttemptID: id},
		},
		session: &boxoffice.PaymentSession{ID: "cs_" + id, AttemptID: id, Status: boxoffice.SessionOpen},
	}
	b.attempts = append(b.attempts, a)
	if earliest := b.rows.now().Add(least); b.deadline.Before(earliest) {
		b.deadline = earliest
	}
}

// pay lets the buyer pay on the page that was opened last.
func (b *booking) pay() {
	b.rows.mu.Lock()
	defer b.rows.mu.Unlock()
	s := b.attempts[len(b.attempts)-1].session
	s.Status, s.Paid, s.PaymentIntent, s.Amount = boxoffice.SessionComplete, true, "pi_"+s.ID, amount
}

// webhook writes down what was paid, as the provider's webhook does. A page that was closed before is paid late.
func (b *booking) webhook() {
	b.rows.mu.Lock()
	defer b.rows.mu.Unlock()
	for _, a := range b.attempts {
		if a.session != nil && a.session.Paid {
			b.markPaid(a)
		}
	}
}

// surplus is money on a page that can never buy the seats.
func (b *booking) surplus() {
	b.rows.mu.Lock()
	defer b.rows.mu.Unlock()
	b.payments = append(b.payments, &payment{id: fmt.Sprintf("payment-%s-surplus-%d", b.ref.BookingID, len(b.payments)+1), surplus: true})
}

func (b *booking) markPaid(a *attempt) {
	id := "payment-" + a.ID
	if b.payment(id) == nil {
		a.State = boxoffice.AttemptPaid
		b.payments = append(b.payments, &payment{id: id, attempt: a.ID})
	}
}

// extend moves the deadline.
func (b *booking) extend(by time.Duration) {
	b.rows.mu.Lock()
	defer b.rows.mu.Unlock()
	b.deadline = b.deadline.Add(by)
}

// cancel is the buyer's wish: the seats are free at once where no page is open and nothing is paid.
func (b *booking) cancel() {
	b.rows.mu.Lock()
	defer b.rows.mu.Unlock()
	b.reason, b.closing = boxoffice.ClosingByCancel, true
	b.releaseIfUnpaid()
}

// refundStates gives the refunds' states in their order.
func (b *booking) refundStates() []boxoffice.RefundState {
	b.rows.mu.Lock()
	defer b.rows.mu.Unlock()
	states := make([]boxoffice.RefundState, len(b.refunds))
	for i, f := range b.refunds {
		states[i] = f.State
	}
	return states
}

// set changes the rows as somebody else would.
func (b *booking) set(change func()) {
	b.rows.mu.Lock()
	defer b.rows.mu.Unlock()
	change()
}

// seen gives the situation as it is now.
func (b *booking) seen() boxoffice.Situation {
	b.rows.mu.Lock()
	defer b.rows.mu.Unlock()
	return b.look()
}

// mailsSent counts, by kind, the mails that reached the server.
func (b *booking) mailsSent() map[boxoffice.EmailKind]int {
	b.rows.mu.Lock()
	defer b.rows.mu.Unlock()
	sent := map[boxoffice.EmailKind]int{}
	for _, m := range b.mails {
		if m.delivered > 0 {
			sent[m.kind] += m.delivered
		}
	}
	return sent
}

// CreateSession gives the session of an attempt whose answer was lost: as it was when it was made, since that is what was
// stored under the key.
func (o outside) CreateSession(_ context.Context, p boxoffice.SessionParameters) (boxoffice.PaymentSession, error) {
	return o.session("CreateSession", p.AttemptID)
}

// FindSession looks the session up.
func (o outside) FindSession(_ context.Context, attemptID string, _ time.Time) (boxoffice.PaymentSession, error) {
	return o.session("FindSession", attemptID)
}

func (o outside) session(call, attemptID string) (boxoffice.PaymentSession, error) {
	b, err := o.rows.find(func(b *booking) bool { return b.attempt(attemptID) != nil })
	if err == nil {
		err = b.meet(call)
	}
	if err != nil {
		return boxoffice.PaymentSession{}, err
	}
	o.rows.mu.Lock()
	defer o.rows.mu.Unlock()
	return *b.attempt(attemptID).session, nil
}

func (o outside) ExpireSession(_ context.Context, sessionID string) (boxoffice.PaymentSession, error) {
	id := strings.TrimPrefix(sessionID, "cs_")
	b, err := o.rows.find(func(b *booking) bool { return b.attempt(id) != nil })
	if err != nil {
		return boxoffice.PaymentSession{}, err
	}
	if err := b.meet("ExpireSession"); err != nil {
		return boxoffice.PaymentSession{}, err
	}
	o.rows.mu.Lock()
	defer o.rows.mu.Unlock()
	s := b.attempt(id).session
	if s.Status == boxoffice.SessionOpen {
		s.Status = boxoffice.SessionExpired
	}
	return *s, nil
}

// Refund gives money back at once, unless the booking's fault "RefundPending" says that the bank takes its time. It meets
// the faults of each of its calls, "Refund", and of those under the nth key, "Refund n".
func (o outside) Refund(_ context.Context, f boxoffice.Refund) (boxoffice.ProviderRefund, error) {
	b, err := o.rows.find(func(b *booking) bool { return b.payment(f.PaymentID) != nil })
	if err != nil {
		return boxoffice.ProviderRefund{}, err
	}
	for _, call := range []string{"Refund", fmt.Sprintf("Refund %d", f.N)} {
		if err := b.meet(call); err != nil {
			return boxoffice.ProviderRefund{}, err
		}
	}
	answer := boxoffice.ProviderRefund{ID: "re_" + boxoffice.RefundKey(f.PaymentID, f.N), State: boxoffice.RefundSucceeded, Amount: f.Amount}
	if b.meet("RefundPending") != nil {
		answer.State = boxoffice.RefundPending
	}
	return answer, nil
}

// RefundsOf knows of no refund that was made by hand.
func (o outside) RefundsOf(context.Context, string) ([]boxoffice.ProviderRefund, error) {
	return nil, nil
}

func (o outside) PDF(doc boxoffice.TicketDocument) ([]byte, error) {
	b, err := o.rows.byID(doc.BookingID)
	if err != nil {
		return nil, err
	}
	return []byte("%PDF-1.7 " + doc.BookingID), b.meet("PDF")
}

func (o outside) Calendar(boxoffice.TicketDocument) ([]byte, error) {
	return []byte("BEGIN:VCALENDAR"), nil
}

func (o outside) Put(_ context.Context, key, _ string, _ []byte) error {
	b, err := o.rows.find(func(b *booking) bool { return boxoffice.TicketsKey(b.ref.BookingID, 0) == key })
	if err != nil {
		return err
	}
	return b.meet("Put")
}

func (o outside) Get(_ context.Context, key string) ([]byte, error) { return []byte(key), nil }

func (o outside) Compose(job boxoffice.EmailJob, _, _ []byte) (boxoffice.MailMessage, error) {
	b, err := o.rows.find(func(b *booking) bool { return b.mail(job.ID) != nil })
	if err == nil {
		err = b.meet("Compose")
	}
	return boxoffice.MailMessage{ID: job.ID, To: job.Recipient, Subject: string(job.Kind)}, err
}

func (o outside) Send(_ context.Context, message boxoffice.MailMessage) error {
	b, err := o.rows.find(func(b *booking) bool { return b.mail(message.ID) != nil })
	if err != nil {
		return err
	}
	if err := b.meet("Send"); err != nil {
		return err
	}
	o.rows.mu.Lock()
	defer o.rows.mu.Unlock()
	b.mail(message.ID).delivered++
	return nil
}
