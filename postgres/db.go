// Package postgres keeps users, events, seats, bookings and payments in PostgreSQL. It has every SQL statement of the
// program, and pgx is its one dependency. An exported method is one transaction and one business act; conflicts are
// decided by the database.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// DB is a pool of connections to the primary, which its stores share, and a small one apart, for what must not wait behind
// buyers: webhooks, sweeps, and the question whether the database answers. Buyers who want one locked seat can hold every
// connection of the first for as long as LockTimeout.
type DB struct {
	pool    *pgxpool.Pool
	apart   *DB // nil in itself
	lanes   *lanes
	halls   *halls
	seats   *kept[*eventSeats] // by the event's ID
	free    *shownFree
	renewed atomic.Int64 // when the pool was last emptied by leaveReadOnly, in nanoseconds
}

// Options are the bounds of the pools. Zero fields take the defaults that are named.
type Options struct {
	MaxConns         int32         // 8
	WebhookConns     int32         // 4: of the pool apart, beside MaxConns; opened as they are needed
	LockTimeout      time.Duration // 2 s: how long a statement waits for a row
	StatementTimeout time.Duration // 5 s
	IdleInTxTimeout  time.Duration // 10 s: an abandoned transaction frees its rows after this
}

func (o Options) withDefaults() Options {
	if o.MaxConns == 0 {
		o.MaxConns = 8
	}
	if o.WebhookConns == 0 {
		o.WebhookConns = 4
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = 2 * time.Second
	}
	if o.StatementTimeout == 0 {
		o.StatementTimeout = 5 * time.Second
	}
	if o.IdleInTxTimeout == 0 {
		o.IdleInTxTimeout = 10 * time.Second
	}
	return o
}

// Open makes the pools for the database at url. It does not wait for the server: Ping does.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read DATABASE_URL: %w", err)
	}
	o = o.withDefaults()
	config.MaxConnLifetime = 30 * time.Minute
	config.MaxConnLifetimeJitter = 5 * time.Minute
	config.PingTimeout = 2 * time.Second
	// Nobody waits for a connection that takes so long, but it has a place in the pool: pgx's own two minutes would keep
	// buyers out for as long after a network that swallowed everything is well again.
	config.ConnConfig.ConnectTimeout = 3 * time.Second
	params := config.ConnConfig.RuntimeParams
	params["application_name"] = "boxoffice"
	params["lock_timeout"] = milliseconds(o.LockTimeout)
	params["statement_timeout"] = milliseconds(o.StatementTimeout)
	params["idle_in_transaction_session_timeout"] = milliseconds(o.IdleInTxTimeout)
	params["timezone"] = "UTC"
	db := &DB{apart: &DB{}, lanes: newLanes(int(o.MaxConns) / 4), halls: newHalls(), seats: newKept[*eventSeats](), free: newShownFree()}
	if db.pool, err = openPool(ctx, config, o.MaxConns); err != nil {
		return nil, err
	}
	if db.apart.pool, err = openPool(ctx, config, o.WebhookConns); err != nil {
		db.pool.Close()
		return nil, err
	}
	return db, nil
}

func openPool(ctx context.Context, config *pgxpool.Config, conns int32) (*pgxpool.Pool, error) {
	config = config.Copy()
	config.MaxConns = conns
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database pool: %w", err)
	}
	return pool, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Ping reports whether the database answers, also where buyers hold all connections of the pool that they share.
func (db *DB) Ping(ctx context.Context) error {
	conn, err := db.apart.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return translate(conn.Ping(ctx))
}

// Close ends the connections once they are given back.
func (db *DB) Close() {
	db.pool.Close()
	db.apart.pool.Close()
}

// Pool gives the shared pool itself, for measurements and tests; the program's statements belong into this package.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Migrate brings the database's schema up to the newest of the migrations. It waits for a migration that another process
// is running, and is harmless when repeated.
func Migrate(ctx context.Context, url string, migrations fs.FS) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("read DATABASE_URL: %w", err)
	}
	conn := stdlib.OpenDB(*config)
	defer func() { _ = conn.Close() }()
	return migrate(ctx, conn, migrations)
}

func migrate(ctx context.Context, conn *sql.DB, migrations fs.FS) error {
	locked, err := conn.Conn(ctx)
	if err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	defer func() { _ = locked.Close() }()
	// The lock is the session's: it ends with the connection, whatever becomes of this process.
	const migrating = 0x626f786f // "boxo"
	if _, err := locked.ExecContext(ctx, "SELECT pg_advisory_lock($1)", migrating); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, conn, migrations)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	_, err = locked.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", migrating)
	return err
}

// acquire takes a connection from the pool. None to be had is CodeUnavailable, also from a pool that is closed, which the
// driver tells by an error of its own kind; the server's own refusal keeps its meaning.
func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	conn, err := db.pool.Acquire(ctx)
	if err == nil {
		return conn, nil
	}
	if err = translate(err); boxoffice.CodeOf(err) == boxoffice.CodeInternal && !errors.Is(err, context.Canceled) && ofServer(err) == nil {
		err = away(err)
	}
	return nil, err
}

// attempts is how often a transaction is tried that lost a deadlock or a serialization race.
const attempts = 5

// inTx runs act in a transaction of read committed isolation, again from its start when it lost a deadlock or a
// serialization race; act must therefore keep nothing of an earlier try. Errors come back translated.
//
// The caller's cancellation does not reach into the transaction: pgx would close the connection over it, and buyers who
// close their tabs would wear out the pool. Statements are bounded by the server's timeouts instead.
func (db *DB) inTx(ctx context.Context, act func(ctx context.Context, tx pgx.Tx) error) error {
	return db.inTxFor(ctx, 15*time.Second, act)
}

// inTxFor is inTx that gives all tries together so long.
func (db *DB) inTxFor(ctx context.Context, patience time.Duration, act func(ctx context.Context, tx pgx.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return translate(err)
	}
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for try := 1; ; try++ {
		err := pgx.BeginFunc(work, conn, func(tx pgx.Tx) error { return act(work, tx) })
		if !lostRace(err) || try == attempts || work.Err() != nil {
			db.leaveReadOnly(err)
			return translate(err)
		}
		pause := time.NewTimer(time.Duration(try) * time.Duration(rand.Int64N(int64(10*time.Millisecond))))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return translate(ctx.Err())
		}
	}
}

// inLongTx is inTx for statements that take longer than what a buyer may be made to wait. For locks it waits no longer.
func (db *DB) inLongTx(ctx context.Context, patience time.Duration, act func(ctx context.Context, tx pgx.Tx) error) error {
	return db.inTxFor(ctx, patience, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('statement_timeout', $1, true)`, milliseconds(patience)); err != nil {
			return err
		}
		return act(ctx, tx)
	})
}

// renewEvery bounds how often leaveReadOnly acts: a server that takes no changes for an hour gets no storm of connections.
const renewEvery = 5 * time.Second

// leaveReadOnly has connections opened anew where the server took no changes: it was the primary and is so no longer. A
// DATABASE_URL that names several hosts, with target_session_attrs=read-write, leads to the one that is.
func (db *DB) leaveReadOnly(err error) {
	if pg := ofServer(err); pg == nil || pg.Code != stateReadOnly {
		return
	}
	last, now := db.renewed.Load(), time.Now().UnixNano()
	if now-last >= int64(renewEvery) && db.renewed.CompareAndSwap(last, now) {
		db.pool.Reset()
	}
}

// read runs a read-only act on one connection, outside a transaction block.
func (db *DB) read(ctx context.Context, act func(ctx context.Context, conn *pgxpool.Conn) error) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return translate(act(work, conn))
}
