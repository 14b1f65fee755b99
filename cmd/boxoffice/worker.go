package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/indexing"
	"github.com/boxoffice/boxoffice/internal/failpoint"
	"github.com/boxoffice/boxoffice/internal/serving"
	"github.com/boxoffice/boxoffice/mail"
	"github.com/boxoffice/boxoffice/scheduling"
	"github.com/boxoffice/boxoffice/worker"
	"github.com/boxoffice/boxoffice/workflows"
	"golang.org/x/sync/errgroup"
)

// mailSettings say how mails are written and sent.
type mailSettings struct {
	SMTPURL string `env:"SMTP_URL" name:"smtp-url" required:"" help:"The mail server: smtp://user:password@host:587."`
	From    string `env:"BOXOFFICE_MAIL_FROM" name:"mail-from" default:"boxoffice <tickets@localhost>" help:"Who mails come from."`
	ReplyTo string `env:"BOXOFFICE_MAIL_REPLY_TO" name:"mail-reply-to" help:"Where answers go; empty: to the sender."`
	Footer  string `env:"BOXOFFICE_MAIL_FOOTER" name:"mail-footer" help:"The last line of mails: who you are, and where."`
}

// workerCommand runs the workflows: boxoffice worker.
type workerCommand struct {
	coreSettings `embed:""`
	Mail         mailSettings `embed:"" group:"Mail"`

	AdminAddr string `env:"BOXOFFICE_ADMIN_ADDR" default:"127.0.0.1:8082" help:"Where metrics and health are, not for the public." group:"HTTP"`
	Profiling bool   `env:"BOXOFFICE_PROFILING" help:"Serve /debug/pprof/ on the admin address." group:"HTTP"`

	IssuePatience  time.Duration `env:"BOXOFFICE_ISSUE_PATIENCE" default:"24h" help:"How long tickets are tried to be made before the sale is undone."`
	SweepEvery     time.Duration `env:"BOXOFFICE_SWEEP_EVERY" default:"1s" help:"Between two looks for bookings whose run is missing."`
	InboxEvery     time.Duration `env:"BOXOFFICE_INBOX_EVERY" default:"5s" help:"Between two looks for webhooks that had no effect."`
	ReconcileEvery time.Duration `env:"BOXOFFICE_RECONCILE_EVERY" default:"1h" help:"Between two comparisons of Stripe's record with ours."`
	IndexMissing   time.Duration `env:"BOXOFFICE_INDEX_MISSING" default:"1m" help:"How long the search server may be without its index until it is built anew; after a restart it needs some seconds to know it again."`
}

// Validate is called by kong: a setting that makes no sense names itself, and nothing starts.
func (c *workerCommand) Validate() error {
	return errors.Join(c.check(), checkDurations(map[string]time.Duration{
		"BOXOFFICE_ISSUE_PATIENCE": c.IssuePatience, "BOXOFFICE_SWEEP_EVERY": c.SweepEvery, "BOXOFFICE_INBOX_EVERY": c.InboxEvery,
		"BOXOFFICE_INDEX_MISSING": c.IndexMissing, "BOXOFFICE_RECONCILE_EVERY": c.ReconcileEvery,
	}))
}

// Run works until ctx is done, then lets the steps under way finish.
func (c *workerCommand) Run(ctx context.Context, logger *slog.Logger) error {
	collectSeldom()
	logger = logger.With("process", "worker")
	parts, err := c.open(ctx, logger)
	if err != nil {
		return err
	}
	defer parts.close(logger)
	options, err := c.options(parts, logger)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, "BOXOFFICE_ADMIN_ADDR", c.AdminAddr)
	if err != nil {
		return err
	}
	logger.Info("serving", "admin", listener.Addr().String())
	return c.work(ctx, parts, options, listener)
}

// work runs the worker beside its admin port, which answers until the last step is done.
func (c *workerCommand) work(ctx context.Context, parts core, options worker.Options, listener net.Listener) error {
	if err := parts.metrics.WatchBacklog(context.WithoutCancel(ctx), parts.store.Backlog, options.Logger); err != nil {
		return err
	}
	if err := parts.metrics.WatchSearch(context.WithoutCancel(ctx), options.Relay.Outbox.SearchBacklog, options.Logger); err != nil {
		return err
	}
	if err := parts.metrics.WatchReconciliation(context.WithoutCancel(ctx), parts.store.ReconcileState, options.Logger); err != nil {
		return err
	}
	readiness := serving.NewReadiness(parts.ready(), options.Logger)
	defer context.AfterFunc(ctx, readiness.Drain)()
	admin := serving.AdminHandler(serving.AdminOptions{
		Registry: parts.metrics.Registry(), Readiness: readiness, Logger: options.Logger, Profiling: c.Profiling,
	})
	adminCtx, stopAdmin := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAdmin()
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		return serving.Serve(adminCtx, listener, admin, serving.Options{
			Logger: options.Logger, WriteTimeout: serving.AdminWriteTimeout, ShutdownTimeout: time.Second,
		})
	})
	both.Go(func() error {
		defer stopAdmin()
		return worker.Run(ctx, options)
	})
	return both.Wait()
}

func (c *workerCommand) options(parts core, logger *slog.Logger) (worker.Options, error) {
	composer, err := mail.NewComposer(mail.ComposerOptions{Name: c.Tickets.Name, BaseURL: c.Origin.BaseURL, Footer: c.Mail.Footer})
	if err != nil {
		return worker.Options{}, err
	}
	var sender boxoffice.MailSender
	sender, err = mail.NewSender(mail.SenderOptions{URL: c.Mail.SMTPURL, From: c.Mail.From, ReplyTo: c.Mail.ReplyTo})
	if err != nil {
		return worker.Options{}, fmt.Errorf("SMTP_URL, BOXOFFICE_MAIL_FROM or BOXOFFICE_MAIL_REPLY_TO: %w", err)
	}
	points := failpoint.FromEnv()
	if points != nil {
		sender = pointedSender{sender, points}
	}
	index := parts.db.Search()
	return worker.Options{
		Relay: worker.Relay{
			Outbox: index, Builds: index, Index: parts.search, Reindexer: indexing.New(parts.temporal), MissingFor: c.IndexMissing,
		},
		Reconciliation: &activities.Reconciliation{Reconciler: reconciler(parts.stripe, parts.provider, parts.store, logger), Logger: logger},
		Schedules:      scheduling.New(parts.temporal, c.ReconcileEvery),

		Search:   &activities.Search{Builds: index, Index: parts.search, Logger: logger},
		Temporal: parts.temporal, Store: parts.store, Nudger: parts.service, Settler: parts.service, Logger: logger,
		SweepEvery: c.SweepEvery, InboxEvery: c.InboxEvery, Metrics: parts.metrics, Failpoints: points,
		Workflows: &workflows.Bookings{IssuePatience: c.IssuePatience},
		Activities: &activities.Activities{
			Bookings: parts.store, Emails: parts.store, Support: parts.store, Provider: parts.provider, Tickets: parts.renderer, Files: parts.files,
			Composer: composer, Sender: sender, Logger: logger,
		},
		CallOffs:  &activities.CallOffs{Store: parts.db.Cancellations(), Runs: parts.service, Logger: logger},
		Canceller: parts.service,
		Mailer:    parts.accounts,
		Accounts:  &activities.Accounts{Mails: parts.db.Users(), Composer: composer, Sender: sender, Logger: logger},
	}, nil
}
