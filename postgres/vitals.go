package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Vitals are what must not grow while as much is sold as before.
type Vitals struct {
	Connections  int     // to this database, of everybody
	TicketBytes  int64   // of the table of tickets and its indexes, whose rows are as many as there are seats
	DeadTickets  float64 // the share of its rows that are old versions, until the server cleans up
	DeadBookings float64 // the same of bookings
}

// Vitals reads them, as the server has counted; it may be behind by a second.
func (db *DB) Vitals(ctx context.Context) (v Vitals, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()), pg_total_relation_size('tickets'),
				coalesce(max(n_dead_tup / nullif(n_dead_tup + n_live_tup, 0)::float8) FILTER (WHERE relname = 'tickets'), 0),
				coalesce(max(n_dead_tup / nullif(n_dead_tup + n_live_tup, 0)::float8) FILTER (WHERE relname = 'bookings'), 0)
			FROM pg_stat_user_tables`).Scan(&v.Connections, &v.TicketBytes, &v.DeadTickets, &v.DeadBookings)
	})
	return v, err
}

// Tidy cleans up after much was written, and tells the planner what there is, as the server does by itself within minutes; then
// it brings all of it to the disk. It takes about 2 s a million rows.
func (db *DB) Tidy(ctx context.Context) error {
	return db.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		for _, statement := range []string{`SET statement_timeout = 0`, `VACUUM (ANALYZE)`, `CHECKPOINT`, `RESET statement_timeout`} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return errors.Join(fmt.Errorf("%s: %w", statement, err), conn.Conn().Close(ctx)) // it has no timeout any more
			}
		}
		return nil
	})
}
