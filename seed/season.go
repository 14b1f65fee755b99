package seed

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// A theatre plays one play for weeks; an arena has another concert each time. Neither has two on one day.
const (
	playRun         = 21 // days
	playsATheatre   = 8  // about, which gives some variety of theatres
	concertsAnArena = 6
)

// Minutes of the day at which people expect a play or a concert to begin.
var (
	usualEvenings = []int{19 * 60, 19*60 + 30, 19*60 + 30, 20 * 60}
	usualMatinees = []int{14 * 60, 15 * 60}
)

// season adds the theatres with their plays and the arenas with their concerts. Of the works the films come first, then
// the plays.
func (c *Catalogue) season(o Options, films, plays int, cities []city) error {
	_, playEvents, concertEvents := o.shares()
	if playEvents == 0 {
		return nil
	}
	r := random("halls", strconv.FormatUint(o.Rand, 10))
	theatres, err := chooseVenues(max(ceilDiv(playEvents, o.Days), ceilDiv(playEvents, playsATheatre)), theatre, cities, r)
	if err != nil {
		return err
	}
	arenas, err := chooseArenas(max(ceilDiv(concertEvents, o.Days), ceilDiv(concertEvents, concertsAnArena)), cities, r)
	if err != nil {
		return err
	}
	r = random("season", c.scope)
	c.evenings(playEvents, o.Days, theatres, r, playBill(films, plays, r))
	c.evenings(concertEvents, o.Days, arenas, r, func(int, int) int { return films + plays + r.IntN(len(c.works)-films-plays) })
	return nil
}

// chooseArenas draws at least n arenas, of both sizes by turns.
func chooseArenas(n int, cities []city, r *rand.Rand) ([]venue, error) {
	small, err := chooseVenues(ceilDiv(n, 2), arena, cities, r)
	if err != nil {
		return nil, err
	}
	large, err := chooseVenues(len(small), largeArena, cities, r)
	if err != nil {
		return nil, err
	}
	arenas := make([]venue, 0, 2*len(small))
	for i := range small {
		arenas = append(arenas, small[i], large[i])
	}
	return arenas, nil
}

// playBill draws what a theatre plays on a day, out of n works from the first on.
func playBill(first, n int, r *rand.Rand) func(hall, day int) int {
	running := map[[2]int]int{}
	return func(hall, day int) int {
		run := [2]int{hall, day / playRun}
		if _, drawn := running[run]; !drawn {
			running[run] = first + r.IntN(n)
		}
		return running[run]
	}
}

// evenings adds halls and n showings in them, spread evenly over the days and by turns over the halls, of which there
// must be enough for every day's. On Sundays they are in the afternoon.
func (c *Catalogue) evenings(n, days int, halls []venue, r *rand.Rand, choose func(hall, day int) (work int)) {
	firstHall := len(c.venues)
	c.venues = slices.Concat(c.venues, halls)
	for i := range n {
		hall, day := i%len(halls), i*days/n
		date, times := c.first.AddDate(0, 0, day), usualEvenings
		if date.Weekday() == time.Sunday {
			times = usualMatinees
		}
		minute := times[r.IntN(len(times))]
		c.showings = append(c.showings, showing{
			venue: firstHall + hall, work: choose(hall, day), minute: minute,
			starts: time.Date(date.Year(), date.Month(), date.Day(), 0, minute, 0, 0, halls[hall].zone),
		})
	}
}
