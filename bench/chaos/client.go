package chaos

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/internal/pause"
)

// The cards that clients have.
const (
	goodCard     = "4242 4242 4242 4242"
	declinedCard = "4000 0000 0000 0002"
)

// How clients deal with errors, which they take as a part of life.
const (
	askAgain       = 300 * time.Millisecond
	askingPatience = 90 * time.Second // until somebody gives up who gets no answer
	endPatience    = 90 * time.Second // until somebody goes who waits for tickets or an end
	mostThought    = 400 * time.Millisecond
)

// intention is what a client wants of a booking.
type intention string

// The intentions.
const (
	wantTickets     intention = "pays"
	wantExtension   intention = "extends, then pays"
	wantLate        intention = "pays in the second of the deadline"
	wantOtherCard   intention = "has a card declined, then pays"
	wantMoneyBack   intention = "pays, then gives tickets back"
	wantToCancel    intention = "cancels"
	wantPageClosed  intention = "cancels with the payment page open"
	wantNothing     intention = "leaves"
	wantNothingLate intention = "leaves with the payment page open"
)

// intentions are all, each as often as it comes in twenty.
var intentions = slices.Concat(
	slices.Repeat([]intention{wantTickets}, 9), slices.Repeat([]intention{wantMoneyBack}, 3),
	[]intention{wantExtension, wantLate, wantLate, wantOtherCard, wantToCancel, wantPageClosed, wantNothing, wantNothingLate})

// client is one person, who books one time after the other.
type client struct {
	*run
	buyer   *buyer.Buyer
	chance  *mathrand.Rand
	records []*Record // of all bookings that they were told of
}

func newClient(r *run, n int, token string) *client {
	// A connection of one's own: what breaks one client's breaks no other's.
	b := buyer.New(r.o.URL, &http.Transport{MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute})
	b.Resume(token)
	return &client{run: r, buyer: b, chance: r.random(uint64(10_000 + n))}
}

// shop books until buying ends; a booking that was begun is brought to its end.
func (c *client) shop(ctx, buying context.Context) {
	for pause.For(buying, between(0, mostThought, c.chance)) {
		if seats := c.choose(ctx); len(seats) > 0 {
			c.book(ctx, seats)
		}
	}
}

// choose picks one to three free seats side by side. One in three clients wants the best seats, as do others at this moment.
func (c *client) choose(ctx context.Context) []string {
	event := c.o.Events[c.chance.IntN(len(c.o.Events))]
	states, err := c.buyer.Seats(ctx, event)
	if problem, answered := errors.AsType[*buyer.Problem](err); answered {
		c.answers.count(problem)
	}
	if err != nil {
		return nil
	}
	var free []string
	for id, state := range states {
		if state == "available" {
			free = append(free, id)
		}
	}
	slices.Sort(free) // by age, in which they are in the order of the hall
	wanted := min(1+c.chance.IntN(3), len(free))
	first := 0
	if c.chance.IntN(3) > 0 {
		first = c.chance.IntN(len(free) - wanted + 1)
	}
	return free[first : first+wanted]
}

// book holds the seats and does with them what the client wants. Who was too late for them is no error.
func (c *client) book(ctx context.Context, seats []string) {
	wish := intentions[c.chance.IntN(len(intentions))]
	var booking buyer.Booking
	key := rand.Text()
	err := c.insist(ctx, func() (began time.Time, err error) {
		began = time.Now()
		booking, err = c.buyer.Book(ctx, key, seats...)
		if err == nil {
			c.pulse.beat(SignalHold, began)
		}
		return began, err
	})
	if err != nil {
		return
	}
	record := &Record{Booking: booking.ID, Email: strings.ToLower(booking.Reference) + "@chaos.example"}
	for _, t := range booking.Tickets {
		record.Seats = append(record.Seats, t.ID)
	}
	c.records = append(c.records, record)
	record.hear(booking)
	defer c.traffic.enter(StageOpen)()
	c.pursue(ctx, record, wish, booking.HoldExpiresAt)
}

// hear writes down what an answer said.
func (r *Record) hear(b buyer.Booking) {
	if status := boxoffice.BookingStatus(b.Status); status != r.last() {
		r.Told = append(r.Told, status)
	}
}

