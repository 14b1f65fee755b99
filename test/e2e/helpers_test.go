package e2e

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
)

// Cards of the payment page.
const (
	goodCard     = "4242 4242 4242 4242"
	declinedCard = "4000 0000 0000 0002"
)

// fatal is an error that no patience helps.
type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

// poll asks until there is no error, the error is fatal, or ctx ends.
func poll(ctx context.Context, check func() error) error {
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if _, hopeless := errors.AsType[fatal](err); err == nil || hopeless {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; the last: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// eventually is poll with a patience, in a test.
func eventually(t *testing.T, patience time.Duration, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, poll(ctx, check))
}

// of gives a shared system. Where the test fails, it shows the logs.
func of(t *testing.T, shared func() (*system, error)) *system {
	t.Helper()
	s, err := shared()
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.tails())
		}
	})
	return s
}

// customer is a buyer with an account.
type customer struct {
	*buyer.Buyer
	id, name, email string
}

// customer gives a buyer who has an account and is logged in.
func (s *system) customer(t *testing.T) customer { return s.customers(t, 1)[0] }

// customers writes accounts and their sessions to the database: signing up and logging in costs 40 ms of CPU each, for
// the password, and is tested on its own.
func (s *system) customers(t testing.TB, n int) []customer {
	t.Helper()
	var ids, names, emails []string
	var hashes [][]byte
	crowd := make([]customer, n)
	for i := range crowd {
		id, err := uuid.NewV7()
		require.NoError(t, err)
		var secret [32]byte
		_, _ = rand.Read(secret[:]) // never fails
		token := base64.RawURLEncoding.EncodeToString(secret[:])
		hash := sha256.Sum256([]byte(token))
		name := "e2e-" + strings.ToLower(rand.Text()[:16])
		crowd[i] = customer{Buyer: buyer.New(s.env["BOXOFFICE_URL"], transport), id: id.String(), name: name, email: name + "@example.com"}
		crowd[i].Resume(token)
		ids, names, emails, hashes = append(ids, id.String()), append(names, name), append(emails, crowd[i].email), append(hashes, hash[:])
	}
	_, err := s.db.Exec(t.Context(), `
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

// showing gives an event that no other test uses.
func (s *system) showing(t testing.TB) string {
	t.Helper()
	var id string
	err := s.db.QueryRow(t.Context(), `
		SELECT e.id FROM events e WHERE event_is_on_sale(e) AND e.sales_close_at > boxoffice_now() + interval '1 hour'
		ORDER BY starts_at DESC, id OFFSET $1 LIMIT 1`, s.showings.Add(1)-1).Scan(&id)
	require.NoError(t, err, "the tests need more events than were seeded")
	return id
}

// seats gives n free seats of an event.
func (c customer) seats(t testing.TB, eventID string, n int) []string {
	t.Helper()
	_, free, err := c.Event(t.Context(), eventID)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(free), n)
	var ids []string
	for _, ticket := range free[:n] {
		ids = append(ids, ticket.ID)
	}
	return ids
}

// hold books n free seats of an event.
func (c customer) hold(t *testing.T, eventID string, n int) buyer.Booking {
	t.Helper()
	booking, err := c.Book(t.Context(), "", c.seats(t, eventID, n)...)
	require.NoError(t, err)
	require.Equal(t, "held", booking.Status)
	require.Len(t, booking.Tickets, n)
	return booking
}

// payFor opens the payment page and pays.
func (c customer) payFor(t *testing.T, bookingID string) {
	t.Helper()
	page, err := c.Checkout(t.Context(), bookingID)
	require.NoError(t, err)
	_, err = c.Pay(t.Context(), page.URL, c.email, goodCard)
	require.NoError(t, err)
}

// await waits until a booking has a status, and fails at once where it has come to another end.
func (c customer) await(t *testing.T, patience time.Duration, bookingID, status string) buyer.Booking {
	t.Helper()
	ends := []string{"completed", "expired", "cancelled", "refunded"}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	booking, err := c.Await(ctx, bookingID, append(ends, status)...)
	require.NoError(t, err)
	require.Equal(t, status, booking.Status)
	return booking
}

// requireSeats asserts the state of a booking's seats, as everybody sees it.
func (c customer) requireSeats(t *testing.T, booking buyer.Booking, eventID, state string) {
	t.Helper()
	states, err := c.Seats(t.Context(), eventID)
	require.NoError(t, err)
	for _, ticket := range booking.Tickets {
		require.Equal(t, state, states[ticket.ID], ticket.Seat)
	}
}

// requireProblem asserts that err is the box office's refusal.
func requireProblem(t *testing.T, err error, status int, kind string) *buyer.Problem {
	t.Helper()
	var problem *buyer.Problem
	require.ErrorAs(t, err, &problem)
	require.Equal(t, status, problem.Status, problem.Detail)
	require.Equal(t, "/problems/"+kind, problem.Type)
	return problem
}

// endedRun waits until the run of a booking has ended well, and gives it with its history.
func (s *system) endedRun(t *testing.T, bookingID string) (*client.WorkflowExecutionDescription, []*historypb.HistoryEvent) {
	t.Helper()
	id := workflows.BookingWorkflowID(bookingID)
	var run *client.WorkflowExecutionDescription
	eventually(t, 30*time.Second, func() (err error) {
		if run, err = s.temporal.DescribeWorkflow(t.Context(), id, ""); err != nil {
			return err
		}
		if run.Status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			return fmt.Errorf("%s still runs", id)
		}
		return nil
	})
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, run.Status)
	return run, s.history(t, bookingID)
}

func (s *system) history(t *testing.T, bookingID string) []*historypb.HistoryEvent {
	t.Helper()
	var events []*historypb.HistoryEvent
	history := s.temporal.GetWorkflowHistory(t.Context(), workflows.BookingWorkflowID(bookingID), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)
		events = append(events, event)
	}
	return events
}

// awaitWaiting waits until the run of a booking waits for a payment or the deadline.
func (s *system) awaitWaiting(t *testing.T, bookingID string) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		if _, err := s.temporal.DescribeWorkflow(t.Context(), workflows.BookingWorkflowID(bookingID), ""); err != nil {
			return err
		}
		for _, event := range s.history(t, bookingID) {
			if event.GetTimerStartedEventAttributes() != nil {
				return nil
			}
		}
		return errors.New("the run does not wait yet")
	})
}

// signals gives the names of the signals in a history.
func signals(events []*historypb.HistoryEvent) []string {
	var names []string
	for _, event := range events {
		if signal := event.GetWorkflowExecutionSignaledEventAttributes(); signal != nil {
			names = append(names, signal.GetSignalName())
		}
	}
	return names
}

// requireSoldOnce asserts what a booking must have come to, in the rows and in the inbox, however often its steps ran.
func (s *system) requireSoldOnce(t *testing.T, c customer, booking buyer.Booking) {
	t.Helper()
	var payments, sold, admissions int
	require.NoError(t, s.db.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM payments WHERE booking_id = $1),
			(SELECT count(*) FROM tickets WHERE booking_id = $1 AND state = 'sold' AND holder_id = $2),
			(SELECT count(*) FROM admissions WHERE booking_id = $1)`, booking.ID, c.id).Scan(&payments, &sold, &admissions))
	require.Equal(t, 1, payments, "payments")
	require.Equal(t, len(booking.Tickets), sold, "sold seats")
	require.Equal(t, len(booking.Tickets), admissions, "admissions, void ones too")
	eventually(t, 30*time.Second, func() error {
		mails, err := s.inbox().To(t.Context(), c.email)
		if err == nil && len(mails) == 0 {
			err = errors.New("no mail came")
		}
		return err
	})
}

func (s *system) inbox() *buyer.Inbox { return buyer.NewInbox(s.env["MAIL_URL"], transport) }

// timeline gives what the timeline of a booking says, in order.
func (s *system) timeline(t *testing.T, bookingID string) []string {
	t.Helper()
	var lines []string
	require.NoError(t, s.db.QueryRow(t.Context(),
		`SELECT coalesce(array_agg(what ORDER BY id), '{}') FROM booking_timeline WHERE booking_id = $1`, bookingID).Scan(&lines))
	return slices.Clone(lines)
}
