package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// SaleBaseline is the least that a sale can be: a hold and a confirmation of two seats, each a transaction of a few statements
// on the real tables, without judging anything. It is what `boxoffice bench onsale` holds the box office against, and serves
// nobody. One connection a client.
type SaleBaseline struct {
	db  *DB
	url string
}

// baselineSale are the statements of a sale, by transaction; :n is its number. A script of pgbench has the same.
var baselineSale = [][]string{
	{
		`SELECT id FROM tickets WHERE id IN (baseline_id(2 * :n::bigint), baseline_id(2 * :n::bigint + 1)) ORDER BY id FOR NO KEY UPDATE`,
		`INSERT INTO bookings (id, reference, user_id, event_id, amount_minor, currency, hold_expires_at, next_check_at)
			SELECT baseline_id(:n::bigint), lpad(upper(to_hex(:n::bigint)), 8, '0'), user_id, event_id, 2000, 'USD', boxoffice_now() + interval '8 minutes',
				boxoffice_now() + interval '2 seconds' FROM baseline`,
		`INSERT INTO booking_tickets (booking_id, ticket_id, price_minor)
			VALUES (baseline_id(:n::bigint), baseline_id(2 * :n::bigint), 1000), (baseline_id(:n::bigint), baseline_id(2 * :n::bigint + 1), 1000)`,
		`UPDATE tickets SET state = 'held', booking_id = baseline_id(:n::bigint), held_until = boxoffice_now() + interval '23 minutes'
			WHERE id IN (baseline_id(2 * :n::bigint), baseline_id(2 * :n::bigint + 1)) AND seat_is_free(state, held_until)`,
	},
	{
		`UPDATE bookings SET status = 'confirmed' WHERE id = baseline_id(:n::bigint) AND status = 'held'`,
		`UPDATE tickets SET state = 'sold', holder_id = (SELECT user_id FROM baseline), held_until = NULL
			WHERE id IN (baseline_id(2 * :n::bigint), baseline_id(2 * :n::bigint + 1)) AND booking_id = baseline_id(:n::bigint)`,
	},
}

// SaleBaseline makes seats for so many sales, in a database of its own that has a user and an event; url is that of db.
func (db *DB) SaleBaseline(ctx context.Context, url string, sales int) (*SaleBaseline, error) {
	b := &SaleBaseline{db: db, url: url}
	conn, err := pgx.Connect(ctx, url) // whose statements may take their time
	if err != nil {
		return nil, err
	}
	for _, statement := range []string{
		`CREATE FUNCTION baseline_id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
			RETURN ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`,
		`CREATE TABLE baseline AS SELECT u.id AS user_id, e.id AS event_id FROM users u, events e LIMIT 1`,
		`INSERT INTO tickets (id, event_id, section, row, number, category, price_minor)
			SELECT baseline_id(n), event_id, 'Baseline', (n / 100)::text, n % 100 + 1, 'Standard', 1000
			FROM baseline, generate_series(0, ` + strconv.Itoa(2*sales-1) + `) AS n`,
		`VACUUM (ANALYZE)`, // or the server did it while it is measured
	} {
		if err == nil {
			_, err = conn.Exec(ctx, statement)
		}
	}
	return b, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
}

// Run lets so many clients make some sales each, on a connection of its own, and gives the sales a minute, connecting apart.
func (b *SaleBaseline) Run(ctx context.Context, clients, each int) (perMin float64, err error) {
	conns := make([]*pgx.Conn, 0, clients)
	defer func() {
		for _, conn := range conns {
			_ = conn.Close(context.WithoutCancel(ctx)) // nothing is under way
		}
	}()
	for range clients {
		conn, err := pgx.Connect(ctx, b.url)
		if err != nil {
			return 0, err
		}
		conns = append(conns, conn)
	}
	before, first, err := b.Made(ctx)
	if err != nil {
		return 0, err
	}
	began, failed := time.Now(), make([]error, clients)
	var selling sync.WaitGroup
	for i, conn := range conns {
		selling.Go(func() {
			for turn := 0; turn < each && failed[i] == nil; turn++ {
				failed[i] = sellBare(ctx, conn, first+int64(turn*clients+i))
			}
		})
	}
	selling.Wait()
	took := time.Since(began)
	if err := errors.Join(failed...); err != nil {
		return 0, err
	}
	after, _, err := b.Made(ctx)
	return float64(after-before) / took.Minutes(), err
}

// baselineStatements are those of a sale as pgx sends them.
var baselineStatements = func() [][]string {
	var acts [][]string
	for _, act := range baselineSale {
		var statements []string
		for _, statement := range act {
			statements = append(statements, strings.ReplaceAll(statement, ":n", "$1"))
		}
		acts = append(acts, statements)
	}
	return acts
}()

// sellBare makes the n-th sale.
func sellBare(ctx context.Context, conn *pgx.Conn, n int64) error {
	for _, act := range baselineStatements {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			for _, statement := range act {
				if _, err := tx.Exec(ctx, statement, n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("bare sale %d: %w", n, err)
		}
	}
	return nil
}

// Script is the same sale for pgbench, whose variable first is the first sale that it makes, clients how many it has, and
// turn 0.
func (b *SaleBaseline) Script() string {
	var script strings.Builder
	script.WriteString("\\set n :first + :client_id + :clients * :turn\n\\set turn :turn + 1\n")
	for _, act := range baselineSale {
		script.WriteString("BEGIN;\n")
		for _, statement := range act {
			script.WriteString(statement + ";\n")
		}
		script.WriteString("COMMIT;\n")
	}
	return script.String()
}

// Made gives how many sales were made, and the number from which on none was. CodeInternal where one is without its seats,
// as when more are sold than there were made for.
func (b *SaleBaseline) Made(ctx context.Context) (sales, next int64, err error) {
	var seats int64
	err = b.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT count(*) FILTER (WHERE status = 'confirmed'), coalesce(max(('x' || reference)::bit(32)::bigint) + 1, 0),
				(SELECT count(*) FROM tickets WHERE state = 'sold') FROM bookings`).Scan(&sales, &next, &seats)
	})
	if err == nil && seats != 2*sales {
		err = boxoffice.Errorf(boxoffice.CodeInternal, "%d bare sales have %d seats", sales, seats)
	}
	return sales, next, err
}

// Size gives how many bytes the database takes, with its indexes.
func (db *DB) Size(ctx context.Context) (bytes int64, err error) {
	err = db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&bytes)
	})
	return bytes, err
}
