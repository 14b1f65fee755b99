package api

import (
	"time"

	"github.com/boxoffice/boxoffice"
)

func viewFoundBooking(f boxoffice.FoundBooking) FoundBooking {
	venue := f.Event.Venue
	return FoundBooking{
		ID: f.ID, Reference: f.Reference, Status: BookingStatus(f.Status), AmountMinor: f.Amount.Minor, Currency: f.Amount.Currency,
		CreatedAt: f.CreatedAt.UTC(), Seats: filled(f.Seats), Email: f.Email,
		Buyer: FoundBuyer{ID: f.Buyer.ID, Username: f.Buyer.Username, Email: f.Buyer.Email},
		Event: CaseEvent{
			ID: f.Event.ID, Name: f.Event.Name, Status: CaseEventStatus(f.Event.Status), Time: f.Event.StartsAt.In(venue.Zone()),
			Venue: venue.Name, City: venue.City + ", " + venue.State,
		},
		Links: FoundLinks{Self: casePath(f.ID)},
	}
}

func casePath(bookingID string) string { return "/support/bookings/" + bookingID }

func viewCase(c boxoffice.SupportCase) SupportCase {
	return SupportCase{
		Booking: viewFoundBooking(c.FoundBooking), WaitsFor: c.WaitsFor, HoldExpiresAt: c.HoldExpiresAt.UTC(), NextCheckAt: optional(c.NextCheckAt),
		Run: viewRun(c.Run), Money: viewMoney(c), Seats: mapped(c.Seats, viewSeat), Payments: mapped(c.Payments, viewPayment),
		Mails: mapped(c.Mails, viewCaseMail), Tasks: mapped(c.Tasks, viewTask), Audit: mapped(c.Audit, viewAudit), Story: mapped(c.Story, viewStory),
	}
}

// optional gives a time that may not have come yet.
func optional(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

func viewRun(r boxoffice.RunReport) SupportRun {
	view := SupportRun{Open: r.Open, Says: r.Says, Missing: r.Missing}
	if f := r.Failing; f != nil {
		view.Failing = &FailingStep{Step: f.Step, Attempt: f.Attempt, LastError: f.LastError, NextTryAt: optional(f.NextTryAt)}
	}
	return view
}

func viewMoney(c boxoffice.SupportCase) SupportMoney {
	view := SupportMoney{Currency: c.Amount.Currency}
	for _, p := range c.Payments {
		view.CapturedMinor += p.Amount.Minor
		if p.SettledAs != "" { // else whether it buys the seats is not decided yet
			view.ToGoBackMinor += p.Owed
		}
		for _, r := range p.Refunds {
			if r.State == boxoffice.RefundSucceeded {
				view.RefundedMinor += r.Amount.Minor
			}
		}
	}
	view.ToGoBackMinor = max(0, view.ToGoBackMinor-view.RefundedMinor)
	return view
}

func viewSeat(s boxoffice.CaseSeat) SupportSeat {
	return SupportSeat{
		TicketID: s.TicketID, Seat: s.Seat, PriceMinor: s.Price, FeeMinor: s.Fee, ReleasedAt: optional(s.ReleasedAt), KeptMinor: s.Kept,
		AdmittedAt: optional(s.AdmittedAt),
	}
}

func viewPayment(p boxoffice.CasePayment) SupportPayment {
	settled := SupportPaymentSettledAs(p.SettledAs)
	if settled == "" {
		settled = SupportPaymentSettledAsOpen
	}
	return SupportPayment{
		ID: p.ID, PaymentIntent: p.PaymentIntent, SessionID: p.SessionID, AmountMinor: p.Amount.Minor, Currency: p.Amount.Currency,
		ReceivedAt: p.ReceivedAt.UTC(), SettledAs: settled, OwedMinor: p.Owed, GoodwillMinor: p.Goodwill,
		Refunds: mapped(p.Refunds, func(r boxoffice.CaseRefund) SupportRefund {
			return SupportRefund{
				N: r.N, ProviderID: r.ProviderID, AmountMinor: r.Amount.Minor, State: SupportRefundState(r.State), Reason: r.Reason,
				RequestedAt: r.RequestedAt.UTC(), EndedAt: optional(r.EndedAt), Failure: r.Failure,
			}
		}),
	}
}

func viewCaseMail(m boxoffice.CaseMail) SupportMail {
	return SupportMail{
		ID: m.ID, Kind: string(m.Kind), To: m.Recipient, Status: SupportMailStatus(m.Status), QueuedAt: m.QueuedAt.UTC(), SentAt: optional(m.SentAt),
		Attempts: m.Attempts, LastError: m.LastError,
	}
}

func viewTask(t boxoffice.SupportTask) SupportTask {
	view := SupportTask{
		ID: t.ID, Kind: TaskKind(t.Kind), BookingID: t.BookingID, EventID: t.EventID, Summary: t.Summary, Advice: t.Advice, Details: t.Details,
		OpenedAt: t.OpenedAt.UTC(), ClosedBy: t.ClosedBy, Resolution: t.Resolution, Links: TaskLinks{Self: "/support/tasks/" + t.ID},
	}
	if view.Details == nil {
		view.Details = map[string]any{}
	}
	if t.BookingID != "" {
		view.Links.Booking = casePath(t.BookingID)
	}
	if t.ClosedAt != nil {
		view.ClosedAt = optional(*t.ClosedAt)
	} else {
		view.Links.Close = view.Links.Self + "/close"
	}
	return view
}

func viewAudit(l boxoffice.AuditLine) AuditLine {
	return AuditLine{At: l.At.UTC(), Actor: l.Actor, Verified: l.Verified, Action: l.Action, Reason: l.Reason, Before: l.Before, After: l.After}
}

func viewStory(l boxoffice.StoryLine) StoryLine {
	return StoryLine{At: l.At.UTC(), Source: StoryLineSource(l.Source), Actor: l.Actor, What: l.What}
}
