package stack

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Deliver sends a webhook as the provider does, signed with a secret at a time, and gives the status of the answer.
func (s *System) Deliver(t *testing.T, payload []byte, secret string, at time.Time) int {
	t.Helper()
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), payload) // never fails
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Env["BOXOFFICE_URL"]+"/webhooks/stripe", bytes.NewReader(payload))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil))))
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

// CompletedEvent is the type of the webhook that tells of a payment.
const CompletedEvent = "checkout.session.completed"

// AwaitInbox waits until so many events about a payment page have had their effect, and none is open.
func (s *System) AwaitInbox(t *testing.T, sessionID string, n int) {
	t.Helper()
	Eventually(t, 30*time.Second, func() error {
		var came, open int
		err := s.DB.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE processed_at IS NULL)
			FROM webhook_inbox WHERE object_id = $1 AND type = $2`, sessionID, CompletedEvent).Scan(&came, &open)
		if err == nil && (came != n || open != 0) {
			err = fmt.Errorf("%d events came, %d are open", came, open)
		}
		return err
	})
}

// Fault is something that is to go wrong at the payment provider or at the mail server: see their packages.
type Fault struct {
	Target    string  `json:"target,omitempty"`
	Kind      string  `json:"kind"`
	Method    string  `json:"method,omitempty"`
	Path      string  `json:"path,omitempty"`
	Event     string  `json:"event,omitempty"`
	Recipient string  `json:"recipient,omitempty"`
	Status    int     `json:"status,omitempty"`
	DelayMS   int     `json:"delay_ms,omitempty"`
	N         int     `json:"n,omitempty"`
	Share     float64 `json:"share,omitempty"`
	Hits      int     `json:"hits,omitempty"`
}

// Breaks puts faults in force at a server until the test ends. Tests that do so, and that the faults of could befall
// others, run one after the other.
func Breaks(t *testing.T, server string, faults ...Fault) {
	t.Helper()
	t.Cleanup(func() { Mends(t, server) })
	for _, f := range faults {
		require.NoError(t, Tell(http.MethodPost, server+"/_sim/faults", f, nil))
	}
}

// Mends ends all faults of a server.
func Mends(t *testing.T, server string) {
	t.Helper()
	require.NoError(t, Tell(http.MethodDelete, server+"/_sim/faults", nil, nil))
}

// AwaitHits waits until the faults in force at a server have struck so often.
func AwaitHits(t *testing.T, server string, n int) {
	t.Helper()
	Eventually(t, 30*time.Second, func() error {
		var active struct {
			Faults []Fault `json:"faults"`
		}
		err := Tell(http.MethodGet, server+"/_sim/faults", nil, &active)
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

// Tell talks JSON to a simulator.
func Tell(method, url string, body, answer any) (err error) {
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

// Stripe is the address of the provider, which is also that of its simulator.
func (s *System) Stripe() string { return s.Env["STRIPE_API_BASE"] }

// PayAmount makes a bank take another amount than the page's, in minor units.
func (s *System) PayAmount(sessionID, email string, amount int64) error {
	return Tell(http.MethodPost, s.Stripe()+"/_sim/sessions/"+sessionID+"/pay",
		map[string]any{"email": email, "card_number": GoodCard, "amount_minor": amount}, nil)
}

// PayLate makes a bank take money on a page, also on one that is closed.
func (s *System) PayLate(sessionID, email, card string) error {
	return Tell(http.MethodPost, s.Stripe()+"/_sim/sessions/"+sessionID+"/pay",
		map[string]any{"email": email, "card_number": card, "late": true}, nil)
}

// Session is a payment page as the provider lists it.
type Session struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	URL       string `json:"url"`
	Reference string `json:"client_reference_id"`
	Intent    string `json:"payment_intent"`
}

// SessionsOf gives the payment pages that the provider has for a booking.
func (s *System) SessionsOf(t *testing.T, bookingID string) []Session {
	t.Helper()
	attempts := map[string]bool{}
	rows, err := s.DB.Query(t.Context(), `SELECT id::text FROM payment_attempts WHERE booking_id = $1`, bookingID)
	require.NoError(t, err)
	for rows.Next() {
		var id string
		require.NoError(t, rows.Scan(&id))
		attempts[id] = true
	}
	require.NoError(t, rows.Err())
	var found []Session
	require.NoError(t, each(t.Context(), s, "/v1/checkout/sessions", func(one Session) {
		if attempts[one.Reference] {
			found = append(found, one)
		}
	}))
	return found
}

// movement is a charge or a refund, as the provider lists it.
type movement struct {
	Intent string `json:"payment_intent"`
	Status string `json:"status"`
	Amount int64  `json:"amount"` // minor units
}

// each calls do with all that the provider lists under a path, newest first.
func each[T any](ctx context.Context, s *System, path string, do func(T)) error {
	for after := ""; ; {
		var page struct {
			HasMore bool              `json:"has_more"`
			Data    []json.RawMessage `json:"data"`
		}
		if err := s.fetch(ctx, path+"?limit=100"+after, &page); err != nil {
			return err
		}
		for _, raw := range page.Data {
			var one T
			if err := json.Unmarshal(raw, &one); err != nil {
				return err
			}
			do(one)
		}
		if !page.HasMore || len(page.Data) == 0 {
			return nil
		}
		var last struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(page.Data[len(page.Data)-1], &last); err != nil {
			return err
		}
		after = "&starting_after=" + last.ID
	}
}

// fetch reads something from the provider with our key.
func (s *System) fetch(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Stripe()+path, http.NoBody)
	if err != nil {
		return err
	}
	request.SetBasicAuth(s.Env["STRIPE_API_KEY"], "")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("the provider answers %s", response.Status), response.Body.Close())
	}
	return errors.Join(json.NewDecoder(response.Body).Decode(into), response.Body.Close())
}

// Money is what the provider has of a booking's payments.
type Money struct{ Charges, Refunds int }

// MoneyOf asks the provider for the money of a booking.
func (s *System) MoneyOf(t *testing.T, bookingID string) Money {
	t.Helper()
	intents := map[string]bool{}
	for _, one := range s.SessionsOf(t, bookingID) {
		intents[one.Intent] = one.Intent != ""
	}
	var m Money
	require.NoError(t, each(t.Context(), s, "/v1/charges", func(charge movement) {
		if intents[charge.Intent] && charge.Status == "succeeded" {
			m.Charges++
		}
	}))
	require.NoError(t, each(t.Context(), s, "/v1/refunds", func(refund movement) {
		if intents[refund.Intent] {
			m.Refunds++
		}
	}))
	return m
}

// CancelEvent takes an event off sale until the test ends. Tests that do so run one after the other, for showing counts
// those on sale.
func (s *System) CancelEvent(t *testing.T, eventID string) {
	t.Helper()
	set := func(status string) error {
		_, err := s.DB.Exec(context.WithoutCancel(t.Context()), `UPDATE events SET status = $2::event_status WHERE id = $1`, eventID, status)
		return err
	}
	t.Cleanup(func() { require.NoError(t, set("on_sale")) })
	require.NoError(t, set("cancelled"))
}
