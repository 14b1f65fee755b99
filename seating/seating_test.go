package seating_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seating"
	"github.com/boxoffice/boxoffice/seatplan"
)

// hall draws a plan row by row, the stage in front of the middle of the longest: s is a seat, w a wheelchair's space, c the
// seat beside it, a space an aisle.
func hall(rows ...string) seatplan.Plan {
	p := seatplan.Plan{Format: 1, Categories: []string{"standard"}, Width: 2000, Height: 2000, Stage: seatplan.Stage{X: 500, Width: 1000, Height: 100}}
	section := seatplan.Section{Name: "Stalls"}
	for r, text := range rows {
		row := seatplan.Row{Label: string(rune('A' + r))}
		for i, kind := range text {
			seat := seatplan.Seat{Category: "standard", X: 1000 - 30*(len(text)-1) + 60*i, Y: 300 + 100*r, Number: len(row.Seats) + 1}
			switch kind {
			case ' ':
				continue
			case 'w':
				seat.Kind = seatplan.Accessible
			case 'c':
				seat.Kind = seatplan.Companion
			}
			row.Seats = append(row.Seats, seat)
		}
		section.Rows = append(section.Rows, row)
	}
	p.Sections = []seatplan.Section{section}
	return p
}

// seats gives the free tickets of a plan; taken are those that are not, as "A3".
func seats(p seatplan.Plan, taken ...string) (free []boxoffice.Ticket) {
	for place := range p.Places() {
		t := boxoffice.Ticket{
			ID: fmt.Sprint(place.Row, place.Number), Section: place.Section, Row: place.Row, Number: place.Number,
			Category: place.Category, PriceMinor: 1000, Accessible: place.Accessible,
		}
		if !slices.Contains(taken, t.ID) {
			free = append(free, t)
		}
	}
	return free
}

// names writes groups as "A1 A2 | B3".
func names(groups []seating.Group) string {
	var texts []string
	for _, g := range groups {
		var ids []string
		for _, t := range g {
			ids = append(ids, t.ID)
		}
		texts = append(texts, strings.Join(ids, " "))
	}
	return strings.Join(texts, " | ")
}

func TestBest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		plan  seatplan.Plan
		taken string
		wish  seating.Wish
		want  string
	}{
		"the middle of the first row":             {hall("sssssssss", "sssssssss"), "", seating.Wish{Count: 3}, "A4 A5 A6"},
		"and of the next, where there is no room": {hall("sssssssss", "sssssssss"), "A2 A4 A6 A8", seating.Wish{Count: 3}, "B4 B5 B6"},
		"not across an aisle":                     {hall("ss  ss", "sssss"), "", seating.Wish{Count: 3}, "B1 B2 B3"},
		"nobody is left alone":                    {hall("sssss"), "", seating.Wish{Count: 2}, "A1 A2"},
		"rather a row further back":               {hall("sss", "ssss"), "", seating.Wish{Count: 2}, "B1 B2"},
		"alone if it must be":                     {hall("sss"), "", seating.Wish{Count: 2}, "A1 A2"},
		"one sits at the end":                     {hall("ssss"), "", seating.Wish{Count: 1}, "A1"},
		"room for others of the same size":        {hall("sssssss"), "", seating.Wish{Count: 3}, "A1 A2 A3"},
		"room beside the middle":                  {hall("ssssssss"), "", seating.Wish{Count: 4}, "A1 A2 A3 A4"},
		"nowhere":                                 {hall("ss", "ss"), "", seating.Wish{Count: 3}, ""},
		"no wheelchair's space":                   {hall("wcww", "ss"), "", seating.Wish{Count: 2}, "B1 B2"},
		"never a wheelchair's space":              {hall("wcww"), "", seating.Wish{Count: 2}, ""},
		"the seat beside one at last":             {hall("wcs", "ss"), "", seating.Wish{Count: 2}, "B1 B2"},
		"that seat where no other is":             {hall("wcs"), "", seating.Wish{Count: 2}, "A2 A3"},
		"a wheelchair and its company":            {hall("ssssss", "scwss"), "", seating.Wish{Count: 4, Accessible: 1}, "B1 B2 B3 B4"},
		"two wheelchairs with company":            {hall("cwcwsw", "cwwc"), "", seating.Wish{Count: 4, Accessible: 2}, "A2 A3 A4 A5"},
		"a wheelchair alone":                      {hall("ssscw"), "", seating.Wish{Count: 1, Accessible: 1}, "A5"},
		"no more wheelchairs than are asked for":  {hall("ww"), "", seating.Wish{Count: 2, Accessible: 1}, ""},
		"near some seats":                         {hall("ssssssss", "ssssssss"), "", seating.Wish{Count: 2, Near: seats(hall("ssssssss", "ssssssss"))[14:16]}, "B7 B8"},
		"not too dear":                            {hall("ssss"), "", seating.Wish{Count: 2, MaxPrice: 999}, ""},
		"dear enough":                             {hall("ssss"), "", seating.Wish{Count: 2, MaxPrice: 1000}, "A1 A2"},
		"of a category":                           {hall("ssss"), "", seating.Wish{Count: 2, Category: "gold"}, ""},
	} {
		free := seats(test.plan, strings.Fields(test.taken)...)
		require.Equal(t, test.want, names(seating.New(test.plan).Best(free, test.wish, 1)), name)
	}
}

