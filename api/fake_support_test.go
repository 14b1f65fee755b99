package api

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
)

var _ boxoffice.SupportService = (*fakeSupport)(nil)

const taskID = "0199a1b2-0000-7000-8000-0000000000f3"

// fakeSupport knows one booking and one task, and does all that it is asked for.
type fakeSupport struct {
	err    error
	reader boxoffice.User
	query  boxoffice.BookingQuery
	tasks  boxoffice.TaskQuery
	act    boxoffice.SupportAct
	with   any // what the act was asked with
	quoted boxoffice.SupportTerms
}

func someFound() boxoffice.FoundBooking {
	return boxoffice.FoundBooking{
		ID: bookingID, Reference: "7KQ2M9XD", Status: boxoffice.BookingHeld, Amount: boxoffice.Money{Minor: 1450, Currency: "USD"},
		CreatedAt: time.Unix(1, 0), Event: someEvent(), Seats: []string{"Stalls, row C, seat 12"}, Email: "grandma@example.com",
		Buyer: boxoffice.User{ID: otherID, Username: "ada", Email: "ada@example.com", PasswordHash: "$argon2id$secret"},
	}
}

func someTask() boxoffice.SupportTask {
	return boxoffice.SupportTask{
		ID: taskID, Key: "a secret of ours", Kind: boxoffice.TaskDispute, BookingID: bookingID, Summary: "The bank asks.", Advice: "Answer it.", OpenedAt: time.Unix(1, 0),
	}
}

func (f *fakeSupport) FindBookings(_ context.Context, reader boxoffice.User, q boxoffice.BookingQuery) (boxoffice.FoundBookings, error) {
	f.reader, f.query = reader, q
	return boxoffice.FoundBookings{Bookings: []boxoffice.FoundBooking{someFound()}, Next: "more"}, f.err
}

func (f *fakeSupport) Case(_ context.Context, reader boxoffice.User, id string) (boxoffice.SupportCase, error) {
	f.reader = reader
	if id != bookingID {
		return boxoffice.SupportCase{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such booking.")
	}
	at := time.Unix(5, 0)
	refund := boxoffice.CaseRefund{Refund: boxoffice.Refund{N: 1, Amount: boxoffice.Money{Minor: 500, Currency: "USD"}, State: boxoffice.RefundSucceeded, ProviderID: "re_1", Reason: "The box office gives you this back."}, RequestedAt: at, EndedAt: at}
	return boxoffice.SupportCase{
		FoundBooking: someFound(), HoldExpiresAt: at, NextCheckAt: at, WaitsFor: "The seats are held.",
		Seats: []boxoffice.CaseSeat{{TicketID: ticketID, Seat: "Stalls, row C, seat 12", Price: 1450, ReleasedAt: at, Kept: 290, AdmittedAt: at}},
		Payments: []boxoffice.CasePayment{
			{ID: otherID, PaymentIntent: "pi_1", SessionID: "cs_1", Amount: boxoffice.Money{Minor: 1450, Currency: "USD"}, ReceivedAt: at, SettledAs: "sale", Owed: 700, Goodwill: 500, Refunds: []boxoffice.CaseRefund{refund}},
			{ID: ticketID, PaymentIntent: "pi_2", SessionID: "cs_2", Amount: boxoffice.Money{Minor: 1450, Currency: "USD"}, ReceivedAt: at, Owed: 1450},
		},
		Mails: []boxoffice.CaseMail{{ID: otherID, BookingMail: boxoffice.BookingMail{Kind: boxoffice.EmailTickets, Recipient: "ada@example.com", Status: boxoffice.EmailWithdrawn, QueuedAt: at, SentAt: at}, Attempts: 1, LastError: "full"}},
		Tasks: []boxoffice.SupportTask{someTask()},
		Audit: []boxoffice.AuditLine{{At: at, Actor: "anna", Verified: true, Action: "extend", Reason: "why", Before: map[string]any{"status": "held"}}},
		Run:   boxoffice.RunReport{Open: true, Says: "It waits.", Missing: "Something.", Failing: &boxoffice.FailingStep{Step: "Make the tickets", Attempt: 3, LastError: "full", NextTryAt: at}},
		Story: []boxoffice.StoryLine{{At: at, Source: "run", Actor: "workflow", What: "A run began."}},
	}, f.err
}

func (f *fakeSupport) done(act boxoffice.SupportAct, with any) (string, error) {
	f.act, f.with = act, with
	return "It is done.", f.err
}

func (f *fakeSupport) ExtendHold(_ context.Context, act boxoffice.SupportAct, by time.Duration) (string, error) {
	return f.done(act, by)
}

func (f *fakeSupport) ReleaseHold(_ context.Context, act boxoffice.SupportAct) (string, error) {
	return f.done(act, nil)
}

func (f *fakeSupport) CancelBooking(_ context.Context, act boxoffice.SupportAct, terms boxoffice.SupportTerms) (string, error) {
	return f.done(act, terms)
}

func (f *fakeSupport) QuoteCancel(_ context.Context, _ string, terms boxoffice.SupportTerms) (boxoffice.CancellationQuote, error) {
	f.quoted = terms
	return boxoffice.CancellationQuote{Refund: boxoffice.Money{Minor: 1160, Currency: "USD"}, Kept: boxoffice.Money{Minor: 290, Currency: "USD"}}, f.err
}

func (f *fakeSupport) RefundGoodwill(_ context.Context, act boxoffice.SupportAct, amountMinor int64) (string, error) {
	return f.done(act, amountMinor)
}

func (f *fakeSupport) SettleRefund(_ context.Context, act boxoffice.SupportAct, refund boxoffice.RefundRef, ticketIDs []string) (string, error) {
	return f.done(act, []any{refund, ticketIDs})
}

func (f *fakeSupport) RetryRefund(_ context.Context, act boxoffice.SupportAct, paymentID string) (string, error) {
	return f.done(act, paymentID)
}

func (f *fakeSupport) RefundedOtherwise(_ context.Context, act boxoffice.SupportAct, paymentID, reference string) (string, error) {
	return f.done(act, []string{paymentID, reference})
}

func (f *fakeSupport) ResendTickets(_ context.Context, act boxoffice.SupportAct, email string) (string, error) {
	return f.done(act, email)
}

func (f *fakeSupport) RetryStep(_ context.Context, act boxoffice.SupportAct) (string, error) {
	return f.done(act, nil)
}

func (f *fakeSupport) Tasks(_ context.Context, q boxoffice.TaskQuery) (boxoffice.TaskPage, error) {
	f.tasks = q
	return boxoffice.TaskPage{Tasks: []boxoffice.SupportTask{someTask()}, Next: "more"}, f.err
}

func (f *fakeSupport) Task(_ context.Context, id string) (boxoffice.SupportTask, error) {
	if id != taskID {
		return boxoffice.SupportTask{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such task.")
	}
	return someTask(), f.err
}

func (f *fakeSupport) CloseTask(_ context.Context, act boxoffice.SupportAct, _ string) (boxoffice.SupportTask, error) {
	task, at := someTask(), time.Unix(9, 0)
	task.ClosedAt, task.ClosedBy, task.Resolution = &at, act.Actor, act.Reason
	_, err := f.done(act, nil)
	return task, err
}
