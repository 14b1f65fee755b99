package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// talkative is a system that logs all it can.
var talkative = sync.OnceValues(func() (*stack.System, error) {
	return stack.StartShared("talkative", stack.Seeded, "LOG_LEVEL=debug")
})

// TestLogs_HoldNoSecrets leads a buyer through all that there is, done right and done wrong, lets servers refuse and fail
// meanwhile, and then reads everything that was logged. It kills the database of a system of its own.
func TestLogs_HoldNoSecrets(t *testing.T) {
	s := stack.Of(t, talkative)
	const password, second = "a-quiet-place-in-row-m", "a-quieter-place-in-row-n"
	c := signUp(t, s)
	tell := func(method, path string, body map[string]string) { // whatever the answer is
		_, err := c.Ask(t.Context(), method, path, "", body)
		require.NoError(t, err)
	}
	secrets := map[string]string{"the password": password, "another password": second, "the address": c.Email}

	// An account: mistakes of people and of their programs.
	var session struct{ Token string }
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/login", map[string]string{"username": c.Name, "password": password}, &session))
	secrets["a session"] = session.Token
	c.Resume(session.Token)
	tell(http.MethodPost, "/login", map[string]string{"username": c.Email, "password": password})
	tell(http.MethodPost, "/login?password="+password, map[string]string{"username": c.Name, "password": "wrong", "pass": password})
	for _, lost := range []string{session.Token, c.Email, password} {
		for _, path := range []string{"/", "/bookings/", "/events/", "/password-resets/", "/app/reset?token=", "/events?cursor="} {
			tell(http.MethodGet, path+url.QueryEscape(lost), nil)
		}
	}
	stack.Breaks(t, s.Env["MAIL_URL"], stack.Fault{Kind: "reject", Recipient: c.Email, Status: 550, N: 1})
	askReset(t, c)
	stack.Eventually(t, 20*time.Second, func() error {
		var refused bool
		err := s.DB.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM account_mails WHERE recipient = $1 AND status = 'failed')`, c.Email).Scan(&refused)
		if err == nil && !refused {
			err = errors.New("the mail is not refused yet")
		}
		return err
	})
	askReset(t, c)
	secrets["a mailed token"] = mailedLink(t, s, c, "Set a new password")
	set := map[string]string{"token": secrets["a mailed token"], "new_password": second}
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/password-resets/confirm", set, nil))
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/login", map[string]string{"username": c.Name, "password": second}, &session))
	secrets["the last session"] = session.Token
	c.Resume(session.Token)

	// A booking, with a card that is refused, a mail that is, webhooks of somebody else, and a database that dies.
	booking := buyAmidFaults(t, s, c)
	require.Equal(t, http.StatusBadRequest, s.Deliver(t, []byte(`{"email":"`+c.Email+`"}`), "whsec_guessed", time.Now()))
	require.Equal(t, http.StatusBadRequest, s.Deliver(t, []byte(`{"email":"`+c.Email+`"}`), s.Env["STRIPE_WEBHOOK_SECRET"], time.Now()))
	secrets["an entry code"] = entryCode(t, c, booking)
	secrets["another mailed token"] = moveAddress(t, s, c, second)
	pid := s.Signal(t, "postgres", syscall.SIGKILL)
	tell(http.MethodPost, "/login", map[string]string{"username": c.Name, "password": second})
	tell(http.MethodGet, "/bookings/"+booking.ID, nil)
	s.AwaitRestart(t, "postgres", pid)
	s.AwaitReady(t)

	secretsOfTheSystem(t, s, secrets)
	logs := s.Logs(t)
	logs["dev"] = logged(logs["dev"])
	requireWithout(t, logs, secrets)
	requireUseful(t, logs, booking.ID)
}

// moveAddress changes the address of an account, and gives the token that was mailed to the new one.
func moveAddress(t *testing.T, s *stack.System, c stack.Customer, password string) string {
	t.Helper()
	c.Email = "moved-" + c.Email
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/me/email", map[string]string{"email": c.Email, "password": password}, nil))
	token := mailedLink(t, s, c, "Confirm your address")
	confirm := map[string]string{"token": token}
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/email-confirmations", confirm, nil))
	require.Error(t, c.Call(t.Context(), http.MethodPost, "/email-confirmations", confirm, nil), "it works once")
	return token
}

// secretsOfTheSystem adds what is secret whoever buys.
func secretsOfTheSystem(t *testing.T, s *stack.System, secrets map[string]string) {
	t.Helper()
	for _, name := range []string{"STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "TICKET_SIGNING_KEY"} {
		secrets[name] = s.Env[name]
	}
	for name, card := range map[string]string{"the card": stack.GoodCard, "the other card": stack.DeclinedCard} {
		secrets[name], secrets[name+" in one"] = card, strings.ReplaceAll(card, " ", "")
	}
	secrets["a mail"], secrets["another mail"] = "Each code admits one person", "somebody, probably you"
	secrets["a hash"] = "$argon2id"
	database, err := url.Parse(s.Env["DATABASE_URL"])
	require.NoError(t, err)
	secrets["the database's password"], _ = database.User.Password()
}

// buyAmidFaults buys a seat with a declined card and then a good one; the mail server refuses for the moment.
func buyAmidFaults(t *testing.T, s *stack.System, c stack.Customer) buyer.Booking {
	t.Helper()
	stack.Breaks(t, s.Env["MAIL_URL"], stack.Fault{Kind: "reject", Recipient: c.Email, Status: 451, N: 3})
	booking := c.Hold(t, s.Showing(t), 1)
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	_, err = c.Pay(t.Context(), page.URL, c.Email, stack.DeclinedCard)
	require.Error(t, err)
	_, err = c.Pay(t.Context(), page.URL, c.Email, stack.GoodCard)
	require.NoError(t, err)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	s.AwaitMail(t, c, "Your tickets: ")
	return booking
}

// entryCode reads the code of the booking's first seat.
func entryCode(t *testing.T, c stack.Customer, booking buyer.Booking) string {
	t.Helper()
	picture, err := c.File(t.Context(), booking.ID, "tickets/"+booking.Tickets[0].ID+"/qr.png")
	require.NoError(t, err)
	code, err := buyer.ReadQR(picture)
	require.NoError(t, err)
	return code
}

// logged gives the lines of dev's log, without what it tells its developer: where all is, and what to try it with.
func logged(output string) string {
	var lines strings.Builder
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "{") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

func requireWithout(t *testing.T, logs, secrets map[string]string) {
	t.Helper()
	for process, log := range logs {
		require.NotEmpty(t, log, process)
		for what, secret := range secrets {
			require.NotEmpty(t, secret, what)
			for _, written := range []string{secret, url.QueryEscape(secret)} {
				at := strings.Index(strings.ToLower(log), strings.ToLower(written))
				if at >= 0 {
					require.Fail(t, "a secret is logged", "%s by %s: …%s…", what, process, log[max(0, at-300):min(len(log), at+len(written)+100)])
				}
			}
		}
	}
}

// requireUseful asserts that what is logged can be read by programs, and that a booking and its requests can be found.
func requireUseful(t *testing.T, logs map[string]string, bookingID string) {
	t.Helper()
	found := map[string]int{}
	for _, process := range []string{"api", "worker"} {
		for line := range strings.Lines(logs[process]) {
			var fields map[string]any
			require.NoError(t, json.Unmarshal([]byte(line), &fields), "%s: %s", process, line)
			require.Equal(t, process, fields["process"], line)
			if fields["booking"] == bookingID {
				found[process]++
				if process == "api" {
					require.Regexp(t, `^[0-9a-f]{32}$`, fields["request_id"], line)
				}
			}
		}
	}
	require.Greater(t, found["api"], 5, "lines about the booking")
	require.Positive(t, found["worker"], "the mail that did not go out at once")
}
