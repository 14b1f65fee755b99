package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/testdb"
)

// TestRole_Command runs the program itself: an account gets a role, and what is none is refused.
func TestRole_Command(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	_, err := db.Pool.Exec(t.Context(), `INSERT INTO users (id, username, password_hash) VALUES (gen_random_uuid(), 'olga', '$argon2id$x')`)
	require.NoError(t, err)

	told, code := roleProcess(t, db.URL, "Olga", "organizer")
	require.Zero(t, code)
	require.Equal(t, "Olga: organizer (was buyer)\n", told)
	var role, actor string
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT role, (SELECT actor FROM audit_log) FROM users`).Scan(&role, &actor))
	require.Equal(t, "organizer", role)
	require.True(t, strings.HasPrefix(actor, "operator"), actor)

	for _, wrong := range [][]string{{"olga", "owner"}, {"nobody", "admin"}, {"olga"}} {
		_, code := roleProcess(t, db.URL, wrong...)
		require.NotZero(t, code, wrong)
	}
	require.NoError(t, db.Pool.QueryRow(t.Context(), `SELECT role FROM users`).Scan(&role))
	require.Equal(t, "organizer", role)
}

// roleProcess runs boxoffice role, which this test's own binary becomes, and gives what it printed and its exit code.
func roleProcess(t *testing.T, databaseURL string, args ...string) (stdout string, code int) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), self, append([]string{"role"}, args...)...)
	command.Env = append(os.Environ(), "BOXOFFICE_TEST_MAIN=1", "DATABASE_URL="+databaseURL)
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}
	t.Log(complaint.String())
	return out.String(), command.ProcessState.ExitCode()
}
