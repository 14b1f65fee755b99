package seatplan

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Floor is the price category of the places on an arena's floor. Those of the seats are a theatre's.
const Floor = "Floor"

// Measures that all arenas share, in centimetres.
const (
	arenaSeat   = gauge(50)
	arenaRow    = 84  // from row to row
	arenaAisle  = 120 // between two blocks
	arenaMargin = 200 // around the hall
	arenaStage  = 1400
	barrier     = 200 // between the stage and the crowd
	gangway     = 220 // between the crowd and the first row
	concourse   = 650 // between the tiers: the doors by which wheelchairs come in
	platform    = 70  // more room for a row of wheelchairs
	desk        = 500 // width of the mixing desk's place, in the middle of the back of the floor
)

// bowl is an arena with its stage at one end: two tiers of seats around the floor in the shape of a U.
type bowl struct {
	capacity                int // of all; the floor takes what the seats leave
	floorWidth, floorLength int // the length is that of the straight sides, from the stage to the corners
	corner                  int // radius of the floor's corners
	sideSections            int // along each side, in either tier
	lower, upper            ring
}

// ring is one tier of a bowl.
type ring struct {
	rows           int
	cornerSections int // in each of the two corners
	spaces         int // for wheelchairs in each section
}

// Arena gives the plan of an arena of 10,000 places: a floor to stand on and two tiers of seats around it in 30 sections.
// It has as many wheelchair spaces as the ADA Standards would ask for if nobody stood (table 221.2.1.1,
// [WheelchairSpaces]), each with a companion's seat, in the back row of every lower section and the front row of every
// upper one, which lie level with the concourse. The name is as for [Cinema].
func Arena(name string) Plan {
	return bowl{
		capacity: 10_000, floorWidth: 2600, floorLength: 2800, corner: 700, sideSections: 3,
		lower: ring{rows: 20, cornerSections: 3, spaces: 3},
		upper: ring{rows: 15, cornerSections: 5, spaces: 2},
	}.plan(name)
}

// LargeArena gives the plan of an arena of 20,000 places, laid out like [Arena] in 36 sections and a floor.
func LargeArena(name string) Plan {
	return bowl{
		capacity: 20_000, floorWidth: 3000, floorLength: 4400, corner: 800, sideSections: 4,
		lower: ring{rows: 27, cornerSections: 3, spaces: 4},
		upper: ring{rows: 23, cornerSections: 6, spaces: 3},
	}.plan(name)
}

func (b bowl) plan(name string) Plan {
	lower, upper := b.lowerOffsets(), b.upperOffsets()
	outer := upper[len(upper)-1] + arenaMargin
	p := Plan{
		Categories: []string{Floor, Premium, First, Second, Third},
		Format:     Format,
		Name:       name,
		Width:      b.floorWidth + 2*outer,
		Height:     b.bottom() + outer,
		Stage: Stage{
			Label: "Stage", X: outer + b.floorWidth/10, Y: arenaMargin, Width: b.floorWidth * 4 / 5, Height: arenaStage,
		},
	}
	floor := Standing{Category: Floor, Outline: b.crowd(outer)}
	p.Sections = []Section{{Name: "Floor", Standing: &floor}}
	for i, s := range b.stretches(outer, b.lower) {
		p.Sections = append(p.Sections, lowerSection(101+i, s, lower, b.lower.spaces))
	}
	for i, s := range b.stretches(outer, b.upper) {
		p.Sections = append(p.Sections, upperSection(201+i, s, upper, b.upper.spaces))
	}
	floor.Capacity = b.capacity - p.Capacity()
	return p
}

// top and bottom are where the floor's straight sides begin and where its back edge is.
func (b bowl) top() int    { return arenaMargin + arenaStage }
func (b bowl) bottom() int { return b.top() + b.floorLength + b.corner }

// lowerOffsets are the distances of the lower tier's rows from the floor; its last row is one of wheelchairs.
func (b bowl) lowerOffsets() []int {
	offsets := make([]int, b.lower.rows)
	for i := range offsets {
		offsets[i] = 100 + i*arenaRow
	}
	offsets[len(offsets)-1] += platform
	return offsets
}

// upperOffsets are those of the upper tier; its first row is one of wheelchairs.
func (b bowl) upperOffsets() []int {
	offsets := make([]int, b.upper.rows)
	for i := range offsets {
		offsets[i] = 100 + b.lower.rows*arenaRow + concourse + i*arenaRow
	}
	offsets[0] -= platform
	return offsets
}

// stretch is a part of the U between two aisles. At every distance from the floor a row lies on a line of some length,
// measured from its middle.
type stretch struct {
	line   func(offset int) curve
	length func(offset int) int
	side   bool // along a side of the floor, not opposite the stage
}

