package workflows

import (
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// accountSteps names the activities. It stays nil: only its methods' names are used.
var accountSteps *activities.Accounts

// AccountMailWorkflowID is the ID of the workflow that sends a mail about an account.
func AccountMailWorkflowID(mailID string) string { return "account-mail-" + mailID }

// tokenPatience is how long a mail with a token is tried. Its reader is waiting, and asks again.
const tokenPatience = time.Hour

// accountMail is mailDelivery with the patience of a kind of mail.
func accountMail(of boxoffice.AccountMailKind) kind {
	k := mailDelivery()
	if of.HasToken() {
		k.patient = tokenPatience
	}
	return k
}

// accountNote is quickSQL on the queue where the steps about accounts are.
func accountNote() kind {
	k := quickSQL()
	k.queue = QueueFulfilment
	return k
}

// AccountMail sends one mail about an account: AccountMailWorkflowID. It ends when the mail was sent, was refused for good,
// or has nobody to go to. One that could not be sent in all its time counts as refused, and the run fails, so that both
// places show it.
func AccountMail(ctx workflow.Context, mail boxoffice.AccountMailRef) error {
	err := workflow.ExecuteActivity(accountMail(mail.Kind).regular(ctx, "Send the mail"), accountSteps.SendAccountMail, mail).Get(ctx, nil)
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	noted := workflow.ExecuteActivity(accountNote().regular(ctx, "Give the mail up"), accountSteps.GiveAccountMailUp, mail).Get(ctx, nil)
	if noted != nil {
		workflow.GetLogger(ctx).Error("a mail that is given up was not marked so", "mail", mail.MailID, "error", noted)
	}
	return err
}
