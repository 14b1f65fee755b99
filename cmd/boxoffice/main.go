// Command boxoffice is the whole program: the API, the worker, the tools around them, and a development stack. It alone
// knows every package, reads the configuration (kong, its one dependency), and wires the parts together.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // venues have time zones, and a slim image has none

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// version is set by the build.
var version = "dev"

// cli is the command line. Every flag of the commands is a setting, and every setting an environment variable.
type cli struct {
	Log logSettings `embed:"" group:"Logging"`

	Dev          devCommand          `cmd:"" help:"Run everything on this machine: servers, API, worker, with demo data."`
	API          apiCommand          `cmd:"" name:"api" help:"Serve the HTTP API."`
	Worker       workerCommand       `cmd:"" help:"Run workflows, activities and sweeps."`
	Migrate      migrateCommand      `cmd:"" help:"Bring the database schema up to date."`
	Seed         seedCommand         `cmd:"" help:"Fill the database with real titles at made-up showtimes."`
	Reindex      reindexCommand      `cmd:"" help:"Build the search index anew, beside the one that is searched."`
	Seatplan     seatplanCommand     `cmd:"" help:"Validate, draw and begin seat plans."`
	Demo         demoCommand         `cmd:"" help:"Make one booking over HTTP, from sign-up to the PDF, told step by step."`
	Bench        benchCommand        `cmd:"" help:"Measure parts of the system."`
	Audit        auditCommand        `cmd:"" help:"Hold every booking against every promise; exit 1 if one is broken."`
	Reconcile    reconcileCommand    `cmd:"" help:"Compare Stripe's record with ours and mend what has one right answer; exit 1 if something is left, 2 if it could not."`
	Role         roleCommand         `cmd:"" help:"Make an account an organizer's, support's, an admin's, or a buyer's again."`
	VerifyTicket verifyTicketCommand `cmd:"" help:"Verify an entry token offline."`
	NewKey       newKeyCommand       `cmd:"" help:"Make a signing key for entry tokens."`
	Healthcheck  healthcheckCommand  `cmd:"" help:"Ask a process of ours whether it is well; exit 1 if not."`
	Simulator    simulatorCommand    `cmd:"" name:"stripe-simulator" help:"Serve the Stripe simulator alone: nobody is charged."`
	Version      versionCommand      `cmd:"" help:"Print the version."`
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run() error {
	_, err := fmt.Println(version)
	return err
}

// logSettings say how the program logs, to standard error.
type logSettings struct {
	LogLevel  slog.Level `env:"LOG_LEVEL" default:"info" help:"debug, info, warn or error."`
	LogFormat string     `env:"LOG_FORMAT" default:"auto" enum:"auto,json,text" help:"json, text, or auto: text on a terminal."`
}

func (s logSettings) logger() *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogFormat == "text" || s.LogFormat == "auto" && term.IsTerminal(int(os.Stderr.Fd())) {
		return slog.New(slog.NewTextHandler(os.Stderr, options))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, options))
}

func main() {
	os.Exit(run())
}

func run() int {
	if err := secretsFromFiles(os.Environ(), os.Setenv); err != nil {
		fmt.Fprintln(os.Stderr, "boxoffice:", err)
		return 2
	}
	var c cli
	parser := kong.Must(&c, kong.Name("boxoffice"), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Description("boxoffice sells reserved seats. Every flag is also an environment variable; a secret NAME may be given as a file by NAME_FILE."))
	command, err := parser.Parse(os.Args[1:])
	if err != nil {
		parser.FatalIfErrorf(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	logger := c.Log.logger()
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(logger); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "boxoffice:", err)
		if exit, ok := errors.AsType[exitError](err); ok {
			return exit.code
		}
		return 1
	}
	return 0
}

// collectSeldom has garbage collected a third as often as Go does by itself, unless GOGC says how often. What the API and the worker
// keep is little as a rule, and collecting a tenth of their processor time. Where memory is scarce, GOMEMLIMIT has it collected in time.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
}

// secretsFromFiles sets NAME to the content of the file that NAME_FILE names, for every secret that is given so.
func secretsFromFiles(environment []string, set func(name, value string) error) error {
	secrets := []string{"DATABASE_URL", "TYPESENSE_API_KEY", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "TICKET_SIGNING_KEY", "SMTP_URL"}
	for _, setting := range environment {
		name, path, _ := strings.Cut(setting, "=")
		secret, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile || path == "" || !slices.Contains(secrets, secret) {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := set(secret, strings.TrimSpace(string(content))); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
