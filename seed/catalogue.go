package seed

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
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

// edition is another number with every release that makes something else of the same options: IDs differ with it, so that
// the seed of one is never taken for that of another.
const edition = 2

// Catalogue is what is on: events that can be read in any order, with their tickets. It can be read from several
// goroutines.
type Catalogue struct {
	owner    string
	scope    string    // what distinguishes the IDs of this seed from those of another
	first    time.Time // midnight UTC of the first day
	venues   []venue
	works    []work
	byTitle  map[string]int
	byPlan   map[string]int
	places   map[*house][]seatplan.Place // halls of a kind are alike
	showings []showing
}

// From this many events on there are plays and concerts among the films.
const fewestWithShows = 50

// shares says how many events are of which kind: about every hundredth is a play, every thousandth a concert, in an arena
// of 10,000 and one of 20,000 by turns. A smaller share would hardly be seen, a larger one would be most of the tickets.
func (o Options) shares() (films, plays, concerts int) {
	if o.Events >= fewestWithShows {
		plays, concerts = 2+o.Events/100, 2+o.Events/1000
	}
	return o.Events - plays - concerts, plays, concerts
}

// New plans a catalogue. CodeInvalid. It costs 50 ms and 4 µs an event, and 60 bytes an event as long as the catalogue is
// used; tickets are made when they are read.
func New(o Options) (*Catalogue, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	films, err := readFilms()
	if err != nil {
		return nil, err
	}
	plays, concerts, err := readShows()
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
		owner: o.OwnerID, first: first, works: slices.Concat(films, plays, concerts),
		scope: fmt.Sprintf("edition %d, %d events, %d days, %d, %s", edition, o.Events, o.Days, o.Rand, first.Format(time.DateOnly)),
	}
	if err := c.programme(o, films, cities); err != nil {
		return nil, err
	}
	if err := c.season(o, len(films), len(plays), cities); err != nil {
		return nil, err
	}
	slices.SortFunc(c.showings, func(a, b showing) int {
		return cmp.Or(a.starts.Compare(b.starts), cmp.Compare(a.venue, b.venue))
	})
	c.index()
	return c, nil
}

// programme adds the cinemas and their films.
func (c *Catalogue) programme(o Options, films []work, cities []city) (err error) {
	n, _, _ := o.shares()
	c.venues, err = chooseVenues(venuesFor(n, o.Days), cinema, cities, random("venues", strconv.FormatUint(o.Rand, 10)))
	if err != nil {
		return err
	}
	s := scheduler{films: films, venues: c.venues, first: c.first, random: random("schedule", c.scope)}
	c.showings = s.schedule(n, o.Days)
	return nil
}

func (c *Catalogue) index() {
	c.byTitle, c.byPlan = make(map[string]int, len(c.works)), make(map[string]int, len(c.venues))
	c.places = map[*house][]seatplan.Place{}
	for i, w := range c.works {
		c.byTitle[w.title.ID] = i
	}
	for i, v := range c.venues {
		c.byPlan[v.planHash] = i
		if c.places[v.house] == nil {
			c.places[v.house] = slices.Collect(v.plan().Places())
		}
	}
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
	return c.works[i].title, c.works[i].score, c.works[i].votes
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
// about 50 µs, and that of a large arena 5 ms.
func (c *Catalogue) Event(i int) (boxoffice.Event, []boxoffice.Ticket) {
	s := c.showings[i]
	v, w := c.venues[s.venue], c.works[s.work]
	places := c.places[v.house]
	sum := digest("event", c.scope, strconv.Itoa(i))
	r := rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])))
	// The time in the IDs rises with the events, so that the indexes grow at their end and stay small.
	millis := c.first.UnixMilli() + int64(i)
	e := boxoffice.Event{
		ID: newID(millis, 0, r.Uint64()), OwnerID: c.owner, TitleID: w.title.ID, Name: w.title.Name, Type: w.title.Kind,
		Venue: v.Venue, PlanHash: v.planHash,
		StartsAt: s.starts.UTC(), EndsAt: s.starts.Add(time.Duration(w.runtime()) * time.Minute).UTC(),
		// Two days before the first day it is on sale in every zone of the earth.
		SalesOpenAt: c.first.AddDate(0, 0, -2), SalesCloseAt: s.starts.Add(15 * time.Minute).UTC(),
		Status: boxoffice.EventOnSale, Currency: "USD", Refund: refundOf(w.title.Kind), Orphans: boxoffice.OrphansWarn, Total: len(places), Available: len(places),
	}
	price := v.house.prices(v.base, s)
	e.BookingFeeMinor = bookingFees[w.title.Kind]
	lowest := slices.Min(slices.Collect(maps.Values(price)))
	e.PriceFromMinor = lowest + boxoffice.TicketFee(lowest, e.BookingFeeMinor)
	tickets := make([]boxoffice.Ticket, len(places))
	for n, place := range places {
		tickets[n] = boxoffice.Ticket{
			ID: newID(millis+int64(n>>12), uint16(n&0x0fff), r.Uint64()), EventID: e.ID,
			Section: place.Section, Row: place.Row, Number: place.Number, Category: place.Category,
			PriceMinor: price[place.Category], FeeMinor: boxoffice.TicketFee(price[place.Category], e.BookingFeeMinor),
			Accessible: place.Accessible, State: boxoffice.SeatAvailable,
		}
	}
	return e, tickets
}

// bookingFees are those of a ticket, in cents; films have none.
var bookingFees = map[string]int64{"play": 250, "concert": 395}

// refundOf is on what terms tickets are given back: a film's seat is sold again within hours, a concert's is not.
func refundOf(kind string) boxoffice.RefundPolicy {
	if kind == "concert" {
		return boxoffice.RefundPolicy{Hours: 24, Percent: 80}
	}
	return boxoffice.RefundPolicy{Hours: 2, Percent: 100}
}
