package stack

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/stretchr/testify/require"
)

// Cards of the payment page.
const (
	GoodCard     = "4242 4242 4242 4242"
	DeclinedCard = "4000 0000 0000 0002"
	// SlowRefundCard is one whose refunds the bank takes its time with.
	SlowRefundCard = "4000 0000 0000 7726"
)

// Customer is a buyer with an account.
type Customer struct {
	*buyer.Buyer
	ID, Name, Email string
}

// Customer gives a buyer who has an account and is logged in.
func (s *System) Customer(t *testing.T) Customer { return s.Customers(t, 1)[0] }

// Customers writes accounts and their sessions to the database: signing up and logging in costs 40 ms of CPU each, for
// the password, and is tested on its own.
func (s *System) Customers(t testing.TB, n int) []Customer {
	t.Helper()
	var ids, names, emails []string
	var hashes [][]byte
	crowd := make([]Customer, n)
	for i := range crowd {
		id, err := uuid.NewV7()
		require.NoError(t, err)
		var secret [32]byte
		_, _ = rand.Read(secret[:]) // never fails
		token := base64.RawURLEncoding.EncodeToString(secret[:])
		hash := sha256.Sum256([]byte(token))
		name := "e2e-" + strings.ToLower(rand.Text()[:16])
		crowd[i] = Customer{Buyer: buyer.New(s.Env["BOXOFFICE_URL"], Transport), ID: id.String(), Name: name, Email: name + "@example.com"}
		crowd[i].Resume(token)
		ids, names, emails, hashes = append(ids, id.String()), append(names, name), append(emails, crowd[i].Email), append(hashes, hash[:])
	}
	_, err := s.DB.Exec(t.Context(), `
		WITH people AS (
			INSERT INTO users (id, username, email, password_hash)
			SELECT id, name, email, '$argon2id$nobody knows the password' FROM unnest($1::uuid[], $2::text[], $3::text[]) AS p (id, name, email)
			RETURNING id)
		INSERT INTO sessions (user_id, token_hash, expires_at)
		SELECT s.id, s.hash, boxoffice_now() + interval '1 hour' FROM unnest($1::uuid[], $4::bytea[]) AS s (id, hash) JOIN people USING (id)`,
		ids, names, emails, hashes)
	require.NoError(t, err)
	return crowd
}

// At gives the same customer, in the same session, at another API.
func (c Customer) At(url string) Customer {
	there := buyer.New(url, Transport)
	there.Resume(c.Token())
	c.Buyer = there
	return c
}

// Showing gives a seeded event that no other test uses. They are listed once: tests put on events of their own meanwhile, and
// take others off sale.
func (s *System) Showing(t testing.TB) string {
	t.Helper()
	s.seeded.Do(func() {
		rows, err := s.DB.Query(t.Context(), `
			SELECT e.id::text FROM events e JOIN users u ON u.id = e.owner_id
			WHERE u.username = 'organizer' AND event_is_on_sale(e) AND e.sales_close_at > boxoffice_now() + interval '1 hour'
			ORDER BY e.starts_at DESC, e.id`)
		require.NoError(t, err)
		s.showings, err = pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
	})
	n := s.shown.Add(1)
	require.LessOrEqual(t, n, int64(len(s.showings)), "the tests need more events than were seeded")
	return s.showings[n-1]
}

// FreeSeats gives n free seats of an event that are for everybody.
func (c Customer) FreeSeats(t testing.TB, eventID string, n int) []string {
	t.Helper()
	_, free, err := c.Event(t.Context(), eventID)
	require.NoError(t, err)
	free = slices.DeleteFunc(free, func(ticket buyer.Ticket) bool { return ticket.Accessible })
	require.GreaterOrEqual(t, len(free), n)
	var ids []string
	for _, ticket := range free[:n] {
		ids = append(ids, ticket.ID)
	}
	return ids
}

// Hold books n free seats of an event.
func (c Customer) Hold(t *testing.T, eventID string, n int) buyer.Booking {
	t.Helper()
	booking, err := c.Book(t.Context(), "", c.FreeSeats(t, eventID, n)...)
	require.NoError(t, err)
	require.Equal(t, "held", booking.Status)
	require.Len(t, booking.Tickets, n)
	return booking
}

