package boxoffice

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// EventStatus is where an event stands.
type EventStatus string

// The statuses of an event.
const (
	EventDraft     EventStatus = "draft"
	EventOnSale    EventStatus = "on_sale"
	EventCancelled EventStatus = "cancelled"
	EventPast      EventStatus = "past"
)

// Title is what is shown: a film, a play, a tour. Zero values are unknown.
type Title struct {
	ID             string
	OwnerID        string // the organizer that may change it; "": everybody may use it, nobody change it
	Name           string
	Kind           string // "film", "play", "concert"
	Year           int
	RuntimeMinutes int
	Genre          string
	Rating         string // MPAA, "PG-13"
	Director       string
	Poster         *Poster // nil without one
}

// Poster is a title's picture, as JPEGs of several widths. It is as it is stored.
type Poster struct {
	Images []PosterImage `json:"images"` // the narrowest first
}

// PosterImage is a poster in one width. Its hash, the hexadecimal SHA-256 of the file, is its name.
type PosterImage struct {
	Hash   string `json:"hash"`
	Width  int    `json:"width"` // in pixels
	Height int    `json:"height"`
}

// PosterRenderer makes posters of images that people send.
type PosterRenderer interface {
	// Render reads a JPEG, PNG or WebP and gives the poster with the file of each of its images. CodeInvalid.
	Render(raw []byte) (Poster, [][]byte, error)
}

// PosterKey is where an image of a poster lies in the file store.
func PosterKey(hash string) string { return "posters/" + hash + ".jpg" }

// Venue is a place with seats.
type Venue struct {
	ID       string
	OwnerID  string // as Title.OwnerID
	Name     string
	City     string
	State    string // two letters
	TimeZone string // IANA name
	Lat, Lon float64
}

// RefundPolicy says on what terms tickets of an event can be given back. The zero value: not at all, sales are final.
type RefundPolicy struct {
	Hours   int // before the start, until which they can; 0: until it starts
	Percent int // of the price that goes back, 1 to 100. Fees are kept: they pay for the selling, which was done
}

// MaxRefundHours bounds RefundPolicy.Hours: a year.
const MaxRefundHours = 8760

// Final reports whether tickets cannot be given back.
func (p RefundPolicy) Final() bool { return p == RefundPolicy{} }

// Back is what goes back of a seat's price, in minor units, a half of one for the buyer. It is told seat by seat, so that
// seats that are given back one by one come to as much as together.
func (p RefundPolicy) Back(priceMinor int64) int64 { return (priceMinor*int64(p.Percent) + 50) / 100 }

// AtLeast reports whether p is nowhere worse for a buyer than q.
func (p RefundPolicy) AtLeast(q RefundPolicy) bool {
	return q.Final() || !p.Final() && p.Hours <= q.Hours && p.Percent >= q.Percent
}

// Wrong names what is no policy about p; nothing is wrong with the zero value.
func (p RefundPolicy) Wrong() []FieldError {
	var wrong []FieldError
	if p.Final() {
		return nil
	}
	if p.Hours < 0 || p.Hours > MaxRefundHours {
		wrong = append(wrong, FieldError{Field: "refund.hours", Message: fmt.Sprintf("This is between 0 and %d.", MaxRefundHours)})
	}
	if p.Percent < 1 || p.Percent > 100 {
		wrong = append(wrong, FieldError{Field: "refund.percent", Message: "This is between 1 and 100."})
	}
	return wrong
}

// OrphanRule says what becomes of a booking that would leave a single free seat alone.
type OrphanRule string

// The orphan rules.
const (
	OrphansWarn   OrphanRule = "warn"   // the seat map tells its buyer; the booking is let be
	OrphansRefuse OrphanRule = "refuse" // it is refused where as many seats are together elsewhere
	OrphansIgnore OrphanRule = "ignore"
)

// OrphanRules lists every rule.
var OrphanRules = []OrphanRule{OrphansWarn, OrphansRefuse, OrphansIgnore}

// zones keeps the time zones that were read: time.LoadLocation opens a file each time.
var zones sync.Map

