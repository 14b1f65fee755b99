// Package testdb gives each test a database of its own on a real PostgreSQL, within some 80 ms.
//
// It depends on internal/devstack/postgres for the server, which all test binaries of a machine's user share and nobody
// has to start or stop, and on goose for the migrations. Only tests import it.
package testdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/migrations"
)

const (
	// ServerEnv names the URL of a server to use instead of a private one. Its user must be allowed to create databases.
	ServerEnv = "BOXOFFICE_TEST_DATABASE_URL"
	// KeepEnv set to 1 keeps the database of a failed test and has its URL logged. A private server still ends some
	// seconds after the last test, so keeping needs ServerEnv to be of use for longer.
	KeepEnv = "BOXOFFICE_KEEP_DB"

	setUpTimeout = 3 * time.Minute // the server may have to be downloaded first
	dropTimeout  = 30 * time.Second
)

// DB is the database of one test.
type DB struct {
	// URL logs into it with all rights.
	URL string
	// Pool is open until the test ends. It has at most 10 connections; a test that needs more opens its own by URL.
	Pool *pgxpool.Pool

	mu     sync.Mutex
	offset time.Duration // guarded by mu
}

// Option changes what New makes.
type Option func(*config)

type config struct {
	migrations fs.FS
}

// WithMigrations applies the given goose migrations (*.sql at the root) instead of the product's. Without any file the
// database is empty.
func WithMigrations(fsys fs.FS) Option {
	return func(c *config) { c.migrations = fsys }
}

// New makes a database with the product's migrations applied, and drops it when the test ends. What cannot be made fails
// the test. The first call of a run starts the server, which takes 2 s; later ones in any process share it.
func New(t testing.TB, options ...Option) *DB {
	t.Helper()
	c := config{migrations: migrations.FS}
	for _, option := range options {
		option(&c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), setUpTimeout)
	defer cancel()
	db, err := create(ctx, t, c)
	if err != nil {
		t.Fatalf("make a test database: %v", err)
	}
	return db
}

func create(ctx context.Context, t testing.TB, c config) (*DB, error) {
	server, err := serverURL(ctx)
	if err != nil {
		return nil, err
	}
	template, err := ensureTemplate(ctx, server, c.migrations)
	if err != nil {
		return nil, err
	}
	name := databaseName(t.Name())
	// Copying files is twice as fast as the default, copying through the log, since this server never flushes.
	if err := execute(ctx, server, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template)+" STRATEGY FILE_COPY"); err != nil {
		return nil, fmt.Errorf("copy the template: %w", err)
	}
	db := &DB{URL: withDatabase(server, name)}
	// Registered before the pool is opened, so that it runs after the pool is closed, and runs even if that fails.
	t.Cleanup(func() { db.drop(t, server, name) }) //nolint:contextcheck // the test's own has ended by then
	config, err := pgxpool.ParseConfig(db.URL)
	if err != nil {
		return nil, fmt.Errorf("open a pool: %w", err)
	}
	config.MaxConns = 10
	// The pool outlives ctx, which ends with New; cleanup closes it.
	if db.Pool, err = pgxpool.NewWithConfig(context.WithoutCancel(ctx), config); err != nil {
		return nil, fmt.Errorf("open a pool: %w", err)
	}
	t.Cleanup(db.Pool.Close)
	return db, nil
}

// drop removes the database even if the test left connections to it open.
func (db *DB) drop(t testing.TB, server, name string) {
	if t.Failed() && os.Getenv(KeepEnv) == "1" {
		t.Logf("kept for a look: %s", db.URL)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), dropTimeout)
	defer cancel()
	if err := execute(ctx, server, "DROP DATABASE "+quote(name)+" WITH (FORCE)"); err != nil {
		t.Errorf("drop the test database: %v", err)
	}
}

// SetClockOffset makes boxoffice_now() of this database tell the real time plus offset, in every session and at once: a
// statement that begins after SetClockOffset returns sees it. The real time goes on meanwhile.
func (db *DB) SetClockOffset(ctx context.Context, offset time.Duration) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.setOffset(ctx, offset)
}

// AdvanceClock moves the clock of this database ahead by d, on top of what it is ahead already.
func (db *DB) AdvanceClock(t testing.TB, d time.Duration) {
	t.Helper()
	db.mu.Lock()
	defer db.mu.Unlock()
	if err := db.setOffset(t.Context(), db.offset+d); err != nil {
		t.Fatalf("advance the clock: %v", err)
	}
}

func (db *DB) setOffset(ctx context.Context, offset time.Duration) error {
	_, err := db.Pool.Exec(ctx, fmt.Sprintf(`CREATE OR REPLACE FUNCTION boxoffice_now() RETURNS timestamptz
		LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() + interval '%d microseconds' $$`, offset.Microseconds()))
	if err != nil {
		return fmt.Errorf("set the clock: %w", err)
	}
	db.offset = offset
	return nil
}

// databaseName is unique, and tells in pg_stat_activity which test it is of.
func databaseName(test string) string {
	readable := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return '_'
		}
	}, test)
	const most = 63 - 13 // a name has at most 63 bytes
	if len(readable) > most-len("test_") {
		readable = readable[:most-len("test_")]
	}
	return "test_" + readable + "_" + strings.ToLower(rand.Text()[:12])
}

func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server // serverURL has parsed it already
	}
	u.Path = "/" + name
	return u.String()
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// execute runs one statement on a connection of its own.
func execute(ctx context.Context, server, sql string) error {
	return connected(ctx, server, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	})
}

func connected(ctx context.Context, server string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(ctx))
}
