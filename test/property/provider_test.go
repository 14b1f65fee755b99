package property

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
)

// provider takes money by a clock of its own, which the world moves together with the database's. It keeps what is true
// out there, whatever our rows say: that is what the invariants compare them with.
type provider struct {
	now      func() time.Time
	sessions []*session
	refunds  []*refund
	disputes []*boxoffice.ProviderDispute
	events   []boxoffice.PaymentEvent    // all that ever happened; a webhook delivers one, any number of times, or never
	broken   map[string]bool             // attempts whose creation is answered by a stored 500
	refused  map[string]bool             // attempts whose parameters it does not like
	slowBank bool                        // refunds are pending at first
	halves   map[string]boxoffice.Refund // refunds whose call is answered by a stored 500, by their keys
}

// session is a payment page.
type session struct {
	boxoffice.PaymentSession
	booking string
	out     bool // its URL was given to the buyer
	rogue   bool // paid after the provider had said that it cannot be
}

func (s *session) payable() bool { return s.out && s.Status == boxoffice.SessionOpen }

type refund struct {
	boxoffice.ProviderRefund
	byHand   bool // finished by the provider's people, after the call had broken
	ofTheirs bool // made by a person in the provider's dashboard: it carries no word of ours
}

var _ boxoffice.PaymentProvider = (*provider)(nil)

func (p *provider) emit(kind, object string, e boxoffice.PaymentEvent) {
	e.ID, e.Type, e.ObjectID, e.APIVersion = fmt.Sprintf("evt_%s_%d", object, len(p.events)), kind, object, "2023-10-16"
	e.Payload = json.RawMessage(fmt.Sprintf(`{"event":%d}`, len(p.events)))
	p.events = append(p.events, e)
}

func (p *provider) emitSession(s *session, kind string) {
	now := s.PaymentSession
	p.emit("checkout.session."+kind, s.ID, boxoffice.PaymentEvent{Session: &now})
}

func (p *provider) emitRefund(r *refund) {
	now := r.ProviderRefund
	p.emit("charge.refund.updated", r.ID, boxoffice.PaymentEvent{Refund: &now})
}

// tick expires what is due.
func (p *provider) tick() {
	for _, s := range p.sessions {
		if s.Status == boxoffice.SessionOpen && !p.now().Before(s.ExpiresAt) {
			p.expire(s)
		}
	}
}

func (p *provider) expire(s *session) {
	s.Status = boxoffice.SessionExpired
	p.emitSession(s, "expired")
}

// pay captures money on a page.
func (p *provider) pay(s *session, amount int64) {
	s.rogue = s.Status == boxoffice.SessionExpired
	s.Status, s.Paid, s.PaymentIntent, s.Amount.Minor = boxoffice.SessionComplete, true, "pi_"+s.ID, amount
	p.emitSession(s, "completed")
}

func (p *provider) find(match func(*session) bool) *session {
	if i := slices.IndexFunc(p.sessions, match); i >= 0 {
		return p.sessions[i]
	}
	return nil
}

// handOut is a buyer who gets to know a page's address.
func (p *provider) handOut(url string) {
	if s := p.find(func(s *session) bool { return s.URL == url }); s != nil {
		s.out = true
	}
}

func noSession() error { return boxoffice.Errorf(boxoffice.CodeNoSession, "There is no page.") }

// CreateSession does what our client does of it: an expiry that is too near is not even asked for, a stored 500 will never
// turn into a page.
func (p *provider) CreateSession(ctx context.Context, params boxoffice.SessionParameters) (boxoffice.PaymentSession, error) {
	return ask(ctx, "provider", "CreateSession", func() (boxoffice.PaymentSession, error) {
		id := params.AttemptID
		if k := taskOf(ctx); k != nil && !p.broken[id] && p.find(func(s *session) bool { return s.AttemptID == id }) == nil {
			switch k.last {
			case breaks, breaksLate:
				p.broken[id] = true
				if k.last == breaksLate {
					p.create(params)
				}
				return boxoffice.PaymentSession{}, lost["provider"]
			case refuses:
				p.refused[id] = true
			default: // the other faults meet every call alike
			}
		}
		switch s := p.find(func(s *session) bool { return s.AttemptID == id }); {
		case p.broken[id], params.ExpiresAt.Sub(p.now()) < 30*time.Minute+15*time.Second:
			return boxoffice.PaymentSession{}, noSession()
		case s != nil: // the stored answer, as it was
			first := s.PaymentSession
			first.Status, first.Paid, first.PaymentIntent = boxoffice.SessionOpen, false, ""
			return first, nil
		case p.refused[id]:
			return boxoffice.PaymentSession{}, boxoffice.Errorf(boxoffice.CodeProviderDeclined, "No page is opened for this.")
		}
		return p.create(params).PaymentSession, nil
	})
}