// stretches go around the floor from the stage's left end to its right end, as the rows do for who faces the floor, so
// that seat 1 of every section is next to the section before.
func (b bowl) stretches(left int, r ring) []stretch {
	right, side := left+b.floorWidth, b.floorLength/b.sideSections
	var all []stretch
	for i := range b.sideSections {
		y := b.top() + side*(2*i+1)/2
		all = append(all, straight(side, true, func(offset, along int) Point { return Point{left - offset, y + along} }))
	}
	all = append(all, b.bend(Point{left + b.corner, b.bottom() - b.corner}, math.Pi, r)...)
	all = append(all, straight(b.floorWidth-2*b.corner, false, func(offset, along int) Point {
		return Point{left + b.floorWidth/2 + along, b.bottom() + offset}
	}))
	all = append(all, b.bend(Point{right - b.corner, b.bottom() - b.corner}, math.Pi/2, r)...)
	for i := range b.sideSections {
		y := b.top() + b.floorLength - side*(2*i+1)/2
		all = append(all, straight(side, true, func(offset, along int) Point { return Point{right + offset, y - along} }))
	}
	return all
}

func straight(length int, side bool, at func(offset, along int) Point) stretch {
	return stretch{
		line:   func(offset int) curve { return func(along int) Point { return at(offset, along) } },
		length: func(int) int { return length },
		side:   side,
	}
}

// bend is a corner: a quarter of a circle from an angle on, cut like a cake.
func (b bowl) bend(centre Point, from float64, r ring) []stretch {
	angle := math.Pi / 2 / float64(r.cornerSections)
	pieces := make([]stretch, r.cornerSections)
	for i := range pieces {
		heading := from - angle*(float64(i)+0.5)
		pieces[i] = stretch{
			line:   func(offset int) curve { return arc(centre, float64(b.corner+offset), heading) },
			length: func(offset int) int { return int(angle * float64(b.corner+offset)) },
		}
	}
	return pieces
}

// lowerSection fills a stretch of the lower tier with rows. The sides are nearer to the stage.
func lowerSection(number int, s stretch, offsets []int, spaces int) Section {
	section := Section{Name: fmt.Sprintf("Section %d", number)}
	category := First
	if s.side {
		category = Premium
	}
	for i, offset := range offsets {
		if i < len(offsets)-1 {
			section.Rows = append(section.Rows, s.row(i+1, offset, 0, category))
		} else {
			section.Rows = append(section.Rows, s.row(i+1, offset, spaces, category))
		}
	}
	return section
}

// upperSection fills a stretch of the upper tier with rows.
func upperSection(number int, s stretch, offsets []int, spaces int) Section {
	section := Section{Name: fmt.Sprintf("Section %d", number)}
	for i, offset := range offsets {
		switch {
		case i == 0:
			section.Rows = append(section.Rows, s.row(i+1, offset, spaces, Second))
		case 2*i < len(offsets):
			section.Rows = append(section.Rows, s.row(i+1, offset, 0, Second))
		default:
			section.Rows = append(section.Rows, s.row(i+1, offset, 0, Third))
		}
	}
	return section
}

// row fills the stretch at a distance from the floor with seats, and as many wheelchair spaces.
func (s stretch) row(number, offset, spaces int, category string) Row {
	row, seats := Row{Label: strconv.Itoa(number)}, fitting(s.length(offset)-arenaAisle, spaces)
	row.append(seats, -arenaSeat.width(seats)/2, s.line(offset), arenaSeat, category)
	return row
}

// fitting gives the seats that there is room for, with so many wheelchair spaces, half of them at either end.
func fitting(room, spaces int) block {
	left, right := strings.Repeat("ac", (spaces+1)/2), strings.Repeat("ca", spaces/2)
	return left + seats(max(0, room-arenaSeat.width(left+right))/int(arenaSeat)) + right
}

// crowd is where people stand: the floor without the gangways around it and the mixing desk.
func (b bowl) crowd(left int) []Point {
	right, centre, bottom := left+b.floorWidth, left+b.floorWidth/2, b.bottom()-gangway
	outline := []Point{{left + gangway, b.top() + barrier}}
	outline = append(outline, b.crowdCorner(Point{left + b.corner, b.bottom() - b.corner}, math.Pi)...)
	outline = append(outline,
		Point{centre - desk/2, bottom}, Point{centre - desk/2, bottom - desk}, Point{centre + desk/2, bottom - desk}, Point{centre + desk/2, bottom})
	outline = append(outline, b.crowdCorner(Point{right - b.corner, b.bottom() - b.corner}, math.Pi/2)...)
	return append(outline, Point{right - gangway, b.top() + barrier})
}

func (b bowl) crowdCorner(centre Point, from float64) []Point {
	const steps = 6
	radius := float64(b.corner - gangway)
	line := arc(centre, radius, from)
	points := make([]Point, steps+1)
	for i := range points {
		points[i] = line(int(radius * math.Pi / 2 * float64(i) / steps))
	}
	return points
}
