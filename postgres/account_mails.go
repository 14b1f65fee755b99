package postgres

import (
	"context"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var _ boxoffice.AccountMailStore = (*Users)(nil)

// mailedAccounts finds the accounts u that a mail m is about: its user, or for a reset those of its address, whatever the
// case. Only ASCII is folded: other letters fold onto ASCII ones, and the mail would go to somebody else's address.
const mailedAccounts = `
	FROM account_mails m JOIN users u ON u.disabled_at IS NULL AND (u.id = m.user_id OR m.kind = 'reset'
		AND lower(u.email) = lower(m.recipient) AND (u.email = m.recipient OR u.email || m.recipient ~ '^[ -~]*$')) `

// maxMailedAccounts bounds how many accounts of one address a reset's mail names, the newest first.
const maxMailedAccounts = 5

// AccountMail reads a mail with the accounts that it is about.
func (s *Users) AccountMail(ctx context.Context, mailID string) (boxoffice.AccountMail, error) {
	mail := boxoffice.AccountMail{ID: mailID}
	err := s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		err := conn.QueryRow(ctx, `SELECT kind, recipient, status FROM account_mails WHERE id = $1`, mailID).
			Scan(&mail.Kind, &mail.Recipient, &mail.Status)
		if err != nil {
			return err
		}
		rows, err := conn.Query(ctx, `SELECT u.id, u.username`+mailedAccounts+`WHERE m.id = $1 ORDER BY u.created_at DESC, u.id DESC LIMIT $2`,
			mailID, maxMailedAccounts)
		if err != nil {
			return err
		}
		mail.Accounts, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a boxoffice.MailedAccount, err error) {
			return a, row.Scan(&a.UserID, &a.Username)
		})
		return err
	})
	return mail, err
}

// expiredPerToken is how many expired tokens a new one clears away.
const expiredPerToken = 10

// IssueToken stores the hash of a token, while the mail is still to be sent and the account still is one that it is about:
// it waits for whoever is just changing that.
func (s *Users) IssueToken(ctx context.Context, mailID, userID string, tokenHash []byte) error {
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			DELETE FROM account_tokens WHERE token_hash IN (
				SELECT token_hash FROM account_tokens WHERE expires_at <= boxoffice_now()
				ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`, expiredPerToken)
		if err != nil {
			return err
		}
		var kind, recipient string
		err = tx.QueryRow(ctx, `SELECT m.kind, m.recipient`+mailedAccounts+`
			WHERE m.id = $1 AND u.id = $2 AND m.status = 'queued' FOR SHARE OF u, m`, mailID, userID).Scan(&kind, &recipient)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO account_tokens (token_hash, user_id, purpose, email, expires_at)
			VALUES ($1, $2, $3, $4, boxoffice_now() + $5)`, tokenHash, userID, kind, recipient, boxoffice.AccountTokenTTL)
		return err
	})
}

// MarkAccountMail notes how an attempt to send a mail ended. One that was sent stays sent. A reset whose address nobody has
// is gone with that: it is an address that somebody typed.
func (s *Users) MarkAccountMail(ctx context.Context, mailID string, sendErr error) error {
	status, text := boxoffice.EmailSent, ""
	switch {
	case boxoffice.CodeOf(sendErr) == boxoffice.CodeNotFound:
		return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM account_mails WHERE id = $1 AND status = 'queued'`, mailID)
			return err
		})
	case boxoffice.CodeOf(sendErr) == boxoffice.CodeMailRejected:
		status, text = boxoffice.EmailFailed, sendErr.Error()
	case sendErr != nil:
		status, text = boxoffice.EmailQueued, sendErr.Error()
	}
	return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE account_mails SET status = $2, attempts = attempts + 1, last_error = coalesce(nullif($3, ''), last_error),
				sent_at = CASE WHEN $2 = 'sent'::email_status THEN boxoffice_now() END,
				next_check_at = CASE WHEN $2 = 'queued'::email_status THEN next_check_at END
			WHERE id = $1 AND status = 'queued'`, mailID, status, text)
		return err
	})
}

// ClaimAccountMails gives queued mails that are due. A mail is looked at again when it is twice as old, and within an hour:
// its workflow retries by itself, and is started anew only where it got lost.
func (s *Users) ClaimAccountMails(ctx context.Context, limit int) (refs []boxoffice.AccountMailRef, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			UPDATE account_mails m SET next_check_at = boxoffice_now()
				+ least(greatest(boxoffice_now() - m.created_at, interval '30 seconds'), interval '1 hour')
			FROM (SELECT id FROM account_mails WHERE next_check_at <= (SELECT boxoffice_now())
				ORDER BY next_check_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED) due
			WHERE m.id = due.id RETURNING m.id, m.kind`, limit)
		if err != nil {
			return err
		}
		refs, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (ref boxoffice.AccountMailRef, err error) {
			return ref, row.Scan(&ref.MailID, &ref.Kind)
		})
		return err
	})
	return refs, err
}
