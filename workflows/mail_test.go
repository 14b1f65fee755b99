package workflows_test

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
)

func TestAMailThatDoesNotWorkAtOnceGetsAWorkflowOfItsOwn(t *testing.T) {
	t.Parallel()
	r := paidRun(t)
	r.b.faults["Send"] = first(7, boxoffice.CodeUnavailable)

	require.Equal(t, boxoffice.BookingCompleted, r.end(), "a sale stands whatever becomes of its mail")
	require.Equal(t, []string{workflows.MailWorkflowID("b1-mail-1")}, r.mailed)
	require.Equal(t, then(sold[:4], "SendTickets ×3", "HandOverMail"), r.steps)
	require.Equal(t, []string{"SendMail regular ×5"}, r.mail.steps)
	require.True(t, r.b.mails[0].handedOver)
	require.Equal(t, boxoffice.EmailSent, r.b.mails[0].status)
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailTickets: 1}, r.b.mailsSent())
	require.Equal(t, []boxoffice.BookingStatus{boxoffice.BookingCompleted}, r.shown)
	require.Equal(t, "Hand the mail over", r.timeline()[4])
}

// The tickets' mail is being retried when money that bought nothing has gone back: the mail that tells of it waits for
// nobody but the mail server.
func TestTwoMailsOfOneBookingDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	r := paidRun(t)
	r.b.surplus()
	r.b.faults["Send"] = first(14, boxoffice.CodeUnavailable)

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{workflows.MailWorkflowID("b1-mail-1"), workflows.MailWorkflowID("b1-mail-2")}, r.mailed)
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailTickets: 1, boxoffice.EmailReturned: 1}, r.b.mailsSent())
	for _, m := range r.b.mails {
		require.True(t, m.handedOver)
		require.Equal(t, boxoffice.EmailSent, m.status)
	}
	require.LessOrEqual(t, r.duration(), 3*time.Minute, "neither needs another look at the booking")
}

func TestAMailThatIsRefusedForGoodUndoesNothing(t *testing.T) {
	t.Parallel()
	r := paidRun(t)
	r.b.faults["Send"] = always(boxoffice.CodeMailRejected)

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{"HoldSeats", "Look", "ConfirmSeats", "IssueTickets", "SendTickets"}, r.steps)
	require.Equal(t, boxoffice.EmailFailed, r.b.mails[0].status)
	require.Empty(t, r.mailed)
}

func TestAMailThatIsStillDueIsSentByTheNextRun(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.b.status, r.b.ref.Status = boxoffice.BookingCompleted, boxoffice.BookingCompleted
	r.b.queueMail(boxoffice.EmailTickets)

	require.Equal(t, boxoffice.BookingCompleted, r.end())
	require.Equal(t, []string{"HoldSeats", "SendTickets"}, r.steps)
	require.Equal(t, map[boxoffice.EmailKind]int{boxoffice.EmailTickets: 1}, r.b.mailsSent())
}

// mailRun prepares a mail workflow for the tickets of a completed booking.
func mailRun(t *testing.T) *run {
	t.Helper()
	r := newRun(t)
	r.b.status = boxoffice.BookingCompleted
	r.b.queueMail(boxoffice.EmailTickets)
	r.b.mails[0].handedOver = true
	r.alone = &activities.Act{BookingID: "b1", Epoch: 1, EmailID: r.b.mails[0].id}
	return r
}

func TestTheMailWorkflowTriesUntilItIsSent(t *testing.T) {
	t.Parallel()
	r := mailRun(t)
	r.b.faults["Send"] = first(4, boxoffice.CodeUnavailable)

	require.Empty(t, r.play())
	require.Equal(t, []string{"SendMail regular ×5"}, r.mail.steps)
	require.Equal(t, (5+10+20+40)*time.Second, r.duration(), "each pause is twice the last")
	require.Equal(t, boxoffice.EmailSent, r.b.mails[0].status)
}

func TestTheMailWorkflowOfASentMailSendsNothing(t *testing.T) {
	t.Parallel()
	r := mailRun(t)
	r.b.mails[0].status = boxoffice.EmailSent

	require.Empty(t, r.play())
	require.Empty(t, r.b.mailsSent())
}

func TestTheMailThatCannotBeSentIsGivenUp(t *testing.T) {
	t.Parallel()
	r := mailRun(t)
	r.b.faults["Send"] = always(boxoffice.CodeUnavailable)

	require.Equal(t, boxoffice.CodeUnavailable, r.play(), "staff must see the failure")
	require.Equal(t, boxoffice.EmailFailed, r.b.mails[0].status, "a mail that nobody sends must not stay queued")
	require.Equal(t, "GiveMailUp regular", r.mail.steps[len(r.mail.steps)-1])
}

func TestTheMailThatCannotBeMadeIsGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	r := mailRun(t)
	r.b.faults["Send"] = always(boxoffice.CodeIssueImpossible)

	require.Equal(t, boxoffice.CodeIssueImpossible, r.play())
	require.Equal(t, []string{"SendMail regular", "GiveMailUp regular"}, r.mail.steps)
	require.Equal(t, boxoffice.EmailFailed, r.b.mails[0].status)
}
