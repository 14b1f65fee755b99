package worker

import "context"

// sweepMails starts the workflow of every mail about an account whose start failed, or whose workflow got lost.
func (o Options) sweepMails(ctx context.Context) {
	mails, err := o.Accounts.Mails.ClaimAccountMails(ctx, o.SweepBatch)
	if err != nil {
		o.noStore(ctx, err)
		return
	}
	failures := 0
	for _, mail := range mails {
		if ctx.Err() != nil || failures == maxSweepFailures {
			return // what was claimed is due again in a while
		}
		if err := o.Mailer.StartMail(ctx, mail); err != nil {
			failures++
			o.Logger.WarnContext(ctx, "sweep: a mail was not started", "mail", mail.MailID, "error", err)
			continue
		}
		o.Logger.InfoContext(ctx, "sweep: started a mail", "mail", mail.MailID, "kind", mail.Kind)
	}
}
