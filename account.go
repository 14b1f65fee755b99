package boxoffice

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// NewToken makes a secret of 256 random bits, as 43 characters that need no escaping in a URL. It opens a session, resets a
// password or confirms an address; only its hash is stored, so that a stolen table opens nothing.
func NewToken() string {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(secret[:])
}

// HashToken gives the form in which a token is stored. A token is too long to be guessed, so a fast hash does.
func HashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// AccountTokenTTL is how long a token that was mailed works, from when its mail is made.
const AccountTokenTTL = 10 * time.Minute

// AccountMailKind is what a mail about an account says.
type AccountMailKind string

// The kinds of mail about an account. The first two carry a token.
const (
	MailReset           AccountMailKind = "reset"            // a link that sets a new password
	MailConfirmEmail    AccountMailKind = "confirm_email"    // to a new address: a link that confirms it
	MailPasswordChanged AccountMailKind = "password_changed" // that it was
	MailEmailChanged    AccountMailKind = "email_changed"    // to the old address: that it is no longer the account's
)

// HasToken reports whether mails of this kind carry a token. Who waits for one asks again when it does not come.
func (k AccountMailKind) HasToken() bool { return k == MailReset || k == MailConfirmEmail }

// AccountMailRef names a mail about an account to the workflow that sends it: no address, since staff reads it.
type AccountMailRef struct {
	MailID string          `json:"mail_id"`
	Kind   AccountMailKind `json:"kind"`
}

// AccountMail is a mail about an account, or about all accounts of an address.
type AccountMail struct {
	ID        string
	Kind      AccountMailKind
	Recipient string
	Status    EmailStatus
	Accounts  []MailedAccount // none: nobody has this address, and there is nothing to send
}

// MailedAccount is an account that a mail is about.
type MailedAccount struct {
	UserID   string
	Username string
	Token    string // where the kind has one, made by who sends the mail; stored nowhere
}

// PasswordChange is a new password that the user asks for who knows the old one.
type PasswordChange struct {
	UserID  string
	OldHash string // as it was verified; another one meanwhile is CodeForbidden
	NewHash string
	Keep    []byte // the hash of the session's token that goes on; all others end
}

// AccountStore keeps what people change of their accounts. Each act writes the mails down that tell of it.
type AccountStore interface {
	// ChangePassword sets a new password, ends all sessions but one and voids the account's tokens. CodeForbidden.
	ChangePassword(ctx context.Context, change PasswordChange) ([]AccountMailRef, error)
	// RequestReset writes down that the owners of an address are to be mailed. It does not look whether there are any, so
	// that the asker learns nothing, not even from the time that it takes.
	RequestReset(ctx context.Context, email string) (AccountMailRef, error)
	// UserByResetToken finds whose password a token resets. CodeInvalid when it expired, was used, or never was one.
	UserByResetToken(ctx context.Context, tokenHash []byte) (User, error)
	// ResetPassword uses the token up, sets a new password, ends all sessions and voids the account's other tokens.
	// CodeInvalid.
	ResetPassword(ctx context.Context, tokenHash []byte, passwordHash string) ([]AccountMailRef, error)
	// RequestEmail writes down that a new address is to be asked for its confirmation; an earlier one is asked no more.
	RequestEmail(ctx context.Context, userID, email string) (AccountMailRef, error)
	// ConfirmEmail uses the token up and makes its address the account's. CodeInvalid.
	ConfirmEmail(ctx context.Context, tokenHash []byte) ([]AccountMailRef, error)
}

// AccountService is what the API calls: the acts of AccountStore, after which the mails are sent.
type AccountService interface {
	// ChangePassword is that of AccountStore. CodeForbidden.
	ChangePassword(ctx context.Context, change PasswordChange) error
	// RequestReset is that of AccountStore.
	RequestReset(ctx context.Context, email string) error
	// UserByResetToken is that of AccountStore. CodeInvalid.
	UserByResetToken(ctx context.Context, tokenHash []byte) (User, error)
	// ResetPassword is that of AccountStore. CodeInvalid.
	ResetPassword(ctx context.Context, tokenHash []byte, passwordHash string) error
	// RequestEmail is that of AccountStore.
	RequestEmail(ctx context.Context, userID, email string) error
	// ConfirmEmail is that of AccountStore. CodeInvalid.
	ConfirmEmail(ctx context.Context, tokenHash []byte) error
}

// AccountMailStore keeps the mails about accounts for those who send them.
type AccountMailStore interface {
	// AccountMail reads a mail. CodeNotFound.
	AccountMail(ctx context.Context, mailID string) (AccountMail, error)
	// IssueToken stores the hash of a token that a mail carries to one of its accounts, for AccountTokenTTL. A mail that
	// is sent again has another token; the first works too. CodeNotFound when the mail is not to be sent any more.
	IssueToken(ctx context.Context, mailID, userID string, tokenHash []byte) error
	// MarkAccountMail notes how an attempt to send it ended: sent with sendErr nil, failed for good with CodeMailRejected,
	// else still queued.
	MarkAccountMail(ctx context.Context, mailID string, sendErr error) error
	// ClaimAccountMails gives queued mails that are due to be looked at, and moves their next look on.
	ClaimAccountMails(ctx context.Context, limit int) ([]AccountMailRef, error)
}

// AccountMailer sees to it that a mail's workflow runs. The worker's sweep reaches the account service by it.
type AccountMailer interface {
	// StartMail starts the workflow of a mail, unless it runs. CodeUnavailable.
	StartMail(ctx context.Context, ref AccountMailRef) error
}

// AccountMailComposer writes mails about accounts.
type AccountMailComposer interface {
	// ComposeAccount makes the message of a mail, with a link for each account that has a token.
	ComposeAccount(mail AccountMail) (MailMessage, error)
}
