package testdb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // goose works over database/sql
	"github.com/pressly/goose/v3"
)

// known remembers which templates this process has seen, so that only the first test asks the server.
var known sync.Map // server URL and template name -> struct{}

// ensureTemplate returns the name of a database that has the migrations applied, made if it is not there. The name is that
// of the migrations' content: another branch, another template.
func ensureTemplate(ctx context.Context, server string, migrations fs.FS) (string, error) {
	files, sum, err := digest(migrations)
	if err != nil {
		return "", err
	}
	name := "template_" + hex.EncodeToString(sum[:10])
	key := server + " " + name
	if _, ok := known.Load(key); ok {
		return name, nil
	}
	err = connected(ctx, server, func(conn *pgx.Conn) error {
		// One process makes it, the others wait. The lock ends with the connection.
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(binary.BigEndian.Uint64(sum[:8]))); err != nil {
			return err
		}
		return makeTemplate(ctx, conn, server, name, migrations, files)
	})
	if err != nil {
		return "", fmt.Errorf("make a template database: %w", err)
	}
	known.Store(key, struct{}{})
	return name, nil
}

// makeTemplate makes the template unless a complete one is there: the last step of making it marks it as a template.
func makeTemplate(ctx context.Context, conn *pgx.Conn, server, name string, migrations fs.FS, files int) error {
	var complete bool
	err := conn.QueryRow(ctx, "SELECT datistemplate FROM pg_database WHERE datname = $1", name).Scan(&complete)
	if complete {
		return nil
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + quote(name) + " WITH (FORCE)", "CREATE DATABASE " + quote(name)} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	if files > 0 {
		if err := migrate(ctx, withDatabase(server, name), migrations); err != nil {
			return err
		}
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return err
}

func migrate(ctx context.Context, url string, migrations fs.FS) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations)
	if err == nil {
		_, err = provider.Up(ctx)
	}
	return errors.Join(err, db.Close())
}

// digest is the number of migrations and the hash of their names and contents.
func digest(migrations fs.FS) (int, [sha256.Size]byte, error) {
	names, err := fs.Glob(migrations, "*.sql") // sorted
	if err != nil {
		return 0, [sha256.Size]byte{}, fmt.Errorf("list migrations: %w", err)
	}
	all := sha256.New()
	for _, name := range names {
		content, err := fs.ReadFile(migrations, name)
		if err != nil {
			return 0, [sha256.Size]byte{}, fmt.Errorf("read migrations: %w", err)
		}
		if _, err := fmt.Fprintf(all, "%q %d\n%s\n", name, len(content), content); err != nil {
			return 0, [sha256.Size]byte{}, fmt.Errorf("hash migrations: %w", err)
		}
	}
	return len(names), [sha256.Size]byte(all.Sum(nil)), nil
}
