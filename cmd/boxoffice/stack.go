package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	pgserver "github.com/boxoffice/boxoffice/internal/devstack/postgres"
	smtpsink "github.com/boxoffice/boxoffice/internal/devstack/smtp"
	stripesim "github.com/boxoffice/boxoffice/internal/devstack/stripe"
	temporalserver "github.com/boxoffice/boxoffice/internal/devstack/temporal"
	searchserver "github.com/boxoffice/boxoffice/internal/devstack/typesense"
	"github.com/boxoffice/boxoffice/internal/pause"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/boxoffice/boxoffice/workflows"
	"golang.org/x/sync/errgroup"
)

// stack is everything that boxoffice dev runs. The servers outlive the program's own processes, so that those can finish
// what they are doing when all is stopped.
type stack struct {
	command *devCommand
	logger  *slog.Logger
	secrets secrets
	urls    addresses

	servers     *errgroup.Group // servers and their keepers
	stopServers context.CancelFunc
	children    *errgroup.Group // api and worker, and their keepers
	stopChilds  context.CancelFunc
	failed      chan error // what cannot be kept running
}

// addresses are where everything is, by the names of the settings.
type addresses struct {
	boxoffice, admin, workerAdmin, database, temporal, temporalUI, typesense, stripe, smtp, mail string
}

// startStack starts the servers side by side, then fills the database, then starts the program's own processes. What it
// gives must be stopped, also when there is an error.
func startStack(ctx context.Context, c *devCommand, logger *slog.Logger) (*stack, error) {
	s := &stack{command: c, logger: logger, failed: make(chan error, 16)}
	serverCtx, stopServers := context.WithCancel(context.WithoutCancel(ctx))
	childCtx, stopChilds := context.WithCancel(context.WithoutCancel(ctx))
	s.servers, s.stopServers = &errgroup.Group{}, stopServers
	s.children, s.stopChilds = &errgroup.Group{}, stopChilds
	var err error
	if s.secrets, err = loadSecrets(filepath.Join(c.Dir, "secrets.json")); err != nil {
		return s, err
	}
	if err := s.choosePorts(); err != nil {
		return s, err
	}
	starting, _ := errgroup.WithContext(ctx)
	for _, start := range []func(context.Context) error{s.startPostgres, s.startTemporal, s.startTypesense, s.startStripe, s.startMail} {
		starting.Go(func() error { return start(serverCtx) })
	}
	if err := starting.Wait(); err != nil {
		return s, err
	}
	if err := s.fillDatabase(ctx); err != nil {
		return s, err
	}
	return s, s.startChildren(ctx, childCtx)
}

// The range that free ports are chosen from lies below the one that outgoing connections take theirs from (Linux: 32768 and
// above). A port that is free when it is chosen is then still so when its server listens, which can be seconds later.
const (
	firstPort = 12_000
	lastPort  = 32_000
)

// freePort listens on a free port.
func freePort() (held *net.TCPListener, err error) {
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if held, err = net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); err == nil {
			return held, nil
		}
	}
	return nil, fmt.Errorf("find a free port: %w", err)
}

// freePorts gives so many, none of them twice: all are held until the last is chosen.
func freePorts(n int) (ports []int, err error) {
	for range n {
		held, listenErr := freePort()
		if listenErr != nil {
			return nil, listenErr
		}
		defer func() { err = errors.Join(err, held.Close()) }()
		address, parseErr := netip.ParseAddrPort(held.Addr().String())
		if parseErr != nil {
			return nil, parseErr
		}
		ports = append(ports, int(address.Port()))
	}
	return ports, nil
}

// choosePorts takes a free port for each that is 0, once: a server that is started again keeps its address.
func (s *stack) choosePorts() error {
	ports := s.command.ports()
	free, err := freePorts(len(ports))
	if err != nil {
		return err
	}
	for n, port := range ports {
		if *port.number == 0 {
			*port.number = free[n]
		}
	}
	s.urls.boxoffice = "http://localhost:" + strconv.Itoa(s.command.Port)
	s.urls.admin = "http://localhost:" + strconv.Itoa(s.command.AdminPort)
	s.urls.workerAdmin = "http://localhost:" + strconv.Itoa(s.command.WorkerAdminPort)
	return nil
}

func (s *stack) folder(name string) string { return filepath.Join(s.command.Dir, name) }

func (s *stack) progress(message string) { fmt.Fprintln(os.Stderr, "  "+message) }

// startPostgres starts the private PostgreSQL, unless DATABASE_URL names another.
func (s *stack) startPostgres(ctx context.Context) error {
	if s.urls.database = os.Getenv("DATABASE_URL"); s.urls.database != "" {
		return nil
	}
	return keep(ctx, s.servers, s.restarted("PostgreSQL"), func(ctx context.Context) (<-chan struct{}, func() error, error) {
		server, err := pgserver.Start(ctx, pgserver.Options{
			// Never Ephemeral, which would lose the data with a server that dies: dev removes it in the end.
			Dir: s.folder("postgres"), Port: s.command.PostgresPort, Durable: s.command.Durable, Progress: s.progress,
			MaxConnections: s.command.PostgresConnections,
		})
		if err != nil {
			return nil, nil, fmt.Errorf("PostgreSQL: %w", err)
		}
		if s.urls.database == "" { // a restart changes no address
			s.urls.database = server.URL
		}
		return server.Done(), server.Wait, nil
	})
}

