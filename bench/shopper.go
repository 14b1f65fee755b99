package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/internal/pause"
)

// card is one that always pays.
const card = "4242 4242 4242 4242"

// shopper is one person who buys. Their browser keeps what it has seen, as all do.
type shopper struct {
	*run
	eventID string // what they want
	buyer   *buyer.Buyer
	random  *mathrand.Rand

	tags map[string]string // of the answers that the browser keeps, by path
	hall string            // the hash of the seat plan that it has
	seen *seatMap
}

// shop buys one booking after the other until the clock stops, or nothing is left.
func (s *shopper) shop(ctx context.Context) {
	for s.open() {
		seats, err := s.choose(ctx)
		if err == nil && len(seats) == 0 {
			s.stop(endedSoldOut)
			return
		}
		if err == nil {
			err = s.buy(ctx, seats)
		}
		if err != nil && !pause.For(ctx, afterError) {
			return
		}
	}
}

// afterError is how long somebody waits who was shown an error, before they try again.
const afterError = 200 * time.Millisecond

// choose opens the event, and picks one to four seats that are still free. No seats: none is.
func (s *shopper) choose(ctx context.Context) ([]string, error) {
	if err := s.visit(ctx); err != nil {
		return nil, err
	}
	return s.tickets(ctx, s.seen.pick(1+s.random.IntN(4), s.random))
}

// visit opens the page of the event: the event, its seat map and, where the browser has not got it, the plan of the hall.
func (s *shopper) visit(ctx context.Context) error {
	if _, err := s.look(ctx, stepEvent, "/events/"+s.eventID+"?tickets=none"); err != nil {
		return err
	}
	answer, err := s.look(ctx, stepMap, "/events/"+s.eventID+"/seat-map")
	if err != nil || answer.Status == http.StatusNotModified {
		return err
	}
	states, err := s.pages.states.of(answer.Header.Get("ETag"), answer, readStates)
	if err != nil {
		s.record.failed(stepMap, err)
		return err
	}
	return s.enter(ctx, states)
}

// enter loads the plan of the hall, unless the browser has it: a plan never changes under its hash.
func (s *shopper) enter(ctx context.Context, states *seatStates) error {
	if s.hall == states.PlanHash {
		s.seen = &seatMap{s.seen.hallMap, states}
		return nil
	}
	answer, err := s.look(ctx, stepPlan, "/seat-plans/"+states.PlanHash)
	if err != nil {
		return err
	}
	hall, err := s.pages.plans.of(states.PlanHash, answer, readPlan)
	if err == nil && len(hall.places) != len(states.States) {
		err = fmt.Errorf("the map has %d places, and its hall %d", len(states.States), len(hall.places))
	}
	if err != nil {
		s.record.failed(stepPlan, err)
		return err
	}
	s.hall, s.seen = states.PlanHash, &seatMap{hall, states}
	return nil
}

// tickets gives the tickets of places. Who looks does not need them, so who books asks for those of a section.
func (s *shopper) tickets(ctx context.Context, places []int) ([]string, error) {
	tickets := make([]string, len(places))
	sections := map[string]map[int]string{}
	for i, place := range places {
		section := s.seen.places[place].Section
		if sections[section] == nil {
			answer, err := s.look(ctx, stepSection, "/events/"+s.eventID+"/seats?section="+url.QueryEscape(section))
			if err != nil {
				return nil, err
			}
			key := s.eventID + "/" + s.seen.Layout + "/" + section
			sections[section], err = s.pages.tickets.of(key, answer, readTickets(s.seen.hallMap, section))
			if err != nil {
				s.record.failed(stepSection, err)
				return nil, err
			}
		}
		tickets[i] = sections[section][place]
	}
	return tickets, nil
}

// look loads something that may be unchanged since the shopper's last look.
func (s *shopper) look(ctx context.Context, what step, path string) (buyer.Answer, error) {
	began := time.Now()
	answer, err := s.buyer.Look(ctx, path, s.tags[path])
	if err != nil {
		s.record.failed(what, err)
		return answer, err
	}
	s.record.took(what, began)
	s.tags[path] = answer.Header.Get("ETag")
	return answer, nil
}

// buy holds the seats and pays for them. Who was too late for them is no error: they choose again.
func (s *shopper) buy(ctx context.Context, seats []string) error {
	booking, err := s.hold(ctx, seats)
	if err != nil || booking.ID == "" {
		return err
	}
	if err := s.pay(ctx, booking); err != nil {
		s.giveUp(ctx, booking.ID)
		return err
	}
	return nil
}

// hold gives the booking, or none where somebody else was faster.
func (s *shopper) hold(ctx context.Context, seats []string) (buyer.Booking, error) {
	began := time.Now()
	booking, err := s.buyer.Book(ctx, rand.Text(), seats...)
	if taken(err) {
		s.record.took(stepLose, began)
		return buyer.Booking{}, nil
	}
	if err != nil {
		s.record.took(stepRefused, began)
		s.record.failed(stepHold, err)
		return buyer.Booking{}, err
	}
	s.record.took(stepHold, began)
	return booking, nil
}

// pay goes from the held seats to the PDF.
func (s *shopper) pay(ctx context.Context, booking buyer.Booking) error {
	began := time.Now()
	page, err := s.buyer.Checkout(ctx, booking.ID)
	if err != nil {
		s.record.failed(stepCheckout, err)
		return err
	}
	s.record.took(stepCheckout, began)
	// An address of its own for each booking: the mail is then known from all others.
	email := strings.ToLower(booking.Reference) + "@bench.example"
	began = time.Now()
	if _, err := s.buyer.Pay(ctx, page.URL, email, card); err != nil {
		s.record.failed(stepPay, err)
		return err
	}
	s.record.took(stepPay, began)
	began = time.Now()
	if err := s.fetchTicket(ctx, booking.ID); err != nil {
		s.record.failed(stepTicket, err)
		return err
	}
	s.record.took(stepTicket, began)
	tickets := make([]string, len(booking.Tickets))
	for i, t := range booking.Tickets {
		tickets[i] = t.ID
	}
	s.record.sold(sale{bookingID: booking.ID, email: email, tickets: tickets, at: time.Now()})
	s.countSeats(len(tickets))
	return nil
}

// fetchTicket waits until the booking is completed, and downloads the PDF.
func (s *shopper) fetchTicket(ctx context.Context, id string) error {
	booking, err := s.buyer.Await(ctx, id, "completed", "expired", "cancelled", "refunding", "refunded")
	if err != nil {
		return err
	}
	if booking.Status != "completed" {
		return fmt.Errorf("the paid booking is %s", booking.Status)
	}
	pdf, err := s.buyer.File(ctx, id, "tickets.pdf")
	if err == nil && !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		err = errors.New("what came is no PDF")
	}
	return err
}

// giveUp lets go of a booking that failed on the way: a buyer may have one open booking of an event. Where it only took too
// long for this run there is nobody left to let go.
func (s *shopper) giveUp(ctx context.Context, id string) {
	if ctx.Err() != nil {
		return
	}
	if _, err := s.buyer.Cancel(ctx, id); err != nil {
		s.record.failed("let go after an error", err)
	}
}
