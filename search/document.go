package search

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // days are those of the venues, also on an image without a zone database
	"unicode/utf8"

	"github.com/boxoffice/boxoffice"
)

// document is what the index has of an event, at most 1 kB.
type document struct {
	ID string `json:"id"`

	Title    string `json:"title"`
	Name     string `json:"name,omitempty"` // of the event, where it is not the title's
	Director string `json:"director,omitempty"`
	Genre    string `json:"genre,omitempty"`
	Venue    string `json:"venue"`
	City     string `json:"city"`
	State    string `json:"state"` // "CA California"

	Type         string     `json:"type"`
	Place        string     `json:"place"` // "Chico, CA"
	Day          string     `json:"day"`   // "2026-12-01", where the venue is
	DayNumber    int        `json:"date"`
	StartsAt     int64      `json:"starts_at"`
	Until        int64      `json:"until"`      // when it can no longer be bought
	Price        int64      `json:"price_from"` // of the cheapest seat, in hundredths of the currency's unit
	PriceBand    string     `json:"price_band"`
	Availability string     `json:"availability"`
	Popularity   int        `json:"popularity"`
	Location     [2]float64 `json:"location"`

	// Only kept, for the answer.
	OwnerID   string `json:"owner"`
	TitleID   string `json:"title_id"`
	VenueID   string `json:"venue_id"`
	Zone      string `json:"zone"`
	EndsAt    int64  `json:"ends_at"`
	Currency  string `json:"currency"`
	PriceFrom int64  `json:"minor"`
	Free      int    `json:"free"`
	Total     int    `json:"total"`
}

// The longest texts of a document, in bytes: with all of them it is still 1 kB.
const (
	maxTitle = 72
	maxPlace = 38
)

// newDocument writes down an event as the index is to know it.
func newDocument(e boxoffice.SearchEntry) document {
	ev, v := e.Event, e.Event.Venue
	local := ev.StartsAt.In(v.Zone())
	d := document{
		ID: ev.ID, Title: cut(e.Title.Name, maxTitle), Director: cut(e.Title.Director, maxPlace), Genre: cut(e.Title.Genre, maxPlace),
		Venue: cut(v.Name, maxPlace), City: cut(v.City, maxPlace), State: strings.TrimSpace(v.State + " " + stateNames[v.State]),
		Type: cut(ev.Type, 20), Day: local.Format(time.DateOnly), DayNumber: dayNumber(local),
		StartsAt: ev.StartsAt.Unix(), Until: until(ev).Unix(), Popularity: e.Popularity, Location: [2]float64{v.Lat, v.Lon},
		OwnerID: ev.OwnerID, TitleID: ev.TitleID, VenueID: v.ID, Zone: v.TimeZone, EndsAt: ev.EndsAt.Unix(),
		Currency: ev.Currency, PriceFrom: ev.PriceFromMinor, Free: ev.Available, Total: ev.Total,
		Availability: string(availability(ev.Available, ev.Total)),
	}
	if ev.Name != e.Title.Name {
		d.Name = cut(ev.Name, maxTitle)
	}
	d.Place = d.City + ", " + v.State
	d.Price = boxoffice.Money{Minor: ev.PriceFromMinor, Currency: ev.Currency}.Hundredths()
	d.PriceBand = string(priceBand(d.Price))
	return d
}

// event is the way back.
func (d document) event() boxoffice.Event {
	name := d.Name
	if name == "" {
		name = d.Title
	}
	e := boxoffice.Event{
		ID: d.ID, OwnerID: d.OwnerID, TitleID: d.TitleID, Name: name, Type: d.Type,
		Venue: boxoffice.Venue{
			ID: d.VenueID, Name: d.Venue, City: d.City, TimeZone: d.Zone, Lat: d.Location[0], Lon: d.Location[1],
		},
		StartsAt: time.Unix(d.StartsAt, 0).UTC(), EndsAt: time.Unix(d.EndsAt, 0).UTC(), Status: boxoffice.EventOnSale,
		Currency: d.Currency, PriceFromMinor: d.PriceFrom, Total: d.Total, Available: d.Free,
	}
	e.Venue.State, _, _ = strings.Cut(d.State, " ")
	return e
}

// until is when an event is of no use to a buyer any more: its sales have closed, or it is over.
func until(e boxoffice.Event) time.Time {
	if e.SalesCloseAt.Before(e.EndsAt) {
		return e.SalesCloseAt
	}
	return e.EndsAt
}

func availability(free, total int) boxoffice.Availability {
	switch {
	case free == 0:
		return boxoffice.AvailabilityNone
	case free*10 <= total:
		return boxoffice.AvailabilityFew
	default:
		return boxoffice.AvailabilityPlenty
	}
}

func priceBand(hundredths int64) boxoffice.PriceBand {
	for i, end := range []int64{1000, 2000, 4000, 8000} {
		if hundredths < end {
			return boxoffice.PriceBands[i]
		}
	}
	return boxoffice.PriceFrom80
}

// dayNumber writes a day so that days can be compared: 20261201.
func dayNumber(t time.Time) int {
	year, month, day := t.Date()
	return year*10_000 + int(month)*100 + day
}

// parseDay reads "2026-12-01" as dayNumber writes it.
func parseDay(text string) (int, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, err
	}
	return dayNumber(t), nil
}

// cut shortens a text at a character, and drops the marks of highlights, which no text may bring along.
func cut(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r == markStart || r == markEnd {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

func number[N int | int64](n N) string { return strconv.FormatInt(int64(n), 10) }

func degrees(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
