package seatplan_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/stretchr/testify/require"
)

func TestValidate_NamesEachErrorWithItsPlace(t *testing.T) {
	t.Parallel()
	row := func(p *seatplan.Plan) *seatplan.Row { return &p.Sections[1].Rows[0] }
	for _, c := range []struct {
		name, place, message string
		spoil                func(p *seatplan.Plan)
	}{
		{"format", "format", "The format is 2", func(p *seatplan.Plan) { p.Format = 2 }},
		{"no name", "name", "empty", func(p *seatplan.Plan) { p.Name = "" }},
		{"line separator", "name", "cannot be shown", func(p *seatplan.Plan) { p.Name = "a\u2028b" }},
		{"bad UTF-8", "name", "cannot be shown", func(p *seatplan.Plan) { p.Name = "a\xff" }},
		{"width", "width", "It is 0", func(p *seatplan.Plan) { p.Width = 0 }},
		{"huge", "height", "It is 100001", func(p *seatplan.Plan) { p.Height = 100_001 }},
		{"stage off the map", "stage", "outside the map", func(p *seatplan.Plan) { p.Stage.X = 1001 }},
		{"category twice", "categories[2]", "twice", func(p *seatplan.Plan) { p.Categories = append(p.Categories, "Tier") }},
		{"no categories", "categories", "no categories", func(p *seatplan.Plan) { p.Categories = nil }},
		{"many categories", "categories", "There are 51", func(p *seatplan.Plan) { p.Categories = make([]string, 51) }},
		{"no sections", "sections", "no places", func(p *seatplan.Plan) { p.Sections = nil }},
		{"too many", "sections", "at most", func(p *seatplan.Plan) { p.Sections[0].Standing.Capacity = seatplan.MaxPlaces }},
		{"section twice", "sections[1].name", "twice", func(p *seatplan.Plan) { p.Sections[1].Name = "Floor" }},
		{"long section", "sections[1].name", "longer than 40", func(p *seatplan.Plan) { p.Sections[1].Name = strings.Repeat("ä", 41) }},
		{"rows and standing", "sections[1]", "not both", func(p *seatplan.Plan) { p.Sections[1].Standing = p.Sections[0].Standing }},
		{"neither", "sections[0]", "not both", func(p *seatplan.Plan) { p.Sections[0].Standing = nil }},
		{"row twice", "sections[1].rows[1].label", "row \"1\" twice", func(p *seatplan.Plan) { p.Sections[1].Rows[1].Label = "1" }},
		{"row with a space", "sections[1].rows[0].label", "space", func(p *seatplan.Plan) { row(p).Label = "1 " }},
		{"empty row", "sections[1].rows[0]", "no seats", func(p *seatplan.Plan) { row(p).Seats = nil }},
		{"number twice", "sections[1].rows[0].seats[1].number", "Row 1 of Tier 1 has the number 1 twice", func(p *seatplan.Plan) { row(p).Seats[1].Number = 1 }},
		{"number zero", "sections[1].rows[0].seats[0].number", "It is 0", func(p *seatplan.Plan) { row(p).Seats[0].Number = 0 }},
		{"unknown category", "sections[1].rows[0].seats[0].category", "not among", func(p *seatplan.Plan) { row(p).Seats[0].Category = "VIP" }},
		{"standing category", "sections[0].standing.category", "not among", func(p *seatplan.Plan) { p.Sections[0].Standing.Category = "" }},
		{"unknown kind", "sections[1].rows[0].seats[0].kind", "not known", func(p *seatplan.Plan) { row(p).Seats[0].Kind = "sofa" }},
		{"lonely companion", "sections[1].rows[0].seats[1].kind", "no accessible seat", func(p *seatplan.Plan) { row(p).Seats[2].Kind = "" }},
		{"companion over the aisle", "sections[1].rows[0].seats[1].kind", "no accessible seat", func(p *seatplan.Plan) { row(p).Seats[2].X += 100 }},
		{"seat off the map", "sections[1].rows[0].seats[0]", "outside the map", func(p *seatplan.Plan) { row(p).Seats[0].X = -1 }},
		{"overlap", "sections[1].rows[1].seats[0]", "overlaps seat 1 of row 1", func(p *seatplan.Plan) { p.Sections[1].Rows[1].Seats[0].Y = 1144 }},
		{"seat in the crowd", "sections[1].rows[1].seats[0]", "standing area Floor", func(p *seatplan.Plan) { p.Sections[1].Rows[1].Seats[0].Y = 700 }},
		{"capacity", "sections[0].standing.capacity", "It is 0", func(p *seatplan.Plan) { p.Sections[0].Standing.Capacity = 0 }},
		{"two corners", "sections[0].standing.outline", "2 corners", func(p *seatplan.Plan) { p.Sections[0].Standing.Outline = p.Sections[0].Standing.Outline[:2] }},
		{"flat", "sections[0].standing.outline", "no area", func(p *seatplan.Plan) {
			p.Sections[0].Standing.Outline = []seatplan.Point{{X: 0, Y: 0}, {X: 1, Y: 1}, {X: 2, Y: 2}}
		}},
		{"crossing itself", "sections[0].standing.outline", "crosses itself", func(p *seatplan.Plan) {
			o := p.Sections[0].Standing.Outline
			o[2], o[3] = o[3], o[2]
		}},
		{"a corner twice", "sections[0].standing.outline", "crosses itself", func(p *seatplan.Plan) {
			floor := p.Sections[0].Standing
			floor.Outline = append(floor.Outline, floor.Outline[3])
		}},
		{"many standing areas", "sections", "There are 51 standing areas", func(p *seatplan.Plan) {
			for range 50 {
				p.Sections = append(p.Sections, p.Sections[0])
			}
		}},
		{"many sections", "sections", "There are 1001 sections", func(p *seatplan.Plan) { p.Sections = make([]seatplan.Section, 1001) }},
		{"corner off the map", "sections[0].standing.outline[1]", "outside the map", func(p *seatplan.Plan) { p.Sections[0].Standing.Outline[1].X = 2001 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := arena()
			c.spoil(&p)
			problems := problemsOf(t, p.Validate())
			var places []string
			for _, problem := range problems {
				places = append(places, problem.Field)
				if problem.Field == c.place && strings.Contains(problem.Message, c.message) {
					return
				}
			}
			require.Failf(t, "not reported", "%s (%s) is not in %v: %v", c.place, c.message, places, problems)
		})
	}
}

