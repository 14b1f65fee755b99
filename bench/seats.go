package bench

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
)

// hallMap is a hall as a browser draws it from its seat plan. It is never changed.
type hallMap struct {
	places []seatplan.Place
	rows   [][]int // indexes of neighbours, from left to right; places for wheelchairs are left to those who need them
	index  map[seatName]int
}

// seatName is how a ticket names its place.
type seatName struct {
	section, row string
	number       int
}

func newHallMap(plan seatplan.Plan) *hallMap {
	h := &hallMap{places: slices.Collect(plan.Places()), index: map[seatName]int{}}
	last := -1 // the last place that somebody may take who needs no wheelchair
	for i, p := range h.places {
		h.index[seatName{p.Section, p.Row, p.Number}] = i
		if p.Accessible {
			continue
		}
		if last < 0 || last != i-1 || p.Section != h.places[last].Section || p.Row != h.places[last].Row || p.Number != h.places[last].Number+1 {
			h.rows = append(h.rows, nil)
		}
		h.rows[len(h.rows)-1] = append(h.rows[len(h.rows)-1], i)
		last = i
	}
	return h
}

// seatStates are the states of an event's seats at a moment, as the API gives them. They are never changed.
type seatStates struct {
	PlanHash string `json:"plan_hash"`
	Layout   string `json:"layout"` // stands for which seats there are
	States   string `json:"states"` // a letter a place
}

// seatMap is what buyers see of an event.
type seatMap struct {
	*hallMap
	*seatStates
}

func (m *seatMap) free(place int) bool { return m.States[place] == boxoffice.SeatAvailable[0] }

// total counts the seats.
func (m *seatMap) total() int {
	return len(m.States) - strings.Count(m.States, string(boxoffice.NoSeat))
}

// gone counts the seats that cannot be had.
func (m *seatMap) gone() int {
	return m.total() - strings.Count(m.States, string(boxoffice.SeatAvailable[0]))
}

// available gives the free places that are for everybody, in the order of the hall.
func (m *seatMap) available() (places []int) {
	for _, row := range m.rows {
		for _, i := range row {
			if m.free(i) {
				places = append(places, i)
			}
		}
	}
	return places
}

// pick chooses as many free places side by side as are wanted, fewer where no row has so many, and none when all are gone.
// It begins at some row and leaves no seat alone between its seats and the next that is taken, where that can be.
func (m *seatMap) pick(wanted int, r *rand.Rand) []int {
	for size := wanted; size > 0; size-- {
		for _, alone := range []bool{false, true} {
			first := r.IntN(len(m.rows))
			for n := range m.rows {
				if places := m.inRow(m.rows[(first+n)%len(m.rows)], size, alone, r); places != nil {
					return places
				}
			}
		}
	}
	return nil
}

// inRow looks for places in one row, at either end of a run of free ones.
func (m *seatMap) inRow(row []int, size int, alone bool, r *rand.Rand) []int {
	for from := 0; from < len(row); {
		until := from
		for until < len(row) && m.free(row[until]) {
			until++
		}
		if rest := until - from - size; rest >= 0 && (rest != 1 || alone) {
			if r.IntN(2) == 0 {
				from = until - size
			}
			return row[from : from+size]
		}
		from = until + 1
	}
	return nil
}