// Whoever comes after the others gets other seats, until all are gone.
func TestBest_GroupsShareNoSeat(t *testing.T) {
	t.Parallel()
	p := seatplan.Cinema("Test")
	groups := seating.New(p).Best(seats(p), seating.Wish{Count: 2}, 1000)
	seen := map[string]bool{}
	for _, g := range groups {
		require.Len(t, g, 2)
		for _, ticket := range g {
			require.False(t, seen[ticket.ID], ticket.ID)
			require.False(t, ticket.Accessible)
			seen[ticket.ID] = true
		}
		require.Equal(t, g[0].Row, g[1].Row)
	}
	require.Len(t, groups, 3*6+1+8*8, "rows of three and of five lose a seat")
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		plan seatplan.Plan
		wish seating.Wish
		want string
	}{
		"two and two":               {hall("ss ss ss"), seating.Wish{Count: 4}, "A3 A4 | A1 A2"},
		"three and two":             {hall("sss", "ss"), seating.Wish{Count: 5}, "A1 A2 A3 | B1 B2"},
		"somebody alone":            {hall("sss", "s"), seating.Wish{Count: 4}, "A1 A2 A3 | B1"},
		"many":                      {hall("s  s  s", "ss"), seating.Wish{Count: 4}, "B1 B2 | A2 | A1"},
		"a wheelchair in the first": {hall("cw", "ssss"), seating.Wish{Count: 4, Accessible: 1}, "A1 A2 | B1 B2"},
		"too few":                   {hall("ss", "s"), seating.Wish{Count: 4}, ""},
		"one is not to be split":    {hall(""), seating.Wish{Count: 1}, ""},
	} {
		require.Equal(t, test.want, names(seating.New(test.plan).Split(seats(test.plan), test.wish)), name)
	}
}

func TestStanding(t *testing.T) {
	t.Parallel()
	p := hall("ss")
	p.Sections = append(p.Sections, seatplan.Section{Name: "Floor", Standing: &seatplan.Standing{
		Capacity: 10, Category: "floor", Outline: []seatplan.Point{{X: 0, Y: 900}, {X: 2000, Y: 900}, {X: 2000, Y: 1000}},
	}})
	h := seating.New(p)
	require.Equal(t, "1 3 5", names(h.Best(seats(p, "2", "4"), seating.Wish{Count: 3}, 1)), "there are no gaps in a crowd")
	require.Empty(t, h.Orphans(seats(p), seats(p)[2:4]))
	require.Len(t, h.Best(seats(p), seating.Wish{Count: 2}, 10), 6)
}

