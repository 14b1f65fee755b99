package e2e

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	smtpsink "github.com/boxoffice/boxoffice/internal/devstack/smtp"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// Where tickets can neither be kept nor mailed, the sale stands: the seats are the buyer's and the money stays. As each comes
// back, the tickets are made, can be fetched, and are mailed, and nobody had to ask for it. The system is its own, for it has
// no mail server at first.
func TestFilesAndMailAway_TheSaleStandsAndTheTicketsComeLater(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	s, err := stack.StartShared("unfinished", stack.Seeded, "SMTP_URL=smtp://"+address+"?tls=none")
	require.NoError(t, err)
	folder := filepath.Join(s.Env["BOXOFFICE_STATE_DIR"], "files")
	_ = os.Rename(folder, folder+"-away") // it may not have been made yet
	require.NoError(t, os.WriteFile(folder, nil, 0o600))

	c := s.Customer(t)
	booking := c.Hold(t, s.Showing(t), 2)
	c.PayFor(t, booking.ID)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "confirmed")
	c.RequireSeats(t, booking, s.EventOf(t, booking.ID), "sold")
	s.RequireChargedOnce(t, booking.ID)
	_, err = c.File(t.Context(), booking.ID, "tickets.pdf")
	stack.RequireProblem(t, err, http.StatusConflict, "not-ready")

	require.NoError(t, os.Remove(folder))
	require.NoError(t, os.Mkdir(folder, 0o755))
	back := time.Now()
	booking = c.AwaitEnd(t, 60*time.Second, booking.ID, "completed")
	t.Logf("completed %s after the files were back", time.Since(back).Round(100*time.Millisecond))
	s.RequirePDF(t, c, booking)
	require.Equal(t, "queued", s.MailOf(t, booking.ID)[0])

	sink, err := smtpsink.Start(context.Background(), smtpsink.Options{Addr: address, Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sink.Stop()) })
	back = time.Now()
	stack.Eventually(t, 60*time.Second, func() error {
		mails, err := buyer.NewInbox(sink.URL, http.DefaultTransport).To(t.Context(), c.Email)
		if err == nil && len(mails) == 0 {
			err = errors.New("no mail came")
		}
		return err
	})
	t.Logf("mailed %s after the mail server was back", time.Since(back).Round(100*time.Millisecond))
	stack.Eventually(t, 10*time.Second, func() error {
		if state := s.MailOf(t, booking.ID)[0]; state != "sent" {
			return fmt.Errorf("the mail is %s", state)
		}
		return nil
	})
}

// A mail that the server took and lost is not noticed by anybody; the tickets are in the account all the same.
func TestMailLost_TheTicketsAreInTheAccount(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	require.NoError(t, stack.Tell(http.MethodPost, s.Env["MAIL_URL"]+"/_sim/faults", stack.Fault{Kind: "drop", Recipient: c.Email, N: 1}, nil))
	booking := c.Hold(t, s.Showing(t), 2)
	c.PayFor(t, booking.ID)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	s.EndedRun(t, booking.ID)
	require.Equal(t, []any{"sent", 1}, s.MailOf(t, booking.ID))
	mails, err := s.Inbox().To(t.Context(), c.Email)
	require.NoError(t, err)
	require.Empty(t, mails)
	s.RequirePDF(t, c, booking)
}

// freeAddress gives an address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}