// pursue does what the client wants.
func (c *client) pursue(ctx context.Context, r *Record, wish intention, deadline time.Time) {
	switch wish {
	case wantNothing:
		return // and never comes back: the seats free themselves
	case wantToCancel:
		c.cancel(ctx, r)
		return
	case wantExtension:
		_ = c.insistOn(ctx, func() (buyer.Booking, error) { return c.buyer.Extend(ctx, r.Booking) }, r) // or not
	default:
	}
	page, until, err := c.checkout(ctx, r)
	if err != nil {
		c.awaitEnd(ctx, r, time.Time{})
		return
	}
	deadline = maxTime(deadline, until)
	switch wish {
	case wantNothingLate:
		return
	case wantPageClosed:
		c.cancel(ctx, r)
		return
	case wantLate:
		pause.For(ctx, time.Until(deadline)+between(-300*time.Millisecond, 1500*time.Millisecond, c.chance))
	case wantOtherCard:
		c.pay(ctx, r, page, declinedCard, deadline)
	default:
		pause.For(ctx, between(0, mostThought, c.chance))
	}
	paid := time.Now()
	c.pay(ctx, r, page, goodCard, deadline)
	c.awaitEnd(ctx, r, paid)
	if wish == wantMoneyBack && r.last() == boxoffice.BookingCompleted {
		c.giveBack(ctx, r)
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// checkout opens the payment page.
func (c *client) checkout(ctx context.Context, r *Record) (page string, until time.Time, err error) {
	err = c.insist(ctx, func() (time.Time, error) {
		began := time.Now()
		checkout, err := c.buyer.Checkout(ctx, r.Booking)
		page, until = checkout.URL, checkout.ExpiresAt
		return began, err
	})
	return page, until, err
}

// pay fills in the payment page once: nobody pays again whose answer got lost.
func (c *client) pay(ctx context.Context, r *Record, page, card string, deadline time.Time) {
	_, err := c.buyer.Pay(ctx, page, r.Email, card)
	said := PageUnknown
	_, declined := errors.AsType[*buyer.Declined](err)
	_, closed := errors.AsType[*buyer.PageClosed](err)
	switch {
	case err == nil:
		said, r.InTime = PagePaid, time.Now().Before(deadline)
	case declined || closed:
		said = PageRefused
	}
	r.Page = max(r.Page, said)
}

// awaitEnd looks at the booking until it is at its end. paid is when it was paid for, if it was: what follows is the worker's.
func (c *client) awaitEnd(ctx context.Context, r *Record, paid time.Time) {
	defer c.traffic.enter(StageSettling)()
	waiting, cancel := context.WithTimeout(ctx, endPatience)
	defer cancel()
	for waiting.Err() == nil {
		if c.look(waiting, r) == nil && r.last().Final() {
			break
		}
		pause.For(waiting, 150*time.Millisecond)
	}
	if r.last() == boxoffice.BookingCompleted {
		c.bookings.Add(1)
		if !paid.IsZero() {
			c.pulse.beat(SignalComplete, paid)
		}
	}
}

// look asks for the booking.
func (c *client) look(ctx context.Context, r *Record) error {
	return c.insistOn(ctx, func() (buyer.Booking, error) { return c.buyer.Booking(ctx, r.Booking) }, r)
}

// cancel lets go of the booking, and waits for its end.
func (c *client) cancel(ctx context.Context, r *Record) {
	if err := c.insistOn(ctx, func() (buyer.Booking, error) { return c.buyer.Cancel(ctx, r.Booking) }, r); err == nil {
		c.awaitEnd(ctx, r, time.Time{})
	}
}

// giveBack returns one of the tickets, or all, for the sum that was shown before.
func (c *client) giveBack(ctx context.Context, r *Record) {
	tickets := r.Seats
	if c.chance.IntN(2) == 0 {
		tickets = tickets[:1]
	}
	body, path := map[string]any{"ticket_ids": tickets}, "/bookings/"+r.Booking+"/cancel"
	var quote struct {
		RefundMinor int64 `json:"refund_minor"`
	}
	err := c.insist(ctx, func() (time.Time, error) {
		return time.Now(), c.buyer.Call(ctx, http.MethodPost, path+"?preview=true", body, &quote)
	})
	if err != nil {
		return
	}
	defer c.traffic.enter(StageSettling)()
	r.Returned, r.RefundMinor = tickets, quote.RefundMinor
	var booking buyer.Booking
	key := rand.Text()
	err = c.insist(ctx, func() (time.Time, error) {
		return time.Now(), c.buyer.CallOnce(ctx, http.MethodPost, path, key, body, &booking)
	})
	if err != nil {
		return
	}
	r.ReturnIsTaken = true
	r.hear(booking)
}

// lookBack looks at every booking once more, when all is quiet: now every answer is the last word, a refusal too. It fails
// where the box office does not answer.
func (c *client) lookBack(ctx context.Context) error {
	for _, r := range c.records {
		err := c.look(ctx, r)
		if problem, answered := errors.AsType[*buyer.Problem](err); answered && isLastWord(problem) {
			r.Refusal = problem.Error()
			continue
		}
		if err != nil {
			return err
		}
		if r.last() != boxoffice.BookingCompleted {
			continue
		}
		pdf, err := c.buyer.File(ctx, r.Booking, "tickets.pdf")
		r.PDF = err == nil && strings.HasPrefix(string(pdf), "%PDF-")
	}
	return nil
}

// insistOn is insist on an answer that is the booking, which is written down.
func (c *client) insistOn(ctx context.Context, ask func() (buyer.Booking, error), r *Record) error {
	return c.insist(ctx, func() (time.Time, error) {
		began := time.Now()
		booking, err := ask()
		if err == nil {
			r.hear(booking)
		}
		return began, err
	})
}

// insist asks again, with the same key, until an answer comes that is more than "try again". ask tells when it began.
func (c *client) insist(ctx context.Context, ask func() (time.Time, error)) error {
	ctx, cancel := context.WithTimeout(ctx, askingPatience)
	defer cancel()
	for {
		leave := c.traffic.enter(StageAsking)
		began, err := ask()
		leave()
		if err == nil {
			c.pulse.beat(SignalAnswer, began)
			return nil
		}
		problem, answered := errors.AsType[*buyer.Problem](err)
		c.answers.count(problem)
		if answered && isLastWord(problem) || !pause.For(ctx, askAgain) {
			return err
		}
	}
}

// isLastWord reports whether a refusal is more than "try again".
func isLastWord(p *buyer.Problem) bool {
	return p.Status < http.StatusInternalServerError && p.Status != http.StatusTooManyRequests
}
