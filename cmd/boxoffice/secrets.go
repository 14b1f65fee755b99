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
	TypesenseKey  string `json:"typesense_key"`
	StripeKey     string `json:"stripe_key"`
	WebhookSecret string `json:"webhook_secret"`
	TicketKey     string `json:"ticket_key"`
}

// loadSecrets reads the secrets, or makes them where there are none.
func loadSecrets(path string) (secrets, error) {
	var s secrets
	content, err := os.ReadFile(path)
	switch {
	case err == nil:
		if err := json.Unmarshal(content, &s); err != nil || s.TypesenseKey != "" {
			return s, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return s, err
	default:
		s = secrets{StripeKey: "sk_test_" + rand.Text(), WebhookSecret: "whsec_" + rand.Text()}
		if s.TicketKey, err = tickets.GenerateKey(); err != nil {
			return s, fmt.Errorf("make a signing key: %w", err)
		}
	}
	s.TypesenseKey = rand.Text() // a folder of before there was a search server has none
	if content, err = json.MarshalIndent(s, "", "  "); err != nil {
		return s, err
	}
	return s, os.WriteFile(path, content, 0o600)
}
