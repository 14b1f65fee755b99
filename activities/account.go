package activities

import (
	"context"
	"log/slog"

	"github.com/boxoffice/boxoffice"
	"go.temporal.io/sdk/activity"
)

// Accounts are the steps of a mail about an account. Workflows hold a nil *Accounts for the names of its methods; workers
// register one whose fields are all set.
type Accounts struct {
	Mails    boxoffice.AccountMailStore
	Composer boxoffice.AccountMailComposer
	Sender   boxoffice.MailSender
	Logger   *slog.Logger
}

// SendAccountMail sends a queued mail about an account and notes how that went. One that was sent before is left alone, and
// one that the server refuses for good, or that has nobody to go to, is no error here.
func (a *Accounts) SendAccountMail(ctx context.Context, ref boxoffice.AccountMailRef) error {
	return a.done(ctx, ref, a.send(ctx, ref))
}

// GiveAccountMailUp notes that a mail which was tried long enough will not be sent. One that was sent after all stays sent.
func (a *Accounts) GiveAccountMailUp(ctx context.Context, ref boxoffice.AccountMailRef) error {
	gaveUp := boxoffice.Errorf(boxoffice.CodeMailRejected, "The mail could not be sent in its time.")
	return a.done(ctx, ref, a.Mails.MarkAccountMail(ctx, ref.MailID, gaveUp))
}

func (a *Accounts) send(ctx context.Context, ref boxoffice.AccountMailRef) error {
	mail, err := a.Mails.AccountMail(ctx, ref.MailID)
	if boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
		return nil // it had nobody to go to
	}
	if err != nil || mail.Status != boxoffice.EmailQueued {
		return err
	}
	sendErr := a.deliver(ctx, mail)
	if err := a.Mails.MarkAccountMail(ctx, mail.ID, sendErr); err != nil {
		return err
	}
	switch boxoffice.CodeOf(sendErr) {
	case boxoffice.CodeNotFound:
		return nil
	case boxoffice.CodeMailRejected:
		a.Logger.ErrorContext(ctx, "a mail was refused for good", "mail", mail.ID, "kind", mail.Kind, "error", sendErr)
		return nil
	default:
		return sendErr
	}
}

// deliver makes the tokens that the mail carries, and hands it to the server. A token is made here and now, so
// that nothing but the mail ever holds it, and its time begins when it is sent. CodeNotFound when there is nobody to send
// it to (any more).
func (a *Accounts) deliver(ctx context.Context, mail boxoffice.AccountMail) error {
	if len(mail.Accounts) == 0 {
		return boxoffice.Errorf(boxoffice.CodeNotFound, "Nobody has this address.")
	}
	for i, account := range mail.Accounts {
		if !mail.Kind.HasToken() {
			continue
		}
		token := boxoffice.NewToken()
		if err := a.Mails.IssueToken(ctx, mail.ID, account.UserID, boxoffice.HashToken(token)); err != nil {
			return err
		}
		mail.Accounts[i].Token = token
	}
	message, err := a.Composer.ComposeAccount(mail)
	if err != nil {
		return err
	}
	return a.Sender.Send(ctx, message)
}

// done finishes a step: it logs what went wrong, with its cause and its mail, and translates it.
func (a *Accounts) done(ctx context.Context, ref boxoffice.AccountMailRef, err error) error {
	if err != nil {
		info := activity.GetInfo(ctx)
		a.Logger.WarnContext(ctx, "a step failed", "step", info.ActivityType.Name, "mail", ref.MailID, "attempt", info.Attempt, "error", err)
	}
	return ToTemporal(err)
}
