package seed

import (
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/seatplan"
)

// house is a kind of hall.
type house struct {
	shows        string   // the kind of title
	names        []string // what a city's halls of this kind are called, one after the other, from firstName on
	smallestCity int      // inhabitants of the smallest city that has one
	draw         func(name string) seatplan.Plan

	// A venue's base price is one of nine from leastBase on; what its categories cost differs from it. All in cents.
	leastBase, baseStep int64
	categories          map[string]int64
	matinee, weekend    int64
}

var cinema = &house{
	shows: "film", draw: seatplan.Cinema,
	names: []string{
		"%s Grand Cinema", "%s Majestic", "Palace Theatre %s", "%s Bijou", "Orpheum %s", "%s Regent", "%s Tivoli",
		"%s Starlight", "Lyric Cinema %s", "%s Paramount", "Rialto %s", "%s Empire", "Capitol Theatre %s", "%s Roxy",
		"Uptown Cinema %s", "%s Odeon", "Criterion %s", "%s Alhambra", "Gem Theatre %s", "%s Embassy",
	},
	leastBase: 1400, baseStep: 50, matinee: -250, weekend: 100,
	categories: map[string]int64{seatplan.Front: -200, seatplan.Standard: 0, seatplan.Premium: 500},
}

var theatre = &house{
	shows: "play", draw: seatplan.Theatre,
	names: []string{
		"%s Playhouse", "%s Repertory Theatre", "Civic Theatre %s", "%s Opera House", "Garden Theatre %s", "%s Stage",
	},
	leastBase: 6500, baseStep: 500, matinee: -1000, weekend: 1000,
	categories: map[string]int64{
		seatplan.Premium: 5000, seatplan.Box: 3000, seatplan.First: 0, seatplan.Second: -2000, seatplan.Third: -3500,
	},
}

// arenas stand in large cities, every other one a large arena.
var (
	arena      = newArena(seatplan.Arena, 7500, "%s Arena", "%s Fieldhouse", "%s Events Center")
	largeArena = newArena(seatplan.LargeArena, 8500, "%s Coliseum", "%s Center", "%s Garden")
)

func newArena(draw func(string) seatplan.Plan, leastBase int64, names ...string) *house {
	return &house{
		shows: "concert", draw: draw, names: names, smallestCity: 150_000,
		leastBase: leastBase, baseStep: 500, weekend: 1000,
		categories: map[string]int64{
			seatplan.Floor: 1500, seatplan.Premium: 6000, seatplan.First: 3000, seatplan.Second: 0, seatplan.Third: -2500,
		},
	}
}

// nameIn gives the name of a city's n-th hall of this kind. Not every city begins with the first name.
func (h *house) nameIn(c city, n int) string {
	first := c.geonameID % len(h.names)
	if c.name == firstCity {
		first = 0
	}
	return fmt.Sprintf(h.names[(first+n)%len(h.names)], c.name)
}

// prices by category, in cents: matinées cost less, Friday and Saturday evenings more.
func (h *house) prices(base int64, s showing) map[string]int64 {
	switch weekday := s.starts.Weekday(); {
	case s.minute < matineeEnds:
		base += h.matinee
	case weekday == time.Friday || weekday == time.Saturday:
		base += h.weekend
	}
	prices := make(map[string]int64, len(h.categories))
	for category, difference := range h.categories {
		prices[category] = base + difference
	}
	return prices
}
