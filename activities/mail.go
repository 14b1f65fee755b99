package activities

import (
	"context"

	"github.com/boxoffice/boxoffice"
)

// SendTickets sends the mail that is due, and gives the situation then. A mail that the server refuses for good is noted as failed and is no
// error here: it never undoes a sale.
func (a *Activities) SendTickets(ctx context.Context, act Act) (boxoffice.Situation, error) {
	now, err := a.send(ctx, act.EmailID)
	return a.afterMark(ctx, act, now, err)
}

// afterMark finishes a step of a run that has marked a mail. It looks where the mail was no longer queued, and where another
// run has the booking, which refuses this one.
func (a *Activities) afterMark(ctx context.Context, act Act, now boxoffice.Situation, err error) (boxoffice.Situation, error) {
	if err == nil && now.Epoch != act.Epoch {
		now, err = a.Bookings.Look(ctx, act.BookingID, act.Epoch)
	}
	return done(ctx, a, act.BookingID)(now, err)
}

// SendMail is SendTickets for the mail's own workflow, which has no epoch: it touches no booking.
func (a *Activities) SendMail(ctx context.Context, act Act) error {
	_, err := done(ctx, a, act.BookingID)(a.send(ctx, act.EmailID))
	return err
}

// HandOverMail notes that the mail's own workflow looks after it from now on, and gives the situation then.
func (a *Activities) HandOverMail(ctx context.Context, act Act) (boxoffice.Situation, error) {
	now, err := a.Emails.MarkEmail(ctx, act.EmailID, nil, true)
	return a.afterMark(ctx, act, now, err)
}

// GiveMailUp notes that a mail which was tried for days will not be sent. One that was sent after all stays sent.
func (a *Activities) GiveMailUp(ctx context.Context, act Act) error {
	gaveUp := boxoffice.Errorf(boxoffice.CodeMailRejected, "The mail could not be sent for days.")
	_, err := done(ctx, a, act.BookingID)(a.Emails.MarkEmail(ctx, act.EmailID, gaveUp, false))
	if err == nil {
		count(ctx, boxoffice.CounterMailsLost, "reason", string(boxoffice.MailGivenUp))
	}
	return err
}

// send sends a queued mail, notes how that went and gives the situation then. One that was sent before is left alone. A crash between the server's
// word and our note sends it twice: a second copy is better than none, and it carries the same Message-ID.
func (a *Activities) send(ctx context.Context, emailID string) (now boxoffice.Situation, err error) {
	job, err := a.Emails.EmailJob(ctx, emailID)
	if err != nil || job.Status != boxoffice.EmailQueued {
		return now, err
	}
	sendErr := a.deliver(ctx, job)
	if now, err = a.Emails.MarkEmail(ctx, emailID, sendErr, false); err != nil {
		return now, err
	}
	if boxoffice.CodeOf(sendErr) == boxoffice.CodeMailRejected {
		a.Logger.ErrorContext(ctx, "a mail was refused for good", "email", emailID, "booking", job.Document.BookingID, "error", sendErr)
		count(ctx, boxoffice.CounterMailsLost, "reason", string(boxoffice.MailRefused))
		return now, nil
	}
	return now, sendErr
}

// deliver makes the message, with the files that its kind carries, and hands it to the server.
func (a *Activities) deliver(ctx context.Context, job boxoffice.EmailJob) error {
	var pdf, calendar []byte
	if job.Kind.HasTickets() {
		var err error
		if pdf, err = boxoffice.TicketsPDF(ctx, a.Files, a.Tickets, job.Document, job.BlobKey); err != nil {
			return err
		}
		if calendar, err = a.Tickets.Calendar(job.Document); err != nil {
			return err
		}
	}
	message, err := a.Composer.Compose(job, pdf, calendar)
	if err != nil {
		return err
	}
	return a.Sender.Send(ctx, message)
}
