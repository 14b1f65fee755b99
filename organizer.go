package boxoffice

import (
	"context"
	"encoding/json"
	"time"
)

// Bounds of what organizers make.
const (
	MaxDrafts       = 200        // unpublished events of one organizer
	MaxSeatsAtOnce  = 1000       // blocked or released by one request
	MaxPriceMinor   = 10_000_000 // of one seat, in the currency's minor unit
	MaxFeeMinor     = 1_000_000  // the booking fee of one ticket
	MaxPlanVersions = 500        // of one venue
	MaxEventLength  = 31 * 24 * time.Hour
)

// IsOrganizer reports whether the role may put on events.
func (r Role) IsOrganizer() bool { return r == RoleOrganizer || r == RoleAdmin }

// By is who changes something, and under which key. Every change is written to the audit log under the user's ID.
type By struct {
	UserID string
	Key    *IdempotencyKey // nil without one
}

// TitleChange says what becomes of a title; nil leaves a field as it is.
type TitleChange struct {
	Name           *string
	Kind           *string
	Year           *int // 0: unknown
	RuntimeMinutes *int // 0: unknown
	Genre          *string
	Rating         *string
	Director       *string
}

// VenueChange says what becomes of a venue; nil leaves a field as it is. Its time zone stays: it says what the times of
// events that are sold already mean.
type VenueChange struct {
	Name     *string
	City     *string
	State    *string
	Lat, Lon *float64
}

// SeatPlanVersion is one plan of a venue. Versions count from 1.
type SeatPlanVersion struct {
	VenueID    string
	Hash       string // hex SHA-256 of the canonical JSON
	Version    int
	Name       string
	Seats      int      // places, standing ones among them
	Categories []string // as the plan lists them
	CreatedAt  time.Time
}

// NewEvent is what an event is made from. Zero times take the defaults that are named.
type NewEvent struct {
	TitleID      string
	VenueID      string
	PlanHash     string // of a plan of the venue; "" is its latest
	Name         string // "" is the title's
	StartsAt     time.Time
	EndsAt       time.Time // StartsAt and the title's runtime, or two hours where that is unknown
	SalesOpenAt  time.Time // now
	SalesCloseAt time.Time // StartsAt
	Currency     string
	Prices       map[string]int64 // minor units by category: of every category that the plan's seats have, and no other
	Refund       RefundPolicy     // zero: sales are final
	Orphans      OrphanRule       // OrphansWarn

	BookingFeeMinor int64 // of each ticket that costs something
}

// LastYear is the last in which an event may be.
const LastYear = 2199

// EventTimes are the times of an event, which depend on each other.
type EventTimes struct{ StartsAt, EndsAt, SalesOpenAt, SalesCloseAt time.Time }

// Wrong names the times that do not fit the others; none if all do.
func (t EventTimes) Wrong() []FieldError {
	var wrong []FieldError
	add := func(field, message string) { wrong = append(wrong, FieldError{Field: field, Message: message}) }
	if t.StartsAt.Year() > LastYear {
		add("starts_at", "This is too far away.")
	}
	if !t.EndsAt.After(t.StartsAt) {
		add("ends_at", "This must be later than the start.")
	}
	if t.EndsAt.Sub(t.StartsAt) > MaxEventLength {
		add("ends_at", "An event lasts at most 31 days.")
	}
	if !t.SalesCloseAt.After(t.SalesOpenAt) {
		add("sales_close_at", "This must be later than the opening of sales.")
	}
	if t.SalesCloseAt.After(t.EndsAt) {
		add("sales_close_at", "Sales end with the event at the latest.")
	}
	return wrong
}

// EventChange says what becomes of an event; nil leaves a field as it is.
type EventChange struct {
	Name         *string
	StartsAt     *time.Time // only while no seat is sold or held
	EndsAt       *time.Time
	SalesOpenAt  *time.Time
	SalesCloseAt *time.Time
	Orphans      *OrphanRule      // for whoever books from then on
	Refund       *RefundPolicy    // while seats are sold or held only such as is at least as good for buyers
	PlanHash     *string          // of a plan of the same venue
	Prices       map[string]int64 // of the categories that come with the plan; of others only by SetPrices

	BookingFeeMinor *int64 // of whoever books from then on, as prices are
}

// OwnEvent is an event as its organizer sees it.
type OwnEvent struct {
	Event  Event
	Prices map[string]int64 // minor units by category, as the next buyer pays
	Seats  SeatCounts
}

// SeatCounts are seats by what they are now; a hold that is past counts as available.
type SeatCounts struct{ Available, Held, Sold, Blocked int }

