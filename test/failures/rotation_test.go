package failures

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/boxoffice/boxoffice/tickets"
	"github.com/stretchr/testify/require"
)

// rotating is a system whose secrets are in files, so that its API and worker have others after a restart.
type rotating struct {
	*stack.System
	webhook, ticket string // the files
}

var secretly = sync.OnceValues(func() (*rotating, error) {
	dir, err := os.MkdirTemp(stack.Scratch, "secrets-")
	if err != nil {
		return nil, err
	}
	r := &rotating{webhook: filepath.Join(dir, "webhook"), ticket: filepath.Join(dir, "ticket")}
	key, err := tickets.GenerateKey()
	if err != nil {
		return nil, err
	}
	for file, secret := range map[string]string{r.webhook: oldSecret, r.ticket: key} {
		if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
			return nil, err
		}
	}
	r.System, err = stack.StartShared("rotating", stack.Seeded, "STRIPE_WEBHOOK_SECRET_FILE="+r.webhook, "TICKET_SIGNING_KEY_FILE="+r.ticket)
	return r, err
})

// Secrets of the webhook.
const oldSecret, newSecret = "whsec_old", "whsec_new"

// Both secrets are rotated while buyers buy, as docs/reliability.md tells operators to. No sale is lost, no webhook refused,
// nobody logged out, and tickets that are out still admit.
func TestSecretsRotated_NothingIsLost(t *testing.T) {
	r, err := secretly()
	require.NoError(t, err)
	s := stack.Of(t, func() (*stack.System, error) { return r.System, nil })
	s.Disturb()
	r.roll(t, oldSecret, false) // as if the endpoint had always had it
	oldKey := r.key(t)
	newKey, err := tickets.GenerateKey()
	require.NoError(t, err)
	c := s.Customer(t)
	early := r.tokenOf(t, c)
	r.requireAdmits(t, early, oldKey)

	for _, step := range []struct {
		name            string
		keepOld         bool // the provider signs with both
		webhook, ticket string
	}{
		{"both are in use", true, oldSecret + "," + newSecret, newKey + "," + oldKey},
		{"the old one is gone", false, newSecret, newKey},
	} {
		t.Run(step.name, func(t *testing.T) {
			var crowd rush
			done := crowd.start(t, s, 40, 4)
			r.roll(t, newSecret, step.keepOld)
			s.AwaitMetric(t, takenWebhooks, s.Metric(t, takenWebhooks)+4)
			require.Zero(t, s.Metric(t, refusedSignatures), "before the restart")
			r.restartWith(t, step.webhook, step.ticket)
			done()
			t.Logf("%d sold among %d holds, refused %d times", len(crowd.paid), len(crowd.holds), crowd.refused)
			crowd.requireKept(t, s)
			require.Zero(t, s.Metric(t, refusedSignatures), "after it")
			c.BookingIDs(t) // the session lives
		})
	}
	late := r.tokenOf(t, c)
	r.requireAdmits(t, early, newKey+","+oldKey)
	r.requireAdmits(t, late, newKey)
	r.requireAllSettled(t)
}

// takenWebhooks counts the webhooks that the API took.
const takenWebhooks = `boxoffice_http_requests_total{method="POST",route="/webhooks/stripe",status="200"}`

// roll is what the endpoint's owner does at the provider.
func (r *rotating) roll(t *testing.T, secret string, keepOld bool) {
	t.Helper()
	require.NoError(t, stack.Tell(http.MethodPost, r.Stripe()+"/_sim/webhooks/roll", map[string]any{"secret": secret, "keep_old": keepOld}, nil))
}

func (r *rotating) key(t *testing.T) string {
	t.Helper()
	key, err := os.ReadFile(r.ticket)
	require.NoError(t, err)
	return string(key)
}

// restartWith gives the API and the worker other secrets, one after the other.
func (r *rotating) restartWith(t *testing.T, webhook, ticket string) {
	t.Helper()
	for file, secret := range map[string]string{r.webhook: webhook, r.ticket: ticket} {
		require.NoError(t, os.WriteFile(file, []byte(secret), 0o600))
	}
	for _, child := range []string{"api", "worker"} {
		pid := r.Signal(t, child, syscall.SIGTERM)
		r.AwaitRestart(t, child, pid)
		r.AwaitReady(t)
	}
}

// tokenOf buys a ticket and reads its entry code.
func (r *rotating) tokenOf(t *testing.T, c stack.Customer) string {
	t.Helper()
	booking := c.Hold(t, r.Showing(t), 1)
	c.PayFor(t, booking.ID)
	c.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
	png, err := c.File(t.Context(), booking.ID, "tickets/"+booking.Tickets[0].ID+"/qr.png")
	require.NoError(t, err)
	token, err := buyer.ReadQR(png)
	require.NoError(t, err)
	return token
}

// requireAdmits verifies a token as a door does that has the public halves of these keys.
func (r *rotating) requireAdmits(t *testing.T, token, keys string) {
	t.Helper()
	parsed, err := tickets.ParseKeys(keys)
	require.NoError(t, err)
	out, complaint, code := stack.RunProgram(t, []string{"TICKET_PUBLIC_KEYS=" + parsed.Public().String()}, "verify-ticket", token)
	require.Zero(t, code, complaint)
	require.Contains(t, out, `"valid":true`)
	signer, _, _ := strings.Cut(keys, ":")
	if !strings.Contains(keys, ",") {
		require.True(t, strings.HasPrefix(token, "v2."+signer+"."), "%s is not signed with %s", token, signer)
	}
}

// requireAllSettled asserts that the provider has no webhook left, and that none of ours is open.
func (r *rotating) requireAllSettled(t *testing.T) {
	t.Helper()
	stack.Eventually(t, 30*time.Second, func() error {
		var state struct {
			Pending int `json:"webhooks_pending"`
		}
		if err := stack.Tell(http.MethodGet, r.Stripe()+"/_sim/state", nil, &state); err != nil {
			return err
		}
		var open int
		err := r.DB.QueryRow(t.Context(), `SELECT count(*) FROM webhook_inbox WHERE processed_at IS NULL`).Scan(&open)
		if err == nil && (state.Pending != 0 || open != 0) {
			err = fmt.Errorf("%d webhooks wait at the provider, %d are open here", state.Pending, open)
		}
		return err
	})
}
