package seed

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
)

// Bounds of Options.
const (
	MaxEvents = 1_000_000
	MaxDays   = 10_000
)

// Options say what is made. The same options make the same catalogue, to the last ID.
type Options struct {
	Events  int       // how many events there will be
	Days    int       // over how many days they are spread
	Rand    uint64    // another number, another catalogue
	Start   time.Time // the day of the first events, each in its venue's zone; the time of day does not count
	OwnerID string    // the organizer whose events they are
}

func (o Options) check() error {
	if o.Events < 1 || o.Events > MaxEvents {
		return boxoffice.InvalidField("events", "Choose between 1 and %d events.", MaxEvents)
	}
	if o.Days < 1 || o.Days > MaxDays {
		return boxoffice.InvalidField("days", "Choose between 1 and %d days.", MaxDays)
	}
	if o.Start.IsZero() {
		return boxoffice.InvalidField("start", "Name the first day.")
	}
	return nil
}

// Catalogue is what is on: events that can be read in any order, with their tickets. It can be read from several
// goroutines.
type Catalogue struct {
	owner    string
	scope    string    // what distinguishes the IDs of this seed from those of another
	first    time.Time // midnight UTC of the first day
	venues   []venue
	films    []film
	byTitle  map[string]int
	byPlan   map[string]int
	places   []seatplan.Place // those of any hall: all are alike
	showings []showing
}

// New plans a catalogue. CodeInvalid. It costs 10 ms and 4 µs an event, and 60 bytes an event as long as the catalogue is
// used; tickets are made when they are read.
func New(o Options) (*Catalogue, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	films, err := readFilms()
	if err != nil {
		return nil, err
	}
	cities, err := readCities()
	if err != nil {
		return nil, err
	}
	year, month, day := o.Start.Date()
	first := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	c := &Catalogue{
		owner: o.OwnerID, first: first, films: films,
		scope: fmt.Sprintf("%d events, %d days, %d, %s", o.Events, o.Days, o.Rand, first.Format(time.DateOnly)),
	}
	if c.venues, err = chooseVenues(venuesFor(o.Events, o.Days), cities, random("venues", strconv.FormatUint(o.Rand, 10))); err != nil {
		return nil, err
	}
	s := scheduler{films: films, venues: c.venues, first: first, random: random("schedule", c.scope)}
	c.showings = s.schedule(o.Events, o.Days)
	c.index()
	return c, nil
}

func (c *Catalogue) index() {
	c.byTitle, c.byPlan = make(map[string]int, len(c.films)), make(map[string]int, len(c.venues))
	for i, f := range c.films {
		c.byTitle[f.title.ID] = i
	}
	for i, v := range c.venues {
		c.byPlan[v.planHash] = i
	}
	c.places = slices.Collect(c.venues[0].plan().Places())
}

// Len is the number of events.
func (c *Catalogue) Len() int { return len(c.showings) }

// Title gives a title that an event names, with its score out of ten and the number of votes behind it; 0 is unknown. An
// ID that no event names gives the zero title.
func (c *Catalogue) Title(id string) (title boxoffice.Title, score float64, votes int) {
	i, ok := c.byTitle[id]
	if !ok {
		return boxoffice.Title{}, 0, 0
	}
	return c.films[i].title, c.films[i].score, c.films[i].votes
}

// SeatPlan gives the canonical JSON of a plan that an event names. CodeNotFound.
func (c *Catalogue) SeatPlan(hash string) (json.RawMessage, error) {
	i, ok := c.byPlan[hash]
	if !ok {
		return nil, boxoffice.Errorf(boxoffice.CodeNotFound, "No event has the plan %s.", hash)
	}
	return c.venues[i].plan().Canonical()
}

// Event gives the i-th event in the order of time, and its tickets in the order of the seat plan, of rising ID. It costs
// about 50 µs.
func (c *Catalogue) Event(i int) (boxoffice.Event, []boxoffice.Ticket) {
	s := c.showings[i]
	v, f := c.venues[s.venue], c.films[s.film]
	sum := digest("event", c.scope, strconv.Itoa(i))
	r := rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])))
	// The time in the IDs rises with the events, so that the indexes grow at their end and stay small.
	millis := c.first.UnixMilli() + int64(i)
	e := boxoffice.Event{
		ID: newID(millis, 0, r.Uint64()), OwnerID: c.owner, TitleID: f.title.ID, Name: f.title.Name, Type: f.title.Kind,
		Venue: v.Venue, PlanHash: v.planHash,
		StartsAt: s.starts.UTC(), EndsAt: s.starts.Add(time.Duration(f.runtime()) * time.Minute).UTC(),
		// Two days before the first day it is on sale in every zone of the earth.
		SalesOpenAt: c.first.AddDate(0, 0, -2), SalesCloseAt: s.starts.Add(15 * time.Minute).UTC(),
		Status: boxoffice.EventOnSale, Currency: "USD", Total: len(c.places), Available: len(c.places),
	}
	price := prices(v.base, s)
	e.PriceFromMinor = price[seatplan.Front]
	tickets := make([]boxoffice.Ticket, len(c.places))
	for n, place := range c.places {
		tickets[n] = boxoffice.Ticket{
			ID: newID(millis+int64(n>>12), uint16(n&0x0fff), r.Uint64()), EventID: e.ID,
			Section: place.Section, Row: place.Row, Number: place.Number, Category: place.Category,
			PriceMinor: price[place.Category], Accessible: place.Accessible, State: boxoffice.SeatAvailable,
		}
	}
	return e, tickets
}

// prices by category, in cents, between 9.50 and 24.00: matinées cost less, Friday and Saturday evenings more.
func prices(base int64, s showing) map[string]int64 {
	switch weekday := s.starts.Weekday(); {
	case s.minute < matineeEnds:
		base -= 250
	case weekday == time.Friday || weekday == time.Saturday:
		base += 100
	}
	return map[string]int64{seatplan.Front: base - 200, seatplan.Standard: base, seatplan.Premium: base + 500}
}