// Sales are the figures of an event. Money is in minor units of Currency.
type Sales struct {
	EventID       string
	Currency      string
	Seats         SeatCounts
	Bookings      int   // confirmed or completed
	GrossMinor    int64 // what the sold seats cost at their full prices
	DiscountMinor int64 // what promotions took off these
	SoldMinor     int64 // what is left: the prices that were paid for the sold seats
	FeeMinor      int64 // the booking fees of the sold seats
	KeptMinor     int64 // what was kept of the prices and fees of seats that were given back
	GoodwillMinor int64 // what was given back although the tickets stay
	CapturedMinor int64 // what buyers of this event paid, refunds not taken off
	RefundedMinor int64 // what went back or is on its way
	NetMinor      int64 // what was paid less what goes back: what is sold, fees and what was kept, less goodwill
	Categories    []CategorySales
	Days          []DaySales
}

// CategorySales are the figures of one price category.
type CategorySales struct {
	Category   string
	PriceMinor int64 // what the next buyer pays
	Seats      SeatCounts
	SoldMinor  int64
}

// DaySales are what was sold on one day of the venue's calendar, seats that were given back not counted.
type DaySales struct {
	Day       string // "2026-12-04"
	Seats     int
	SoldMinor int64
}

// Guest is one sold seat with who comes.
type Guest struct {
	Reference string // of the booking
	Username  string
	Email     string // where the tickets went; may be empty
	Ticket    Ticket // PriceMinor is what was paid
	Currency  string
	BookedAt  time.Time
}

// OrganizerPage selects a page of what an organizer has. Zero fields do not filter.
type OrganizerPage struct {
	UserID string
	Search string      // a part of the name, whatever the case
	Status EventStatus // of events
	Cursor string
	Limit  int // 1 to 100
}

// organizerCatalogue is what the store and the service of organizers have in common. What is somebody else's is
// CodeNotFound; but titles and venues that belong to nobody are for everybody to use, and for nobody to change. Every
// change queues the events that it shows in for the search index, in its own transaction, and is written to the audit log.
type organizerCatalogue interface {
	// CreateTitle stores a title; its ID and owner are set by it.
	CreateTitle(ctx context.Context, by By, t Title) (Title, error)
	// ChangeTitle changes a title, and with its kind the type of its events.
	ChangeTitle(ctx context.Context, by By, titleID string, change TitleChange) (Title, error)
	// RemovePoster takes a title's poster away; one that has none is no error. Its files stay in the store: they are named
	// by what they are, so another title may have the same.
	RemovePoster(ctx context.Context, by By, titleID string) (Title, error)
	// Titles lists the titles that the user may use, by name. CodeInvalid on a bad cursor.
	Titles(ctx context.Context, page OrganizerPage) (titles []Title, next string, err error)

	// CreateVenue stores a venue; its ID and owner are set by it.
	CreateVenue(ctx context.Context, by By, v Venue) (Venue, error)
	// ChangeVenue changes a venue.
	ChangeVenue(ctx context.Context, by By, venueID string, change VenueChange) (Venue, error)
	// Venues lists the venues that the user may use, by name. CodeInvalid on a bad cursor.
	Venues(ctx context.Context, page OrganizerPage) (venues []Venue, next string, err error)
	// SeatPlans lists the plans of a venue that the user may use, the latest first.
	SeatPlans(ctx context.Context, userID, venueID string) ([]SeatPlanVersion, error)

	// OwnEvents lists the user's events, drafts among them, the latest start first. CodeInvalid on a bad cursor.
	OwnEvents(ctx context.Context, page OrganizerPage) (events []OwnEvent, next string, err error)
	// OwnEvent gives one event of the user.
	OwnEvent(ctx context.Context, userID, eventID string) (OwnEvent, error)
	// DeleteDraft deletes a draft with its tickets. CodeEventState once it was published.
	DeleteDraft(ctx context.Context, by By, eventID string) error
	// Publish puts a draft on sale from its SalesOpenAt on; an event that is on sale stays so. CodeEventState when it is
	// cancelled or past, or would open after it closed.
	Publish(ctx context.Context, by By, eventID string) (OwnEvent, error)

	// SetPrices changes the prices of categories of the event, for whoever books from then on: a seat that is sold or held
	// keeps the price at which it was booked, also when the booking is paid later. CodeInvalid on an unknown category.
	// This and the next two are CodeEventState on an event that is cancelled or past.
	SetPrices(ctx context.Context, by By, eventID string, prices map[string]int64) (OwnEvent, error)
	// BlockSeats takes free seats off sale, all or none; blocking one that is blocked is no error. CodeSeatsTaken with the
	// seats that are sold or held, CodeNotFound where a ticket is not of this event.
	BlockSeats(ctx context.Context, by By, eventID string, ticketIDs []string) (OwnEvent, error)
	// ReleaseSeats puts blocked seats back on sale; releasing one that is not blocked is no error. CodeNotFound where a
	// ticket is not of this event.
	ReleaseSeats(ctx context.Context, by By, eventID string, ticketIDs []string) (OwnEvent, error)

	// CreatePromotion stores a promotion; its ID and owner are set by it, and by the service a ValidFrom that is zero to now.
	// CodeDuplicateIdentifier where the organizer has the code, CodeTooMany beyond MaxPromotions, CodeInvalid where an event
	// is not the user's.
	CreatePromotion(ctx context.Context, by By, p Promotion) (Promotion, error)
	// ChangePromotion changes the terms, for whoever puts the code in from then on. CodeInvalid.
	ChangePromotion(ctx context.Context, by By, promotionID string, change PromotionChange) (Promotion, error)
	// Promotion gives a promotion of the user with its uses. It costs a look at the bookings that use it.
	Promotion(ctx context.Context, userID, promotionID string) (Promotion, error)
	// Promotions lists the user's promotions, by code. CodeInvalid on a bad cursor. It costs as many of Promotion.
	Promotions(ctx context.Context, page OrganizerPage) (promotions []Promotion, next string, err error)

	// Sales gives the figures of an event, as of one moment. It costs a scan of its seats.
	Sales(ctx context.Context, userID, eventID string) (Sales, error)
	// Guests calls each for every sold seat, in the order of section, row and number, from one snapshot and without
	// holding all of them in memory. It ends with the first error of each.
	Guests(ctx context.Context, userID, eventID string, each func(Guest) error) error
}

