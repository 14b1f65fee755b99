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
	cinemaSeat   = gauge(56)
	rowPitch     = 115 // from row to row
	firstRow     = 320
	crossAisle   = 100 // before the accessible row, level with the doors
	bend         = 12000
)

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
	middleHalf = 8 * int(cinemaSeat) / 2
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
		row, line := Row{Label: r.label}, bent(y)
		row.append(r.left, centre-middleHalf-aisle-cinemaSeat.width(r.left), line, cinemaSeat, r.category)
		row.append(r.middle, centre-cinemaSeat.width(r.middle)/2, line, cinemaSeat, r.category)
		row.append(r.right, centre+middleHalf+aisle, line, cinemaSeat, r.category)
		stalls.Rows = append(stalls.Rows, row)
		y += rowPitch
	}
	p.Sections = []Section{stalls}
	return p
}

// bent is a row at y whose ends bend towards the screen.
func bent(y int) curve {
	return func(x int) Point { return Point{X: x, Y: y - (x-centre)*(x-centre)/bend} }
}
