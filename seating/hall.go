// Package seating knows which seats of a hall are together: it finds the best free ones, and those that would be left
// alone. It decides nothing that is sold: who uses it judges what it says under the seats' locks. It depends on the seat
// plans and the vocabulary alone.
//
// # Which seats are together
//
// Those that follow each other in a row of the plan without an aisle between them; in a standing area all places are.
//
// # Which are the best
//
// In this order, as seats.io describes it (https://docs.seats.io/docs/api/best-available): seats together that leave no seat
// alone; seats together that do; and, only where that is asked for, seats in several groups near each other. Among equals
// those nearest to the middle of the stage's front edge, by their centre; of one run those that leave room for most others
// of the same size. A wheelchair's space is for who asks for one, and the seat beside it comes last for everybody else.
package seating

import (
	"cmp"
	"math"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
)

// place names a seat as tickets do.
type place struct {
	section, row string
	number       int
}

// position is where a place is: in which run, and the how many-th of it.
type position struct{ run, at int }

// seat is what a place is.
type seat struct {
	x, y float64
	kind seatplan.Kind
}

// run is a sequence of seats that are together.
type run struct {
	first    int // the index of its first place in the order of the plan
	seats    []seat
	standing bool
}

// Hall is a plan in the form in which seats are sought. It is immutable.
type Hall struct {
	places map[place]position
	runs   []run
	fx, fy float64 // the focus
}

// New reads a plan, which must be valid. A plan of 20,000 places costs about 10 ms and takes 3 MB.
func New(p seatplan.Plan) *Hall {
	h := &Hall{
		places: make(map[place]position, p.Capacity()),
		fx:     float64(p.Stage.X) + float64(p.Stage.Width)/2, fy: float64(p.Stage.Y + p.Stage.Height),
	}
	for _, section := range p.Sections {
		for _, row := range section.Rows {
			h.addRow(section.Name, row)
		}
		if section.Standing != nil {
			h.addStanding(section.Name, *section.Standing)
		}
	}
	return h
}

// Size counts the places.
func (h *Hall) Size() int { return len(h.places) }

// Index gives the place of a ticket in the order of the plan, from 0; false where the plan does not have it.
func (h *Hall) Index(t boxoffice.Ticket) (int, bool) {
	p, ok := h.find(t)
	if !ok {
		return 0, false
	}
	return h.runs[p.run].first + p.at, true
}

func (h *Hall) addRow(section string, row seatplan.Row) {
	for i, s := range row.Seats {
		if i == 0 || seatplan.AisleBetween(row.Seats[i-1], s) {
			h.runs = append(h.runs, run{first: len(h.places)})
		}
		last := len(h.runs) - 1
		h.places[place{section, row.Label, s.Number}] = position{last, len(h.runs[last].seats)}
		h.runs[last].seats = append(h.runs[last].seats, seat{float64(s.X), float64(s.Y), s.Kind})
	}
}

// addStanding puts all places of an area to its middle.
func (h *Hall) addStanding(section string, area seatplan.Standing) {
	var x, y float64
	for _, corner := range area.Outline {
		x, y = x+float64(corner.X), y+float64(corner.Y)
	}
	n := float64(len(area.Outline))
	crowd := run{first: len(h.places), seats: make([]seat, area.Capacity), standing: true}
	for i := range area.Capacity {
		crowd.seats[i] = seat{x: x / n, y: y / n}
		h.places[place{section, "", i + 1}] = position{len(h.runs), i}
	}
	h.runs = append(h.runs, crowd)
}

// find gives where a ticket's seat is.
func (h *Hall) find(t boxoffice.Ticket) (position, bool) {
	p, ok := h.places[place{t.Section, t.Row, t.Number}]
	return p, ok
}

func (h *Hall) seatAt(p position) seat { return h.runs[p.run].seats[p.at] }

// centreOf is the middle of some tickets; the focus where none is in the hall.
func (h *Hall) centreOf(tickets []boxoffice.Ticket) (x, y float64) {
	n := 0.0
	for _, t := range tickets {
		if p, ok := h.find(t); ok {
			x, y, n = x+h.seatAt(p).x, y+h.seatAt(p).y, n+1
		}
	}
	if n == 0 {
		return h.fx, h.fy
	}
	return x / n, y / n
}

// free is the free seats of a hall, run by run: the ticket at each position, nil where somebody has it.
type free struct {
	hall *Hall
	runs [][]*boxoffice.Ticket
}

// lay puts free tickets into their places. Those that the plan does not have are left out.
func (h *Hall) lay(tickets []boxoffice.Ticket) free {
	f := free{hall: h, runs: make([][]*boxoffice.Ticket, len(h.runs))}
	for i := range tickets {
		p, ok := h.find(tickets[i])
		if !ok {
			continue
		}
		if f.runs[p.run] == nil {
			f.runs[p.run] = make([]*boxoffice.Ticket, len(h.runs[p.run].seats))
		}
		f.runs[p.run][p.at] = &tickets[i]
	}
	for i, r := range h.runs {
		if r.standing { // there are no gaps in a crowd
			f.runs[i] = slices.DeleteFunc(f.runs[i], func(t *boxoffice.Ticket) bool { return t == nil })
		}
	}
	return f
}

// isFree reports whether a position is free; beyond the ends of a run nothing is.
func (f free) isFree(run, at int) bool {
	seats := f.runs[run]
	return at >= 0 && at < len(seats) && seats[at] != nil
}

// Orphans gives the free tickets that would be alone once wanted are taken: with nobody's free seat beside them, where
// before there was one. Places to stand are never alone, and neither are wheelchairs' spaces and the seats beside them, which
// have their own buyers.
func (h *Hall) Orphans(freeNow, wanted []boxoffice.Ticket) []boxoffice.Ticket {
	f := h.lay(freeNow)
	taken := map[position]bool{}
	for _, t := range wanted {
		if p, ok := h.find(t); ok && !h.runs[p.run].standing {
			taken[p] = true
		}
	}
	left := func(run, at int) bool { return f.isFree(run, at) && !taken[position{run, at}] }
	var orphans []boxoffice.Ticket
	for p := range taken {
		for _, at := range []int{p.at - 1, p.at + 1} {
			if left(p.run, at) && !left(p.run, at-1) && !left(p.run, at+1) && f.kind(p.run, at) == seatplan.Ordinary {
				orphans = appendOnce(orphans, *f.runs[p.run][at])
			}
		}
	}
	slices.SortFunc(orphans, func(a, b boxoffice.Ticket) int { return cmp.Compare(a.ID, b.ID) })
	return orphans
}

// kind is what a free seat is made for. What is sold as a wheelchair's space is one, whatever the plan says.
func (f free) kind(run, at int) seatplan.Kind {
	if f.runs[run][at].Accessible {
		return seatplan.Accessible
	}
	return f.hall.runs[run].seats[at].kind
}

func appendOnce(list []boxoffice.Ticket, t boxoffice.Ticket) []boxoffice.Ticket {
	if slices.ContainsFunc(list, func(other boxoffice.Ticket) bool { return other.ID == t.ID }) {
		return list
	}
	return append(list, t)
}

func distance(x, y, tx, ty float64) float64 { return math.Hypot(x-tx, y-ty) }
