package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/serving"
	"github.com/boxoffice/boxoffice/internal/testdb"
)

// The event of lockedSeat, and its one ticket.
const (
	lockedEvent  = "01900000-0000-7000-8000-000000000001"
	lockedTicket = "01900000-0000-7000-8000-000000000002"
)

// TestAPI_BuyersWaitForALockedSeat has as many buyers as there are shared connections want a seat whose row somebody holds:
// a webhook is stored meanwhile, and they are told in the end when to come back.
func TestAPI_BuyersWaitForALockedSeat(t *testing.T) {
	t.Parallel()
	const buyers = 16
	db := testdb.New(t)
	tokens := lockedSeat(t, db, buyers)
	command := commands(t, db, "api").API
	server, err := command.server(command.opened(t), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(server.Close)
	ask := func(path, body string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(headers[0], headers[1])
		recorder := httptest.NewRecorder()
		server.Handler().ServeHTTP(recorder, r)
		return recorder
	}
	tx, err := db.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `SELECT FROM tickets FOR UPDATE`)
	require.NoError(t, err)

	answers := make(chan *httptest.ResponseRecorder, buyers)
	for _, token := range tokens {
		go func() { answers <- ask("/book", `["`+lockedTicket+`"]`, "Authorization", "Bearer "+token) }()
	}
	longest := func() (statement string) { // that waits for the lock
		err := db.Pool.QueryRow(context.Background(), `SELECT coalesce(min(query_start || ' by ' || pid), '') FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'boxoffice' AND wait_event_type = 'Lock'`).Scan(&statement)
		require.NoError(t, err)
		return statement
	}
	require.Eventually(t, func() bool { return longest() != "" }, 10*time.Second, 5*time.Millisecond, "buyers wait")
	waits := longest()

	webhook := ask("/webhooks/stripe", strangersWebhook, "Stripe-Signature", signature(strangersWebhook, time.Now()))
	require.Equal(t, http.StatusOK, webhook.Code, webhook.Body)
	require.Equal(t, waits, longest(), "the webhook waited for the buyers")
	for range buyers {
		answer := <-answers
		require.Equal(t, http.StatusServiceUnavailable, answer.Code, answer.Body)
		require.Equal(t, "1", answer.Header().Get("Retry-After"))
		require.Contains(t, answer.Body.String(), "/problems/unavailable")
	}
}

const strangersWebhook = `{"id":"evt_1","type":"checkout.session.completed","api_version":"2023-10-16","livemode":false,
	"data":{"object":{"id":"cs_1","status":"complete","payment_status":"paid","payment_intent":"pi_1"}}}`

// signature is a Stripe-Signature header by the secret of commands.
func signature(payload string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte("whsec_1"))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), payload) // never fails
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// lockedSeat makes an event of one seat, and buyers who are logged in with the tokens.
func lockedSeat(t *testing.T, db *testdb.DB, buyers int) (tokens []string) {
	t.Helper()
	exec := func(sql string, args ...any) {
		_, err := db.Pool.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	for i := range buyers {
		token := strings.Repeat(fmt.Sprintf("%c", 'a'+i), 43)
		hash := sha256.Sum256([]byte(token))
		exec(`WITH u AS (INSERT INTO users (id, username, password_hash) VALUES (gen_random_uuid(), $1, '$argon2id$x') RETURNING id)
			INSERT INTO sessions (token_hash, user_id, expires_at) SELECT $2, id, now() + interval '1 hour' FROM u`, "buyer"+token[:3], hash[:])
		tokens = append(tokens, token)
	}
	exec(`INSERT INTO titles (id, name, kind) VALUES ($1, 'Ghost', 'film')`, lockedEvent)
	exec(`INSERT INTO venues (id, name, city, state, lat, lon, time_zone) VALUES ($1, 'Pageant', 'Chico', 'CA', 39.7, -121.8, 'America/Los_Angeles')`, lockedEvent)
	exec(`INSERT INTO seat_plans (hash, venue_id, version, plan) VALUES (sha256('plan'), $1, 1, '{}')`, lockedEvent)
	exec(`INSERT INTO events (id, owner_id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, sales_open_at, sales_close_at,
			status, currency, seats, price_from_minor)
		SELECT $1, (SELECT min(id::text)::uuid FROM users), $1, $1, sha256('plan'), 'Ghost', 'film', now() + interval '9 days', now() + interval '10 days',
			now() - interval '1 day', now() + interval '8 days', 'on_sale', 'USD', 1, 1450`, lockedEvent)
	exec(`INSERT INTO tickets (id, event_id, section, row, number, category, price_minor) VALUES ($2, $1, 'Stalls', 'C', 1, 'standard', 1450)`,
		lockedEvent, lockedTicket)
	return tokens
}

// TestReadiness_OfEachProcess has Temporal away, and then Postgres: seats are sold without Temporal, so a gateway must not
// take the API out for it, while a worker can do nothing then.
func TestReadiness_OfEachProcess(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	command := commands(t, db, "api", "--temporal-address", "127.0.0.1:1").API
	parts := command.opened(t)
	server, err := command.server(parts, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(server.Close)
	ask := func(handler http.Handler) (int, string) {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", http.NoBody))
		return recorder.Code, recorder.Body.String()
	}
	worker := func() (int, string) { // asked anew each time: an answer is kept for a moment
		readiness := serving.NewReadiness(parts.ready(), slog.New(slog.DiscardHandler))
		return ask(serving.AdminHandler(serving.AdminOptions{
			Registry: prometheus.NewRegistry(), Readiness: readiness, Logger: slog.New(slog.DiscardHandler),
		}))
	}
	status, body := worker()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, `"down":["temporal"]`)
	status, body = ask(server.AdminHandler())
	require.Equal(t, http.StatusOK, status, body)
	status, body = ask(server.Handler())
	require.Equal(t, http.StatusOK, status, body)

	parts.db.Close()
	_, body = worker()
	require.Contains(t, body, `"down":["postgres","temporal"]`)
	require.Eventually(t, func() bool {
		status, body = ask(server.Handler())
		return status == http.StatusServiceUnavailable && strings.Contains(body, "postgres")
	}, 10*time.Second, 50*time.Millisecond, "the answer is kept for a moment")
	require.NotContains(t, body, "temporal")
}
