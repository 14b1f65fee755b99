package api

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
)

var _ boxoffice.OrganizerService = (*fakeOrganizers)(nil)

const venueID = "0199a1b2-0000-7000-8000-0000000000d1"

// fakeOrganizers has one title, one venue and one event, which every organizer owns.
type fakeOrganizers struct {
	by     boxoffice.By
	page   boxoffice.OrganizerPage
	event  boxoffice.NewEvent
	change boxoffice.EventChange
	made   boxoffice.Promotion
	terms  boxoffice.PromotionChange
	plan   []byte
	image  []byte
	guests []boxoffice.Guest
	err    error
}

func (f *fakeOrganizers) CreateTitle(_ context.Context, by boxoffice.By, t boxoffice.Title) (boxoffice.Title, error) {
	f.by, t.ID, t.OwnerID = by, titleID, by.UserID
	return t, f.err
}

func (f *fakeOrganizers) ChangeTitle(_ context.Context, by boxoffice.By, id string, _ boxoffice.TitleChange) (boxoffice.Title, error) {
	f.by = by
	return boxoffice.Title{ID: id, Name: "Ghost", Kind: "film"}, f.err
}

func (f *fakeOrganizers) SetPoster(_ context.Context, by boxoffice.By, id string, image []byte) (boxoffice.Title, error) {
	f.by, f.image = by, image
	poster := boxoffice.Poster{Images: []boxoffice.PosterImage{{Hash: planHash, Width: 320, Height: 480}}}
	return boxoffice.Title{ID: id, Name: "Ghost", Kind: "film", Poster: &poster}, f.err
}

func (f *fakeOrganizers) RemovePoster(_ context.Context, by boxoffice.By, id string) (boxoffice.Title, error) {
	f.by = by
	return boxoffice.Title{ID: id, Name: "Ghost", Kind: "film"}, f.err
}

func (f *fakeOrganizers) Titles(_ context.Context, page boxoffice.OrganizerPage) ([]boxoffice.Title, string, error) {
	f.page = page
	return []boxoffice.Title{{ID: titleID, OwnerID: page.UserID, Name: "Ghost", Kind: "film"}, {ID: otherID, Name: "Alien", Kind: "film"}}, "more", f.err
}

func (f *fakeOrganizers) CreateVenue(_ context.Context, by boxoffice.By, v boxoffice.Venue) (boxoffice.Venue, error) {
	f.by, v.ID = by, venueID
	return v, f.err
}

func (f *fakeOrganizers) ChangeVenue(_ context.Context, by boxoffice.By, id string, _ boxoffice.VenueChange) (boxoffice.Venue, error) {
	f.by = by
	venue := someEvent().Venue
	venue.ID = id
	return venue, f.err
}

func (f *fakeOrganizers) Venues(_ context.Context, page boxoffice.OrganizerPage) ([]boxoffice.Venue, string, error) {
	f.page = page
	return []boxoffice.Venue{someEvent().Venue}, "", f.err
}

func somePlanVersion() boxoffice.SeatPlanVersion {
	return boxoffice.SeatPlanVersion{
		VenueID: venueID, Hash: planHash, Version: 2, Name: "Screen 1", Seats: 2, Categories: []string{"standard"}, CreatedAt: time.Unix(1, 0),
	}
}

func (f *fakeOrganizers) SeatPlans(context.Context, string, string) ([]boxoffice.SeatPlanVersion, error) {
	return []boxoffice.SeatPlanVersion{somePlanVersion()}, f.err
}

func (f *fakeOrganizers) AddSeatPlan(_ context.Context, by boxoffice.By, _ string, plan []byte) (boxoffice.SeatPlanVersion, error) {
	f.by, f.plan = by, plan
	return somePlanVersion(), f.err
}

func someOwnEvent() boxoffice.OwnEvent {
	e := someEvent()
	e.Status = boxoffice.EventDraft
	return boxoffice.OwnEvent{
		Event: e, Prices: map[string]int64{"standard": 1450}, Seats: boxoffice.SeatCounts{Available: 188, Sold: 10, Blocked: 2},
	}
}

func (f *fakeOrganizers) OwnEvents(_ context.Context, page boxoffice.OrganizerPage) ([]boxoffice.OwnEvent, string, error) {
	f.page = page
	return []boxoffice.OwnEvent{someOwnEvent()}, "", f.err
}

