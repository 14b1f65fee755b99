package postgres_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// TestSetRole changes what a session may do that was opened before, and writes it down once.
func TestSetRole(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	users := h.db.Users()
	olga, err := users.CreateUser(t.Context(), boxoffice.User{Username: "Olga", PasswordHash: "$argon2id$x"})
	require.NoError(t, err)
	token := bytes.Repeat([]byte{1}, 32)
	_, err = users.CreateSession(t.Context(), boxoffice.Session{UserID: olga.ID, TokenHash: token}, time.Hour)
	require.NoError(t, err)

	before, err := users.SetRole(t.Context(), "olga", boxoffice.RoleOrganizer, "root")
	require.NoError(t, err)
	require.Equal(t, boxoffice.RoleBuyer, before)
	before, err = users.SetRole(t.Context(), "OLGA", boxoffice.RoleOrganizer, "root")
	require.NoError(t, err)
	require.Equal(t, boxoffice.RoleOrganizer, before)
	now, err := users.UserBySession(t.Context(), token, time.Hour)
	require.NoError(t, err)
	require.Equal(t, boxoffice.RoleOrganizer, now.Role)
	require.Equal(t, []string{"root false set role user " + olga.ID + ` {"role": "buyer"} {"role": "organizer"}`}, one[[]string](t, h,
		`SELECT array_agg(concat_ws(' ', actor, verified::text, action, subject, before, after)) FROM audit_log`))

	_, err = users.SetRole(t.Context(), "olga", "owner", "root")
	requireCode(t, boxoffice.CodeInvalid, err)
	for _, nobody := range []string{"nobody", "no\x00body"} {
		_, err = users.SetRole(t.Context(), nobody, boxoffice.RoleAdmin, "root")
		requireCode(t, boxoffice.CodeNotFound, err)
	}
	h.exec(t, `UPDATE users SET disabled_at = now() WHERE id = $1`, olga.ID)
	_, err = users.SetRole(t.Context(), "olga", boxoffice.RoleAdmin, "root")
	requireCode(t, boxoffice.CodeNotFound, err)
}
