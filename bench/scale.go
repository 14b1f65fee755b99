package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/boxoffice/boxoffice"
)

// ScaleOptions say which sizes are compared, and how often.
type ScaleOptions struct {
	Houses []*House // the smallest first: the others are held against it
	Sales  int      // that are measured in each
	Most   float64  // what the largest may take for a hold, in times of the smallest
	// CPU gives how much processor time the database server has used since it began; nil where it cannot be seen.
	CPU      func() (time.Duration, error)
	Progress func(sales int, message string)
}

// House is a database with its events, of which each has the same number of seats: what differs is how many there are.
type House struct {
	Tickets   int
	Events    int
	Bytes     int64   // of the database
	Seconds   float64 // that it took to fill it
	Store     boxoffice.BookingStore
	Catalogue boxoffice.Catalogue
	Event     func(n int) (id string, tickets []string) // the n-th event, with its seats side by side
	NewUser   func(ctx context.Context) (id string, err error)

	random *rand.Rand
	sold   map[int]int // seats that are gone, by event
	record *record
	cpu    map[step]time.Duration
}

// The acts that are compared, with the hold. Between them lies what leads from one to the next, which is not.
const (
	stepRead    step = "read a seat map"
	stepConfirm step = "confirm seats"
	stepSweep   step = "sweep"
)

// turnSales is how many sales are made in one house before the next has its turn: few, so that what else the machine does
// meets all alike.
const turnSales = 20

// sweepBatch is how many bookings a sweep takes at most, as in a worker.
const sweepBatch = 100

// Scale makes the same sales in houses of different size, by turns: a seat map is read, two seats of another event are held, they are
// paid and confirmed, and at the end of a turn a sweep looks for what is overdue, which of ten sales one is. Events are drawn from
// all, so that of a large house hardly any is in memory, and a hold is of another than was read, which would be. The first turn of
// each is not counted.
func Scale(ctx context.Context, o ScaleOptions) (ScaleReport, error) {
	report := ScaleReport{Most: o.Most, Processors: runtime.NumCPU(), LoadBefore: loadAverage()}
	for i, h := range o.Houses {
		h.random, h.sold = rand.New(rand.NewPCG(uint64(i), 3)), map[int]int{}
	}
	for made := -turnSales; made < o.Sales; made += turnSales {
		for i := range o.Houses {
			house := o.Houses[(i+made/turnSales+len(o.Houses))%len(o.Houses)]
			if made <= 0 {
				house.record, house.cpu = newRecord(), map[step]time.Duration{}
			}
			o.Progress(max(made, 0), fmt.Sprintf("  %d tickets", house.Tickets))
			if err := house.turn(ctx, o.CPU); err != nil {
				return report, fmt.Errorf("with %d tickets: %w", house.Tickets, err)
			}
		}
	}
	report.LoadAfter = loadAverage()
	for _, h := range o.Houses {
		report.Sizes = append(report.Sizes, h.result())
	}
	report.compare()
	return report, nil
}

// attempt is a sale on its way through a turn.
type attempt struct {
	user    string
	viewed  string // the event whose seat map is read
	tickets []string
	booking boxoffice.Booking
	epoch   int64
	payment string
}

// turn makes some sales, one kind of act after the other, so that what the server uses can be told apart.
func (h *House) turn(ctx context.Context, cpu func() (time.Duration, error)) error {
	sales := make([]*attempt, turnSales)
	for i := range sales {
		var err error
		if sales[i], err = h.draw(ctx); err != nil {
			return err
		}
	}
	for _, act := range []struct {
		what step
		do   func(ctx context.Context, s *attempt) error
	}{
		{stepRead, h.read}, {stepHold, h.hold}, {stepPay, h.pay}, {stepConfirm, h.confirm}, {stepSweep, h.sweep},
	} {
		before, err := used(cpu)
		if err != nil {
			return err
		}
		for i, s := range sales {
			if act.what == stepConfirm && s.payment == "" {
				continue
			}
			if act.what == stepSweep && i > 0 {
				break // the first has taken what there was, and those after it would only see that nothing is left
			}
			began := time.Now()
			if err := act.do(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", act.what, err)
			}
			h.record.took(act.what, began)
		}
		after, err := used(cpu)
		if err != nil {
			return err
		}
		h.cpu[act.what] += after - before
	}
	return nil
}

func used(cpu func() (time.Duration, error)) (time.Duration, error) {
	if cpu == nil {
		return 0, nil
	}
	return cpu()
}

// draw finds two seats side by side that are still there, of any event, and any event to look at.
func (h *House) draw(ctx context.Context) (*attempt, error) {
	for {
		n := h.random.IntN(h.Events)
		_, tickets := h.Event(n)
		from := h.sold[n]
		if from+2 > len(tickets) {
			continue
		}
		h.sold[n] += 2
		viewed, _ := h.Event(h.random.IntN(h.Events))
		user, err := h.NewUser(ctx)
		return &attempt{user: user, viewed: viewed, tickets: tickets[from : from+2]}, err
	}
}

func (h *House) read(ctx context.Context, s *attempt) error {
	_, err := h.Catalogue.SeatMap(ctx, s.viewed)
	return err
}

func (h *House) hold(ctx context.Context, s *attempt) (err error) {
	s.booking, _, _, err = h.Store.HoldSeats(ctx, boxoffice.HoldRequest{UserID: s.user, TicketIDs: s.tickets})
	return err
}

// leftBehind is one of so many sales: its buyer never pays, and no run of its booking is begun, so that a sweep finds it.
const leftBehind = 10

// pay opens a payment page and receives the provider's word that it was paid.
func (h *House) pay(ctx context.Context, s *attempt) error {
	if h.random.IntN(leftBehind) == 0 {
		return nil
	}
	opened, err := h.Store.OpenAttempt(ctx, boxoffice.CheckoutRequest{
		UserID: s.user, BookingID: s.booking.ID, SuccessURL: "https://bench.example/paid", CancelURL: "https://bench.example/back",
	})
	if err != nil {
		return err
	}
	session := boxoffice.PaymentSession{
		ID: "cs_" + opened.ID, AttemptID: opened.ID, URL: "https://bench.example/" + opened.ID, Status: boxoffice.SessionOpen, ExpiresAt: opened.ExpiresAt,
		Amount: boxoffice.Money{Minor: opened.Parameters.AmountMinor, Currency: opened.Parameters.Currency}, Email: "buyer@bench.example",
	}
	if _, err := h.Store.StoreSession(ctx, opened.ID, session); err != nil {
		return err
	}
	session.Status, session.Paid, session.PaymentIntent = boxoffice.SessionComplete, true, "pi_"+opened.ID
	_, err = h.Store.ReceivePaymentEvent(ctx, boxoffice.PaymentEvent{
		ID: "evt_" + opened.ID, Type: "checkout.session.completed", ObjectID: session.ID, Payload: []byte(`{}`), Session: &session,
	})
	if err != nil {
		return err
	}
	situation, err := h.Store.VerifyHold(ctx, s.booking.ID)
	s.epoch, s.payment = situation.Epoch, situation.Unsettled
	return err
}

func (h *House) confirm(ctx context.Context, s *attempt) error {
	situation, err := h.Store.ConfirmSeats(ctx, s.booking.ID, s.epoch, s.payment)
	if err == nil && situation.Status != boxoffice.BookingConfirmed {
		err = fmt.Errorf("the booking is %s", situation.Status)
	}
	return err
}

func (h *House) sweep(ctx context.Context, _ *attempt) error {
	_, err := h.Store.ClaimOverdue(ctx, sweepBatch)
	return err
}
