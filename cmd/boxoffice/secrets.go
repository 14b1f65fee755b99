package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/boxoffice/boxoffice/tickets"
)

// secrets are those of a development stack, made at its first start and kept in its state folder.
type secrets struct {
	StripeKey     string `json:"stripe_key"`
	WebhookSecret string `json:"webhook_secret"`
	TicketKey     string `json:"ticket_key"`
}

// loadSecrets reads the secrets, or makes them where there are none.
func loadSecrets(path string) (secrets, error) {
	var s secrets
	content, err := os.ReadFile(path)
	if err == nil {
		return s, json.Unmarshal(content, &s)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	s = secrets{StripeKey: "sk_test_" + rand.Text(), WebhookSecret: "whsec_" + rand.Text()}
	if s.TicketKey, err = tickets.GenerateKey(); err != nil {
		return s, fmt.Errorf("make a signing key: %w", err)
	}
	if content, err = json.MarshalIndent(s, "", "  "); err != nil {
		return s, err
	}
	return s, os.WriteFile(path, content, 0o600)
}
