package seatplan

import (
	"fmt"
	"math"
	"strconv"
)

// The price categories of theatres and arenas, besides Premium, the best.
const (
	Box    = "Box"
	First  = "First"
	Second = "Second"
	Third  = "Third"
)

// Measures of the theatre, in centimetres.
const (
	theatreWidth  = 3500
	theatreHeight = 4900
	theatreCentre = theatreWidth / 2
	theatreSeat   = gauge(54)
	theatreRow    = 92 // from row to row
	theatreAisle  = 116
	passage       = 60 // more room before a row where wheelchairs pass
	boxesPerSide  = 8
)

// tierRow is a row of a theatre: its blocks from left to right, with aisles between them.
type tierRow struct {
	label, category string
	blocks          []block
	wheelchairs     bool // pass in front of the row, which takes room
}

// The rows leave out I and O, which are read as 1 and 0. The middle blocks grow by turns by one seat, so that everybody
// looks between two heads. Wheelchairs come in at the cross aisle before row L, at the doors behind the stalls, and by a
// lift behind the circle and the balcony.
var (
	stallsRows = []tierRow{
		{label: "A", category: First, blocks: plain(5, 13, 5)},
		{label: "B", category: First, blocks: plain(6, 14, 6)},
		{label: "C", category: Premium, blocks: plain(7, 13, 7)},
		{label: "D", category: Premium, blocks: plain(7, 14, 7)},
		{label: "E", category: Premium, blocks: plain(8, 13, 8)},
		{label: "F", category: Premium, blocks: plain(8, 14, 8)},
		{label: "G", category: Premium, blocks: plain(9, 13, 9)},
		{label: "H", category: Premium, blocks: plain(9, 14, 9)},
		{label: "J", category: Premium, blocks: plain(10, 13, 10)},
		{label: "K", category: Premium, blocks: plain(10, 14, 10)},
		{label: "L", category: First, blocks: []block{"sssscaac", "acsssssssca", "caacssss"}, wheelchairs: true},
		{label: "M", category: First, blocks: plain(10, 14, 10)},
		{label: "N", category: First, blocks: plain(10, 13, 10)},
		{label: "P", category: First, blocks: plain(10, 14, 10)},
		{label: "Q", category: First, blocks: plain(11, 13, 11)},
		{label: "R", category: First, blocks: plain(11, 14, 11)},
		{label: "S", category: Second, blocks: plain(11, 13, 11)},
		{label: "T", category: Second, blocks: plain(11, 14, 11)},
		{label: "U", category: Second, blocks: plain(11, 13, 11)},
		{label: "V", category: Second, blocks: []block{seats(11), "acssssssssca", seats(11)}, wheelchairs: true},
	}
	circleRows = []tierRow{
		{label: "A", category: Premium, blocks: plain(10, 13, 13, 10)},
		{label: "B", category: Premium, blocks: plain(11, 13, 13, 11)},
		{label: "C", category: First, blocks: plain(11, 13, 13, 11)},
		{label: "D", category: First, blocks: plain(11, 13, 13, 11)},
		{label: "E", category: First, blocks: plain(11, 13, 13, 11)},
		{label: "F", category: Second, blocks: plain(11, 13, 13, 11)},
		{label: "G", category: Second, blocks: plain(11, 13, 13, 11)},
		{label: "H", category: Second, blocks: []block{seats(11), "ssssssssssca", "acssssssssss", seats(11)}, wheelchairs: true},
	}
	balconyRows = []tierRow{
		{label: "A", category: Second, blocks: balconyRow(seats(13), seats(13))},
		{label: "B", category: Second, blocks: balconyRow(seats(13), seats(13))},
		{label: "C", category: Third, blocks: balconyRow(seats(13), seats(13))},
		{label: "D", category: Third, blocks: balconyRow(seats(13), seats(13))},
		{label: "E", category: Third, blocks: balconyRow(seats(13), seats(13))},
		{label: "F", category: Third, blocks: balconyRow("ssssssssssca", "acssssssssss"), wheelchairs: true},
	}
)

