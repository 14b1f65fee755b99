package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/migrations"
	"github.com/boxoffice/boxoffice/postgres"
)

// TestMigrate_TheInboxOfBefore brings an inbox that was filled before there was a sweep up to date: what had no effect is due,
// and what is done or waits for its booking's run is left alone.
func TestMigrate_TheInboxOfBefore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.soldBooking(t, h.addUser(t), h.tickets[0])
	h.paid(t, h.addUser(t), h.tickets[1:])
	h.park(t, "evt_parked", strange)
	kept := append(h.strangers(t, 2), "evt_parked")

	_, err := h.migrations(t).DownTo(t.Context(), 1)
	require.NoError(t, err)
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM pg_attribute WHERE attrelid = 'webhook_inbox'::regclass AND attname = 'next_try_at' AND NOT attisdropped`))
	// A process of before, which may still run beside the first new one, writes no due time.
	h.exec(t, `INSERT INTO webhook_inbox (stripe_event_id, object_id, type, api_version, payload) VALUES ('evt_before', 'cs', 'x', 'x', '{}')`)

	require.NoError(t, postgres.Migrate(t.Context(), h.clock.URL, migrations.FS))
	h.exec(t, `INSERT INTO webhook_inbox (stripe_event_id, object_id, type, api_version, payload) VALUES ('evt_beside', 'cs', 'x', 'x', '{}')`)
	require.ElementsMatch(t, append(kept, "evt_before", "evt_beside"), h.claim(t))
}

// TestMigrate_PlansOfBefore brings plans up to date of a time when a plan was of one venue, though another had events of it.
func TestMigrate_PlansOfBefore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	other, _ := h.addEvent(t, 5)
	plan := one[string](t, h, `SELECT encode(plan_hash, 'hex') FROM events WHERE id = $1`, h.event)
	provider := h.migrations(t)
	_, err := provider.DownTo(t.Context(), 29)
	require.NoError(t, err)
	h.exec(t, `UPDATE seat_plans SET plan = '{"name":"El Rey","categories":["standard","premium"]}' WHERE hash = decode($1, 'hex')`, plan)
	h.exec(t, `UPDATE events SET plan_hash = decode($2, 'hex') WHERE id = $1`, other, plan)

	for range 2 {
		require.NoError(t, postgres.Migrate(t.Context(), h.clock.URL, migrations.FS))
		require.Equal(t, []string{"1 El Rey 5 {standard,premium} " + h.event, "2 El Rey 5 {standard,premium} " + other}, one[[]string](t, h, `
			SELECT array_agg(concat_ws(' ', p.version, p.name, p.seats, p.categories, e.id) ORDER BY p.version)
			FROM events e JOIN seat_plans p ON p.venue_id = e.venue_id AND p.hash = e.plan_hash`))
		_, err = provider.DownTo(t.Context(), 29)
		require.NoError(t, err)
		require.Equal(t, 2, one[int](t, h, `SELECT count(*) FROM seat_plans`))
	}
	require.NoError(t, postgres.Migrate(t.Context(), h.clock.URL, migrations.FS))
}

// migrations goes up and down in the house's database.
func (h *house) migrations(t *testing.T) *goose.Provider {
	t.Helper()
	config, err := pgx.ParseConfig(h.clock.URL)
	require.NoError(t, err)
	conn := stdlib.OpenDB(*config)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, migrations.FS)
	require.NoError(t, err)
	return provider
}
