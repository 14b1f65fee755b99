package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/boxoffice/boxoffice/internal/devstack/network"
	pgserver "github.com/boxoffice/boxoffice/internal/devstack/postgres"
	temporalserver "github.com/boxoffice/boxoffice/internal/devstack/temporal"
	"github.com/boxoffice/boxoffice/workflows"
)

// chaosServers are those that boxoffice dev does not run in a chaos run, since they are killed by hand and stand behind a
// network that breaks: Postgres with its standby, and Temporal.
type chaosServers struct {
	dir        string
	ports      []int
	postgres   [2]*pgserver.Server
	primary    int // which of them takes changes
	temporal   *temporalserver.Server
	toPostgres [2]*network.Link
	toTemporal *network.Link
}

// The ports of chaosServers: each of a server, then of the way to it.
const (
	portPostgres    = 0 // and the next, of the standby
	portTemporal    = 2
	portTemporalUI  = 3
	portMetrics     = 4
	portPostgresWay = 5 // and the next
	portTemporalWay = 7
	chaosPorts      = 8
)

// startChaosServers starts all of them. They are to be stopped also where it gives an error.
func startChaosServers(ctx context.Context) (s *chaosServers, err error) {
	s = &chaosServers{}
	// Outgoing connections take none of these, so that a server that is killed gets its own back.
	if s.ports, err = freePorts(chaosPorts); err != nil {
		return s, err
	}
	if s.dir, err = os.MkdirTemp("", "boxoffice-chaos-"); err != nil {
		return s, err
	}
	if err = os.Chmod(s.dir, 0o711); err != nil { //nolint:gosec // where we are root the database's user must get through
		return s, err
	}
	for n := range s.postgres {
		if err = s.startPostgres(ctx, n, n != s.primary); err != nil {
			return s, err
		}
		if s.toPostgres[n], err = s.open("postgres", portPostgresWay+n, portPostgres+n); err != nil {
			return s, err
		}
	}
	if err = s.startTemporal(ctx); err != nil {
		return s, err
	}
	s.toTemporal, err = s.open("temporal", portTemporalWay, portTemporal)
	return s, err
}

func (s *chaosServers) open(name string, from, to int) (*network.Link, error) {
	return network.Open(name, s.address(from), s.address(to))
}

func (s *chaosServers) address(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.ports[port]))
}

// startPostgres starts one of the two, anew or again.
func (s *chaosServers) startPostgres(ctx context.Context, n int, standby bool) (err error) {
	o := pgserver.Options{
		Dir: s.postgresDir(n), Port: s.ports[portPostgres+n],
		Settings: map[string]string{"wal_retrieve_retry_interval": "100ms"}, // commits wait until the standby is back
	}
	if standby {
		o.StandbyOf = s.postgres[s.primary].URL
	}
	s.postgres[n], err = pgserver.Start(context.WithoutCancel(ctx), o) // it outlives the fault that began it
	return err
}

func (s *chaosServers) postgresDir(n int) string {
	return filepath.Join(s.dir, fmt.Sprintf("postgres-%d", n))
}

// startTemporal starts it, anew or again.
func (s *chaosServers) startTemporal(ctx context.Context) (err error) {
	s.temporal, err = temporalserver.Start(context.WithoutCancel(ctx), temporalserver.Options{
		Dir: filepath.Join(s.dir, "temporal"), Port: s.ports[portTemporal], UIPort: s.ports[portTemporalUI], MetricsPort: s.ports[portMetrics],
		SearchAttributes: workflows.SearchAttributeTypes(),
	})
	return err
}

// databaseURL names both ways to Postgres; the one that takes changes is found when a connection is opened.
func (s *chaosServers) databaseURL() (string, error) {
	u, err := url.Parse(s.postgres[s.primary].URL)
	if err != nil {
		return "", err
	}
	u.Host = s.toPostgres[0].Address() + "," + s.toPostgres[1].Address()
	query := u.Query()
	query.Set("target_session_attrs", "read-write")
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// abortPostgres ends the primary at once; startPostgres recovers it.
func (s *chaosServers) abortPostgres() error { return s.postgres[s.primary].Abort() }

// losePrimary kills the primary for good, when its standby has all that was ever acknowledged.
func (s *chaosServers) losePrimary(ctx context.Context) error {
	if err := s.postgres[s.primary].AwaitInStep(ctx); err != nil {
		return err
	}
	return s.postgres[s.primary].Kill()
}

// promote makes the standby the primary, and a new standby of what the other had been.
func (s *chaosServers) promote(ctx context.Context) error {
	lost := s.primary
	s.primary = 1 - s.primary
	if err := s.postgres[s.primary].Promote(ctx); err != nil {
		return err
	}
	if err := pgserver.Destroy(ctx, s.postgresDir(lost)); err != nil {
		return err
	}
	return s.startPostgres(ctx, lost, true)
}

// eachPostgresLink does something to both ways to Postgres.
func (s *chaosServers) eachPostgresLink(do func(*network.Link) error) error {
	return errors.Join(do(s.toPostgres[0]), do(s.toPostgres[1]))
}

// stop ends all that was started, and removes what it kept.
func (s *chaosServers) stop(ctx context.Context) (err error) {
	for _, link := range []*network.Link{s.toPostgres[0], s.toPostgres[1], s.toTemporal} {
		if link != nil {
			link.Close()
		}
	}
	if s.temporal != nil {
		err = s.temporal.Stop()
	}
	for n, server := range s.postgres {
		if server != nil {
			err = errors.Join(err, server.Stop(), pgserver.Destroy(ctx, s.postgresDir(n)))
		}
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}
