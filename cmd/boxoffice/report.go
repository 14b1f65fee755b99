package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/boxoffice/boxoffice/seed"
	"github.com/boxoffice/boxoffice/tickets"
)

// writeEnvFile writes where everything is, as settings, in one step: who sees the file sees all of it. With them another
// boxoffice worker, or api, works beside the ones of dev.
func (s *stack) writeEnvFile(path string) error {
	keys, err := tickets.ParseKeys(s.secrets.TicketKey)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, setting := range [][2]string{
		{"BOXOFFICE_URL", s.urls.boxoffice}, {"ADMIN_URL", s.urls.admin}, {"WORKER_ADMIN_URL", s.urls.workerAdmin}, {"DATABASE_URL", s.urls.database},
		{"TEMPORAL_ADDRESS", s.urls.temporal}, {"TEMPORAL_UI_URL", s.urls.temporalUI}, {"TYPESENSE_URL", s.urls.typesense},
		{"TYPESENSE_API_KEY", s.secrets.TypesenseKey}, {"STRIPE_API_BASE", s.urls.stripe},
		{"STRIPE_API_KEY", s.secrets.StripeKey}, {"STRIPE_WEBHOOK_SECRET", s.secrets.WebhookSecret}, {"MAIL_URL", s.urls.mail},
		{"SMTP_URL", s.urls.smtp}, {"BLOB_URL", s.blobURL()}, {"TICKET_SIGNING_KEY", s.secrets.TicketKey},
		{"TICKET_PUBLIC_KEYS", keys.Public().String()}, {"BOXOFFICE_BASE_URL", s.urls.boxoffice}, {"BOXOFFICE_STATE_DIR", s.command.Dir},
	} {
		fmt.Fprintf(&text, "%s=%s\n", setting[0], setting[1])
	}
	if err := os.WriteFile(path+".new", []byte(text.String()), 0o600); err != nil {
		return fmt.Errorf("--env-file: %w", err)
	}
	return os.Rename(path+".new", path)
}

// printTable says what runs where, and who can log in.
func (s *stack) printTable(w io.Writer) error {
	rows := [][2]string{
		{"Pages and API", s.urls.boxoffice}, {"API's metrics", s.urls.admin}, {"Worker's metrics", s.urls.workerAdmin}, {"Temporal UI", s.urls.temporalUI},
		{"Mail inbox", s.urls.mail}, {"Stripe simulator", s.urls.stripe}, {"PostgreSQL", s.urls.database},
		{"Search server", s.urls.typesense},
		{"Temporal", s.urls.temporal}, {"State and logs", s.command.Dir},
	}
	var text strings.Builder
	text.WriteString("\nboxoffice is running. Stop it with Ctrl-C.\n\n")
	for _, row := range rows {
		if row[1] != "" {
			fmt.Fprintf(&text, "  %-18s %s\n", row[0], row[1])
		}
	}
	text.WriteString("\n  Log in as          with the password\n")
	for _, a := range seed.DemoAccounts {
		fmt.Fprintf(&text, "  %-18s %-28s %s\n", a.Username, a.Password, a.Role)
	}
	text.WriteString("\n  On the payment page 4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined.\n\n")
	_, err := io.WriteString(w, text.String())
	return err
}
