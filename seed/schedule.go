package seed

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	mostShowsADay = 3 // in one hall; three of the longest films just fit between the first and the last start
	firstStart    = 13*60 + 30
	lastStart     = 22 * 60
	matineeEnds   = 17 * 60
	turnaround    = 20  // minutes to empty and clean the hall
	usualRuntime  = 110 // where a film's is unknown
	weekDays      = 7   // a programme lasts a week
	programme     = 3   // films in one cinema in a week
)

// usualStarts are the minutes of the day at which people expect a film to begin, with how usual they are.
var usualStarts = []struct{ minute, weight int }{
	{firstStart, 4},
	{14*60 + 15, 2},
	{15 * 60, 1},
	{16 * 60, 3},
	{16*60 + 45, 3},
	{17*60 + 30, 2},
	{18*60 + 15, 2},
	{19 * 60, 3},
	{19*60 + 30, 6},
	{20*60 + 15, 3},
	{21 * 60, 2},
	{lastStart, 2},
}

// showing is one event in short.
type showing struct {
	venue  int
	work   int
	starts time.Time // in the venue's zone
	minute int       // of the day, local
}

// scheduler spreads showings over days and cinemas.
type scheduler struct {
	films  []work
	venues []venue
	first  time.Time // midnight UTC of the first day
	random *rand.Rand
	// week's films, and for each cinema those of them that it shows
	programmes [][programme]int
}

// venuesFor says how many cinemas the events need: enough for each day, and as many as give variety.
func venuesFor(events, days int) int {
	return max(ceilDiv(events, days*mostShowsADay), min(ceilDiv(events, 6), 60))
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// schedule makes all showings, day by day.
func (s *scheduler) schedule(events, days int) []showing {
	showings := make([]showing, 0, events)
	for day := range days {
		if day%weekDays == 0 {
			s.changeProgrammes(day == 0)
		}
		// The day's share, such that the shares of all days add up to the whole.
		share := events*(day+1)/days - events*day/days
		for venue, shows := range s.spread(share, day == 0) {
			showings = append(showings, s.showDay(venue, day, shows)...)
		}
	}
	return showings
}

// spread gives the number of showings of each cinema on a day. They differ by one at most.
func (s *scheduler) spread(share int, firstDay bool) []int {
	shows := make([]int, len(s.venues))
	order := s.random.Perm(len(s.venues))
	if firstDay {
		at := slices.Index(order, 0)
		order[0], order[at] = order[at], order[0]
	}
	for i := range share {
		shows[order[i%len(order)]]++
	}
	return shows
}

// changeProgrammes chooses what is on this week, and what of it each cinema shows. Better known films are likelier.
func (s *scheduler) changeProgrammes(firstWeek bool) {
	on := s.drawFilms(max(programme, min(len(s.venues)*programme/4, 60)), firstWeek)
	s.programmes = make([][programme]int, len(s.venues))
	for venue := range s.programmes {
		for i, k := range s.random.Perm(len(on))[:programme] {
			s.programmes[venue][i] = on[k]
		}
	}
	if firstWeek {
		s.programmes[0][0] = on[0]
	}
}

// drawFilms draws n different films, each with a likelihood by its votes. See drawCities.
func (s *scheduler) drawFilms(n int, firstWeek bool) []int {
	keys := make([]float64, len(s.films))
	drawn := make([]int, len(s.films))
	for i, f := range s.films {
		drawn[i] = i
		keys[i] = s.random.ExpFloat64() / float64(f.votes+100)
		if firstWeek && f.title.Name == firstFilm {
			keys[i] = math.Inf(-1)
		}
	}
	slices.SortFunc(drawn, func(a, b int) int { return cmp.Or(cmp.Compare(keys[a], keys[b]), cmp.Compare(a, b)) })
	return drawn[:n]
}

// showDay fills one hall for one day: each film starts after the hall is clean, and early enough for those that follow.
func (s *scheduler) showDay(venue, day, shows int) []showing {
	if shows == 0 {
		return nil
	}
	films := make([]int, shows)
	needed := 0 // minutes from the start of the first film to the earliest start of the last
	for i := range films {
		films[i] = s.programmes[venue][s.random.IntN(programme)]
		if day == 0 && i == 0 {
			films[i] = s.programmes[venue][0]
		}
		if i < shows-1 {
			needed += occupied(s.films[films[i]])
		}
	}
	year, month, date := s.first.AddDate(0, 0, day).Date()
	made := make([]showing, shows)
	earliest := firstStart
	for i, f := range films {
		start := s.chooseStart(earliest, lastStart-needed)
		made[i] = showing{venue: venue, work: f, minute: start,
			starts: time.Date(year, month, date, 0, start, 0, 0, s.venues[venue].zone)}
		earliest = start + occupied(s.films[f])
		needed -= occupied(s.films[f])
	}
	return made
}

// chooseStart takes a usual time between the two, or the earliest where none is.
func (s *scheduler) chooseStart(earliest, latest int) int {
	total := 0
	for _, u := range usualStarts {
		if u.minute >= earliest && u.minute <= latest {
			total += u.weight
		}
	}
	if total == 0 {
		return earliest
	}
	at := s.random.IntN(total)
	for _, u := range usualStarts {
		if u.minute < earliest || u.minute > latest {
			continue
		}
		if at -= u.weight; at < 0 {
			return u.minute
		}
	}
	return earliest
}

// occupied is how long a film keeps the hall, to the next quarter of an hour.
func occupied(f work) int { return ceilDiv(f.runtime()+turnaround, 15) * 15 }

func (w work) runtime() int {
	if w.title.RuntimeMinutes == 0 {
		return usualRuntime
	}
	return w.title.RuntimeMinutes
}
