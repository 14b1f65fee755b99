package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/mocks"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/accounts"
	"github.com/boxoffice/boxoffice/bookings"
	"github.com/boxoffice/boxoffice/events"
	"github.com/boxoffice/boxoffice/files"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/boxoffice/boxoffice/posters"
	"github.com/boxoffice/boxoffice/postgres"
)

// house is a server over the real store, so that a test sees what a request wrote. Temporal is away: nothing that a buyer
// is told waits for it.
type house struct {
	*bundle
	base    *testdb.DB
	db      *postgres.DB
	store   *postgres.Bookings
	files   *files.Store
	event   string // on sale
	title   string // of the event
	venue   string
	tickets []string
}

const webhookSecret = "whsec_house"

var houseRules = boxoffice.HoldRules{
	Duration: 8 * time.Minute, Extension: 2 * time.Minute, CheckoutMinimum: 10 * time.Minute, Max: 30 * time.Minute,
	Grace: 15 * time.Minute, MaxSeats: 10, MaxOpenBookings: 1,
}

var never = Rate{Requests: -1}

var unlimited = Limits{
	PerAddress: never, PerUser: never, LoginPerAddress: never, LoginPerAccount: never, SignUpPerAddress: never,
	MailPerAddress: never, MailPerAccount: never, PosterPerUser: never,
}

