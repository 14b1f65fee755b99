package stack

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/devstack/network"
	pgserver "github.com/boxoffice/boxoffice/internal/devstack/postgres"
	temporalserver "github.com/boxoffice/boxoffice/internal/devstack/temporal"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
)

// Proxy is the network between the program and one of its servers. What a test breaks in it is whole again at the test's
// end. Tests that break one run one after the other.
type Proxy struct{ link *network.Link }

// NewProxy listens on a free port, and leads to a server at host:port.
func NewProxy(name, upstream string) (*Proxy, error) {
	link, err := network.Open(name, "127.0.0.1:0", upstream)
	return &Proxy{link}, err
}

// Address is the host:port where the proxy listens.
func (p *Proxy) Address() string { return p.link.Address() }

// Stop ends the proxy.
func (p *Proxy) Stop() { p.link.Close() }

// Delay is network.Link's.
func (p *Proxy) Delay(t *testing.T, by time.Duration) {
	t.Helper()
	t.Cleanup(func() { p.Mend(t) })
	require.NoError(t, p.link.Delay(by))
}

// Stall is network.Link's.
func (p *Proxy) Stall(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { p.Mend(t) })
	require.NoError(t, p.link.Stall())
}

// Cut is network.Link's.
func (p *Proxy) Cut(t *testing.T) {
	t.Helper()
	require.NoError(t, p.link.Cut())
}

// Refuse is network.Link's.
func (p *Proxy) Refuse(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { p.Mend(t) })
	p.link.Refuse()
}

// Mend makes the network whole again. Doing so twice is harmless.
func (p *Proxy) Mend(t *testing.T) {
	t.Helper()
	require.NoError(t, p.link.Mend(context.WithoutCancel(t.Context())))
}

// remote is Postgres and Temporal outside of dev, children of the test's own process, with a network in between.
type remote struct {
	postgres               *pgserver.Server
	temporal               *temporalserver.Server
	commits                *Commits
	toPostgres, toTemporal *Proxy
}

// StartBehindProxies is StartShared with Postgres and Temporal behind the proxies ToPostgres and ToTemporal, and Commits
// between the first of them and the server. dev does not start these two servers, nor start them again. The system's DB and
// Temporal lead past all that, straight to the servers.
func StartBehindProxies(name string, flags []string, settings ...string) (*System, error) {
	r := &remote{}
	if err := r.start(context.Background()); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	database, err := url.Parse(r.postgres.URL)
	if err != nil {
		return nil, errors.Join(err, r.stop())
	}
	database.Host = r.toPostgres.Address()
	settings = append(settings, "DATABASE_URL="+database.String(), "TEMPORAL_ADDRESS="+r.toTemporal.Address())
	s, err := share(start(name, r, append([]string{"--ephemeral"}, flags...), settings...))
	if s == nil {
		err = errors.Join(err, r.stop())
	}
	return s, err
}

// start starts the servers and the proxies. They are to be stopped also where it gives an error.
func (r *remote) start(ctx context.Context) (err error) {
	if r.postgres, err = pgserver.Start(ctx, pgserver.Options{}); err != nil {
		return err
	}
	if r.temporal, err = temporalserver.Start(ctx, temporalserver.Options{SearchAttributes: workflows.SearchAttributeTypes()}); err != nil {
		return err
	}
	if r.commits, err = NewCommits(net.JoinHostPort("127.0.0.1", strconv.Itoa(r.postgres.Port))); err != nil {
		return err
	}
	if r.toPostgres, err = NewProxy("postgres", r.commits.Address()); err != nil {
		return err
	}
	r.toTemporal, err = NewProxy("temporal", r.temporal.Address)
	return err
}

// stop ends all that was started. Stopping twice is harmless.
func (r *remote) stop() (err error) {
	for _, p := range []*Proxy{r.toPostgres, r.toTemporal} {
		if p != nil {
			p.Stop()
		}
	}
	if r.commits != nil {
		err = r.commits.Close()
	}
	if r.temporal != nil {
		err = errors.Join(err, r.temporal.Stop())
	}
	if r.postgres != nil {
		err = errors.Join(err, r.postgres.Stop())
	}
	return err
}

// Disturb says that something is done to the system after which its runs are not to be counted.
func (s *System) Disturb() { s.disturbed = true }
