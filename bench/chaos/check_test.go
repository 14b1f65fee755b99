package chaos_test

import (
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/bench/chaos"
	"github.com/stretchr/testify/require"
)

// Bookings of a run in which nothing is wrong.
const (
	sold     = "sold"     // two seats, paid
	returned = "returned" // two seats, of which one was given back, for 80 % of its price
	givenUp  = "given up" // two seats, paid, all given back
	refunded = "refunded" // paid when the seats were gone
	expired  = "expired"  // the page refused its card
)

// truth gives the records of clients and the books of a run in which nothing is wrong. Each seat costs 1000.
func truth() ([]chaos.Record, chaos.Books) {
	const held, done = boxoffice.BookingHeld, boxoffice.BookingCompleted
	told := func(s ...boxoffice.BookingStatus) []boxoffice.BookingStatus { return s }
	records := []chaos.Record{
		{Booking: sold, Seats: []string{"a", "b"}, Email: sold, Told: told(held, done), Page: chaos.PagePaid, PDF: true},
		{
			Booking: returned, Seats: []string{"c", "d"}, Email: returned, Told: told(held, done), Page: chaos.PagePaid, PDF: true,
			Returned: []string{"c"}, RefundMinor: 800, ReturnIsTaken: true,
		},
		{
			Booking: givenUp, Seats: []string{"e", "f"}, Email: givenUp, Told: told(held, done, boxoffice.BookingRefunding, boxoffice.BookingRefunded),
			Page: chaos.PagePaid, Returned: []string{"e", "f"}, RefundMinor: 1600, ReturnIsTaken: true,
		},
		{Booking: refunded, Seats: []string{"a"}, Email: refunded, Told: told(held, boxoffice.BookingExpired, boxoffice.BookingRefunded), Page: chaos.PageUnknown},
		{Booking: expired, Seats: []string{"c"}, Email: expired, Told: told(held, boxoffice.BookingExpired), Page: chaos.PageRefused},
	}
	return records, chaos.Books{
		Bookings: map[string]chaos.Booking{
			sold:     {Status: done, Seats: []string{"b", "a"}, Admits: []string{"a", "b"}, WorthMinor: 2000},
			returned: {Status: done, Seats: []string{"c", "d"}, Admits: []string{"d"}, WorthMinor: 1200},
			givenUp:  {Status: boxoffice.BookingRefunded, Seats: []string{"e", "f"}, WorthMinor: 400},
			refunded: {Status: boxoffice.BookingRefunded, Seats: []string{"a"}},
			expired:  {Status: boxoffice.BookingExpired, Seats: []string{"c"}},
		},
		Money: map[string]chaos.Money{sold: {2000, 0}, returned: {2000, 800}, givenUp: {2000, 1600}, refunded: {1000, 1000}},
		Mails: map[string]chaos.Mails{sold: {1, 0}, returned: {2, 1}, givenUp: {0, 1}, refunded: {0, 1}},
	}
}

func TestCheck_OK(t *testing.T) {
	t.Parallel()
	require.Equal(t, chaos.Findings{}, chaos.Check(truth()))
}

// A seat given back is sold again: that is no seat sold twice.
func TestCheck_OKSoldAgain(t *testing.T) {
	t.Parallel()
	records, books := truth()
	records = append(records, chaos.Record{
		Booking: "again", Seats: []string{"c"}, Email: "again", Told: []boxoffice.BookingStatus{boxoffice.BookingCompleted}, Page: chaos.PagePaid, PDF: true,
	})
	books.Bookings["again"] = chaos.Booking{Status: boxoffice.BookingCompleted, Seats: []string{"c"}, Admits: []string{"c"}, WorthMinor: 1000}
	books.Money["again"], books.Mails["again"] = chaos.Money{TakenMinor: 1000}, chaos.Mails{Tickets: 1}
	require.Equal(t, chaos.Findings{}, chaos.Check(records, books))
}