func plain(counts ...int) []block {
	blocks := make([]block, len(counts))
	for i, n := range counts {
		blocks[i] = seats(n)
	}
	return blocks
}

// balconyRow has two blocks in the middle and one at each side, from whose last two seats the near corner of the stage is hidden.
func balconyRow(left, right block) []block {
	return []block{"vvssssssss", left, right, "ssssssssvv"}
}

// Theatre gives the plan of a theatre of 1,350 seats: stalls, circle and balcony in curved rows, sixteen boxes of four at
// the sides, five price categories. Sixteen wheelchair spaces lie on every level and in four boxes, as the ADA Standards
// ask (221.2.1.1 and 221.2.1.3, see [WheelchairSpaces]), each with a companion's seat. The view is restricted at the ends of
// the balcony and from the back of the four boxes beside the stage. The name is as for [Cinema].
func Theatre(name string) Plan {
	p := Plan{
		Categories: []string{Premium, Box, First, Second, Third},
		Format:     Format,
		Name:       name,
		Width:      theatreWidth,
		Height:     theatreHeight,
		Stage:      Stage{Label: "Stage", X: theatreCentre - 700, Y: 100, Width: 1400, Height: 500},
	}
	p.Sections = append(p.Sections,
		tier("Stalls", 900, 1450, stallsRows),
		tier("Circle", 3160, 2500, circleRows),
		tier("Balcony", 4190, 3300, balconyRows))
	for n := range 2 * boxesPerSide {
		p.Sections = append(p.Sections, theatreBox(n))
	}
	return p
}

// tier makes a section of rows around one point. The first row's middle is at y, and its radius says how much it bends.
func tier(name string, y, radius int, rows []tierRow) Section {
	s := Section{Name: name}
	around := Point{X: theatreCentre, Y: y - radius}
	for _, r := range rows {
		if r.wheelchairs {
			radius += passage
		}
		row := Row{Label: r.label}
		line := arc(around, float64(radius), math.Pi/2)
		from := -rowWidth(r.blocks) / 2
		for _, b := range r.blocks {
			row.append(b, from, line, theatreSeat, r.category)
			from += theatreSeat.width(b) + theatreAisle
		}
		s.Rows = append(s.Rows, row)
		radius += theatreRow
	}
	return s
}

func rowWidth(blocks []block) int {
	width := theatreAisle * (len(blocks) - 1)
	for _, b := range blocks {
		width += theatreSeat.width(b)
	}
	return width
}

// theatreBox gives the n-th box: those of the left wall from the stage to the back, then those of the right. On each wall
// the first four lie level with the stalls, the others above and behind them. The two front seats look over the parapet.
func theatreBox(n int) Section {
	side, place := -1, n
	if n >= boxesPerSide {
		side, place = 1, n-boxesPerSide
	}
	above := place / 4
	at := Point{X: theatreCentre + side*(1200+280*above), Y: 1000 + 360*(place%4) + 180*above}
	front, back := seats(2), seats(2)
	switch place % 4 {
	case 0:
		back = "vv"
	case 1:
		front = "ac"
	}
	s := Section{Name: fmt.Sprintf("Box %d", n+1)}
	for depth, b := range []block{front, back} {
		row := Row{Label: strconv.Itoa(depth + 1)}
		row.append(b, -theatreSeat.width(b)/2, boxRow(at, side, depth), theatreSeat, Box)
		s.Rows = append(s.Rows, row)
	}
	return s
}

// boxRow is a straight row along the wall, turned a little towards the stage.
func boxRow(at Point, side, depth int) curve {
	return func(along int) Point {
		// Who faces the hall has the stage to the right on the right wall, to the left on the left one.
		return Point{X: at.X + side*80*depth + along/4, Y: at.Y - side*along + 20*depth}
	}
}
