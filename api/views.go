package api

import (
	_ "time/tzdata" // venues keep their own time, also on an image without a zone database

	"github.com/boxoffice/boxoffice"
)

// What leaves the program is copied field by field from the vocabulary into the generated types: a new field of a user or
// of a ticket reaches nobody by accident.

func viewUser(u boxoffice.User) User {
	return User{ID: u.ID, Username: u.Username, Email: u.Email, Location: u.Location, Role: UserRole(u.Role)}
}

func viewEvent(e boxoffice.Event) Event {
	zone := e.Venue.Zone()
	return Event{
		ID: e.ID, OwnerID: e.OwnerID, Name: e.Name, TitleID: e.TitleID, Type: e.Type,
		Venue: viewVenue(e.Venue),
		Time:  e.StartsAt.In(zone), EndsAt: e.EndsAt.In(zone), Status: EventStatus(e.Status),
		Currency: e.Currency, Refund: viewRefund(e.Refund), BookingFeeMinor: e.BookingFeeMinor, OrphanRule: OrphanRule(e.Orphans),
		PriceFromMinor: e.PriceFromMinor, Available: e.Available, Total: e.Total,
	}
}

func viewRefund(p boxoffice.RefundPolicy) *RefundPolicy {
	if p.Final() {
		return nil
	}
	return &RefundPolicy{Hours: p.Hours, Percent: p.Percent}
}

func viewVenue(v boxoffice.Venue) Venue {
	return Venue{ID: v.ID, Name: v.Name, City: v.City, State: v.State, TimeZone: v.TimeZone, Lat: v.Lat, Lon: v.Lon}
}

func viewTitle(t boxoffice.Title) Title {
	return Title{
		ID: t.ID, Name: t.Name, Kind: t.Kind, Year: t.Year, RuntimeMinutes: t.RuntimeMinutes,
		Genre: t.Genre, Rating: t.Rating, Director: t.Director, Poster: viewPoster(t.Poster),
	}
}

// viewTicket shows a ticket to the user of viewerID: only its holder learns who holds it.
func viewTicket(t boxoffice.Ticket, viewerID string) Ticket {
	view := Ticket{
		ID: t.ID, EventID: t.EventID, Seat: t.Seat(), Section: t.Section, Row: t.Row, Number: t.Number,
		Category: t.Category, PriceMinor: t.PriceMinor, FeeMinor: t.FeeMinor, TotalMinor: t.TotalMinor(), DiscountMinor: t.DiscountMinor,
		Accessible: t.Accessible, State: SeatState(t.State),
	}
	if t.HolderID == viewerID {
		view.HolderID = t.HolderID
	}
	return view
}

func viewSeats(columns boxoffice.SeatStatusColumns) SeatColumns {
	return SeatColumns{
		EventID: columns.EventID, PlanHash: columns.PlanHash, Layout: columns.Layout, Currency: columns.Currency,
		TicketIDs: filled(columns.TicketIDs), Sections: filled(columns.Sections), Rows: filled(columns.Rows),
		Numbers: filled(columns.Numbers), PricesMinor: filled(columns.Prices), TotalsMinor: filled(columns.Totals),
		Categories: filled(columns.Categories),
		Accessible: filled(columns.Accessible),
		States:     mapped(columns.States, func(state boxoffice.SeatState) SeatState { return SeatState(state) }),
	}
}

func viewSeatMap(m boxoffice.SeatMap) SeatMap {
	return SeatMap{
		EventID: m.EventID, PlanHash: m.PlanHash, Layout: m.Layout, Currency: m.Currency, States: string(m.States),
		Offers: mapped(m.Offers, func(o boxoffice.SeatOffer) SeatOffer {
			return SeatOffer{Category: o.Category, PriceMinor: o.PriceMinor, TotalMinor: o.TotalMinor}
		}),
		OfferOf: filled(m.OfferOf),
	}
}

func viewBooking(b boxoffice.Booking) Booking {
	view := Booking{
		ID: b.ID, Reference: b.Reference, EventID: b.EventID, Status: BookingStatus(b.Status),
		Payment: BookingPayment(b.Payment), CheckoutURL: b.CheckoutURL,
		Tickets:     mapped(b.Tickets, func(t boxoffice.Ticket) Ticket { return viewTicket(t, b.UserID) }),
		AmountMinor: b.Amount.Minor, FeeMinor: b.Fee().Minor, DiscountMinor: b.Discount().Minor,
		Promotion: b.Promotion, Currency: b.Amount.Currency, Email: b.Email,
		HoldExpiresAt: b.HoldExpiresAt.UTC(), CreatedAt: b.CreatedAt.UTC(), Links: linksOf(b),
		Mails: mapped(b.Mails, viewMail),
	}
	if !b.CalledOffAt.IsZero() {
		view.CalledOff = &CalledOff{At: b.CalledOffAt.UTC(), Reason: b.CalledOffReason}
	}
	if canReturn(b) {
		until := b.RefundableUntil.UTC()
		view.RefundableUntil = &until
	}
	return view
}

func viewBookedEvent(e boxoffice.Event) BookedEvent {
	zone := e.Venue.Zone()
	return BookedEvent{
		ID: e.ID, Name: e.Name, TitleID: e.TitleID, Venue: viewVenue(e.Venue), Time: e.StartsAt.In(zone), EndsAt: e.EndsAt.In(zone),
		Status: BookedEventStatus(e.Status),
	}
}

func viewMail(m boxoffice.BookingMail) BookingMail {
	view := BookingMail{
		Kind: BookingMailKind(m.Kind), To: m.Recipient, Status: BookingMailStatus(m.Status), QueuedAt: m.QueuedAt.UTC(),
	}
	if !m.SentAt.IsZero() {
		sent := m.SentAt.UTC()
		view.SentAt = &sent
	}
	return view
}

// linksOf says where a buyer can go on from a booking. What would be refused in its state is left out.
func linksOf(b boxoffice.Booking) BookingLinks {
	self := bookingPath(b.ID)
	links := BookingLinks{Self: self, Event: "/events/" + b.EventID, Page: pagePath(b.ID)}
	if isOpen(b) {
		links.Checkout, links.Extend, links.Cancel = self+"/checkout", self+"/extend", self+"/cancel"
	}
	if isOpen(b) && b.Payment == boxoffice.PaymentNone && !b.Fixed {
		links.Promotion = self + "/promotion"
	}
	if b.Status == boxoffice.BookingCompleted {
		links.Tickets, links.Calendar, links.Resend = self+"/tickets.pdf", self+"/calendar.ics", self+"/resend"
	}
	if canReturn(b) {
		links.Cancel = self + "/cancel"
	}
	return links
}

// isOpen reports whether the buyer can still act on a booking.
func isOpen(b boxoffice.Booking) bool {
	return b.Status == boxoffice.BookingHeld && b.Payment != boxoffice.PaymentPaid && b.ClosingReason != boxoffice.ClosingByCancel
}

// canReturn reports whether tickets of a booking can still be given back.
func canReturn(b boxoffice.Booking) bool {
	return b.Status == boxoffice.BookingCompleted && !b.RefundableUntil.IsZero()
}

func bookingPath(id string) string { return "/bookings/" + id }
func pagePath(id string) string    { return "/app/bookings/" + id }

// filled makes an absent list an empty one: JSON has no null for it here.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func mapped[T, V any](list []T, view func(T) V) []V {
	views := make([]V, 0, len(list))
	for _, item := range list {
		views = append(views, view(item))
	}
	return views
}
