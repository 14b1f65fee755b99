package api

import (
	"context"

	"github.com/boxoffice/boxoffice"
)

// seatsAct is a change of seats, as boxoffice.OrganizerService has them.
type seatsAct func(ctx context.Context, by boxoffice.By, eventID string, ticketIDs []string) (boxoffice.OwnEvent, error)

func ownEventPath(id string) string { return "/organizer/events/" + id }

func viewOwnEvent(e boxoffice.OwnEvent) OwnEvent {
	zone := e.Event.Venue.Zone()
	view := OwnEvent{
		Event: viewEvent(e.Event), PlanHash: e.Event.PlanHash, Prices: e.Prices, Seats: viewCounts(e.Seats),
		SalesOpenAt: e.Event.SalesOpenAt.In(zone), SalesCloseAt: e.Event.SalesCloseAt.In(zone),
		Links: OwnEventLinks{
			Self: ownEventPath(e.Event.ID), Sales: "/events/" + e.Event.ID + "/sales", Guests: "/events/" + e.Event.ID + "/guests.csv",
		},
	}
	switch e.Event.Status {
	case boxoffice.EventDraft:
		view.Links.Publish = "/events/" + e.Event.ID + "/publish"
	case boxoffice.EventOnSale:
		view.Links.Cancel = "/events/" + e.Event.ID + "/cancel"
	case boxoffice.EventCancelled:
		view.Links.Cancellation = cancellationPath(e.Event.ID)
	case boxoffice.EventPast:
	}
	return view
}

func viewCounts(n boxoffice.SeatCounts) SeatCounts {
	return SeatCounts{Available: n.Available, Held: n.Held, Sold: n.Sold, Blocked: n.Blocked}
}

func viewSales(s boxoffice.Sales) Sales {
	return Sales{
		EventID: s.EventID, Currency: s.Currency, Seats: viewCounts(s.Seats), Bookings: s.Bookings, SoldMinor: s.SoldMinor,
		GrossMinor: s.GrossMinor, DiscountMinor: s.DiscountMinor, FeeMinor: s.FeeMinor, KeptMinor: s.KeptMinor, GoodwillMinor: s.GoodwillMinor,
		CapturedMinor: s.CapturedMinor, RefundedMinor: s.RefundedMinor, NetMinor: s.NetMinor,
		Categories: mapped(s.Categories, func(k boxoffice.CategorySales) CategorySales {
			return CategorySales{Category: k.Category, PriceMinor: k.PriceMinor, Seats: viewCounts(k.Seats), SoldMinor: k.SoldMinor}
		}),
		Days: mapped(s.Days, func(d boxoffice.DaySales) DaySales {
			return DaySales{Day: d.Day, Seats: d.Seats, SoldMinor: d.SoldMinor}
		}),
	}
}