// PayFor opens the payment page and pays.
func (c Customer) PayFor(t *testing.T, bookingID string) {
	t.Helper()
	page, err := c.Checkout(t.Context(), bookingID)
	require.NoError(t, err)
	_, err = c.Pay(t.Context(), page.URL, c.Email, GoodCard)
	require.NoError(t, err)
}

// AwaitEnd waits until a booking has a status, and fails at once where it has come to another end.
func (c Customer) AwaitEnd(t *testing.T, patience time.Duration, bookingID, status string) buyer.Booking {
	t.Helper()
	ends := []string{"completed", "expired", "cancelled", "refunded"}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	booking, err := c.Await(ctx, bookingID, append(ends, status)...)
	require.NoError(t, err)
	require.Equal(t, status, booking.Status)
	return booking
}

// Paid gives a booking that was paid for in time, and its payment page.
func (s *System) Paid(t *testing.T, c Customer, seats ...string) (buyer.Booking, Session) {
	t.Helper()
	booking, page := s.Opened(t, c, seats...)
	_, err := c.Pay(t.Context(), page.URL, c.Email, GoodCard)
	require.NoError(t, err)
	return booking, page
}

// Opened gives a booking with its open payment page.
func (s *System) Opened(t *testing.T, c Customer, seats ...string) (buyer.Booking, Session) {
	t.Helper()
	booking, err := c.Book(t.Context(), "", seats...)
	require.NoError(t, err)
	_, err = c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	sessions := s.SessionsOf(t, booking.ID)
	require.Len(t, sessions, 1)
	return booking, sessions[0]
}

// Lapsed gives a booking whose page was open until its deadline closed it.
func (s *System) Lapsed(t *testing.T, c Customer, seats ...string) (buyer.Booking, Session) {
	t.Helper()
	booking, page := s.Opened(t, c, seats...)
	c.AwaitEnd(t, 30*time.Second, booking.ID, "expired")
	return booking, page
}

// AwaitStatus is await for a booking that has already been at an end.
func (s *System) AwaitStatus(t *testing.T, c Customer, bookingID, status string) {
	t.Helper()
	Eventually(t, 40*time.Second, func() error {
		booking, err := c.Booking(t.Context(), bookingID)
		if err == nil && booking.Status != status {
			err = fmt.Errorf("the booking is %s", booking.Status)
		}
		return err
	})
}

// Pairs gives n times two seats of an event that nobody has touched. Pages show seats that were just sold as free for a
// moment, so tests that book many in a row choose beforehand.
func (s *System) Pairs(t *testing.T, eventID string, n int) [][]string {
	t.Helper()
	return slices.Collect(slices.Chunk(s.Customer(t).FreeSeats(t, eventID, 2*n), 2))
}

// BookingIDs gives the IDs of the customer's bookings.
func (c Customer) BookingIDs(t *testing.T) []string {
	t.Helper()
	var page struct {
		Bookings []buyer.Booking `json:"bookings"`
	}
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/bookings", nil, &page))
	var ids []string
	for _, booking := range page.Bookings {
		ids = append(ids, booking.ID)
	}
	return ids
}

// AboutToPay gives a customer before the open payment page of two seats.
func (s *System) AboutToPay(t *testing.T) (Customer, buyer.Booking, string) {
	t.Helper()
	c := s.Customer(t)
	booking := c.Hold(t, s.Showing(t), 2)
	s.AwaitWaiting(t, booking.ID)
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	return c, booking, page.URL
}

// BookAtOnce books, and asserts that nobody waited for a server that is away.
func (c Customer) BookAtOnce(t *testing.T, seats []string) buyer.Booking {
	t.Helper()
	began := time.Now()
	answer, err := c.Ask(t.Context(), http.MethodPost, "/book", "", seats)
	took := time.Since(began)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, answer.Status, string(answer.Body))
	require.Less(t, took, time.Second)
	t.Logf("booked in %s", took.Round(time.Millisecond))
	ids := c.BookingIDs(t)
	require.Len(t, ids, 1)
	booking, err := c.Booking(t.Context(), ids[0])
	require.NoError(t, err)
	return booking
}
