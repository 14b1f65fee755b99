package postgres

import (
	"context"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

var _ boxoffice.RoleStore = (*Users)(nil)

// SetRole gives a user who is not disabled another role.
func (s *Users) SetRole(ctx context.Context, username string, role boxoffice.Role, actor string) (before boxoffice.Role, err error) {
	if !slices.Contains(boxoffice.Roles, role) {
		return "", boxoffice.InvalidField("role", "There is no role of this name.")
	}
	if !storable(username) {
		return "", absent("user", pgx.ErrNoRows)
	}
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var id string
		err := tx.QueryRow(ctx, `SELECT id, role FROM users WHERE lower(username) = lower($1) AND disabled_at IS NULL FOR NO KEY UPDATE`,
			username).Scan(&id, &before)
		if err != nil || before == role {
			return absent("user", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET role = $2 WHERE id = $1`, id, role); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO audit_log (actor, verified, action, subject, before, after) VALUES ($1, false, 'set role', $2, $3, $4)`,
			actor, "user "+id, jsonOrNull(map[string]any{"role": before}), jsonOrNull(map[string]any{"role": role}))
		return err
	})
	return before, err
}
