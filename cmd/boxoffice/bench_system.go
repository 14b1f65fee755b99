package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/bench"
	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/internal/devstack/proc"
	"github.com/boxoffice/boxoffice/internal/pause"
	"github.com/boxoffice/boxoffice/postgres"
)

// benchSystem is a system of a measurement's own: boxoffice dev as a process, so that what the servers use is not mixed up
// with what the buyers do, which are this process.
type benchSystem struct {
	size    saleSize
	logger  *slog.Logger
	dir     string
	process *proc.Process
	env     map[string]string // where everything is
	db      *postgres.DB
}

// startBenchSystem starts a durable system that forgets everything at its end.
func startBenchSystem(ctx context.Context, logger *slog.Logger, size saleSize) (*benchSystem, error) {
	dir, err := os.MkdirTemp("", "boxoffice-bench-")
	if err != nil {
		return nil, err
	}
	s := &benchSystem{size: size, logger: logger, dir: dir}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *benchSystem) start(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "  Starting a system of its own")
	envFile := filepath.Join(s.dir, "env")
	connections := 100
	if s.size.baseline { // whose clients have one each
		connections += s.size.buyers
	}
	s.process, err = proc.Start(context.WithoutCancel(ctx), proc.Options{
		Name: "boxoffice dev", Path: program, LogFile: filepath.Join(s.dir, "log"), Env: append(benchEnv(os.Environ()), s.size.settings...),
		Args: []string{
			"dev", "--ephemeral", "--env-file", envFile, "--events", strconv.Itoa(max(s.size.events, 1)), "--days", strconv.Itoa(max(s.size.days, 1)),
			"--postgres-connections", strconv.Itoa(connections),
		},
		OrphanSignal: syscall.SIGINT, Grace: time.Minute,
	})
	if err != nil {
		return err
	}
	if err := s.awaitEnv(ctx, envFile); err != nil {
		return err
	}
	s.db, err = postgres.Open(ctx, s.env["DATABASE_URL"], postgres.Options{MaxConns: 4})
	return err
}

// benchEnv is an environment without what points at servers of somebody else, and without the limits on what one address
// and one buyer may ask: here all buyers have one address, and nobody pauses.
func benchEnv(environment []string) (env []string) {
	for _, setting := range environment {
		switch name, _, _ := strings.Cut(setting, "="); name {
		case "DATABASE_URL", "TEMPORAL_ADDRESS", "TYPESENSE_URL", "TYPESENSE_API_KEY", "STRIPE_API_BASE", "SMTP_URL":
		default:
			env = append(env, setting)
		}
	}
	return append(env, "BOXOFFICE_ADDRESS_RATE=-1", "BOXOFFICE_USER_RATE=-1", "LOG_LEVEL=warn")
}

// awaitEnv waits until all is ready and its addresses are known.
func (s *benchSystem) awaitEnv(ctx context.Context, envFile string) error {
	for {
		content, err := os.ReadFile(envFile)
		if err == nil {
			s.env = map[string]string{}
			for line := range strings.Lines(string(content)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				s.env[name] = value
			}
			return nil
		}
		select {
		case <-s.process.Done():
			return fmt.Errorf("%w\n%s", s.process.Err(), s.process.LogTail(4000))
		default:
		}
		if !pause.For(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// stop leaves nothing behind.
func (s *benchSystem) stop() (err error) {
	if s.db != nil {
		s.db.Close()
	}
	if s.process != nil {
		err = s.process.Stop()
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// options makes the event and the buyers, and says what can be seen of the system.
func (s *benchSystem) options(ctx context.Context) (bench.SaleOptions, error) {
	o, events, err := s.fill(ctx, 1, s.size.seats)
	if err != nil {
		return o, err
	}
	o.EventID = events[0]
	return o, nil
}

// fill makes events of so many seats, and the buyers.
func (s *benchSystem) fill(ctx context.Context, halls, seats int) (o bench.SaleOptions, events []string, err error) {
	o = bench.SaleOptions{URL: s.env["BOXOFFICE_URL"], Inbox: buyer.NewInbox(s.env["MAIL_URL"], http.DefaultTransport)}
	for range halls {
		hall, err := openHall(ctx, s.db, seats)
		if err != nil {
			return o, nil, fmt.Errorf("make an event: %w", err)
		}
		events = append(events, hall.EventID())
	}
	if o.Tokens, err = s.crowd(ctx); err != nil {
		return o, nil, fmt.Errorf("make the buyers: %w", err)
	}
	o.System = bench.System{CPU: s.cpu(), Bytes: s.bytes, SweepStarts: s.sweepStarts, Audit: s.audit}
	if s.size.baseline {
		o.System.Baseline = s.baseline
	}
	return o, events, nil
}

// cpu tells the processor time by process, where it can be seen.
func (s *benchSystem) cpu() func() (map[string]time.Duration, error) {
	look := func() (map[string]time.Duration, error) { return bench.ProcessorTime(s.process.PID()) }
	if _, err := look(); err != nil {
		return nil
	}
	return look
}

// openHall puts on the event that is sold, owned by the organizer of the demo.
func openHall(ctx context.Context, db *postgres.DB, seats int) (*bench.Hall, error) {
	owner, err := db.Users().UserByUsername(ctx, "organizer")
	if err != nil {
		return nil, err
	}
	hall, err := bench.NewHall(owner.ID, seats)
	if err != nil {
		return nil, err
	}
	return hall, db.Seed(ctx, hall, nil)
}

// crowd makes accounts with a session each. Nobody knows their passwords: to make one costs 40 ms of processor time.
func (s *benchSystem) crowd(ctx context.Context) ([]string, error) {
	tokens := make([]string, s.size.buyers)
	for i := range tokens {
		user, err := s.db.Users().CreateUser(ctx, boxoffice.User{
			Username: "bench-" + strings.ToLower(rand.Text()[:16]), PasswordHash: "$argon2id$nobody knows the password",
		})
		if err != nil {
			return nil, err
		}
		tokens[i] = boxoffice.NewToken()
		session := boxoffice.Session{UserID: user.ID, TokenHash: boxoffice.HashToken(tokens[i]), Device: "bench"}
		if _, err := s.db.Users().CreateSession(ctx, session, 24*time.Hour); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}
