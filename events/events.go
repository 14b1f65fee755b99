// Package events is the organizers' service: it reads seat plans, and makes the tickets of an event from the places of its
// plan. What needs no plan goes straight to the store, which reaches it as an interface of the root package.
//
// What can be judged from the request alone is judged here, and all of it at once; what depends on rows is judged by the
// store, under their lock.
package events

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
)

// unknownRuntime is how long an event lasts when neither its organizer nor its title says.
const unknownRuntime = 2 * time.Hour

// Service is the organizers' service.
type Service struct {
	boxoffice.OrganizerStore
	posters boxoffice.PosterRenderer
	files   boxoffice.FileStore
	now     func() time.Time
}

var _ boxoffice.OrganizerService = (*Service)(nil)

// New makes a service over the store, which puts posters into a file store.
func New(store boxoffice.OrganizerStore, posters boxoffice.PosterRenderer, files boxoffice.FileStore) *Service {
	return &Service{OrganizerStore: store, posters: posters, files: files, now: time.Now}
}

// SetPoster stores an image in the widths that are shown, and then names it: a crash in between leaves files that nobody asks
// for. Whose the title is, is asked first, so that nobody makes work for a title of somebody else.
func (s *Service) SetPoster(ctx context.Context, by boxoffice.By, titleID string, image []byte) (boxoffice.Title, error) {
	title, err := s.TitleToUse(ctx, by.UserID, titleID)
	if err != nil {
		return boxoffice.Title{}, err
	}
	if title.OwnerID != by.UserID {
		return boxoffice.Title{}, boxoffice.Errorf(boxoffice.CodeForbidden, "This title is there for all organizers, so nobody can change it. Make one of your own.")
	}
	poster, files, err := s.posters.Render(image)
	if err != nil {
		return boxoffice.Title{}, err
	}
	for i, file := range files {
		if err := s.files.Put(ctx, boxoffice.PosterKey(poster.Images[i].Hash), "image/jpeg", file); err != nil {
			return boxoffice.Title{}, err
		}
	}
	return s.OrganizerStore.SetPoster(ctx, by, titleID, poster)
}

// AddSeatPlan reads a plan and stores it in its canonical form. It costs about 3 ms for a thousand seats.
func (s *Service) AddSeatPlan(ctx context.Context, by boxoffice.By, venueID string, raw []byte) (boxoffice.SeatPlanVersion, error) {
	plan, err := seatplan.Parse(raw)
	if err != nil {
		return boxoffice.SeatPlanVersion{}, err
	}
	canonical, err := plan.Canonical()
	if err != nil {
		return boxoffice.SeatPlanVersion{}, err
	}
	hash, err := plan.Hash()
	if err != nil {
		return boxoffice.SeatPlanVersion{}, err
	}
	version := boxoffice.SeatPlanVersion{
		VenueID: venueID, Hash: hash, Name: plan.Name, Seats: plan.Capacity(), Categories: plan.Categories,
	}
	return s.OrganizerStore.AddSeatPlan(ctx, by, version, canonical)
}

// CreateEvent makes a draft with its tickets.
func (s *Service) CreateEvent(ctx context.Context, by boxoffice.By, e boxoffice.NewEvent) (boxoffice.OwnEvent, error) {
	title, err := s.TitleToUse(ctx, by.UserID, e.TitleID)
	if err != nil {
		return boxoffice.OwnEvent{}, naming("title_id", err)
	}
	version, places, err := s.placesOf(ctx, by.UserID, e.VenueID, e.PlanHash)
	if err != nil {
		return boxoffice.OwnEvent{}, err
	}
	e.PlanHash = version.Hash
	s.setDefaults(&e, title)
	if err := wrongEvent(e, places); err != nil {
		return boxoffice.OwnEvent{}, err
	}
	for i := range places {
		places[i].PriceMinor = e.Prices[places[i].Category]
	}
	return s.OrganizerStore.CreateEvent(ctx, by, e, places)
}

// ChangeEvent changes an event, with another plan its tickets too.
func (s *Service) ChangeEvent(ctx context.Context, by boxoffice.By, eventID string, change boxoffice.EventChange) (boxoffice.OwnEvent, error) {
	var places []boxoffice.Ticket
	if change.PlanHash != nil {
		event, err := s.OwnEvent(ctx, by.UserID, eventID)
		if err != nil {
			return boxoffice.OwnEvent{}, err
		}
		if _, places, err = s.placesOf(ctx, by.UserID, event.Event.Venue.ID, *change.PlanHash); err != nil {
			return boxoffice.OwnEvent{}, err
		}
	}
	if err := wrongChange(change); err != nil {
		return boxoffice.OwnEvent{}, err
	}
	return s.OrganizerStore.ChangeEvent(ctx, by, eventID, change, places)
}

// SetPrices changes prices by category.
func (s *Service) SetPrices(ctx context.Context, by boxoffice.By, eventID string, prices map[string]int64) (boxoffice.OwnEvent, error) {
	var wrong fields
	if len(prices) == 0 {
		wrong.add("prices", "Name at least one category.")
	}
	wrong.amounts(prices)
	if err := wrong.err(); err != nil {
		return boxoffice.OwnEvent{}, err
	}
	return s.OrganizerStore.SetPrices(ctx, by, eventID, prices)
}

// placesOf reads the places of a plan as tickets without a price.
func (s *Service) placesOf(ctx context.Context, userID, venueID, hash string) (boxoffice.SeatPlanVersion, []boxoffice.Ticket, error) {
	raw, version, err := s.PlanOf(ctx, userID, venueID, hash)
	if err != nil {
		field := "plan_hash"
		if hash == "" {
			field = "venue_id"
		}
		return boxoffice.SeatPlanVersion{}, nil, naming(field, err)
	}
	plan, err := seatplan.Parse(raw)
	if err != nil {
		return boxoffice.SeatPlanVersion{}, nil, boxoffice.WrapError(boxoffice.CodeInternal, err, "A stored seat plan is broken.")
	}
	places := make([]boxoffice.Ticket, 0, version.Seats)
	for p := range plan.Places() {
		places = append(places, boxoffice.Ticket{
			Section: p.Section, Row: p.Row, Number: p.Number, Category: p.Category, Accessible: p.Accessible,
		})
	}
	return version, places, nil
}

// setDefaults fills in what the organizer left out.
func (s *Service) setDefaults(e *boxoffice.NewEvent, title boxoffice.Title) {
	if e.Name == "" {
		e.Name = title.Name
	}
	if e.EndsAt.IsZero() {
		runtime := time.Duration(title.RuntimeMinutes) * time.Minute
		if runtime == 0 {
			runtime = unknownRuntime
		}
		e.EndsAt = e.StartsAt.Add(runtime)
	}
	if e.Orphans == "" {
		e.Orphans = boxoffice.OrphansWarn
	}
	if e.SalesOpenAt.IsZero() {
		e.SalesOpenAt = s.now()
	}
	if e.SalesCloseAt.IsZero() {
		e.SalesCloseAt = e.StartsAt
	}
}

// naming turns "there is no such thing" into a mistake of the field that named it: the path names something else.
func naming(field string, err error) error {
	if boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
		return boxoffice.InvalidField(field, "There is none of this ID that you may use.")
	}
	return err
}
