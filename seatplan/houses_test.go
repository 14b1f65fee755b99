package seatplan_test

import (
	"math"
	"slices"
	"testing"

	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/stretchr/testify/require"
)

// houses are the halls that this package draws, with what is promised of them.
var houses = map[string]struct {
	plan       seatplan.Plan
	places     int
	standing   int
	accessible int
	sections   int
	hash       string
}{
	"cinema": {seatplan.Cinema("Test"), 200, 0, 6, 1,
		"0f398243af323b0542c01f543775ec0bc1294036557d90cd1265fece76fcf942"},
	"theatre": {seatplan.Theatre("Test"), 1350, 0, 16, 3 + 16,
		"63ad62ea1614df1a5256aabcc28c27c34c718acd27bac10b00e01e5328228ddc"},
	"arena": {seatplan.Arena("Test"), 10_000, 1245, 73, 1 + 13 + 17,
		"b54b71ed5517bf69500c1ca3034725c11ac76cc94209d062c09e1a25842603e7"},
	"large arena": {seatplan.LargeArena("Test"), 20_000, 2285, 123, 1 + 15 + 21,
		"63e39a37fd0cf67977588e0f318fcf9b1869d6a3333025d1001980e6dc1fe03c"},
}

func TestHouses_AreValidAndAsLargeAsTheySay(t *testing.T) {
	t.Parallel()
	for name, h := range houses {
		require.NoError(t, h.plan.Validate(), name)
		c := h.plan.Counts()
		require.Equal(t, h.places, c.Places, name)
		require.Equal(t, h.places, h.plan.Capacity(), name)
		require.Equal(t, h.standing, c.Standing, name)
		require.Equal(t, h.accessible, c.Accessible, name)
		require.Equal(t, h.accessible, c.Companions, name)
		require.Len(t, h.plan.Sections, h.sections, name)
		for _, category := range h.plan.Categories {
			require.Positive(t, c.Categories[category], "%s: %s", name, category)
		}
		canonical, err := h.plan.Canonical()
		require.NoError(t, err)
		back, err := seatplan.Parse(canonical)
		require.NoError(t, err)
		require.Equal(t, h.plan, back, name)
		hash, err := h.plan.Hash()
		require.NoError(t, err)
		require.Equal(t, h.hash, hash, "%s: every machine draws the same; who changes a hall on purpose writes the new hash here", name)
	}
}

func TestHouses_HaveTheWheelchairSpacesThatTheStandardsAskFor(t *testing.T) {
	t.Parallel()
	for name, h := range houses {
		c := h.plan.Counts()
		require.GreaterOrEqual(t, c.Accessible, seatplan.WheelchairSpaces(c.Places), name)
		for _, s := range h.plan.Sections {
			for _, row := range s.Rows {
				requireCompanions(t, name+" "+s.Name, row)
			}
		}
	}
}

// requireCompanions asks for a companion's seat beside each wheelchair space, which is nobody else's.
func requireCompanions(t *testing.T, where string, row seatplan.Row) {
	t.Helper()
	taken := map[int]bool{}
	for i, seat := range row.Seats {
		if seat.Kind != seatplan.Accessible {
			continue
		}
		beside := -1
		for _, j := range []int{i - 1, i + 1} {
			if j >= 0 && j < len(row.Seats) && row.Seats[j].Kind == seatplan.Companion && !taken[j] && !seatplan.AisleBetween(seat, row.Seats[j]) {
				beside = j
				break
			}
		}
		require.GreaterOrEqual(t, beside, 0, "%s row %s seat %d has no companion's seat", where, row.Label, seat.Number)
		taken[beside] = true
	}
}

func TestTheatre_SpreadsWheelchairSpacesOverItsLevelsAndBoxes(t *testing.T) {
	t.Parallel()
	boxes, boxesWithSpace, boxSeats, boxSpaces := 0, 0, 0, 0
	for _, s := range seatplan.Theatre("Test").Sections {
		c := s.Counts()
		if c.Places != 4 {
			require.GreaterOrEqual(t, c.Accessible, 2, s.Name)
			continue
		}
		boxes, boxSeats, boxSpaces = boxes+1, boxSeats+c.Places, boxSpaces+c.Accessible
		if c.Accessible > 0 {
			boxesWithSpace++
		}
	}
	require.Equal(t, 16, boxes)
	require.GreaterOrEqual(t, boxSpaces, seatplan.WheelchairSpaces(boxSeats), "221.2.1.3 counts all boxes together")
	require.GreaterOrEqual(t, 5*boxesWithSpace, boxes, "and asks for spaces in a fifth of them")
}

// At the ends of the balcony, and at the back of the boxes beside the stage; never in front, and never a wheelchair's space.
func TestTheatre_SaysWhereTheViewIsRestricted(t *testing.T) {
	t.Parallel()
	restricted := map[string]int{}
	for _, s := range seatplan.Theatre("Test").Sections {
		for _, row := range s.Rows {
			for i, seat := range row.Seats {
				if !seat.Restricted {
					continue
				}
				restricted[s.Name]++
				require.Equal(t, seatplan.Ordinary, seat.Kind)
				if s.Name == "Balcony" {
					require.True(t, i < 2 || i >= len(row.Seats)-2, "row %s, seat %d", row.Label, seat.Number)
				} else {
					require.Equal(t, "2", row.Label)
				}
			}
		}
	}
	require.Equal(t, map[string]int{"Balcony": 24, "Box 1": 2, "Box 5": 2, "Box 9": 2, "Box 13": 2}, restricted)
}

