package main

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/testdb"
)

// TestAudit_Command runs the program itself on a database without and with a broken promise: what it prints, and how it
// ends.
func TestAudit_Command(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	clean, code := auditProcess(t, db.URL)
	require.Zero(t, code)
	require.Equal(t, "no violations in 0 bookings\n", clean)
	clean, code = auditProcess(t, db.URL, "--json")
	require.Zero(t, code)
	require.Equal(t, "no violations in 0 bookings\n"+`{"checked":0,"violations":[]}`+"\n", clean)

	exec := func(sql string) {
		t.Helper()
		_, err := db.Pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	exec(`INSERT INTO webhook_inbox (stripe_event_id, object_id, type, api_version, payload, outcome, given_up_at)
		VALUES ('evt_strange', 'cs_2', 'checkout.session.completed', '2023-10-16', '{}', 'given up: unknown session', boxoffice_now())`)
	const inbox = "webhooks without an effect, which break no promise: 0 parked and 0 unknown are tried again, 1 were given up\n"
	clean, code = auditProcess(t, db.URL, "--json")
	require.Zero(t, code, "what is not ours breaks no promise")
	require.Equal(t, inbox+"no violations in 0 bookings\n"+`{"checked":0,"inbox":{"parked":0,"unknown":0,"given_up":1},"violations":[]}`+"\n", clean)
	exec(`DELETE FROM webhook_inbox`)

	exec(`INSERT INTO webhook_inbox (stripe_event_id, object_id, type, api_version, payload, received_at, next_try_at)
		SELECT 'evt_' || lpad(n::text, 3, '0'), 'cs_1', 'checkout.session.completed', '2023-10-16', '{}', '2026-01-01', '2026-01-01' FROM generate_series(1, 103) AS n`)
	told, code := auditProcess(t, db.URL, "--json")
	require.Equal(t, 1, code)
	lines := strings.Split(strings.TrimSpace(told), "\n")
	require.Len(t, lines, 100+1+1)
	const detail = "checkout.session.completed of cs_1, received at 2026-01-01 00:00:00+00, tried 0 times, due again at 2026-01-01 00:00:00+00: no outcome"
	require.Equal(t, "inbox-is-swept: webhook evt_001: "+detail, lines[0])
	require.Equal(t, "inbox-is-swept: and 3 more", lines[100])
	require.True(t, strings.HasPrefix(lines[101], `{"checked":0,"violations":[{"promise":"inbox-is-swept","subject":"webhook evt_001","detail":"`+detail+`"},`), lines[101])
	require.True(t, strings.HasSuffix(lines[101], `"more":{"inbox-is-swept":3}}`), lines[101])

	_, code = auditProcess(t, db.URL, "--grace", "100000h")
	require.Zero(t, code)
	_, code = auditProcess(t, db.URL, "--grace", "0s")
	require.NotZero(t, code, "nothing would silently mean the default")
	_, code = auditProcess(t, db.URL, "--blob-url", "ftp://nowhere")
	require.NotZero(t, code)
	_, code = auditProcess(t, strings.Replace(db.URL, "/test_", "/none_", 1))
	require.NotZero(t, code, "an audit that could not ask is not clean")
}

// auditProcess runs boxoffice audit, which this test's own binary becomes, and gives what it printed and its exit code.
func auditProcess(t *testing.T, databaseURL string, args ...string) (stdout string, code int) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), self, append([]string{"audit"}, args...)...)
	command.Env = append(os.Environ(), "BOXOFFICE_TEST_MAIN=1", "DATABASE_URL="+databaseURL, "BLOB_URL=")
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}
	t.Log(complaint.String())
	return out.String(), command.ProcessState.ExitCode()
}

// TestMain lets the test binary stand for the program.
func TestMain(m *testing.M) {
	if os.Getenv("BOXOFFICE_TEST_MAIN") == "1" {
		os.Exit(run())
	}
	os.Exit(m.Run())
}

// TestAudit_LooksForFilesWhereItIsToldTo opens the store that BLOB_URL names.
func TestAudit_LooksForFilesWhereItIsToldTo(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "blobs")
	c := auditCommand{Database: databaseSettings{DatabaseURL: testdb.New(t).URL}, BlobURL: "file://" + folder}
	_, err := c.audit(t.Context(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.DirExists(t, folder)
}

// TestAudit_Provider runs the audit with Stripe's record.
func TestAudit_Provider(t *testing.T) {
	t.Parallel()
	db, stripe := testdb.New(t), startStripe(t)
	paidElsewhere(t, stripe.URL, "")
	out, complaint, code := withStripe(t, db.URL, stripe.URL, "audit", "--provider")
	require.Zero(t, code, complaint)
	require.Equal(t, "compared with 1 payments in Stripe's record\nno violations in 0 bookings\n", out)

	const lost = "01900000-0000-7000-8000-000000000001"
	intent := paidElsewhere(t, stripe.URL, lost)
	db.AdvanceClock(t, 3*time.Minute)
	out, _, code = withStripe(t, db.URL, stripe.URL, "audit", "--provider", "--json")
	require.Equal(t, 1, code)
	require.Contains(t, out, "provider-payment-is-ours: payment "+intent+": 900 USD were taken for booking "+lost+", which this database does not have\n")
	require.Contains(t, out, `{"checked":0,"provider":2,"violations":[{"promise":"provider-payment-is-ours"`)

	_, complaint, code = withStripe(t, db.URL, stripe.URL, "audit", "--provider", "--stripe-api-key=")
	require.NotZero(t, code)
	require.Contains(t, complaint, "--provider needs STRIPE_API_KEY")
	_, _, code = withStripe(t, db.URL, "http://127.0.0.1:1", "audit", "--provider")
	require.Equal(t, 1, code, "an audit that could not ask is not clean")
}