// Zone gives the venue's time zone, and UTC where its name is unknown.
func (v Venue) Zone() *time.Location {
	if zone, ok := zones.Load(v.TimeZone); ok {
		if zone, ok := zone.(*time.Location); ok {
			return zone
		}
	}
	zone, err := time.LoadLocation(v.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	zones.Store(v.TimeZone, zone)
	return zone
}

// Event is one showing of a title at a venue.
type Event struct {
	ID              string
	OwnerID         string
	TitleID         string
	Name            string
	Type            string // as Title.Kind
	Venue           Venue
	PlanHash        string // hex SHA-256 of the seat plan it was made from
	StartsAt        time.Time
	EndsAt          time.Time
	SalesOpenAt     time.Time
	SalesCloseAt    time.Time
	Status          EventStatus
	Currency        string
	Refund          RefundPolicy
	Orphans         OrphanRule // empty where it is not known, as in what a search finds
	BookingFeeMinor int64      // of each ticket that costs something; see TicketFee
	PriceFromMinor  int64      // of the cheapest seat, sold or not, with its fee
	Total           int        // seats
	Available       int        // free seats, as of now or a moment ago
}

// SeatStatusColumns are the tickets of an event or of a section of it, by column, in the order of the seat plan.
type SeatStatusColumns struct {
	EventID    string
	PlanHash   string
	Layout     string // as SeatMap.Layout, of all seats
	Currency   string
	TicketIDs  []string
	Sections   []string
	Rows       []string
	Numbers    []int
	States     []SeatState // free seats are SeatAvailable, also where an expired hold still stands in the row
	Prices     []int64     // without fees
	Totals     []int64     // with them
	Categories []string
	Accessible []bool
}

// SeatMap is what of an event's seat map is not in its plan, by the index of each place in the order of the plan: sections,
// rows and seats as they follow each other, a standing area as its capacity of places.
type SeatMap struct {
	EventID  string
	PlanHash string
	Layout   string // differs where the seats, their order or their prices do
	Currency string
	States   []byte // a letter a place, the first of its SeatState; NoSeat
	Offers   []SeatOffer
	OfferOf  []int // of each place, an index of Offers; -1 for NoSeat
}

// NoSeat is the letter of a place of the plan that the event has no ticket for.
const NoSeat byte = '-'

// SeatOffer is what many seats have in common.
type SeatOffer struct {
	Category   string
	PriceMinor int64 // without fees
	TotalMinor int64 // with them
}

// SeatStates are the states of an event's seats at one moment: small enough to be read several times a second.
type SeatStates struct {
	Layout  string      // as SeatMap.Layout; to be given when asked the next time
	Letters []byte      // a ticket each, the first of its SeatState, in an order that Layout stands for
	Seats   *SeatPlaces // nil where the asker knew the layout
}

// SeatPlaces tell which places the tickets of an event have.
type SeatPlaces struct {
	Size int   // places of the plan
	Of   []int // the i-th letter is that of place Of[i] of SeatMap; -1: the plan does not have it
}

// EventFilter selects events of the catalogue. Zero fields do not filter.
type EventFilter struct {
	TitleID string
	City    string
	From    time.Time // starts at or after
	To      time.Time // starts before
	Cursor  string    // from an earlier page
	Limit   int       // 1 to 100
}

// EventPage is one page of the catalogue in order of time.
type EventPage struct {
	Events []Event
	Next   string // cursor of the next page, empty at the end
}

// TitleShowtimes is a title with its events to come, in order of time.
type TitleShowtimes struct {
	Title  Title
	Events []Event
}

// EventTickets is an event with its available tickets.
type EventTickets struct {
	Event   Event
	Tickets []Ticket
	Next    string // cursor, empty when these are all
}

// Catalogue reads what is on. Its answers may lag by a second; nothing is decided on them. Drafts are never shown.
type Catalogue interface {
	// Events lists events on sale or to come. CodeInvalid on a bad cursor.
	Events(ctx context.Context, f EventFilter) (EventPage, error)
	// TitleShowtimes gives a title and its events to come, at most 500. CodeNotFound.
	TitleShowtimes(ctx context.Context, titleID string) (TitleShowtimes, error)
	// Event gives an event, without counting its free seats: Available is 0. CodeNotFound.
	Event(ctx context.Context, eventID string) (Event, error)
	// EventsByID gives the events of these IDs that there are, in no order, without counting their free seats.
	EventsByID(ctx context.Context, eventIDs []string) ([]Event, error)
	// EventTickets gives an event and its available tickets in the order of section, row, number, limit a page; with limit 0
	// the event alone. CodeNotFound, CodeInvalid on a bad cursor.
	EventTickets(ctx context.Context, eventID, cursor string, limit int) (EventTickets, error)
	// SeatStatus gives the tickets of an event with their states; with a section, those of that one. CodeNotFound, and
	// CodeInvalid on a section that the event does not have.
	SeatStatus(ctx context.Context, eventID, section string) (SeatStatusColumns, error)
	// SeatMap gives the state and the price of every place of an event's plan. CodeNotFound.
	SeatMap(ctx context.Context, eventID string) (SeatMap, error)
	// SeatStates gives the states alone, and which places they are of unless layout is that of an earlier answer.
	// CodeNotFound.
	SeatStates(ctx context.Context, eventID, layout string) (SeatStates, error)
	// SeatPlan gives a plan's JSON by its hash. CodeNotFound.
	SeatPlan(ctx context.Context, hash string) (json.RawMessage, error)
}