// OrganizerService is what an organizer does with their own titles, venues and events.
type OrganizerService interface {
	organizerCatalogue
	// SetPoster makes an image the title's poster. CodeInvalid where it is none, CodeUnavailable.
	SetPoster(ctx context.Context, by By, titleID string, image []byte) (Title, error)
	// AddSeatPlan stores a plan of a venue. CodeInvalid and CodeMalformed with the place of everything that is wrong with
	// it, CodeTooLarge. A plan that the venue has already is given again.
	AddSeatPlan(ctx context.Context, by By, venueID string, plan []byte) (SeatPlanVersion, error)
	// CreateEvent makes a draft with a ticket for every place of the plan. CodeInvalid with the fields that are wrong.
	CreateEvent(ctx context.Context, by By, e NewEvent) (OwnEvent, error)
	// ChangeEvent changes a draft or an event on sale. With another plan, seats that both plans have keep their tickets and,
	// where they are sold or held, everything about them; new ones come on sale; those that are gone are withdrawn.
	// CodeSeatsTaken with the seats that are sold or held and not in the new plan, CodeEventState when the event is
	// cancelled or past, or its start is to move, or its refund policy to get worse, though seats are sold or held.
	ChangeEvent(ctx context.Context, by By, eventID string, change EventChange) (OwnEvent, error)
}

// OrganizerStore keeps what organizers make. It knows plans by their places alone.
type OrganizerStore interface {
	organizerCatalogue
	// PlanOf gives the JSON of a plan of a venue that the user may use, with its hash; an empty hash asks for the latest.
	PlanOf(ctx context.Context, userID, venueID, hash string) (plan json.RawMessage, version SeatPlanVersion, err error)
	// AddSeatPlan stores a valid plan in its canonical form as the venue's next version, or gives the version that has its
	// hash. CodeTooMany beyond MaxPlanVersions. Of version Hash, Name, Seats and Categories are read.
	AddSeatPlan(ctx context.Context, by By, version SeatPlanVersion, canonical json.RawMessage) (SeatPlanVersion, error)
	// SetPoster gives a title a poster whose files are stored already.
	SetPoster(ctx context.Context, by By, titleID string, poster Poster) (Title, error)
	// TitleToUse gives a title that the user may use.
	TitleToUse(ctx context.Context, userID, titleID string) (Title, error)
	// CreateEvent stores a draft with its tickets in one transaction. Of places section, row, number, category and
	// accessible are read; the price is the category's. Times are checked already. CodeTooMany beyond MaxDrafts.
	CreateEvent(ctx context.Context, by By, e NewEvent, places []Ticket) (OwnEvent, error)
	// ChangeEvent is as in OrganizerService; places are those of the plan that change names, if it names one. What follows
	// from the event as it stands (the order of its times, the prices of new categories) is checked here, under its lock.
	ChangeEvent(ctx context.Context, by By, eventID string, change EventChange, places []Ticket) (OwnEvent, error)
}
