package property

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/bookings"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// houseRules are the configuration's defaults.
var houseRules = boxoffice.HoldRules{
	Duration: 8 * time.Minute, Extension: 2 * time.Minute, CheckoutMinimum: 10 * time.Minute, Max: 30 * time.Minute,
	Grace: 15 * time.Minute, MaxSeats: 10, MaxOpenBookings: 1,
}

const (
	seatPrice   = 1450
	bookingFee  = 150
	ticketPrice = seatPrice + bookingFee
	buyers      = 3
)

// promotions are the codes of the events' organizer.
var promotions = map[string]boxoffice.Discount{
	"THIRD": {Percent: 33}, "FIVE": {AmountMinor: 500, Currency: "USD"}, "ALL": {Percent: 100},
}

// theatre is the database of one test, in which each world gets an event of its own.
type theatre struct {
	db           *testdb.DB
	store        store
	users        []string
	title, venue string
	seen         map[string]int // what the runs of all worlds did, for whoever asks whether the test looks everywhere
}

func newID(t rapid.TB) string {
	id, err := uuid.NewV7()
	require.NoError(t, err)
	return id.String()
}

func newTheatre(t *testing.T) *theatre {
	t.Helper()
	base := testdb.New(t)
	db, err := postgres.Open(t.Context(), base.URL, postgres.Options{MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	th := &theatre{db: base, store: store{db.Bookings(houseRules)}, title: newID(t), venue: newID(t), seen: map[string]int{}}
	exec := func(sql string, args ...any) {
		_, err := base.Pool.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	for i := range buyers {
		th.users = append(th.users, newID(t))
		exec(`INSERT INTO users (id, username, password_hash, email) VALUES ($1, $2, '$argon2id$x', $3)`,
			th.users[i], fmt.Sprintf("buyer%d", i), fmt.Sprintf("buyer%d@example.org", i))
	}
	exec(`INSERT INTO titles (id, name, kind, year) VALUES ($1, 'Ghost', 'film', 1990)`, th.title)
	exec(`INSERT INTO venues (id, name, city, state, lat, lon, time_zone)
		VALUES ($1, 'Pageant', 'Chico', 'CA', 39.7, -121.8, 'America/Los_Angeles')`, th.venue)
	for code, discount := range promotions {
		exec(`INSERT INTO promotions (id, owner_id, code, percent, amount_minor, currency)
			VALUES ($1, $2, $3, nullif($4, 0), nullif($5::bigint, 0), nullif($6, ''))`,
			newID(t), th.users[0], code, discount.Percent, discount.AmountMinor, discount.Currency)
	}
	exec(`INSERT INTO seat_plans (hash, venue_id, version, plan) VALUES (sha256('plan'), $1, 1, '{}')`, th.venue)
	return th
}

// world is one event with all who have to do with it. Nothing in it moves unless it is told to.
type world struct {
	*theatre
	*outside
	tb       rapid.TB
	ctx      context.Context
	event    string
	seats    []string
	offset   time.Duration // of the database's clock and the provider's
	provider *provider
	steps    *activities.Activities

	runs      []*run
	mails     map[string]activities.Act // open runs of the mails' own workflow, by mail
	parked    []*task                   // requests, webhooks and ghosts that stand before a call
	order     []string                  // bookings as they were made
	cancelled map[string]bool           // bookings whose cancellation was accepted
	secured   map[string]bool           // bookings that were paid while they held their seats
}

// newWorld makes an event with the seats. The world must be closed.
func newWorld(ctx context.Context, tb rapid.TB, th *theatre, seats int) *world {
	w := &world{
		theatre: th, tb: tb, ctx: ctx, event: newID(tb), mails: map[string]activities.Act{}, cancelled: map[string]bool{}, secured: map[string]bool{},
		outside: &outside{files: map[string][]byte{}, spoilt: map[string]bool{}, mailed: map[string]int{}},
	}
	w.provider = &provider{now: w.now, broken: map[string]bool{}, refused: map[string]bool{}, halves: map[string]boxoffice.Refund{}}
	w.steps = &activities.Activities{
		Bookings: th.store, Emails: th.store, Provider: w.provider, Tickets: w.outside, Files: w.outside,
		Composer: w.outside, Sender: w.outside, Logger: slog.New(slog.DiscardHandler),
	}
	require.NoError(tb, th.db.SetClockOffset(ctx, 0))
	w.exec(`INSERT INTO events (id, owner_id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, sales_open_at,
			sales_close_at, status, currency, seats, price_from_minor, refund_hours, refund_percent, booking_fee_minor)
		VALUES ($1, $2, $3, $4, sha256('plan'), 'Ghost', 'film', now() + interval '900 days', now() + interval '901 days',
			now() - interval '1 day', now() + interval '800 days', 'on_sale', 'USD', $5, $6, 24, 80, $7)`,
		w.event, th.users[0], th.title, th.venue, seats, seatPrice, bookingFee)
	for range seats {
		w.seats = append(w.seats, newID(tb))
	}
	w.exec(`INSERT INTO tickets (id, event_id, section, row, number, category, price_minor)
		SELECT id, $1, 'Stalls', 'C', n, 'standard', $3 FROM unnest($2::text[]::uuid[]) WITH ORDINALITY AS t (id, n)`,
		w.event, w.seats, seatPrice)
	return w
}

// close ends every task that is under way. What the event still has open is nobody's concern any more.
func (w *world) close() {
	for _, k := range w.parked {
		k.kill()
	}
	for _, r := range w.runs {
		r.drop()
	}
}

func (w *world) exec(sql string, args ...any) {
	_, err := w.db.Pool.Exec(w.ctx, sql, args...)
	require.NoError(w.tb, err)
}

// now is the time by the database's clock and the provider's.
func (w *world) now() time.Time { return time.Now().Add(w.offset) }

// pass lets time pass for everybody.
func (w *world) pass(d time.Duration) {
	w.offset += d
	require.NoError(w.tb, w.db.SetClockOffset(w.ctx, w.offset))
	w.provider.tick()
}

// name is what a booking is called in the story of a test.
func (w *world) name(booking string) string {
	if i := slices.Index(w.order, booking); i >= 0 {
		return fmt.Sprintf("b%d", i)
	}
	return booking
}

func (w *world) runOf(ref boxoffice.BookingRef) *run {
	for _, r := range w.runs {
		if r.ref.BookingID == ref.BookingID {
			return r
		}
	}
	r := &run{ref: ref}
	w.runs = append(w.runs, r)
	return r
}

// service is the booking service as one request uses it.
func (w *world) service() *bookings.Service {
	return bookings.New(bookings.Options{
		Store: w.store, Support: w.store, Provider: w.provider, Tickets: w.outside, Files: w.outside, Temporal: temporal{world: w},
		BaseURL: &url.URL{Scheme: "https", Host: "boxoffice.example"}, Logger: slog.New(slog.DiscardHandler),
	})
}

// request begins a request of somebody to the service. What it answers is known only when its answer arrives.
func (w *world) request(name string, serve func(ctx context.Context, s *bookings.Service) (answered func(), err error)) *task {
	return begin(w.ctx, name, func(ctx context.Context) error {
		s := w.service()
		answered, err := serve(ctx, s)
		if drainErr := s.Drain(); err == nil {
			err = drainErr
		}
		if err != nil {
			return err
		}
		if taskOf(ctx).stop("answer") == goOn && answered != nil {
			answered()
		}
		return nil
	})
}

// book takes the seats of the given numbers for a buyer.
func (w *world) book(buyer int, seats ...int) *task {
	req := boxoffice.HoldRequest{UserID: w.users[buyer]}
	for _, i := range seats {
		req.TicketIDs = append(req.TicketIDs, w.seats[i])
	}
	return w.request(fmt.Sprintf("buyer %d books %v", buyer, seats), func(ctx context.Context, s *bookings.Service) (func(), error) {
		_, err := s.Book(ctx, req)
		return nil, err
	})
}

// checkout opens the payment page of a booking.
func (w *world) checkout(b booking) *task {
	req := boxoffice.CheckoutRequest{UserID: b.UserID, BookingID: b.ID}
	return w.request("checkout of "+w.name(b.ID), func(ctx context.Context, s *bookings.Service) (func(), error) {
		c, err := s.Checkout(ctx, req)
		return func() { w.provider.handOut(c.URL) }, err
	})
}

// putIn puts a promotion code into a booking, or takes the one it has out where code is "".
func (w *world) putIn(b booking, code string) *task {
	name := fmt.Sprintf("code %q into %s", code, w.name(b.ID))
	return w.request(name, func(ctx context.Context, s *bookings.Service) (func(), error) {
		if code == "" {
			_, err := s.RemovePromotion(ctx, b.UserID, b.ID, nil)
			return nil, err
		}
		_, err := s.ApplyPromotion(ctx, boxoffice.PromotionRequest{UserID: b.UserID, BookingID: b.ID, Code: code})
		return nil, err
	})
}

// show reads a booking, which tells the address of an open payment page.
func (w *world) show(b booking) *task {
	return w.request("look at "+w.name(b.ID), func(ctx context.Context, s *bookings.Service) (func(), error) {
		got, err := s.Booking(ctx, b.UserID, b.ID)
		return func() { w.provider.handOut(got.CheckoutURL) }, err
	})
}

// extend asks for more time.
func (w *world) extend(b booking) *task {
	return w.request("extension of "+w.name(b.ID), func(ctx context.Context, s *bookings.Service) (func(), error) {
		_, err := s.Extend(ctx, b.UserID, b.ID, nil)
		return nil, err
	})
}

// changeSeats adds and removes seats of a booking.
func (w *world) changeSeats(b booking, add, remove []string) *task {
	name := fmt.Sprintf("%d seats more and %d fewer in %s", len(add), len(remove), w.name(b.ID))
	return w.request(name, func(ctx context.Context, s *bookings.Service) (func(), error) {
		_, err := s.ChangeSeats(ctx, boxoffice.SeatChange{UserID: b.UserID, BookingID: b.ID, Add: add, Remove: remove})
		return nil, err
	})
}

// cancel lets go of a booking.
func (w *world) cancel(b booking) *task {
	return w.request("cancellation of "+w.name(b.ID), func(ctx context.Context, s *bookings.Service) (func(), error) {
		_, err := s.Cancel(ctx, boxoffice.Cancellation{UserID: b.UserID, BookingID: b.ID, HoldOnly: true})
		return func() { w.cancelled[b.ID] = true }, err
	})
}

// giveBack cancels tickets of a sold booking; without any, all that it has.
func (w *world) giveBack(b booking, tickets []string) *task {
	name := fmt.Sprintf("return of %d tickets of %s", len(tickets), w.name(b.ID))
	return w.request(name, func(ctx context.Context, s *bookings.Service) (func(), error) {
		_, err := s.Cancel(ctx, boxoffice.Cancellation{UserID: b.UserID, BookingID: b.ID, TicketIDs: tickets})
		return nil, err
	})
}

// webhook delivers an event of the provider, under its own ID or as a twin of another.
func (w *world) webhook(event int, id string) *task {
	e := w.provider.events[event]
	return w.request(fmt.Sprintf("webhook %d (%s %s)", event, e.Type, id), func(ctx context.Context, s *bookings.Service) (func(), error) {
		return nil, s.ReceiveWebhook(ctx, e.Payload, id)
	})
}

// sweep wakes the runs of all bookings of the event whose next check is due. Those of other worlds are left alone.
func (w *world) sweep() *task {
	return begin(w.ctx, "sweep", func(ctx context.Context) error {
		refs, err := w.store.ClaimOverdue(ctx, 1000)
		for _, ref := range refs {
			if ref.EventID == w.event && err == nil {
				_, err = w.service().NudgeOverdue(ctx, ref)
			}
		}
		return err
	})
}

// sweepInbox takes up the stored events of this world's provider that had no effect. Those of other worlds are left alone.
func (w *world) sweepInbox() *task {
	return begin(w.ctx, "inbox sweep", func(ctx context.Context) error {
		events, err := w.store.ClaimEvents(ctx, 1000)
		for _, e := range events {
			ours := slices.ContainsFunc(w.provider.events, func(known boxoffice.PaymentEvent) bool { return known.ObjectID == e.ObjectID })
			if ours && err == nil {
				s := w.service()
				_, err = s.SettleEvent(ctx, e)
				// A task makes one call at a time, so the run is woken before the next event is asked about.
				err = errors.Join(err, s.Drain())
			}
		}
		return err
	})
}

// ended checks what a task that ended leaves behind.
func (w *world) ended(k *task) {
	if len(k.strange) > 0 {
		w.tb.Logf("%s: %v", k.name, k.strange)
		w.tb.Fatalf("an internal error of the store")
	}
}
