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

	config, err := pgx.ParseConfig(h.clock.URL)
	require.NoError(t, err)
	conn := stdlib.OpenDB(*config)
	defer func() { require.NoError(t, conn.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, migrations.FS)
	require.NoError(t, err)
	_, err = provider.DownTo(t.Context(), 1)
	require.NoError(t, err)
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM pg_attribute WHERE attrelid = 'webhook_inbox'::regclass AND attname = 'next_try_at' AND NOT attisdropped`))
	// A process of before, which may still run beside the first new one, writes no due time.
	h.exec(t, `INSERT INTO webhook_inbox (stripe_event_id, object_id, type, api_version, payload) VALUES ('evt_before', 'cs', 'x', 'x', '{}')`)

	require.NoError(t, postgres.Migrate(t.Context(), h.clock.URL, migrations.FS))
	h.exec(t, `INSERT INTO webhook_inbox (stripe_event_id, object_id, type, api_version, payload) VALUES ('evt_beside', 'cs', 'x', 'x', '{}')`)
	require.ElementsMatch(t, append(kept, "evt_before", "evt_beside"), h.claim(t))
}
