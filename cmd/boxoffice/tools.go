package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/boxoffice/boxoffice/migrations"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/tickets"
)

// migrateCommand brings the schema up to date: boxoffice migrate.
type migrateCommand struct {
	DatabaseURL string `env:"DATABASE_URL" required:"" help:"PostgreSQL, as a user who may change the schema."`
}

// Run migrates; it waits for a migration that another process is running.
func (c *migrateCommand) Run(ctx context.Context, logger *slog.Logger) error {
	if err := postgres.Migrate(ctx, c.DatabaseURL, migrations.FS); err != nil {
		return err
	}
	logger.Info("the schema is up to date")
	return nil
}

// newKeyCommand makes a signing key: boxoffice new-key.
type newKeyCommand struct{}

// Run prints a new entry for TICKET_SIGNING_KEY, another one each time. It is a secret, and is kept nowhere.
func (newKeyCommand) Run() error {
	key, err := tickets.GenerateKey()
	if err != nil {
		return err
	}
	_, err = fmt.Println(key)
	return err
}

// keySettings give the keys by which entry tokens are verified: the public ones, or those of the signing keys.
type keySettings struct {
	TicketPublicKeys string `env:"TICKET_PUBLIC_KEYS" help:"Public keys of entry tokens: id:key, several separated by commas."`
	TicketSigningKey string `env:"TICKET_SIGNING_KEY" help:"Signing keys, where the public ones are not at hand."`
}

func (s keySettings) public() (tickets.PublicKeys, error) {
	if s.TicketPublicKeys != "" {
		return tickets.ParsePublicKeys(s.TicketPublicKeys)
	}
	if s.TicketSigningKey == "" {
		return tickets.PublicKeys{}, errors.New("give the public keys of entry tokens: --ticket-public-keys or TICKET_PUBLIC_KEYS")
	}
	keys, err := tickets.ParseKeys(s.TicketSigningKey)
	if err != nil {
		return tickets.PublicKeys{}, err
	}
	return keys.Public(), nil
}

// verifyTicketCommand verifies an entry token with the public key alone: boxoffice verify-ticket TOKEN. What was given back
// since it was signed only the database knows: --online asks that, too.
type verifyTicketCommand struct {
	keySettings `embed:""`
	Online      bool   `help:"Ask the database, too, whether the ticket was given back. Needs DATABASE_URL."`
	DatabaseURL string `env:"DATABASE_URL" help:"PostgreSQL; a user who may only read is enough."`
	Token       string `arg:"" help:"What the QR code says."`
}

// Run prints what the token admits to as JSON; a token that is wrong, forged, expired, or, online, void is an error.
func (c *verifyTicketCommand) Run(ctx context.Context) error {
	keys, err := c.public()
	if err != nil {
		return err
	}
	claims, err := keys.Verify(c.Token, time.Now())
	if err != nil {
		return err
	}
	if c.Online {
		if err := c.refuseVoid(ctx, claims.AdmissionID); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"valid": true, "admission": claims.AdmissionID, "event": claims.EventID, "seat": claims.Seat, "online": c.Online,
		"expires_at": claims.ExpiresAt.UTC().Format(time.RFC3339),
	})
}

// refuseVoid asks the database for the ticket.
func (c *verifyTicketCommand) refuseVoid(ctx context.Context, admissionID string) error {
	if c.DatabaseURL == "" {
		return errors.New("give the database to ask: --database-url or DATABASE_URL")
	}
	db, err := postgres.Open(ctx, c.DatabaseURL, postgres.Options{MaxConns: 1})
	if err != nil {
		return err
	}
	defer db.Close()
	since, err := db.AdmissionVoid(ctx, admissionID)
	if err == nil && !since.IsZero() {
		err = fmt.Errorf("this ticket is void since %s: it was given back, or its booking undone", since.Format(time.RFC3339))
	}
	return err
}