// Nobody is lied to whose late payment is given back since the seats are gone, who missed a step between two looks, or whose
// return was taken though no answer said so.
func TestCheck_OKThoughItLooksOdd(t *testing.T) {
	t.Parallel()
	records, books := truth()
	records[3].Page = chaos.PagePaid
	records[2].Told = []boxoffice.BookingStatus{boxoffice.BookingHeld, boxoffice.BookingRefunded}
	records[2].ReturnIsTaken = false
	require.Equal(t, chaos.Findings{}, chaos.Check(records, books))
}

// Each way in which a run can be wrong is found, and is counted as what it is.
func TestCheck_ErrEachLieIsFound(t *testing.T) {
	t.Parallel()
	type world struct {
		records []chaos.Record
		books   chaos.Books
	}
	set := func(w *world, id string, change func(*chaos.Booking)) {
		b := w.books.Bookings[id]
		change(&b)
		w.books.Bookings[id] = b
	}
	for name, broken := range map[string]struct {
		by   func(w *world)
		want chaos.Findings // of each kind: whether there is any
	}{
		"two bookings admit to a seat": {
			func(w *world) { set(w, returned, func(b *chaos.Booking) { b.Admits = append(b.Admits, "a") }) }, chaos.Findings{SoldTwice: yes},
		},
		"two clients are told that a seat is theirs": {
			func(w *world) {
				w.records[1].Seats[1] = "b"
				set(w, returned, func(b *chaos.Booking) { b.Seats[1] = "b" })
			},
			chaos.Findings{SoldTwice: yes},
		},
		"paid, and never settled": {
			func(w *world) {
				set(w, sold, func(b *chaos.Booking) { b.Status, b.Admits = boxoffice.BookingHeld, nil })
				w.records[0].Told = []boxoffice.BookingStatus{boxoffice.BookingHeld}
			}, chaos.Findings{PaidUnresolved: yes, StuckSeats: yes},
		},
		"paid late, and not given back": {
			func(w *world) {
				w.books.Money[expired] = chaos.Money{TakenMinor: 1000}
				w.records[4].Page = chaos.PageUnknown
			}, chaos.Findings{PaidUnresolved: yes, FalseAnswers: yes},
		},
		"a card that was refused, and charged": {
			func(w *world) {
				w.books.Money[expired] = chaos.Money{TakenMinor: 1000}
				set(w, expired, func(b *chaos.Booking) { b.Status = boxoffice.BookingRefunding })
				w.records[4].Told = []boxoffice.BookingStatus{boxoffice.BookingRefunding}
			}, chaos.Findings{PaidUnresolved: yes, StuckSeats: yes, FalseAnswers: yes},
		},
		"a refund that is half of it": {
			func(w *world) { w.books.Money[refunded] = chaos.Money{TakenMinor: 1000, ReturnedMinor: 500} },
			chaos.Findings{PaidUnresolved: yes, FalseAnswers: yes},
		},
		"paid twice": {
			func(w *world) { w.books.Money[sold] = chaos.Money{TakenMinor: 4000} }, chaos.Findings{PaidUnresolved: yes},
		},
		"paid, completed, and without a valid ticket": {
			func(w *world) { set(w, sold, func(b *chaos.Booking) { b.Admits = nil }) }, chaos.Findings{PaidUnresolved: yes},
		},
		"money of a booking that is not there": {
			func(w *world) { w.books.Money["nobody's"] = chaos.Money{TakenMinor: 1000} }, chaos.Findings{PaidUnresolved: yes},
		},
		"a ticket that nobody paid": {
			func(w *world) { delete(w.books.Money, sold) }, chaos.Findings{TicketUnpaid: yes},
		},
		"a refund beside the ticket": {
			func(w *world) {
				w.books.Money[sold], w.books.Mails[sold] = chaos.Money{TakenMinor: 2000, ReturnedMinor: 2000}, chaos.Mails{Tickets: 1, Refunds: 1}
			}, chaos.Findings{TicketUnpaid: yes},
		},
		"a seat that stays held": {
			func(w *world) { w.books.Stuck = []string{"x"} }, chaos.Findings{StuckSeats: yes},
		},
		"a hold that the database never had": {
			func(w *world) { delete(w.books.Bookings, expired) }, chaos.Findings{FalseAnswers: yes},
		},
		"a hold that the box office no longer knows": {
			func(w *world) { w.records[4].Refusal = "404" }, chaos.Findings{FalseAnswers: yes},
		},
		"a hold of other seats": {
			func(w *world) { w.records[4].Seats = []string{"d"} }, chaos.Findings{FalseAnswers: yes},
		},
		"a sale that was taken away": {
			func(w *world) {
				set(w, sold, func(b *chaos.Booking) { b.Status, b.Admits = boxoffice.BookingExpired, nil })
				w.books.Money[sold] = chaos.Money{TakenMinor: 2000, ReturnedMinor: 2000}
				w.records[0].Told = append(w.records[0].Told, boxoffice.BookingExpired)
			}, chaos.Findings{FalseAnswers: yes},
		},
		"paid in time, and undone": {
			func(w *world) { w.records[3].Page, w.records[3].InTime = chaos.PagePaid, true }, chaos.Findings{FalseAnswers: yes},
		},
		"paid late for seats that nobody else had, and undone": {
			func(w *world) {
				w.records[3].Page, w.records[3].Seats = chaos.PagePaid, []string{"x"}
				set(w, refunded, func(b *chaos.Booking) { b.Seats = []string{"x"} })
			}, chaos.Findings{FalseAnswers: yes},
		},
		"a sale that was taken away when a return was asked for, and not taken": {
			func(w *world) {
				w.records[2].ReturnIsTaken = false
				w.books.Money[givenUp] = chaos.Money{TakenMinor: 2000, ReturnedMinor: 2000}
			}, chaos.Findings{FalseAnswers: yes},
		},
		"an end that is none": {
			func(w *world) {
				w.records[0].Told = []boxoffice.BookingStatus{boxoffice.BookingHeld, boxoffice.BookingCancelled, boxoffice.BookingCompleted}
			}, chaos.Findings{FalseAnswers: yes},
		},
		"another last word": {
			func(w *world) { set(w, expired, func(b *chaos.Booking) { b.Status = boxoffice.BookingCancelled }) }, chaos.Findings{FalseAnswers: yes},
		},
		"no PDF":  {func(w *world) { w.records[0].PDF = false }, chaos.Findings{FalseAnswers: yes}},
		"no mail": {func(w *world) { w.books.Mails[sold] = chaos.Mails{Refunds: 1} }, chaos.Findings{FalseAnswers: yes}},
		"no mail about the money": {
			func(w *world) { w.books.Mails[refunded] = chaos.Mails{Tickets: 1} }, chaos.Findings{FalseAnswers: yes},
		},
		"no mail about the money of one ticket": {
			func(w *world) { w.books.Mails[returned] = chaos.Mails{Tickets: 2} }, chaos.Findings{FalseAnswers: yes},
		},
		"another refund than was shown": {
			func(w *world) { w.records[1].RefundMinor = 1000 }, chaos.Findings{FalseAnswers: yes},
		},
		"a refund that never was": {
			func(w *world) { w.books.Money[refunded] = chaos.Money{} }, chaos.Findings{FalseAnswers: yes},
		},
		"what the audit finds": {func(w *world) { w.books.Audit = []string{"x"} }, chaos.Findings{Audit: yes}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records, books := truth()
			w := &world{records, books}
			broken.by(w)
			require.Equal(t, broken.want, kinds(chaos.Check(w.records, w.books)))
		})
	}
}

// yes stands for findings of a kind, however many and in whatever words.
var yes = []string{"yes"}

func kinds(f chaos.Findings) chaos.Findings {
	for _, kind := range []*[]string{&f.SoldTwice, &f.PaidUnresolved, &f.TicketUnpaid, &f.StuckSeats, &f.FalseAnswers, &f.Audit} {
		if len(*kind) > 0 {
			*kind = yes
		}
	}
	return f
}