// startTemporal starts the Temporal dev server, unless TEMPORAL_ADDRESS names another.
func (s *stack) startTemporal(ctx context.Context) error {
	if s.urls.temporal = os.Getenv("TEMPORAL_ADDRESS"); s.urls.temporal != "" {
		return nil
	}
	return keep(ctx, s.servers, s.restarted("Temporal"), func(ctx context.Context) (<-chan struct{}, func() error, error) {
		server, err := temporalserver.Start(ctx, temporalserver.Options{
			Dir: s.folder("temporal"), Port: s.command.TemporalPort, UIPort: s.command.TemporalUIPort,
			SearchAttributes: workflows.SearchAttributeTypes(), Progress: s.progress,
		})
		if err != nil {
			return nil, nil, fmt.Errorf("Temporal: %w", err)
		}
		if s.urls.temporal == "" {
			s.urls.temporal, s.urls.temporalUI = server.Address, server.UIURL
		}
		return server.Done(), server.Wait, nil
	})
}

// startTypesense starts the search server, unless TYPESENSE_URL names another, which TYPESENSE_API_KEY opens.
func (s *stack) startTypesense(ctx context.Context) error {
	if s.urls.typesense = os.Getenv("TYPESENSE_URL"); s.urls.typesense != "" {
		s.secrets.TypesenseKey = os.Getenv("TYPESENSE_API_KEY")
		return nil
	}
	server, err := searchserver.Start(ctx, searchserver.Options{
		Addr: "127.0.0.1:" + strconv.Itoa(s.command.TypesensePort), Dir: s.folder("typesense"), APIKey: s.secrets.TypesenseKey,
		Logger: s.logger.With("process", "search server"),
	})
	if err != nil {
		return fmt.Errorf("search server: %w", err)
	}
	s.urls.typesense = server.URL
	s.servers.Go(server.Wait)
	return nil
}

// startStripe starts the Stripe simulator, unless STRIPE_API_BASE names another. Its webhooks come to our API.
func (s *stack) startStripe(ctx context.Context) error {
	if s.urls.stripe = os.Getenv("STRIPE_API_BASE"); s.urls.stripe != "" {
		return nil
	}
	server, err := stripesim.Start(ctx, stripesim.Options{
		Addr: "127.0.0.1:" + strconv.Itoa(s.command.StripePort), Dir: s.folder("stripe"),
		PublicURL: "http://localhost:" + strconv.Itoa(s.command.StripePort),
		Webhooks:  []stripesim.Endpoint{{URL: s.urls.boxoffice + "/webhooks/stripe", Secret: s.secrets.WebhookSecret, Events: payments.WebhookTypes()}},
		Logger:    s.logger.With("process", "stripe simulator"),
	})
	if err != nil {
		return fmt.Errorf("Stripe simulator: %w", err)
	}
	s.urls.stripe = "http://localhost:" + strconv.Itoa(s.command.StripePort)
	s.servers.Go(server.Wait)
	return nil
}

// startMail starts the mail sink, unless SMTP_URL names a mail server.
func (s *stack) startMail(ctx context.Context) error {
	if s.urls.smtp = os.Getenv("SMTP_URL"); s.urls.smtp != "" {
		return nil
	}
	server, err := smtpsink.Start(ctx, smtpsink.Options{
		Addr: "127.0.0.1:" + strconv.Itoa(s.command.SMTPPort), HTTPAddr: "127.0.0.1:" + strconv.Itoa(s.command.MailPort),
		Dir: s.folder("mail"), Logger: s.logger.With("process", "mail sink"),
	})
	if err != nil {
		return fmt.Errorf("mail sink: %w", err)
	}
	s.urls.smtp, s.urls.mail = server.SMTPURL+"?tls=none", server.URL
	s.servers.Go(server.Wait)
	return nil
}

// restarted tells how often a server may die before dev gives up, and says so when it does.
func (s *stack) restarted(name string) func(err error, gaveUp bool) {
	return func(err error, gaveUp bool) {
		if gaveUp {
			s.failed <- fmt.Errorf("%s keeps dying: %w", name, err)
			return
		}
		s.logger.Warn("died, and is started again", "process", name, "error", err)
	}
}

// wait ends with ctx, or with what cannot be kept running.
func (s *stack) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// stop ends the program's own processes first, so that they can finish, then the servers.
func (s *stack) stop() error {
	s.stopChilds()
	err := s.children.Wait()
	s.stopServers()
	return errors.Join(err, s.servers.Wait())
}

// restartPause is between the death of a process and its next start.
const restartPause = 200 * time.Millisecond

// maxDeaths within deathWindow are too many: something is wrong that a restart does not help.
const (
	maxDeaths   = 20
	deathWindow = time.Minute
)

// keep starts a process and, in group, starts it again whenever it dies before ctx is done. wait is asked for the error
// once the process has ended.
func keep(ctx context.Context, group *errgroup.Group, died func(err error, gaveUp bool), start func(ctx context.Context) (done <-chan struct{}, wait func() error, err error)) error {
	done, wait, err := start(ctx)
	if err != nil {
		return err
	}
	group.Go(func() error {
		var deaths []time.Time
		for {
			<-done
			err := wait()
			if ctx.Err() != nil {
				return err
			}
			for {
				deaths = append(deaths, time.Now())
				gaveUp := len(deaths) >= maxDeaths && time.Since(deaths[len(deaths)-maxDeaths]) < deathWindow
				if died(err, gaveUp); gaveUp {
					return nil
				}
				if !pause.For(ctx, restartPause) {
					return nil
				}
				if done, wait, err = start(ctx); err == nil {
					break
				}
			}
		}
	})
	return nil
}