func (f *fakeOrganizers) OwnEvent(context.Context, string, string) (boxoffice.OwnEvent, error) {
	return someOwnEvent(), f.err
}

func (f *fakeOrganizers) DeleteDraft(_ context.Context, by boxoffice.By, _ string) error {
	f.by = by
	return f.err
}

func (f *fakeOrganizers) Publish(_ context.Context, by boxoffice.By, _ string) (boxoffice.OwnEvent, error) {
	f.by = by
	own := someOwnEvent()
	own.Event.Status = boxoffice.EventOnSale
	return own, f.err
}

func (f *fakeOrganizers) SetPrices(_ context.Context, by boxoffice.By, _ string, _ map[string]int64) (boxoffice.OwnEvent, error) {
	f.by = by
	return someOwnEvent(), f.err
}

func (f *fakeOrganizers) BlockSeats(_ context.Context, by boxoffice.By, _ string, _ []string) (boxoffice.OwnEvent, error) {
	f.by = by
	return someOwnEvent(), f.err
}

func (f *fakeOrganizers) ReleaseSeats(_ context.Context, by boxoffice.By, _ string, _ []string) (boxoffice.OwnEvent, error) {
	f.by = by
	return someOwnEvent(), f.err
}

const promotionID = "0199a1b2-0000-7000-8000-0000000000f1"

func somePromotion() boxoffice.Promotion {
	return boxoffice.Promotion{
		ID: promotionID, Code: "SPRING-25", Discount: boxoffice.Discount{Percent: 25}, CreatedAt: time.Unix(1, 0),
		Terms: boxoffice.PromotionTerms{Uses: 100, ValidFrom: time.Unix(1, 0), ValidUntil: time.Unix(2, 0), EventIDs: []string{eventID}, Active: true},
		Used:  boxoffice.PromotionUse{Held: 1, Sold: 2, GivenMinor: map[string]int64{"USD": 725}},
	}
}

func (f *fakeOrganizers) CreatePromotion(_ context.Context, by boxoffice.By, p boxoffice.Promotion) (boxoffice.Promotion, error) {
	f.by, f.made = by, p
	return somePromotion(), f.err
}

func (f *fakeOrganizers) ChangePromotion(_ context.Context, by boxoffice.By, _ string, change boxoffice.PromotionChange) (boxoffice.Promotion, error) {
	f.by, f.terms = by, change
	return somePromotion(), f.err
}

func (f *fakeOrganizers) Promotion(context.Context, string, string) (boxoffice.Promotion, error) {
	return somePromotion(), f.err
}

func (f *fakeOrganizers) Promotions(_ context.Context, page boxoffice.OrganizerPage) ([]boxoffice.Promotion, string, error) {
	f.page = page
	return []boxoffice.Promotion{somePromotion()}, "more", f.err
}

func (f *fakeOrganizers) Sales(_ context.Context, _, id string) (boxoffice.Sales, error) {
	return boxoffice.Sales{
		EventID: id, Currency: "USD", Seats: boxoffice.SeatCounts{Sold: 1}, Bookings: 1, SoldMinor: 1450, CapturedMinor: 1450,
		Categories: []boxoffice.CategorySales{{Category: "standard", PriceMinor: 1500, Seats: boxoffice.SeatCounts{Sold: 1}, SoldMinor: 1450}},
		Days:       []boxoffice.DaySales{{Day: "2026-12-01", Seats: 1, SoldMinor: 1450}},
	}, f.err
}

func (f *fakeOrganizers) Guests(_ context.Context, _, _ string, each func(boxoffice.Guest) error) error {
	for _, guest := range f.guests {
		if err := each(guest); err != nil {
			return err
		}
	}
	return f.err
}

func (f *fakeOrganizers) CreateEvent(_ context.Context, by boxoffice.By, e boxoffice.NewEvent) (boxoffice.OwnEvent, error) {
	f.by, f.event = by, e
	return someOwnEvent(), f.err
}

func (f *fakeOrganizers) ChangeEvent(_ context.Context, by boxoffice.By, _ string, change boxoffice.EventChange) (boxoffice.OwnEvent, error) {
	f.by, f.change = by, change
	return someOwnEvent(), f.err
}
