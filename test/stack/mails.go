package stack

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/stretchr/testify/require"
)

// MailOf gives the state of a booking's mail, and how often it was tried.
func (s *System) MailOf(t *testing.T, bookingID string) []any {
	t.Helper()
	var status string
	var attempts int
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT status::text, attempts FROM emails WHERE booking_id = $1`, bookingID).Scan(&status, &attempts))
	return []any{status, attempts}
}

// MailIDOf gives the ID of a booking's mail.
func (s *System) MailIDOf(t *testing.T, bookingID string) (id string) {
	t.Helper()
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT id FROM emails WHERE booking_id = $1`, bookingID).Scan(&id))
	return id
}

// Inbox is the mail server's.
func (s *System) Inbox() *buyer.Inbox { return buyer.NewInbox(s.Env["MAIL_URL"], Transport) }

// AwaitMail waits for a mail whose subject begins so, and gives it.
func (s *System) AwaitMail(t *testing.T, c Customer, subject string) (found buyer.Message) {
	t.Helper()
	Eventually(t, 30*time.Second, func() error {
		ids, err := s.Inbox().To(t.Context(), c.Email)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if found, err = s.Inbox().Message(t.Context(), id); err != nil {
				return err
			}
			if strings.HasPrefix(found.Subject, subject) {
				return nil
			}
		}
		return fmt.Errorf("no mail %q among %d", subject, len(ids))
	})
	return found
}
