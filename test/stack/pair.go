package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	pgserver "github.com/boxoffice/boxoffice/internal/devstack/postgres"
)

// Pair is a primary and its synchronous standby, outside of dev: children of the test's own process.
type Pair struct {
	Primary, Standby *pgserver.Server

	folders map[*pgserver.Server]string
}

// StartOnPair is StartShared with a DATABASE_URL that names both servers of a pair, and asks for the one that takes changes.
func StartOnPair(name string, flags []string, settings ...string) (*System, *Pair, error) {
	p := &Pair{folders: map[*pgserver.Server]string{}}
	if err := p.start(context.Background(), filepath.Join(Scratch, name)); err != nil {
		return nil, nil, errors.Join(err, p.stop())
	}
	both, err := p.url()
	if err != nil {
		return nil, nil, errors.Join(err, p.stop())
	}
	settings = append(settings, "DATABASE_URL="+both)
	s, err := StartShared(name, flags, settings...)
	if s == nil {
		return nil, nil, errors.Join(err, p.stop())
	}
	s.disturbed = true
	s.Beside(p.stop)
	return s, p, err
}

// start starts both. They are to be stopped also where it gives an error.
func (p *Pair) start(ctx context.Context, folder string) (err error) {
	if p.Primary, err = p.serve(ctx, pgserver.Options{Dir: filepath.Join(folder, "first")}); err != nil {
		return err
	}
	p.Standby, err = p.serve(ctx, pgserver.Options{Dir: filepath.Join(folder, "second"), StandbyOf: p.Primary.URL})
	return err
}

func (p *Pair) serve(ctx context.Context, o pgserver.Options) (*pgserver.Server, error) {
	s, err := pgserver.Start(ctx, o)
	if err == nil {
		p.folders[s] = o.Dir
	}
	return s, err
}

// url leads to the one of both that takes changes.
func (p *Pair) url() (string, error) {
	at, err := url.Parse(p.Primary.URL)
	if err != nil {
		return "", err
	}
	at.Host += fmt.Sprintf(",127.0.0.1:%d", p.Standby.Port)
	query := at.Query()
	query.Set("target_session_attrs", "read-write")
	at.RawQuery = query.Encode()
	return at.String(), nil
}

// FailOver kills the primary and promotes the standby.
func (p *Pair) FailOver(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Primary.Kill())
	require.NoError(t, p.Standby.Promote(t.Context()))
	p.Primary, p.Standby = p.Standby, p.Primary
}

// Return starts the server that was killed as it was left, where it was, until the test ends; it is told to take no changes.
func (p *Pair) Return(t *testing.T) *pgserver.Server {
	t.Helper()
	old, err := p.serve(context.Background(), pgserver.Options{
		Dir: p.folders[p.Standby], Port: p.Standby.Port, Settings: map[string]string{"default_transaction_read_only": "on"},
	})
	require.NoError(t, err)
	return old
}

// Follow makes the server that was killed, and is stopped, a standby of the one that was promoted, with a new copy of its
// data.
func (p *Pair) Follow(t *testing.T) {
	t.Helper()
	folder := p.folders[p.Standby]
	require.NoError(t, pgserver.Destroy(t.Context(), folder))
	standby, err := p.serve(context.Background(), pgserver.Options{Dir: folder, Port: p.Standby.Port, StandbyOf: p.Primary.URL})
	require.NoError(t, err)
	p.Standby = standby
}

// stop ends both and removes their data. Stopping twice is harmless.
func (p *Pair) stop() (err error) {
	for s := range p.folders {
		_ = s.Stop() // it may have been killed
	}
	for _, folder := range p.folders {
		err = errors.Join(err, pgserver.Destroy(context.Background(), folder))
	}
	return err
}
