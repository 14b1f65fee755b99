package main

import (
	"context"
	"errors"
	"log/slog"

	stripesim "github.com/boxoffice/boxoffice/internal/devstack/stripe"
	"github.com/boxoffice/boxoffice/payments"
)

// simulatorCommand serves the Stripe simulator alone, for a system that is to sell without an account and without money:
// boxoffice stripe-simulator. Whoever reaches it can pay for anything.
type simulatorCommand struct {
	Addr          string `default:"127.0.0.1:8420" help:"Where Stripe's API and the payment page are."`
	PublicURL     string `name:"public-url" default:"http://localhost:8420" help:"Under what address buyers reach the payment page."`
	Dir           string `default:".boxoffice/stripe" help:"Where payments are kept."`
	WebhookURL    string `name:"webhook-url" default:"http://localhost:8080/webhooks/stripe" help:"Where the API takes webhooks."`
	WebhookSecret string `env:"STRIPE_WEBHOOK_SECRET" name:"stripe-webhook-secret" required:"" help:"Signs the webhooks; of several, the first."`
}

// Validate is called by kong. The API believes no webhook that is signed with nothing.
func (c *simulatorCommand) Validate() error {
	if len(splitList(c.WebhookSecret)) == 0 {
		return errors.New("STRIPE_WEBHOOK_SECRET must not be empty")
	}
	return nil
}

// Run serves until ctx is done. Its state lies in Dir and survives that.
func (c *simulatorCommand) Run(ctx context.Context, logger *slog.Logger) error {
	server, err := stripesim.Start(ctx, stripesim.Options{
		Addr: c.Addr, Dir: c.Dir, PublicURL: c.PublicURL, Logger: logger.With("process", "stripe simulator"),
		Webhooks: []stripesim.Endpoint{{URL: c.WebhookURL, Secret: splitList(c.WebhookSecret)[0], Events: payments.WebhookTypes()}},
	})
	if err != nil {
		return err
	}
	logger.Info("serving", "addr", c.Addr, "payment page", c.PublicURL)
	return server.Wait()
}
