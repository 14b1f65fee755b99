package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/bench"
	pgserver "github.com/boxoffice/boxoffice/internal/devstack/postgres"
	"github.com/boxoffice/boxoffice/migrations"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/seed"
)

// The baseline and pgbench make so many sales by turns, so that what else the machine does meets both alike. It is a number
// of sales and not a time, of which hundreds of clients would spend most on connecting.
const (
	baselineRounds = 2
	baselineSales  = 1200
	leastSales     = 25 // of each client, of which preparing the statements would else be most
)

// baseline measures bare SQL in a database beside ours.
func (s *benchSystem) baseline(ctx context.Context, clients int) (b bench.Baseline, err error) {
	each := max(baselineSales/clients, leastSales)
	db, at, err := s.openBaseline(ctx)
	if err != nil {
		return b, err
	}
	defer db.Close()
	sales, err := db.SaleBaseline(ctx, at.String(), 2*baselineRounds*clients*each)
	if err != nil {
		return b, err
	}
	pgbench := pgBench{sales: sales, at: at}
	if b.Missing = pgbench.find(ctx); b.Missing == "" {
		defer func() { err = errors.Join(err, pgbench.close()) }()
	}
	for round := range baselineRounds {
		turns := []func() error{
			func() error {
				perMin, err := sales.Run(ctx, clients, each)
				b.PerMin += perMin / baselineRounds
				return err
			},
			func() error {
				if b.Missing != "" {
					return nil
				}
				perMin, err := pgbench.run(ctx, clients, each)
				b.PgBenchPerMin += perMin / baselineRounds
				return err
			},
		}
		if err := errors.Join(turns[round%2](), turns[(round+1)%2]()); err != nil {
			return b, err
		}
	}
	return b, nil
}

// openBaseline makes a database with our schema, a user and an event.
func (s *benchSystem) openBaseline(ctx context.Context) (*postgres.DB, *url.URL, error) {
	at, err := url.Parse(s.env["DATABASE_URL"])
	if err != nil {
		return nil, nil, err
	}
	if _, err := s.db.Pool().Exec(ctx, "CREATE DATABASE baseline"); err != nil {
		return nil, nil, err
	}
	at.Path = "/baseline"
	if err := postgres.Migrate(ctx, at.String(), migrations.FS); err != nil {
		return nil, nil, err
	}
	db, err := postgres.Open(ctx, at.String(), postgres.Options{MaxConns: 2, WebhookConns: 1})
	if err != nil {
		return nil, nil, err
	}
	if _, err = seed.CreateAccounts(ctx, db.Users(), seed.DemoAccounts[:1], api.HashPassword); err == nil {
		_, err = openHall(ctx, db, 1)
	}
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	return db, at, nil
}

// pgBench is PostgreSQL's own load generator, which makes the sales of the baseline.
type pgBench struct {
	sales   *postgres.SaleBaseline
	at      *url.URL
	program string
	script  string // the file
}

// find looks for the program beside the server, then in PATH: scripts of one's own run on any server. It says what is
// missing, or nothing.
func (p *pgBench) find(ctx context.Context) (missing string) {
	server, err := pgserver.Find(ctx, pgserver.Options{})
	if err != nil {
		return err.Error()
	}
	p.program = filepath.Join(server.Dir, "pgbench")
	if _, err := os.Stat(p.program); err != nil {
		if p.program, err = exec.LookPath("pgbench"); err != nil {
			return "pgbench is neither beside the server nor in PATH"
		}
	}
	file, err := os.CreateTemp("", "boxoffice-pgbench-")
	if err != nil {
		return err.Error()
	}
	p.script = file.Name()
	if _, err = file.WriteString(p.sales.Script()); errors.Join(err, file.Close()) != nil {
		return "its script cannot be written: " + err.Error()
	}
	return ""
}

func (p *pgBench) close() error { return os.Remove(p.script) }

var pgBenchRate = regexp.MustCompile(`(?m)^tps = ([0-9.]+) \(without initial connection time\)`)

// run lets so many clients make some sales each and gives the sales a minute, connecting apart.
func (p *pgBench) run(ctx context.Context, clients, each int) (perMin float64, err error) {
	_, first, err := p.sales.Made(ctx)
	if err != nil {
		return 0, err
	}
	command := exec.CommandContext(ctx, p.program, "-n", "-M", "prepared", "-f", p.script, "-c", strconv.Itoa(clients), "-j", strconv.Itoa(min(clients, runtime.NumCPU())),
		"-t", strconv.Itoa(each), "-D", "turn=0", "-D", fmt.Sprintf("first=%d", first), "-D", fmt.Sprintf("clients=%d", clients))
	password, _ := p.at.User.Password()
	command.Env = append(os.Environ(), "PGHOST="+p.at.Hostname(), "PGPORT="+p.at.Port(), "PGUSER="+p.at.User.Username(),
		"PGPASSWORD="+password, "PGDATABASE="+strings.TrimPrefix(p.at.Path, "/"), "PGSSLMODE=disable")
	out, err := command.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	found := pgBenchRate.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("pgbench names no rate:\n%s", out)
	}
	rate, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		return 0, err
	}
	_, _, err = p.sales.Made(ctx)
	return rate * 60, err
}