func problemsOf(t *testing.T, err error) []boxoffice.FieldError {
	t.Helper()
	require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), "%v", err)
	fields := fieldsOf(t, err)
	require.NotEmpty(t, fields)
	return fields
}

func fieldsOf(t testing.TB, err error) []boxoffice.FieldError {
	t.Helper()
	e, ok := errors.AsType[*boxoffice.Error](err)
	require.True(t, ok, "%v", err)
	return e.Fields
}

func TestValidate_ReportsAtMostAHundredProblems(t *testing.T) {
	t.Parallel()
	p := seatplan.Cinema("Chico Grand Cinema")
	p.Categories = []string{"Elsewhere"}
	require.Len(t, problemsOf(t, p.Validate()), seatplan.MaxProblems)
}

// The grid by which overlaps are found must agree with comparing every pair.
func TestValidate_FindsOverlapsLikeComparingEveryPair(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	overlapping := 0
	for range 300 {
		row := seatplan.Row{Label: "1"}
		for n := range 12 {
			row.Seats = append(row.Seats, seatplan.Seat{Number: n + 1, X: random.IntN(700), Y: random.IntN(700), Category: "Tier"})
		}
		p := arena()
		p.Sections = []seatplan.Section{{Name: "Field", Rows: []seatplan.Row{row}}}
		want := false
		for i, a := range row.Seats {
			for _, b := range row.Seats[:i] {
				dx, dy := a.X-b.X, a.Y-b.Y
				want = want || dx*dx+dy*dy < seatplan.MinDistance*seatplan.MinDistance
			}
		}
		require.Equal(t, want, p.Validate() != nil, "%v", row.Seats)
		if want {
			overlapping++
		}
	}
	require.Greater(t, overlapping, 30, "the cases are of both kinds")
	require.Less(t, overlapping, 270, "the cases are of both kinds")
}