func (p *provider) create(params boxoffice.SessionParameters) *session {
	id := "cs_" + params.AttemptID
	s := &session{booking: params.BookingID, PaymentSession: boxoffice.PaymentSession{
		ID: id, AttemptID: params.AttemptID, URL: "https://pay/" + id, Status: boxoffice.SessionOpen, ExpiresAt: params.ExpiresAt,
		Amount: boxoffice.Money{Minor: params.AmountMinor, Currency: params.Currency}, Email: "page@example.org",
	}}
	p.sessions = append(p.sessions, s)
	return s
}

// Session gives a session as it is now.
func (p *provider) Session(ctx context.Context, id string) (boxoffice.PaymentSession, error) {
	return ask(ctx, "provider", "Session", func() (boxoffice.PaymentSession, error) {
		if s := p.find(func(s *session) bool { return s.ID == id }); s != nil {
			return s.PaymentSession, nil
		}
		return boxoffice.PaymentSession{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such page.")
	})
}

// FindSession looks a session up by its attempt.
func (p *provider) FindSession(ctx context.Context, attempt string, _ time.Time) (boxoffice.PaymentSession, error) {
	return ask(ctx, "provider", "FindSession", func() (boxoffice.PaymentSession, error) {
		if s := p.find(func(s *session) bool { return s.AttemptID == attempt }); s != nil {
			return s.PaymentSession, nil
		}
		return boxoffice.PaymentSession{}, noSession()
	})
}

// ExpireSession closes a page that is open and gives what it is then.
func (p *provider) ExpireSession(ctx context.Context, id string) (boxoffice.PaymentSession, error) {
	return ask(ctx, "provider", "ExpireSession", func() (boxoffice.PaymentSession, error) {
		s := p.find(func(s *session) bool { return s.ID == id })
		if s == nil {
			return boxoffice.PaymentSession{}, lost["provider"]
		}
		if s.Status == boxoffice.SessionOpen {
			p.expire(s)
		}
		return s.PaymentSession, nil
	})
}

// mostBroken is how many keys of a payment are answered by a stored 500: each costs the run the square of its number in
// minutes, and Temporal's test environment gives a step ten tries.
const mostBroken = 2

// Refund looks for the refund first, as our client does. It would give back more than came in: that we do not ask for it
// is what the test is to show. Only where its people have finished a refund by hand does it refuse that, as Stripe does.
func (p *provider) Refund(ctx context.Context, r boxoffice.Refund) (boxoffice.ProviderRefund, error) {
	return ask(ctx, "provider", "Refund", func() (boxoffice.ProviderRefund, error) {
		for _, known := range p.refunds {
			if known.ID == r.ProviderID || r.ProviderID == "" && known.PaymentID == r.PaymentID && known.N == r.N {
				return known.ProviderRefund, nil
			}
		}
		var last verdict
		if k := taskOf(ctx); k != nil {
			last = k.last
		}
		key := boxoffice.RefundKey(r.PaymentID, r.N)
		_, broken := p.halves[key]
		switch {
		case broken:
			return boxoffice.ProviderRefund{}, boxoffice.Errorf(boxoffice.CodeNoRefund, "It was not made.")
		case p.disputed(r.PaymentIntent):
			return boxoffice.ProviderRefund{}, boxoffice.Errorf(boxoffice.CodeProviderUnknown, "This charge is disputed.")
		case last == refuses, !p.hasRoom(r) && p.touched(r.PaymentIntent):
			return boxoffice.ProviderRefund{}, boxoffice.Errorf(boxoffice.CodeProviderDeclined, "This charge is refunded.")
		case (last == breaks || last == breaksLate) && r.N <= mostBroken:
			p.halves[key] = r
			if last == breaksLate {
				p.refund(r)
			}
			return boxoffice.ProviderRefund{}, lost["provider"]
		}
		return p.refund(r).ProviderRefund, nil
	})
}

func (p *provider) refund(r boxoffice.Refund) *refund {
	made := &refund{ProviderRefund: boxoffice.ProviderRefund{
		ID: "re_" + boxoffice.RefundKey(r.PaymentID, r.N), PaymentIntent: r.PaymentIntent, State: boxoffice.RefundSucceeded,
		Amount: r.Amount, PaymentID: r.PaymentID, N: r.N,
	}}
	if p.slowBank {
		made.State = boxoffice.RefundPending
	}
	p.refunds = append(p.refunds, made)
	p.emitRefund(made)
	return made
}

// hasRoom reports whether so much of a payment is still there to be given back.
func (p *provider) hasRoom(r boxoffice.Refund) bool {
	s := p.find(func(s *session) bool { return s.PaymentIntent == r.PaymentIntent })
	return p.leftOf(s) >= r.Amount.Minor
}

// left are the broken refunds that can still be finished by hand, in the order of their keys.
func (p *provider) left() []boxoffice.Refund {
	var open []boxoffice.Refund
	for _, key := range slices.Sorted(maps.Keys(p.halves)) {
		r := p.halves[key]
		made := slices.ContainsFunc(p.refunds, func(o *refund) bool { return o.PaymentID == r.PaymentID && o.N == r.N })
		if !made && p.hasRoom(r) {
			open = append(open, r)
		}
	}
	return open
}

// otherVersion ends the ID of an event that comes in another version of the API.
const otherVersion = "_of_another_version"

// VerifyWebhook believes every payload; its signature says which ID the event has this time, and whether it can be read.
func (p *provider) VerifyWebhook(payload []byte, signature string) (boxoffice.PaymentEvent, error) {
	var which struct{ Event int }
	if err := json.Unmarshal(payload, &which); err != nil {
		return boxoffice.PaymentEvent{}, err
	}
	e := p.events[which.Event]
	e.ID = signature
	if strings.HasSuffix(e.ID, otherVersion) {
		e.Session, e.Refund, e.Ask, e.Parked = nil, nil, false, "another version"
	}
	return e, nil
}

// RefundsOf gives all refunds of a payment.
func (p *provider) RefundsOf(ctx context.Context, intent string) ([]boxoffice.ProviderRefund, error) {
	return ask(ctx, "provider", "RefundsOf", func() ([]boxoffice.ProviderRefund, error) { return p.refundsOf(intent), nil })
}

func (p *provider) refundsOf(intent string) (all []boxoffice.ProviderRefund) {
	for _, r := range p.refunds {
		if r.PaymentIntent == intent {
			all = append(all, r.ProviderRefund)
		}
	}
	return all
}

// EventNow gives an event with its object as it is now; of a refund, with all of its payment.
func (p *provider) EventNow(ctx context.Context, e boxoffice.PaymentEvent) (boxoffice.PaymentEvent, error) {
	return ask(ctx, "provider", "EventNow", func() (boxoffice.PaymentEvent, error) {
		e.Parked, e.Ask, e.Session, e.Refund = "", false, nil, nil
		if s := p.find(func(s *session) bool { return s.ID == e.ObjectID }); s != nil {
			now := s.PaymentSession
			e.Session = &now
			return e, nil
		}
		if s := p.find(func(s *session) bool { return chargeOf(s) == e.ObjectID }); s != nil {
			e.Refunds = p.refundsOf(s.PaymentIntent)
			return e, nil
		}
		if i := slices.IndexFunc(p.disputes, func(d *boxoffice.ProviderDispute) bool { return d.ID == e.ObjectID }); i >= 0 {
			now := *p.disputes[i]
			e.Dispute = &now
			return e, nil
		}
		if i := slices.IndexFunc(p.refunds, func(r *refund) bool { return r.ID == e.ObjectID }); i >= 0 {
			e.Refunds = p.refundsOf(p.refunds[i].PaymentIntent)
			return e, nil
		}
		return e, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such object.")
	})
}
