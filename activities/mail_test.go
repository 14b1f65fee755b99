package activities_test

import (
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/stretchr/testify/require"
)

func ticketsMail(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.job = boxoffice.EmailJob{
		ID: "m1", Kind: boxoffice.EmailTickets, Status: boxoffice.EmailQueued, Recipient: "ann@example.com",
		BlobKey: "tickets/b1.pdf", Document: boxoffice.TicketDocument{BookingID: "b1"},
	}
	b.look = boxoffice.Situation{BookingID: "b1", Epoch: act.Epoch, Status: boxoffice.BookingCompleted}
	return b
}

func contents(m boxoffice.MailMessage) []string {
	var all []string
	for _, a := range m.Attachments {
		all = append(all, string(a.Content))
	}
	return all
}

func TestSendTickets(t *testing.T) {
	t.Parallel()
	b := ticketsMail(t)
	s, err := b.do(b.a.SendTickets, act)
	require.NoError(t, err)
	require.Equal(t, b.look, s)
	require.Equal(t, []string{"EmailJob", "Get", "Calendar", "Compose", "Send", "MarkEmail"}, b.calls)
	require.Equal(t, []string{"stored tickets/b1.pdf", "calendar of b1"}, contents(b.messages[0]))
	require.Equal(t, []mark{{}}, b.marks, "sent")
	require.Empty(t, b.counted())
}

func TestSendTickets_AnotherRunHasTheBooking(t *testing.T) {
	t.Parallel()
	b := ticketsMail(t)
	b.look.Epoch++
	b.errs["Look"] = errOf(boxoffice.CodeFenced)
	_, err := b.do(b.a.SendTickets, act)
	require.Equal(t, boxoffice.CodeFenced, activities.CodeOf(err))
	require.Equal(t, []mark{{}}, b.marks, "sent it is all the same")
}

func TestSendTickets_AFileThatIsGoneIsMadeAnew(t *testing.T) {
	t.Parallel()
	b := ticketsMail(t)
	b.errs["Get"] = errOf(boxoffice.CodeNotFound)
	_, err := b.do(b.a.SendTickets, act)
	require.NoError(t, err)
	require.Equal(t, "application/pdf: pdf of b1", b.put["tickets/b1.pdf"])
	require.Equal(t, "pdf of b1", contents(b.messages[0])[0])
}

func TestSendTickets_TheRefundMailCarriesNoFiles(t *testing.T) {
	t.Parallel()
	b := ticketsMail(t)
	b.job.Kind = boxoffice.EmailRefunded
	_, err := b.do(b.a.SendTickets, act)
	require.NoError(t, err)
	require.Empty(t, b.messages[0].Attachments)
	require.Equal(t, []string{"EmailJob", "Compose", "Send", "MarkEmail"}, b.calls)
}

func TestSendTickets_WhatWasSentIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []boxoffice.EmailStatus{boxoffice.EmailSent, boxoffice.EmailFailed} {
		b := ticketsMail(t)
		b.job.Status = status
		_, err := b.do(b.a.SendTickets, act)
		require.NoError(t, err)
		require.Equal(t, []string{"EmailJob", "Look"}, b.calls, status)
	}
}

func TestSendTickets_RejectedIsNotedAndNoError(t *testing.T) {
	t.Parallel()
	b := ticketsMail(t)
	b.errs["Send"] = errOf(boxoffice.CodeMailRejected)
	s, err := b.do(b.a.SendTickets, act)
	require.NoError(t, err, "a mail never undoes a sale")
	require.Equal(t, b.look, s)
	require.Equal(t, boxoffice.CodeMailRejected, boxoffice.CodeOf(b.marks[0].err))
	require.Contains(t, b.logs.String(), "level=ERROR")
	require.NotContains(t, b.logs.String(), "ann@example.com", "addresses do not belong into logs")
	require.Equal(t, []string{"boxoffice_mails_lost_total{reason=refused} 1"}, b.counted())
}

func TestSendTickets_ErrUnavailableIsNotedAndTriedAgain(t *testing.T) {
	t.Parallel()
	b := ticketsMail(t)
	b.errs["Send"] = errOf(boxoffice.CodeUnavailable)
	_, err := b.do(b.a.SendTickets, act)
	require.Equal(t, boxoffice.CodeUnavailable, activities.CodeOf(err))
	require.False(t, activities.IsFinal(err))
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(b.marks[0].err), "support must see why it is not sent")
	require.NotContains(t, b.calls, "Look")
	require.Equal(t, []string{"boxoffice_steps_failed_total{activity=SendTickets,code=unavailable} 1"}, b.counted())
}

func TestSendTickets_ErrWhereItsPartsCannotBeMade(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"Get", "Calendar", "Compose"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			b := ticketsMail(t)
			b.errs[call] = errOf(boxoffice.CodeUnavailable)
			_, err := b.do(b.a.SendTickets, act)
			require.Equal(t, boxoffice.CodeUnavailable, activities.CodeOf(err))
			require.Empty(t, b.messages)
			require.Len(t, b.marks, 1)
		})
	}
}

func TestSendMail_TouchesNoBooking(t *testing.T) {
	t.Parallel()
	b := ticketsMail(t)
	_, err := b.env.ExecuteActivity(b.a.SendMail, act)
	require.NoError(t, err)
	require.NotContains(t, b.calls, "Look")
	require.Equal(t, []mark{{}}, b.marks)
}

func TestHandOverMail(t *testing.T) {
	t.Parallel()
	b := ticketsMail(t)
	s, err := b.do(b.a.HandOverMail, act)
	require.NoError(t, err)
	require.Equal(t, b.look, s)
	require.Equal(t, []mark{{handedOver: true}}, b.marks)
}

func TestGiveMailUp(t *testing.T) {
	t.Parallel()
	b := ticketsMail(t)
	_, err := b.env.ExecuteActivity(b.a.GiveMailUp, act)
	require.NoError(t, err)
	require.Equal(t, boxoffice.CodeMailRejected, boxoffice.CodeOf(b.marks[0].err))
	require.False(t, b.marks[0].handedOver)
	require.Equal(t, []string{"boxoffice_mails_lost_total{reason=given_up} 1"}, b.counted())
}

func TestGiveMailUp_ErrIsNotCountedAsLost(t *testing.T) {
	t.Parallel()
	b := ticketsMail(t)
	b.errs["MarkEmail"] = errOf(boxoffice.CodeUnavailable)
	_, err := b.env.ExecuteActivity(b.a.GiveMailUp, act)
	require.Equal(t, boxoffice.CodeUnavailable, activities.CodeOf(err))
	require.Equal(t, []string{"boxoffice_steps_failed_total{activity=GiveMailUp,code=unavailable} 1"}, b.counted())
}
