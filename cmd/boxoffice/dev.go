package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	pgserver "github.com/boxoffice/boxoffice/internal/devstack/postgres"
	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// devCommand runs everything on this machine: boxoffice dev.
type devCommand struct {
	Dir       string `default:".boxoffice" help:"Where all state is kept."`
	Ephemeral bool   `help:"Take free ports and a temporary folder, and leave nothing behind."`
	EnvFile   string `help:"Write the addresses of everything to this file once all is ready."`
	Durable   bool   `default:"true" negatable:"" help:"Let a commit survive a power cut; tests go without."`
	NoWorker  bool   `help:"Run no worker: run your own, in a debugger say, with what --env-file says."`

	Port            int `default:"8080" help:"Of the API and the pages."`
	AdminPort       int `default:"8081" help:"Of the API's metrics and health."`
	WorkerAdminPort int `default:"8082" help:"Of the worker's metrics and health."`
	PostgresPort    int `default:"54329" help:"Of PostgreSQL."`
	TemporalPort    int `default:"7233" help:"Of Temporal."`
	TemporalUIPort  int `default:"8233" help:"Of Temporal's web UI."`
	TypesensePort   int `default:"8108" help:"Of the search server."`
	StripePort      int `default:"8420" help:"Of the Stripe simulator and its payment page."`
	MailPort        int `default:"8025" help:"Of the inbox page."`
	SMTPPort        int `name:"smtp-port" default:"1025" help:"Of the mail sink."`

	PostgresConnections int `default:"200" help:"That PostgreSQL takes at one time."`

	Events int    `default:"60" help:"Events to seed an empty database with."`
	Days   int    `default:"7" help:"Days that the seeded events are spread over."`
	Rand   uint64 `default:"1" help:"Seed of the random choices."`
}

// Run starts everything, says what runs where, and stops everything when ctx is done.
func (c *devCommand) Run(ctx context.Context, logger *slog.Logger) error {
	cleanUp, err := c.prepare(ctx)
	if err != nil {
		return err
	}
	s, err := startStack(ctx, c, logger)
	if err == nil && c.EnvFile != "" {
		err = s.writeEnvFile(c.EnvFile)
	}
	if err == nil {
		if err = s.printTable(os.Stdout); err == nil {
			err = s.wait(ctx)
		}
	}
	return errors.Join(err, s.stop(), cleanUp())
}

// prepare claims the state folder, and for an ephemeral stack makes one and clears all ports, so that free ones are taken.
func (c *devCommand) prepare(ctx context.Context) (cleanUp func() error, err error) {
	if c.Ephemeral {
		if c.Dir, err = os.MkdirTemp("", "boxoffice-"); err != nil {
			return nil, err
		}
		for _, port := range c.ports() {
			*port.number = 0
		}
		return func() error { return c.removeState(context.WithoutCancel(ctx)) }, nil
	}
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("--dir: %w", err)
	}
	lock, err := proc.TryLock(filepath.Join(c.Dir, "lock"))
	if errors.Is(err, proc.ErrLocked) {
		return nil, fmt.Errorf("another boxoffice dev runs in %s: stop it, or name another folder with --dir", c.Dir)
	}
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.stopOrphans(ctx), c.checkPorts()); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return lock.Unlock, nil
}

// removeState removes an ephemeral stack's folder, and the database's data, which as root may lie outside of it.
func (c *devCommand) removeState(ctx context.Context) error {
	database := filepath.Join(c.Dir, "postgres")
	if _, err := os.Stat(database); err == nil {
		if err := pgserver.Destroy(ctx, database); err != nil {
			return err
		}
	}
	return os.RemoveAll(c.Dir)
}

// stopOrphans ends what a killed dev left running in this folder: every process that has a record there.
func (c *devCommand) stopOrphans(ctx context.Context) error {
	records, err := filepath.Glob(filepath.Join(c.Dir, "*", "*.pid"))
	if err != nil {
		return err
	}
	for _, record := range records {
		claim, err := proc.Claim(ctx, record, proc.Orphan{Signal: syscall.SIGINT})
		if err != nil {
			return fmt.Errorf("stop what an earlier dev left running: %w", err)
		}
		if err := claim.Close(); err != nil {
			return err
		}
	}
	return nil
}

type namedPort struct {
	flag   string
	number *int
}

func (c *devCommand) ports() []namedPort {
	return []namedPort{
		{"--port", &c.Port}, {"--admin-port", &c.AdminPort}, {"--worker-admin-port", &c.WorkerAdminPort}, {"--postgres-port", &c.PostgresPort},
		{"--temporal-port", &c.TemporalPort}, {"--temporal-ui-port", &c.TemporalUIPort}, {"--typesense-port", &c.TypesensePort},
		{"--stripe-port", &c.StripePort}, {"--mail-port", &c.MailPort}, {"--smtp-port", &c.SMTPPort},
	}
}

// checkPorts names every port that is in use, with the flag that changes it, before anything is started.
func (c *devCommand) checkPorts() error {
	var taken []error
	for _, port := range c.ports() {
		if err := proc.CheckPort(fmt.Sprintf("127.0.0.1:%d", *port.number)); err != nil {
			taken = append(taken, fmt.Errorf("%w: choose another with %s", err, port.flag))
		}
	}
	return errors.Join(taken...)
}
