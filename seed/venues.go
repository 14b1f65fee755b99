package seed

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
)

// firstCity is where the first cinema of every seed stands, and firstFilm its first film on the first day, so that
// examples and demonstrations have something to search for.
const (
	firstCity = "Chico"
	firstFilm = "Ghost"
)

// venue is a hall with what it charges.
type venue struct {
	boxoffice.Venue
	house    *house
	zone     *time.Location
	planHash string
	base     int64 // the price in cents from which those of its categories follow
}

// chooseVenues draws n houses of a kind: the larger the city, the likelier; a city gets its second one when all have
// their first.
func chooseVenues(n int, h *house, cities []city, r *rand.Rand) ([]venue, error) {
	var able []city
	for _, c := range cities {
		if c.population >= h.smallestCity {
			able = append(able, c)
		}
	}
	if most := len(h.names) * len(able); n > most {
		return nil, boxoffice.Errorf(boxoffice.CodeInvalid,
			"So many events in so few days need %d halls for %ss; there are %d. Choose more days.", n, h.shows, most)
	}
	venues := make([]venue, 0, n)
	for round := range h.names {
		for _, c := range drawCities(able, r) {
			if len(venues) == n {
				return venues, nil
			}
			v, err := newVenue(h, h.nameIn(c, round), c)
			if err != nil {
				return nil, err
			}
			venues = append(venues, v)
		}
	}
	return venues, nil
}

// drawCities puts the cities into a random order in which larger ones tend to come first (weighted sampling by
// exponential keys, Efraimidis and Spirakis 2006). The first city leads whatever its size.
func drawCities(cities []city, r *rand.Rand) []city {
	type keyed struct {
		city
		key float64
	}
	draw := make([]keyed, len(cities))
	for i, c := range cities {
		draw[i] = keyed{c, r.ExpFloat64() / float64(c.population)}
		if c.name == firstCity {
			draw[i].key = -1
		}
	}
	slices.SortFunc(draw, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.geonameID, b.geonameID))
	})
	drawn := make([]city, len(cities))
	for i, k := range draw {
		drawn[i] = k.city
	}
	return drawn
}

// newVenue makes the house of this name. All of it follows from name and city, since other seeds know it too.
func newVenue(h *house, name string, c city) (venue, error) {
	geoname := strconv.Itoa(c.geonameID)
	r := random("venue", name, geoname)
	v := venue{
		Venue: boxoffice.Venue{
			ID: lastingID("venue", name, geoname), Name: name, City: c.name, State: c.state, TimeZone: c.zone.String(),
			Lat: nearby(c.lat, r), Lon: nearby(c.lon, r),
		},
		house: h, zone: c.zone,
		base: h.leastBase + h.baseStep*r.Int64N(9),
	}
	var err error
	v.planHash, err = v.plan().Hash()
	return v, err
}

// plan draws the hall, every time anew: all halls together would fill the memory.
func (v venue) plan() seatplan.Plan {
	return v.house.draw(v.Name + " · " + v.City + ", " + v.State)
}

// nearby moves a coordinate off the centre by at most 0.02 degrees (2 km), to five decimals (1 m).
func nearby(degrees float64, r *rand.Rand) float64 {
	return math.Round((degrees+0.04*(r.Float64()-0.5))*1e5) / 1e5
}
