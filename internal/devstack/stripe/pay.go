package stripe

import (
	"errors"
	"slices"
	"time"
)

// payment is how an attempt to pay on the hosted page ended.
type payment struct {
	session session
	decline *decline // why the card was refused; nil if it paid
}

// errNotPayable says that the session is not open: it is paid or expired already.
var errNotPayable = errors.New("the session is not open")

// oddity is what a bank may do that the page does not allow.
type oddity struct {
	Late   bool  `json:"late"`         // take money on an expired session: its answer came after the page was closed
	Amount int64 `json:"amount_minor"` // take another amount than the session's; 0 takes the session's
}

// pay charges the card for the session, or records the decline, and emits the events that Stripe would. errNotPayable comes
// with the session as it is.
func (s *Server) pay(id, email string, in cardInput, odd oddity) (payment, error) {
	card, refusal := in.judge(s.clock.Now())
	if refusal != nil && refusal.Param != "" {
		return payment{decline: refusal}, nil
	}
	var done payment
	err := s.store.update(func(t *tx) error {
		open, ok := get(&t.view, t.st.sessions, id)
		if !ok {
			return noSuch("checkout.session", id, "session")
		}
		payable := open.Status == statusOpen && s.clock.unix() < open.ExpiresAt
		if !payable && (!odd.Late || open.Status != statusExpired) {
			done.session = open
			return errNotPayable
		}
		if odd.Amount > 0 {
			open.Amount = odd.Amount
		}
		done = s.charge(t, open, email, card, refusal)
		return nil
	})
	return done, err
}

// charge makes the charge and moves the payment intent and the session along.
func (s *Server) charge(t *tx, open session, email string, card cardOnFile, refusal *decline) payment {
	now := s.clock.unix()
	intent := s.intentFor(t, &open, now)
	intent.Amount = open.Amount
	made := charge{
		ID: newChargeID(), PaymentIntent: intent.ID, Amount: open.Amount, Currency: open.Currency, Status: statusSucceeded, Email: email,
		Data: intent.Data, Card: card, PaymentMethod: newPaymentMethodID(), Decline: refusal, Created: now,
	}
	intent.Charges = append(slices.Clone(intent.Charges), made.ID)
	intent.PaymentMethod, intent.Decline = made.PaymentMethod, refusal
	if refusal != nil {
		made.Status = statusFailed
		intent.PaymentMethod = ""
	} else {
		made.BalanceTransaction = newBalanceTransactionID()
		intent.Status = statusSucceeded
		intent.CanceledAt = 0
		open.Status, open.PaymentStatus, open.PaidByEmail = statusComplete, paid, email
	}
	put(t, t.st.charges, made.ID, made)
	put(t, t.st.intents, intent.ID, intent)
	put(t, t.st.sessions, open.ID, open)
	if refusal != nil {
		s.emit(t, "charge.failed", t.charge(made, nil), nil, cause{})
		s.emit(t, "payment_intent.payment_failed", t.intent(intent, nil), nil, cause{})
		return payment{open, refusal}
	}
	s.emit(t, "charge.succeeded", t.charge(made, nil), nil, cause{})
	s.emit(t, "payment_intent.succeeded", t.intent(intent, nil), nil, cause{})
	s.emit(t, "checkout.session.completed", t.session(open, nil), nil, cause{})
	if card.Behaviour == disputedAsFraud {
		s.schedule(t, choreDispute, made.ID)
	}
	return payment{session: open}
}

// intentFor is the session's payment intent, made at the first attempt to pay, as Stripe does since version 2022-08-01.
func (s *Server) intentFor(t *tx, open *session, now int64) paymentIntent {
	if intent, ok := get(&t.view, t.st.intents, open.PaymentIntent); ok {
		return intent
	}
	intent := paymentIntent{
		ID: newIntentID(), Session: open.ID, Status: needsMethod, Amount: open.Amount, Currency: open.Currency, Data: open.Intent, Created: now,
	}
	intent.ClientSecret = newID(intent.ID+"_secret_", 25)
	open.PaymentIntent = intent.ID
	s.emit(t, "payment_intent.created", t.intent(intent, nil), nil, cause{})
	return intent
}

// Kinds of chores.
const (
	choreRefundSucceeds = "refund_succeeds"
	choreRefundFails    = "refund_fails"
	choreDispute        = "dispute"
)

// schedule lets something happen to an object after Options.AsyncDelay. It survives a restart.
func (s *Server) schedule(t *tx, kind, object string) {
	due := s.clock.Now().Add(s.options.AsyncDelay)
	c := chore{ID: "chore_" + object, Kind: kind, Object: object, At: due.UnixMilli()}
	put(t, t.st.chores, c.ID, c)
	t.after = append(t.after, func() { s.chores.add(due, c.ID) })
}

// settleDue does everything that is due by now: sessions expire, refunds settle, disputes arrive. Requests call it first, so
// that no answer shows a session as open after its time.
func (s *Server) settleDue(now time.Time) {
	s.choring.Lock()
	defer s.choring.Unlock()
	for {
		key, ok := s.chores.due()
		if !ok {
			return
		}
		if err := s.settle(key); err != nil {
			s.log.Error("something due did not happen; trying again in a second", "key", key, "error", err)
			s.chores.add(now.Add(time.Second), key)
			return
		}
	}
}

func (s *Server) settle(key string) error {
	return s.store.update(func(t *tx) error {
		if overdue, ok := get(&t.view, t.st.sessions, key); ok {
			if overdue.Status == statusOpen {
				s.expire(t, overdue, cause{})
			}
			return nil
		}
		c, ok := get(&t.view, t.st.chores, key)
		if !ok {
			return nil
		}
		del(t, t.st.chores, key)
		switch c.Kind {
		case choreRefundSucceeds:
			s.refundSucceeds(t, c.Object)
		case choreRefundFails:
			s.refundFails(t, c.Object)
		case choreDispute:
			s.openDispute(t, c.Object, needsResponse)
		}
		return nil
	})
}

// restoreChores queues what was waiting when the journal was written.
func (s *Server) restoreChores() {
	for id, row := range s.store.sessions.rows {
		if row.value.Status == statusOpen {
			s.chores.add(time.Unix(row.value.ExpiresAt, 0), id)
		}
	}
	for id, row := range s.store.chores.rows {
		s.chores.add(time.UnixMilli(row.value.At), id)
	}
}
