package e2e

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// The demo makes a booking in a running system and tells what came of it as one object.
func TestDemo_OK(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	out, complaint, code := stack.RunProgram(t, []string{"MAIL_URL=" + s.Env["MAIL_URL"], "TICKET_PUBLIC_KEYS=" + s.Env["TICKET_PUBLIC_KEYS"]},
		"demo", "--url", s.Env["BOXOFFICE_URL"], "--json", "--out", filepath.Join(t.TempDir(), "not", "there"))
	require.Zero(t, code, complaint)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var told struct {
		Status    string `json:"status"`
		BookingID string `json:"booking_id"`
		Tickets   int    `json:"tickets"`
		PDF       string `json:"pdf"`
		QRValid   bool   `json:"qr_valid"`
		Emails    int    `json:"emails"`
		Steps     []struct {
			Name string  `json:"name"`
			MS   float64 `json:"ms"`
		} `json:"steps"`
	}
	decoder := json.NewDecoder(strings.NewReader(lines[len(lines)-1]))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&told), lines[len(lines)-1])
	require.Equal(t, "completed", told.Status)
	require.Equal(t, 2, told.Tickets)
	require.True(t, told.QRValid)
	require.Equal(t, 1, told.Emails)
	require.Len(t, told.Steps, len(lines)-1, "a line for each step")
	for _, step := range told.Steps {
		require.NotEmpty(t, step.Name)
		require.Positive(t, step.MS)
	}
	pdf, err := os.ReadFile(told.PDF)
	require.NoError(t, err)
	require.Equal(t, "%PDF-", string(pdf[:5]))
	var status string
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT status::text FROM bookings WHERE id = $1`, told.BookingID).Scan(&status))
	require.Equal(t, "completed", status)
}

// Where nobody listens, the demo says at which step it failed.
func TestDemo_ErrNobodyListens(t *testing.T) {
	t.Parallel()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, nobody.Close())
	url := "http://" + nobody.Addr().String()
	out, complaint, code := stack.RunProgram(t, []string{"MAIL_URL=" + url, "TICKET_PUBLIC_KEYS=k1:FhFwDdaHKHjdp_Xvmv8dtQ49jGkkMbPIUglg09UMUmQ"},
		"demo", "--url", url, "--json", "--out", t.TempDir())
	require.Equal(t, 1, code)
	require.Contains(t, complaint, "sign up: ")
	require.Contains(t, complaint, "connection refused")
	require.NotContains(t, out, "{")
}