func TestOrphans(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		plan         seatplan.Plan
		taken, wants string
		want         string
	}{
		"at the row's end":                   {hall("sssss"), "", "A2 A3", "A1"},
		"at both":                            {hall("ssss"), "", "A2 A3", "A1 A4"},
		"between":                            {hall("sssss"), "A1", "A3 A4", "A2 A5"},
		"two are company":                    {hall("sssss"), "", "A1 A2 A3", ""},
		"one that was alone before":          {hall("sssss"), "A1 A3 A4", "A5", ""},
		"an aisle is an end":                 {hall("sss sss"), "", "A2 A3", "A1"},
		"a space for a wheelchair":           {hall("wcsss"), "", "A3 A4", "A5"},
		"the gap that two leave for a third": {hall("sssss"), "", "A1 A2 A4 A5", "A3"},
		"all":                                {hall("sss"), "", "A1 A2 A3", ""},
	} {
		free := seats(test.plan, strings.Fields(test.taken)...)
		wanted := slices.DeleteFunc(slices.Clone(free), func(s boxoffice.Ticket) bool { return !slices.Contains(strings.Fields(test.wants), s.ID) })
		var ids []string
		for _, o := range seating.New(test.plan).Orphans(free, wanted) {
			ids = append(ids, o.ID)
		}
		slices.Sort(ids)
		require.Equal(t, test.want, strings.Join(ids, " "), name)
	}
}

func TestAlternatives(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		plan                seatplan.Plan
		taken, wanted, gone string
		n                   int
		want                string
	}{
		"the next one, and others together": {hall("ssssssss", "ssssssss"), "A4", "A3 A4", "A4", 3, "A3 A5 | B3 B4 | A5 A6"},
		"together alone":                    {hall("ssssssss"), "A1 A2", "A1 A2", "A1 A2", 3, "A3 A4 | A5 A6 | A7 A8"},
		"no more than are asked for":        {hall("ssssssss"), "A4", "A3 A4", "A4", 1, "A3 A5"},
		"no wheelchair's space":             {hall("swsss"), "A3", "A3", "A3", 2, "A1 | A4"},
		"a wheelchair's space for one":      {hall("wsssw"), "A1", "A1", "A1", 2, "A5"},
		"what one holds already counts":     {hall("ssss"), "A1 A3", "A1 A2 A3", "A3", 3, "A1 A2 A4"},
		"and stays together":                {hall("sssssss", "ss"), "A3 A4 A5", "A3 A4 A5", "A5", 3, "A3 A4 A6 | A2 A3 A4"},
		"none":                              {hall("ss"), "A1 A2", "A1 A2", "A1 A2", 2, ""},
	} {
		named := func(ids string) []boxoffice.Ticket {
			return slices.DeleteFunc(seats(test.plan), func(s boxoffice.Ticket) bool { return !slices.Contains(strings.Fields(ids), s.ID) })
		}
		free := seats(test.plan, strings.Fields(test.taken)...)
		var groups []seating.Group
		for _, a := range seating.New(test.plan).Alternatives(free, named(test.wanted), named(test.gone), test.n) {
			groups = append(groups, a)
		}
		require.Equal(t, test.want, names(groups), name)
	}
}

func TestAlternatives_OfTheSameCategoryOrTheNearestPrice(t *testing.T) {
	t.Parallel()
	p := hall("ssss")
	free := seats(p)
	free[0].Category, free[0].PriceMinor = "gold", 5000
	free[2].Category, free[2].PriceMinor = "silver", 1500
	free[3].Category, free[3].PriceMinor = "gold", 3000
	h, wanted := seating.New(p), free[1:2]
	rest := slices.Concat(free[:1], free[2:])
	both := slices.Concat(wanted, []boxoffice.Ticket{{ID: "x", Section: "Stalls", Row: "Z", Number: 1, Category: "standard", PriceMinor: 1000}})
	require.Equal(t, "A3", h.Alternatives(rest, both, wanted, 1)[0][1].ID, "the nearest price")
	rest[2].Category = "standard"
	require.Equal(t, "A4", h.Alternatives(rest, both, wanted, 1)[0][1].ID, "the same category")
}

func BenchmarkBest20000(b *testing.B) {
	p := seatplan.LargeArena("")
	h, free := seating.New(p), seats(p)
	for b.Loop() {
		require.Len(b, h.Best(free, seating.Wish{Count: 4}, 16), 16)
	}
}
