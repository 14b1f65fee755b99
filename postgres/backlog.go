package postgres

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Backlog counts what waits for longer than it should, over indexes that hold unfinished business only. It waits
// neither for buyers nor for any row.
func (s *Bookings) Backlog(ctx context.Context) (boxoffice.Backlog, error) {
	var b boxoffice.Backlog
	err := s.db.apart.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		if b.Tasks, err = readOpenTasks(ctx, conn); err != nil {
			return err
		}
		return conn.QueryRow(ctx, `
			SELECT (SELECT count(*) FROM bookings WHERE next_check_at < t.now - interval '1 minute'),
				(SELECT count(*) FROM webhook_inbox WHERE processed_at IS NULL AND next_try_at < t.now - interval '1 minute'),
				t.now - coalesce((SELECT min(received_at) FROM webhook_inbox
					WHERE processed_at IS NULL AND given_up_at IS NULL AND next_try_at IS NULL), t.now),
				t.now - coalesce((SELECT min(received_at) FROM webhook_inbox
					WHERE processed_at IS NULL AND given_up_at IS NULL AND next_try_at IS NOT NULL), t.now),
				(SELECT count(*) FROM payments p WHERE p.id IN (SELECT payment_id FROM refunds WHERE state = 'failed')
					AND payment_owes(p) > (SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r WHERE r.payment_id = p.id AND r.state <> 'failed')),
				(SELECT count(*) FROM refunds WHERE short_at IS NOT NULL AND state = 'pending')
			FROM (SELECT boxoffice_now()) AS t (now)`).
			Scan(&b.OverdueBookings, &b.OverdueEvents, &b.RunWaits, &b.ProviderWaits, &b.StuckRefunds, &b.ShortRefunds)
	})
	return b, err
}

func readOpenTasks(ctx context.Context, q querier) ([]boxoffice.OpenTasks, error) {
	rows, err := q.Query(ctx, `SELECT kind, count(*), boxoffice_now() - min(opened_at) FROM support_tasks WHERE closed_at IS NULL GROUP BY kind ORDER BY kind`)
	if err != nil {
		return nil, err
	}
	return pgx.AppendRows([]boxoffice.OpenTasks(nil), rows, func(row pgx.CollectableRow) (t boxoffice.OpenTasks, err error) {
		return t, row.Scan(&t.Kind, &t.Count, &t.Oldest)
	})
}

// PoolUse is how a pool of connections is used.
type PoolUse struct {
	Name            string // "shared", or "apart": see DB
	Used, Idle, Max int32
	Waits, GivenUp  int64         // for a connection, since Open
	Waited          time.Duration // in those that were had
}

// PoolUse tells how the pools are used. It asks nobody.
func (db *DB) PoolUse() []PoolUse {
	return []PoolUse{usedOf("shared", db.pool.Stat()), usedOf("apart", db.apart.pool.Stat())}
}

func usedOf(name string, s *pgxpool.Stat) PoolUse {
	return PoolUse{
		Name: name, Used: s.AcquiredConns(), Idle: s.IdleConns(), Max: s.MaxConns(),
		Waits: s.EmptyAcquireCount(), GivenUp: s.CanceledAcquireCount(), Waited: s.EmptyAcquireWaitTime(),
	}
}
