package bench

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/google/uuid"
)

// Hall is a catalogue of one event, in a hall of rows of twenty seats, all at one price.
type Hall struct {
	event  boxoffice.Event
	places []seatplan.Place
	plan   seatplan.Plan
}

const (
	rowSeats     = 20
	sectionRows  = 25
	seatPrice    = 2500 // cents
	hallCategory = "Standard"
)

// NewHall makes the event. It is on sale, and begins tomorrow.
func NewHall(ownerID string, seats int) (*Hall, error) {
	h := &Hall{plan: hallPlan(seats)}
	h.places = slices.Collect(h.plan.Places())
	hash, err := h.plan.Hash()
	if err != nil {
		return nil, err
	}
	starts := time.Now().UTC().Add(24 * time.Hour).Truncate(time.Minute)
	h.event = boxoffice.Event{
		ID: newID(), OwnerID: ownerID, TitleID: newID(), Name: "The First Night", Type: "concert",
		Venue:    boxoffice.Venue{ID: newID(), Name: "Bench Hall", City: "Chico", State: "CA", Lat: 39.73, Lon: -121.84, TimeZone: "America/Los_Angeles"},
		PlanHash: hash, StartsAt: starts, EndsAt: starts.Add(2 * time.Hour), SalesOpenAt: starts.AddDate(0, 0, -7), SalesCloseAt: starts,
		Status: boxoffice.EventOnSale, Currency: "USD", Orphans: boxoffice.OrphansWarn,
		PriceFromMinor: seatPrice, Total: seats, Available: seats,
	}
	return h, nil
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// hallPlan sets seats in rows, and rows in sections, one behind the other.
func hallPlan(seats int) seatplan.Plan {
	const margin, width, pitch = 200, 60, 90 // centimetres
	plan := seatplan.Plan{
		Categories: []string{hallCategory}, Format: seatplan.Format, Name: "Bench Hall", Width: 2*margin + rowSeats*width,
		Stage: seatplan.Stage{Label: "Stage", X: margin, Y: 50, Width: rowSeats * width, Height: 100},
	}
	for n := range seats {
		row := n / rowSeats
		if n%(rowSeats*sectionRows) == 0 {
			plan.Sections = append(plan.Sections, seatplan.Section{Name: fmt.Sprintf("Section %d", len(plan.Sections)+1)})
		}
		section := &plan.Sections[len(plan.Sections)-1]
		if n%rowSeats == 0 {
			section.Rows = append(section.Rows, seatplan.Row{Label: strconv.Itoa(len(section.Rows) + 1)})
		}
		r := &section.Rows[len(section.Rows)-1]
		r.Seats = append(r.Seats, seatplan.Seat{
			Category: hallCategory, Number: n%rowSeats + 1, X: margin + n%rowSeats*width, Y: margin + 100 + row*pitch,
		})
		plan.Height = margin + 200 + row*pitch
	}
	return plan
}

// Returnable lets buyers give tickets back until the event begins, for most of their price.
func (h *Hall) Returnable() { h.event.Refund = boxoffice.RefundPolicy{Percent: 80} }

// EventID is that of the event.
func (h *Hall) EventID() string { return h.event.ID }

// Len is 1.
func (h *Hall) Len() int { return 1 }

// Event gives the event and its tickets.
func (h *Hall) Event(int) (boxoffice.Event, []boxoffice.Ticket) {
	tickets := make([]boxoffice.Ticket, len(h.places))
	for i, p := range h.places {
		tickets[i] = boxoffice.Ticket{
			ID: newID(), EventID: h.event.ID, Section: p.Section, Row: p.Row, Number: p.Number, Category: p.Category,
			PriceMinor: seatPrice, State: boxoffice.SeatAvailable,
		}
	}
	return h.event, tickets
}

// Title gives what is played.
func (h *Hall) Title(id string) (title boxoffice.Title, score float64, votes int) {
	return boxoffice.Title{ID: id, Name: h.event.Name, Kind: h.event.Type}, 0, 0
}

// SeatPlan gives the hall's plan.
func (h *Hall) SeatPlan(string) (json.RawMessage, error) { return h.plan.Canonical() }