func newHouse(t *testing.T, changes ...func(*Options)) *house {
	t.Helper()
	h := &house{base: testdb.New(t)}
	var err error
	// One connection, whose statistics are those of all that the server asks.
	h.db, err = postgres.Open(t.Context(), h.base.URL, postgres.Options{MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(h.db.Close)
	h.store = h.db.Bookings(houseRules)
	h.files, err = files.Open(t.Context(), "mem://")
	require.NoError(t, err)
	stripe, err := payments.New(payments.Options{
		APIKey: "sk_test_house", APIBase: "http://127.0.0.1:1", WebhookSecrets: []string{webhookSecret}, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(stripe.Close)
	temporal := away(t)
	people := accounts.New(accounts.Options{Store: h.db.Users(), Temporal: temporal, Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { require.NoError(t, people.Drain()) })
	service := bookings.New(bookings.Options{
		Store: h.store, Support: h.store, Provider: stripe, Temporal: temporal, BaseURL: &url.URL{Scheme: "http", Host: "box.test"},
		Logger: slog.New(slog.DiscardHandler), CallOffs: h.db.Cancellations(),
	})
	t.Cleanup(func() { require.NoError(t, service.Drain()) })
	h.bundle = setup(t, append([]func(*Options){func(o *Options) {
		o.Users, o.Accounts, o.Catalogue, o.Bookings = h.db.Users(), people, h.db.Catalogue(), service
		o.Support, o.Cancellations = service, service
		o.Organizers, o.Posters = events.New(h.db.Organizers(), &posters.Renderer{}, h.files), h.files
		o.ReadCache, o.Limits = -1, unlimited
	}}, changes...)...)
	h.event, h.tickets = h.addEvent(t, 30)
	require.NoError(t, h.base.Pool.QueryRow(t.Context(), `SELECT title_id, venue_id FROM events WHERE id = $1`, h.event).Scan(&h.title, &h.venue))
	return h
}

// away is a Temporal that nobody reaches.
func away(t *testing.T) *mocks.Client {
	t.Helper()
	temporal := &mocks.Client{}
	gone := errors.New("away")
	temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(nil, gone).Maybe()
	temporal.On("DescribeWorkflowExecution", mock.Anything, mock.Anything, mock.Anything).Return(nil, gone).Maybe()
	temporal.On("SignalWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(gone).Maybe()
	temporal.On("SignalWithStartWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything,
		mock.Anything).Return(nil, gone).Maybe()
	temporal.On("DescribeWorkflowExecution", mock.Anything, mock.Anything, mock.Anything).Return(nil, gone).Maybe()
	return temporal
}

func (h *house) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := h.base.Pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

// person adds a user of a role, with an open session, without the cost of a password.
func (h *house) person(t *testing.T, username string, role boxoffice.Role) (boxoffice.User, string) {
	t.Helper()
	user, err := h.db.Users().CreateUser(t.Context(), boxoffice.User{
		Username: username, PasswordHash: hashOfGood(), Email: username + "@example.com", Role: role,
	})
	require.NoError(t, err)
	return user, h.session(t, user.ID)
}

func (h *house) session(t *testing.T, userID string) string {
	t.Helper()
	token := boxoffice.NewToken()
	_, err := h.db.Users().CreateSession(t.Context(), boxoffice.Session{UserID: userID, TokenHash: boxoffice.HashToken(token)}, time.Hour)
	require.NoError(t, err)
	return token
}

// addEvent makes an event on sale, in nine days, with its seats.
func (h *house) addEvent(t *testing.T, seats int) (event string, tickets []string) {
	t.Helper()
	owner, title, venue, event := uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString()
	plan := []byte(smallPlan(venue, seats))
	hash := sha256.Sum256(plan)
	h.exec(t, `INSERT INTO users (id, username, password_hash) VALUES ($1, $2, '$argon2id$x')`, owner, owner)
	h.exec(t, `INSERT INTO titles (id, name, kind, year) VALUES ($1, 'Ghost', 'film', 1990)`, title)
	h.exec(t, `INSERT INTO venues (id, name, city, state, lat, lon, time_zone)
		VALUES ($1, 'Pageant', 'Chico', 'CA', 39.7, -121.8, 'America/Los_Angeles')`, venue)
	h.exec(t, `INSERT INTO seat_plans (hash, venue_id, version, plan) VALUES ($2, $1, 1, $3)`, venue, hash[:], plan)
	h.exec(t, `INSERT INTO events (id, owner_id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, sales_open_at,
			sales_close_at, status, currency, seats, price_from_minor)
		VALUES ($1, $2, $3, $4, $5, 'Ghost', 'film', now() + interval '9 days', now() + interval '9 days 2 hours',
			now() - interval '1 day', now() + interval '8 days', 'on_sale', 'USD', $6, 1450)`,
		event, owner, title, venue, hash[:], seats)
	for range seats {
		tickets = append(tickets, uuid.NewString())
	}
	h.exec(t, `INSERT INTO tickets (id, event_id, section, row, number, category, price_minor)
		SELECT id, $1, 'Stalls', 'C', n, 'standard', 1450 FROM unnest($2::text[]::uuid[]) WITH ORDINALITY AS t (id, n)`, event, tickets)
	return event, tickets
}

// giveTo makes a user the owner of the event, of its title and of its venue.
func (h *house) giveTo(t *testing.T, username string) {
	t.Helper()
	h.exec(t, `UPDATE events SET owner_id = (SELECT id FROM users WHERE username = $2) WHERE id = $1`, h.event, username)
	for _, table := range []string{"titles", "venues"} {
		h.exec(t, `UPDATE `+table+` x SET owner_id = e.owner_id FROM events e
			WHERE e.id = $1 AND x.id = CASE $2 WHEN 'titles' THEN e.title_id ELSE e.venue_id END`, h.event, table)
	}
}

// holdFor books seats past HTTP.
func (h *house) holdFor(t *testing.T, userID string, tickets ...string) boxoffice.Booking {
	t.Helper()
	booking, _, _, err := h.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: userID, TicketIDs: tickets})
	require.NoError(t, err)
	return booking
}

// rows gives all that the database holds, table by table: "nothing was written" is two equal answers.
func (h *house) rows(t *testing.T) map[string]string {
	t.Helper()
	var names []string
	found, err := h.base.Pool.Query(t.Context(), `SELECT table_name FROM information_schema.tables
		WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'goose%' ORDER BY 1`)
	require.NoError(t, err)
	names, err = pgx.CollectRows(found, pgx.RowTo[string])
	require.NoError(t, err)
	require.Contains(t, names, "bookings")
	selects := make([]string, len(names))
	for i, name := range names {
		selects[i] = `SELECT '` + name + `', md5(coalesce(string_agg(x::text, '|' ORDER BY x::text), '')) FROM ` + name + ` x`
	}
	all, name, content := map[string]string{}, "", ""
	found, err = h.base.Pool.Query(t.Context(), strings.Join(selects, " UNION ALL "))
	require.NoError(t, err)
	_, err = pgx.ForEachRow(found, []any{&name, &content}, func() error { all[name] = content; return nil })
	require.NoError(t, err)
	return all
}

// statements gives how often the server's connection ran each statement.
func (h *house) statements(t *testing.T) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	err := h.db.Pool().AcquireFunc(t.Context(), func(conn *pgxpool.Conn) error {
		found, err := conn.Query(context.WithoutCancel(t.Context()), `SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements`, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		var statement string
		var runs int64
		_, err = pgx.ForEachRow(found, []any{&statement, &runs}, func() error { counts[statement] = runs; return nil })
		return err
	})
	require.NoError(t, err)
	return counts
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
