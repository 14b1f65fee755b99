package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/stretchr/testify/require"
)

// briefHold is how long seats are held in the system of the tests of late money and of failing servers.
const briefHold = 4 * time.Second

// brief is that system. A payment that comes late wakes a run of its own, so its runs are not counted.
var brief = sync.OnceValues(func() (*system, error) {
	s, err := startShared("brief", seeded, "BOXOFFICE_HOLD_DURATION="+briefHold.String(), "BOXOFFICE_CHECKOUT_MINIMUM=0s")
	if s != nil {
		s.disturbed = true
	}
	return s, err
})

// pairs gives n times two seats of an event that nobody has touched. Pages show seats that were just sold as free for a
// moment, so tests that book many in a row choose beforehand.
func (s *system) pairs(t *testing.T, eventID string, n int) [][]string {
	t.Helper()
	return slices.Collect(slices.Chunk(s.customer(t).seats(t, eventID, 2*n), 2))
}

// fault is something that is to go wrong at the payment provider or at the mail server: see their packages.
type fault struct {
	Target    string `json:"target,omitempty"`
	Kind      string `json:"kind"`
	Method    string `json:"method,omitempty"`
	Path      string `json:"path,omitempty"`
	Event     string `json:"event,omitempty"`
	Recipient string `json:"recipient,omitempty"`
	Status    int    `json:"status,omitempty"`
	DelayMS   int    `json:"delay_ms,omitempty"`
	N         int    `json:"n,omitempty"`
	Hits      int    `json:"hits,omitempty"`
}

// breaks puts faults in force at a server until the test ends. Tests that do so, and that the faults of could befall
// others, run one after the other.
func breaks(t *testing.T, server string, faults ...fault) {
	t.Helper()
	t.Cleanup(func() { mends(t, server) })
	for _, f := range faults {
		require.NoError(t, tell(http.MethodPost, server+"/_sim/faults", f, nil))
	}
}

// mends ends all faults of a server.
func mends(t *testing.T, server string) {
	t.Helper()
	require.NoError(t, tell(http.MethodDelete, server+"/_sim/faults", nil, nil))
}

// awaitHits waits until the faults in force at a server have struck so often.
func awaitHits(t *testing.T, server string, n int) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		var active struct {
			Faults []fault `json:"faults"`
		}
		err := tell(http.MethodGet, server+"/_sim/faults", nil, &active)
		hits := 0
		for _, f := range active.Faults {
			hits += f.Hits
		}
		if err == nil && hits < n {
			err = fmt.Errorf("the faults struck %d times", hits)
		}
		return err
	})
}

// tell talks JSON to a simulator.
func tell(method, url string, body, answer any) (err error) {
	var content []byte
	if body != nil {
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(method, url, bytes.NewReader(content))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	said, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %s", method, url, response.Status, said)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(said, answer)
}

func (s *system) stripe() string { return s.env["STRIPE_API_BASE"] }

// payLate makes a bank take money on a page, also on one that is closed.
func (s *system) payLate(sessionID, email, card string) error {
	return tell(http.MethodPost, s.stripe()+"/_sim/sessions/"+sessionID+"/pay",
		map[string]any{"email": email, "card_number": card, "late": true}, nil)
}

// session is a payment page as the provider lists it.
type session struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	URL       string `json:"url"`
	Reference string `json:"client_reference_id"`
	Intent    string `json:"payment_intent"`
}

// sessionsOf gives the payment pages that the provider has for a booking.
func (s *system) sessionsOf(t *testing.T, bookingID string) []session {
	t.Helper()
	attempts := map[string]bool{}
	rows, err := s.db.Query(t.Context(), `SELECT id::text FROM payment_attempts WHERE booking_id = $1`, bookingID)
	require.NoError(t, err)
	for rows.Next() {
		var id string
		require.NoError(t, rows.Scan(&id))
		attempts[id] = true
	}
	require.NoError(t, rows.Err())
	var all []session
	require.NoError(t, s.list("/v1/checkout/sessions", &all), "the provider's list")
	var found []session
	for _, one := range all {
		if attempts[one.Reference] {
			found = append(found, one)
		}
	}
	return found
}

// list reads the newest 100 of what the provider has.
func (s *system) list(path string, into any) error {
	request, err := http.NewRequest(http.MethodGet, s.stripe()+path+"?limit=100", http.NoBody)
	if err != nil {
		return err
	}
	request.SetBasicAuth(s.env["STRIPE_API_KEY"], "")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	page := struct {
		Data any `json:"data"`
	}{into}
	return errors.Join(json.NewDecoder(response.Body).Decode(&page), response.Body.Close())
}

// money is what the provider has of a booking's payments.
type money struct{ charges, refunds int }

func (s *system) moneyOf(t *testing.T, bookingID string) money {
	t.Helper()
	intents := map[string]bool{}
	for _, one := range s.sessionsOf(t, bookingID) {
		intents[one.Intent] = one.Intent != ""
	}
	var charges, refunds []struct {
		Intent string `json:"payment_intent"`
		Status string `json:"status"`
	}
	require.NoError(t, errors.Join(s.list("/v1/charges", &charges), s.list("/v1/refunds", &refunds)))
	var m money
	for _, charge := range charges {
		if intents[charge.Intent] && charge.Status == "succeeded" {
			m.charges++
		}
	}
	for _, refund := range refunds {
		if intents[refund.Intent] {
			m.refunds++
		}
	}
	return m
}

// requireChargedOnce asserts that the provider took the price once and gave nothing back.
func (s *system) requireChargedOnce(t *testing.T, bookingID string) {
	t.Helper()
	require.Equal(t, money{charges: 1}, s.moneyOf(t, bookingID))
}

// requireRefundedOnce asserts that a booking's money is back, in full and once, that its buyer was told, and that it has
// neither seats nor valid tickets.
func (s *system) requireRefundedOnce(t *testing.T, c customer, booking buyer.Booking) {
	t.Helper()
	require.Equal(t, money{charges: 1, refunds: 1}, s.moneyOf(t, booking.ID))
	var seats, admissions int
	var back int64
	require.NoError(t, s.db.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM tickets WHERE booking_id = $1), (SELECT count(*) FROM admissions WHERE booking_id = $1 AND voided_at IS NULL),
			(SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r JOIN payments p ON p.id = r.payment_id
				WHERE p.booking_id = $1 AND r.state = 'succeeded')`, booking.ID).Scan(&seats, &admissions, &back))
	require.Zero(t, seats, "seats")
	require.Zero(t, admissions, "valid admissions")
	require.Equal(t, booking.AmountMinor, back)
	s.awaitMail(t, c, "Refund of ")
}

// awaitMail waits for a mail whose subject begins so, and gives it.
func (s *system) awaitMail(t *testing.T, c customer, subject string) (found buyer.Message) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		ids, err := s.inbox().To(t.Context(), c.email)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if found, err = s.inbox().Message(t.Context(), id); err != nil {
				return err
			}
			if strings.HasPrefix(found.Subject, subject) {
				return nil
			}
		}
		return fmt.Errorf("no mail %q among %d", subject, len(ids))
	})
	return found
}

// cancelEvent takes an event off sale until the test ends. Tests that do so run one after the other, for showing counts
// those on sale.
func (s *system) cancelEvent(t *testing.T, eventID string) {
	t.Helper()
	set := func(status string) error {
		_, err := s.db.Exec(context.WithoutCancel(t.Context()), `UPDATE events SET status = $2::event_status WHERE id = $1`, eventID, status)
		return err
	}
	t.Cleanup(func() { require.NoError(t, set("on_sale")) })
	require.NoError(t, set("cancelled"))
}
