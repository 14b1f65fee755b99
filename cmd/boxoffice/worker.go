package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/internal/failpoint"
	"github.com/boxoffice/boxoffice/mail"
	"github.com/boxoffice/boxoffice/worker"
	"github.com/boxoffice/boxoffice/workflows"
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

	IssuePatience time.Duration `env:"BOXOFFICE_ISSUE_PATIENCE" default:"24h" help:"How long tickets are tried to be made before the sale is undone."`
	SweepEvery    time.Duration `env:"BOXOFFICE_SWEEP_EVERY" default:"1s" help:"Between two looks for bookings whose run is missing."`
	InboxEvery    time.Duration `env:"BOXOFFICE_INBOX_EVERY" default:"5s" help:"Between two looks for webhooks that had no effect."`
}

// Run works until ctx is done, then lets the steps under way finish.
func (c *workerCommand) Run(ctx context.Context, logger *slog.Logger) error {
	logger = logger.With("process", "worker")
	parts, err := c.open(ctx, logger)
	if err != nil {
		return err
	}
	defer parts.close(logger)
	composer, err := mail.NewComposer(mail.ComposerOptions{Name: c.Tickets.Name, BaseURL: c.Origin.BaseURL, Footer: c.Mail.Footer})
	if err != nil {
		return err
	}
	var sender boxoffice.MailSender
	sender, err = mail.NewSender(mail.SenderOptions{URL: c.Mail.SMTPURL, From: c.Mail.From, ReplyTo: c.Mail.ReplyTo})
	if err != nil {
		return err
	}
	points := failpoint.FromEnv()
	if points != nil {
		sender = pointedSender{sender, points}
	}
	return worker.Run(ctx, worker.Options{
		Temporal: parts.temporal, Store: parts.store, Nudger: parts.service, Settler: parts.service, Logger: logger,
		SweepEvery: c.SweepEvery, InboxEvery: c.InboxEvery,
		Failpoints: points,
		Workflows:  &workflows.Bookings{IssuePatience: c.IssuePatience},
		Activities: &activities.Activities{
			Bookings: parts.store, Emails: parts.store, Provider: parts.provider, Tickets: parts.renderer, Files: parts.files,
			Composer: composer, Sender: sender, Logger: logger,
		},
	})
}
