package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice/files"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/boxoffice/boxoffice/postgres"
)

// auditCommand holds every booking against every promise: boxoffice audit.
type auditCommand struct {
	Database databaseSettings `embed:""`
	Stripe   ledgerSettings   `embed:""`

	BlobURL  string        `env:"BLOB_URL" help:"Where ticket files are kept; empty: whether they exist is not asked."`
	Grace    time.Duration `default:"2m" help:"What is younger than this may be under way."`
	Timeout  time.Duration `default:"5m" help:"For all queries together, files apart."`
	Provider bool          `help:"Compare with Stripe's own record, too."`
	Since    time.Duration `default:"720h" help:"How far back Stripe's record is compared."`
	JSON     bool          `name:"json" help:"Print one JSON object last."`
}

// Validate is called by kong. Zero would silently mean the default.
func (c *auditCommand) Validate() error {
	if c.Grace <= 0 || c.Timeout < time.Millisecond {
		return errors.New("--grace and --timeout must be longer than nothing")
	}
	if c.Provider && (c.Stripe.StripeAPIKey == "" || c.Since <= 0) {
		return errors.New("--provider needs STRIPE_API_KEY, and a --since that is longer than nothing")
	}
	return nil
}

// Run prints every violation; any is an error, and so is an audit that did not come to its end.
func (c *auditCommand) Run(ctx context.Context, logger *slog.Logger) error {
	report, err := c.audit(ctx, logger)
	if ctx.Err() != nil {
		return errors.New("the audit was interrupted: it says nothing")
	}
	if err != nil {
		return err
	}
	return c.tell(os.Stdout, report)
}

func (c *auditCommand) audit(ctx context.Context, logger *slog.Logger) (report postgres.AuditReport, err error) {
	options := postgres.AuditOptions{Grace: c.Grace, Timeout: c.Timeout}
	if c.BlobURL == "" {
		logger.Info("ticket files are not looked for: BLOB_URL is not set")
	} else {
		store, openErr := files.Open(ctx, c.BlobURL)
		if openErr != nil {
			return report, fmt.Errorf("BLOB_URL: %w", openErr)
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		options.Files = store
	}
	if c.Provider {
		stripe, stripeErr := c.Stripe.client(logger)
		if stripeErr != nil {
			return report, stripeErr
		}
		defer stripe.Close()
		options.Provider, options.ProviderSince = payments.NewLedger(stripe, 0), c.Since
	}
	db, err := c.Database.open(ctx)
	if err != nil {
		return report, err
	}
	defer db.Close()
	return db.Audit(ctx, options)
}

// auditResult is what --json prints.
type auditResult struct {
	Checked    int64                     `json:"checked"`            // bookings
	Provider   int64                     `json:"provider,omitempty"` // payments in Stripe's record
	Inbox      postgres.AuditInbox       `json:"inbox,omitzero"`
	Violations []postgres.AuditViolation `json:"violations"`
	More       map[string]int64          `json:"more,omitempty"` // by promise: violations that are not named
}

// tell prints the report. Violations make it an error, and so the program's exit code.
func (c *auditCommand) tell(w io.Writer, report postgres.AuditReport) error {
	for _, v := range report.Violations {
		if _, err := fmt.Fprintf(w, "%s: %s: %s\n", v.Promise, v.Subject, v.Detail); err != nil {
			return err
		}
	}
	for _, promise := range slices.Sorted(maps.Keys(report.More)) {
		if _, err := fmt.Fprintf(w, "%s: and %d more\n", promise, report.More[promise]); err != nil {
			return err
		}
	}
	if inbox := report.Inbox; inbox != (postgres.AuditInbox{}) {
		if _, err := fmt.Fprintf(w, "webhooks without an effect, which break no promise: %d parked and %d unknown are tried again, %d were given up\n",
			inbox.Parked, inbox.Unknown, inbox.GivenUp); err != nil {
			return err
		}
	}
	if c.Provider {
		if _, err := fmt.Fprintf(w, "compared with %d payments in Stripe's record\n", report.Provider); err != nil {
			return err
		}
	}
	var broken error
	if total := report.Total(); total > 0 {
		broken = fmt.Errorf("%d violations in %d bookings", total, report.Checked)
	} else if _, err := fmt.Fprintf(w, "no violations in %d bookings\n", report.Checked); err != nil {
		return err
	}
	if !c.JSON {
		return broken
	}
	result := auditResult{Checked: report.Checked, Provider: report.Provider, Inbox: report.Inbox, Violations: report.Violations, More: report.More}
	if result.Violations == nil {
		result.Violations = []postgres.AuditViolation{}
	}
	return errors.Join(broken, json.NewEncoder(w).Encode(result))
}
