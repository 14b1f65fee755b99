package seatplan_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/stretchr/testify/require"
)

// arena is a small plan with all that the format allows.
func arena() seatplan.Plan {
	return seatplan.Plan{
		Format: seatplan.Format, Name: "Test Arena", Width: 2000, Height: 2000,
		Categories: []string{"Floor", "Tier"},
		Stage:      seatplan.Stage{Label: "Stage", X: 500, Y: 50, Width: 1000, Height: 300},
		Sections: []seatplan.Section{
			{Name: "Floor", Standing: &seatplan.Standing{Capacity: 300, Category: "Floor", Outline: []seatplan.Point{
				{X: 500, Y: 400}, {X: 1500, Y: 400}, {X: 1500, Y: 1000}, {X: 500, Y: 1000},
			}}},
			{Name: "Tier 1", Rows: []seatplan.Row{
				{Label: "1", Seats: []seatplan.Seat{
					{Number: 1, X: 600, Y: 1100, Category: "Tier"},
					{Number: 2, X: 656, Y: 1100, Category: "Tier", Kind: seatplan.Companion},
					{Number: 3, X: 729, Y: 1100, Category: "Tier", Kind: seatplan.Accessible},
				}},
				{Label: "2", Seats: []seatplan.Seat{{Number: 1, X: 600, Y: 1200, Category: "Tier"}}},
			}},
		},
	}
}

func TestCinema_HasTwoHundredSeatsAndIsValid(t *testing.T) {
	t.Parallel()
	p := seatplan.Cinema("Chico Grand Cinema")
	require.NoError(t, p.Validate())
	require.Equal(t, 200, p.Capacity())
	places := slices.Collect(p.Places())
	require.Len(t, places, 200)
	byCategory := map[string]int{}
	for _, place := range places {
		byCategory[place.Category]++
	}
	require.Equal(t, map[string]int{seatplan.Front: 42, seatplan.Standard: 86, seatplan.Premium: 72}, byCategory)
}

func TestCinema_HasTwoAislesInEveryRow(t *testing.T) {
	t.Parallel()
	for _, row := range seatplan.Cinema("Chico Grand Cinema").Sections[0].Rows {
		aisles := 0
		for i := range row.Seats[1:] {
			require.Less(t, row.Seats[i].X, row.Seats[i+1].X, "row %s runs from left to right", row.Label)
			if seatplan.AisleBetween(row.Seats[i], row.Seats[i+1]) {
				aisles++
			}
		}
		require.Equal(t, 2, aisles, "row %s", row.Label)
	}
}

func TestCinema_AccessibleSeatsLieAtTheCrossAisle(t *testing.T) {
	t.Parallel()
	kinds := map[seatplan.Kind]int{}
	rows := seatplan.Cinema("Chico Grand Cinema").Sections[0].Rows
	for i, row := range rows {
		for _, seat := range row.Seats {
			kinds[seat.Kind]++
			if seat.Kind != seatplan.Ordinary {
				require.Equal(t, "D", row.Label)
				require.Greater(t, seat.Y-rows[i-1].Seats[0].Y, 200, "room to pass and turn before the row")
			}
		}
	}
	require.Equal(t, map[seatplan.Kind]int{
		seatplan.Ordinary: 188, seatplan.Accessible: 6, seatplan.Companion: 6,
	}, kinds)
}

func TestPlaces_GivesStandingPlacesWithoutRow(t *testing.T) {
	t.Parallel()
	p := arena()
	require.NoError(t, p.Validate())
	places := slices.Collect(p.Places())
	require.Len(t, places, p.Capacity())
	require.Equal(t, seatplan.Place{Section: "Floor", Number: 1, Category: "Floor"}, places[0])
	require.Equal(t, seatplan.Place{Section: "Tier 1", Row: "1", Number: 3, Category: "Tier", Accessible: true}, places[302])
	for range p.Places() {
		break // a consumer may stop early
	}
}

func TestParse_RoundTrip(t *testing.T) {
	t.Parallel()
	for _, p := range []seatplan.Plan{arena(), seatplan.Cinema(`Kino „Babylon“ <1> \ "2"`)} {
		canonical, err := p.Canonical()
		require.NoError(t, err)
		back, err := seatplan.Parse(canonical)
		require.NoError(t, err)
		require.Equal(t, p, back)
	}
}

func TestCanonical_IsRFC8785(t *testing.T) {
	t.Parallel()
	for _, p := range []seatplan.Plan{arena(), seatplan.Cinema("Kino „Babylon“ & <1>")} {
		canonical, err := p.Canonical()
		require.NoError(t, err)
		require.JSONEq(t, sortedJSON(t, canonical), string(canonical))
		require.Equal(t, sortedJSON(t, canonical), string(canonical), "members are sorted, nothing is escaped needlessly")
	}
}

// sortedJSON writes a document as encoding/json writes maps: members sorted by name.
func sortedJSON(t *testing.T, document []byte) string {
	t.Helper()
	var anything any
	require.NoError(t, json.Unmarshal(document, &anything))
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(anything))
	return string(bytes.TrimSpace(out.Bytes()))
}

func TestHash_DoesNotDependOnHowThePlanIsWritten(t *testing.T) {
	t.Parallel()
	p := arena()
	want, err := p.Hash()
	require.NoError(t, err)
	require.Len(t, want, 64)
	indented, err := json.MarshalIndent(p, "", "  ")
	require.NoError(t, err)
	again, err := seatplan.Parse(indented)
	require.NoError(t, err)
	got, err := again.Hash()
	require.NoError(t, err)
	require.Equal(t, want, got)

	again.Sections[1].Rows[0].Seats[0].X++
	moved, err := again.Hash()
	require.NoError(t, err)
	require.NotEqual(t, want, moved)
}