func TestArena_HasWheelchairSpacesInEverySection(t *testing.T) {
	t.Parallel()
	for _, plan := range []seatplan.Plan{seatplan.Arena("Test"), seatplan.LargeArena("Test")} {
		for _, s := range plan.Sections[1:] {
			require.GreaterOrEqual(t, s.Counts().Accessible, 2, "%s %s", plan.Name, s.Name)
		}
	}
}

// Numbers are made for finding a seat in the dark: no gap, from left to right for who sits there.
func TestHouses_NumberSeatsFromLeftToRight(t *testing.T) {
	t.Parallel()
	for name, h := range houses {
		for _, s := range h.plan.Sections {
			for _, row := range s.Rows {
				for i, seat := range row.Seats {
					require.Equal(t, i+1, seat.Number, "%s %s row %s", name, s.Name, row.Label)
					if i == 0 {
						continue
					}
					before := row.Seats[i-1]
					x, y := seat.X-before.X, seat.Y-before.Y
					require.Less(t, math.Hypot(float64(x), float64(y)), 250.0, "%s %s row %s: neighbours", name, s.Name, row.Label)
					toX, toY := focus(h.plan).X-seat.X, focus(h.plan).Y-seat.Y
					require.Positive(t, y*toX-x*toY, "%s %s row %s: seat %d is to the right of the one before", name, s.Name, row.Label, seat.Number)
				}
			}
		}
	}
}

// focus is where everybody looks: the stage, or the middle of the floor.
func focus(p seatplan.Plan) seatplan.Point {
	at := seatplan.Point{X: p.Stage.X + p.Stage.Width/2, Y: p.Stage.Y + p.Stage.Height/2}
	if floor := p.Sections[0].Standing; floor != nil {
		at.Y = (floor.Outline[0].Y + slices.MaxFunc(floor.Outline, func(a, b seatplan.Point) int { return a.Y - b.Y }).Y) / 2
	}
	return at
}

func TestHouses_RowsFollowEachOtherAwayFromWhatIsLookedAt(t *testing.T) {
	t.Parallel()
	for name, h := range houses {
		for _, s := range h.plan.Sections {
			last := 0.0
			for _, row := range s.Rows {
				at := row.Seats[len(row.Seats)/2]
				away := math.Hypot(float64(at.X-focus(h.plan).X), float64(at.Y-focus(h.plan).Y))
				require.Greater(t, away, last, "%s %s row %s", name, s.Name, row.Label)
				last = away
			}
		}
	}
}

func TestTheatre_NobodySitsRightBehindAnother(t *testing.T) {
	t.Parallel()
	p := seatplan.Theatre("Test")
	compared := 0
	rows := p.Sections[0].Rows[:10]
	for i, row := range rows[1:] {
		for _, seat := range row.Seats {
			for _, before := range rows[i].Seats {
				if middle(p, seat) && middle(p, before) {
					require.GreaterOrEqual(t, math.Abs(float64(seat.X-before.X)), 20.0, "row %s seat %d", row.Label, seat.Number)
					compared++
				}
			}
		}
	}
	require.Greater(t, compared, 500)
}

// middle reports whether a seat is in the middle block.
func middle(p seatplan.Plan, s seatplan.Seat) bool {
	return max(s.X-p.Width/2, p.Width/2-s.X) < 400
}

// The International Building Code (table 1004.5) reckons five square feet for each who stands.
func TestArena_TheFloorIsNotCrowded(t *testing.T) {
	t.Parallel()
	for _, plan := range []seatplan.Plan{seatplan.Arena("Test"), seatplan.LargeArena("Test")} {
		floor := plan.Sections[0].Standing
		twice := 0
		for i, a := range floor.Outline {
			b := floor.Outline[(i+1)%len(floor.Outline)]
			twice += a.X*b.Y - b.X*a.Y
		}
		each := math.Abs(float64(twice)) / 2 / 1e4 / float64(floor.Capacity)
		require.Greater(t, each, 0.4645, "%s: square metres for each", plan.Name)
		require.Less(t, each, 0.7, "%s: a floor that is half empty", plan.Name)
	}
}

func TestWheelchairSpaces_IsTheTable(t *testing.T) {
	t.Parallel()
	for seats, want := range map[int]int{
		0: 0, 3: 0, 4: 1, 25: 1, 26: 2, 50: 2, 51: 4, 150: 4, 151: 5, 300: 5, 301: 6, 500: 6,
		501: 7, 650: 7, 651: 8, 1350: 12, 5000: 36, 5001: 37, 5200: 37, 5201: 38, 10_000: 61, 20_000: 111,
	} {
		require.Equal(t, want, seatplan.WheelchairSpaces(seats), "%d seats", seats)
	}
}
