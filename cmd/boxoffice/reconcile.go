package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/pause"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/reconcile"
)

// ledgerSettings say how to read Stripe's record. Webhooks do not come here.
type ledgerSettings struct {
	StripeAPIKey  string `env:"STRIPE_API_KEY" name:"stripe-api-key" help:"Stripe's key, of the account that takes the payments."`
	StripeAPIBase string `env:"STRIPE_API_BASE" name:"stripe-api-base" help:"Another address of Stripe's API; empty: Stripe."`
}

func (s ledgerSettings) client(logger *slog.Logger) (*payments.Client, error) {
	client, err := payments.New(payments.Options{APIKey: s.StripeAPIKey, APIBase: s.StripeAPIBase, Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("STRIPE_API_KEY or STRIPE_API_BASE: %w", err)
	}
	return client, nil
}

// reconciler compares Stripe's record with the books.
func reconciler(stripe *payments.Client, provider boxoffice.PaymentProvider, store *postgres.Bookings, logger *slog.Logger) boxoffice.Reconciler {
	return &reconcile.Reconciler{Ledger: payments.NewLedger(stripe, 0), Provider: provider, Bookings: store, Store: store, Logger: logger}
}

// reconcileCommand compares Stripe's record with ours: boxoffice reconcile. It is what the worker does every hour, and needs
// no worker; runs that it has news for are woken by the worker's sweep.
type reconcileCommand struct {
	Database databaseSettings `embed:"" group:"Database"`
	Stripe   ledgerSettings   `embed:"" group:"Stripe"`

	Since  string `help:"From when on: 24h (ago), or a time like 2026-11-27T08:00:00Z; empty: from where the last pass ended."`
	DryRun bool   `help:"Change nothing: say what would be repaired."`
	JSON   bool   `name:"json" help:"Print one JSON object instead."`

	since time.Time
}

// Validate is called by kong.
func (c *reconcileCommand) Validate() (err error) {
	if c.Stripe.StripeAPIKey == "" {
		return errors.New("STRIPE_API_KEY is empty")
	}
	c.since, err = parseSince(c.Since, time.Now())
	return err
}

// parseSince reads a time, or how long ago it was. Nothing is the zero time.
func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.After(now) {
		return time.Time{}, fmt.Errorf("--since: %q is neither a duration like 24h nor a past time like 2026-11-27T08:00:00Z", text)
	}
	return at, nil
}

// exitError ends the program with a code of its own.
type exitError struct {
	error
	code int
}

// Run ends with 1 where something is left to be decided, or would be repaired, and with 2 where the pass did not come to its
// end.
func (c *reconcileCommand) Run(ctx context.Context, logger *slog.Logger) error {
	pass, err := c.reconcile(ctx, logger)
	if err != nil {
		return exitError{fmt.Errorf("the pass did not come to its end: %w", err), 2}
	}
	if err := c.tell(os.Stdout, pass); err != nil {
		return exitError{err, 2}
	}
	switch {
	case pass.Found > 0:
		return exitError{fmt.Errorf("%d findings are left for a person to decide", pass.Found), 1}
	case pass.DryRun && pass.Repaired > 0:
		return exitError{fmt.Errorf("%d differences would be repaired", pass.Repaired), 1}
	}
	return nil
}

// stepTries is how often a step is tried while Stripe or the database does not answer.
const stepTries = 5

func (c *reconcileCommand) reconcile(ctx context.Context, logger *slog.Logger) (pass boxoffice.ReconcilePass, err error) {
	stripe, err := c.Stripe.client(logger)
	if err != nil {
		return pass, err
	}
	defer stripe.Close()
	db, err := c.Database.open(ctx)
	if err != nil {
		return pass, err
	}
	defer db.Close()
	r := reconciler(stripe, stripe, db.Bookings(boxoffice.HoldRules{}), logger)
	pass = boxoffice.ReconcilePass{Since: c.since, DryRun: c.DryRun}
	for tries := 1; pass.Phase != boxoffice.ReconcileEnd; {
		next, err := r.Advance(ctx, pass)
		if err == nil {
			pass, tries = next, 1
			continue
		}
		if code := boxoffice.CodeOf(err); tries == stepTries || code != boxoffice.CodeProviderUnknown && code != boxoffice.CodeUnavailable {
			return pass, err
		}
		logger.Warn("a step is tried again", "phase", pass.Phase, "error", err)
		if !pause.For(ctx, cmp.Or(retryAfter(err), time.Duration(tries)*time.Second)) {
			return pass, errors.New("it was interrupted")
		}
		tries++
	}
	return pass, nil
}

func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*boxoffice.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// tell prints a sentence for each repair and each finding, and the counts.
func (c *reconcileCommand) tell(w io.Writer, pass boxoffice.ReconcilePass) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(pass)
	}
	repaired := "repaired"
	if pass.DryRun {
		repaired = "would be repaired"
	}
	var err error
	line := func(format string, args ...any) {
		_, lineErr := fmt.Fprintf(w, format+"\n", args...)
		err = errors.Join(err, lineErr)
	}
	for _, list := range []struct {
		word  string
		notes []boxoffice.ReconcileNote
		total int
	}{{repaired, pass.Repairs, pass.Repaired}, {"to be decided", pass.Findings, pass.Found}} {
		for _, n := range list.notes {
			line("%s: %s %s%s: %s", list.word, n.Kind, n.Object, ofBooking(n), n.Says)
		}
		if more := list.total - len(list.notes); more > 0 {
			line("%s: and %d more", list.word, more)
		}
	}
	if pass.Foreign > 0 {
		line("not ours, left alone: %d, the first of them %v", pass.Foreign, pass.Strange[0])
	}
	line("%s to %s: %d objects compared, %d %s, %d to be decided", pass.Since.Format(time.RFC3339), pass.Until.Format(time.RFC3339),
		pass.Checked, pass.Repaired, repaired, pass.Found)
	return err
}

func ofBooking(n boxoffice.ReconcileNote) string {
	if n.BookingID == "" {
		return ""
	}
	return " of booking " + n.BookingID
}
