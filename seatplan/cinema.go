package seatplan

// The price categories of a cinema, from the screen to the back.
const (
	Front    = "Front"
	Standard = "Standard"
	Premium  = "Premium"
)

// Measures of the cinema, in centimetres.
const (
	cinemaWidth  = 1400
	cinemaHeight = 1860
	centre       = cinemaWidth / 2
	seatPitch    = 56  // from seat to seat
	wheelchair   = 90  // width of a wheelchair's space
	rowPitch     = 115 // from row to row
	firstRow     = 320
	crossAisle   = 100 // before the accessible row, level with the doors
	bend         = 12000
)

// block is a run of seats between two aisles, one letter a seat: s a seat, a accessible, c companion.
type block = string

// cinemaRows are the rows from the screen to the back. The fourth lies at the cross aisle by which one comes in, so a
// wheelchair reaches it without a step; each of its six spaces has a companion's seat beside it (the ADA Standards for
// Accessible Design ask for five in a hall of this size, table 221.2.1.1).
var cinemaRows = []struct {
	label, category     string
	left, middle, right block
	crossAisle          bool
}{
	{label: "A", category: Front, left: "sss", middle: "ssssssss", right: "sss"},
	{label: "B", category: Front, left: "sss", middle: "ssssssss", right: "sss"},
	{label: "C", category: Front, left: "sss", middle: "ssssssss", right: "sss"},
	{label: "D", category: Standard, left: "caac", middle: "acssca", right: "caac", crossAisle: true},
	{label: "E", category: Standard, left: "sssss", middle: "ssssssss", right: "sssss"},
	{label: "F", category: Standard, left: "sssss", middle: "ssssssss", right: "sssss"},
	{label: "G", category: Standard, left: "sssss", middle: "ssssssss", right: "sssss"},
	{label: "H", category: Standard, left: "sssss", middle: "ssssssss", right: "sssss"},
	{label: "I", category: Premium, left: "sssss", middle: "ssssssss", right: "sssss"},
	{label: "J", category: Premium, left: "sssss", middle: "ssssssss", right: "sssss"},
	{label: "K", category: Premium, left: "sssss", middle: "ssssssss", right: "sssss"},
	{label: "L", category: Premium, left: "sssss", middle: "ssssssss", right: "sssss"},
}

// The aisles run from front to back at both sides of the middle block, which is eight seats wide.
const (
	middleHalf = 8 * seatPitch / 2
	aisle      = 110
)

// Cinema gives the plan of a cinema hall with 200 seats in twelve rows, two aisles, six wheelchair spaces with their
// companions' seats and three price categories. The name must be one that no other venue's plan has, because a plan
// belongs to one venue.
func Cinema(name string) Plan {
	p := Plan{
		Categories: []string{Front, Standard, Premium},
		Format:     Format,
		Name:       name,
		Width:      cinemaWidth,
		Height:     cinemaHeight,
		Stage:      Stage{Label: "Screen", X: centre - 500, Y: 60, Width: 1000, Height: 40},
	}
	stalls := Section{Name: "Stalls"}
	y := firstRow
	for _, r := range cinemaRows {
		if r.crossAisle {
			y += crossAisle
		}
		row := Row{Label: r.label}
		row.append(r.left, centre-middleHalf-aisle-widthOf(r.left), y, r.category)
		row.append(r.middle, centre-widthOf(r.middle)/2, y, r.category)
		row.append(r.right, centre+middleHalf+aisle, y, r.category)
		stalls.Rows = append(stalls.Rows, row)
		y += rowPitch
	}
	p.Sections = []Section{stalls}
	return p
}

// append adds a block whose left edge is at x. Rows bend towards the screen at their ends.
func (r *Row) append(b block, x, y int, category string) {
	for _, letter := range b {
		seat := Seat{Category: category, Number: len(r.Seats) + 1}
		switch letter {
		case 'a':
			seat.Kind = Accessible
		case 'c':
			seat.Kind = Companion
		}
		width := widthOfLetter(letter)
		seat.X = x + width/2
		seat.Y = y - (seat.X-centre)*(seat.X-centre)/bend
		r.Seats = append(r.Seats, seat)
		x += width
	}
}

func widthOf(b block) int {
	width := 0
	for _, letter := range b {
		width += widthOfLetter(letter)
	}
	return width
}

func widthOfLetter(letter rune) int {
	if letter == 'a' {
		return wheelchair
	}
	return seatPitch
}
