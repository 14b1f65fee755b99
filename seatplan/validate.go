package seatplan

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a plan. The lengths of names are those of the tickets table.
const (
	MaxPlaces      = 100_000
	MaxBytes       = 16 << 20
	maxEntries     = 2 * MaxPlaces
	maxExtent      = 100_000 // 1 km
	maxSections    = 1_000
	maxCategories  = 50
	maxStanding    = 50
	maxOutline     = 200
	maxPlanName    = 200
	maxSectionName = 40
	maxRowLabel    = 10
	maxCategory    = 40
)

// Validate reports everything that is wrong with the plan, nil if nothing is. CodeInvalid, with a field error for each
// problem, at most a hundred: the field is the place in the JSON, as in "sections[0].rows[2].seats[5].number". It costs
// about a millisecond for a thousand seats.
func (p Plan) Validate() error { return p.problems().invalid() }

func (p Plan) problems() problems {
	v := &validator{plan: p, seats: map[cell][]spot{}}
	v.checkFrame()
	v.checkCategories()
	if p.Capacity() <= MaxPlaces { // more are too many to look at
		v.checkSections()
		v.checkSeatsOutsideStanding()
	}
	return v.problems
}

// cell is a square of the map, MinDistance wide: whatever overlaps a seat lies in its cell or in one of the eight around.
type cell struct{ x, y int }

// spot is a seat with what is needed to name it.
type spot struct {
	seat  Seat
	place string
	name  string
}

type validator struct {
	problems

	plan  Plan
	seats map[cell][]spot
	order []spot
}

func (v *validator) checkFrame() {
	p := v.plan
	if p.Format != Format {
		v.add("format", "The format is %d; this program knows %d.", p.Format, Format)
	}
	v.checkText("name", p.Name, maxPlanName)
	v.checkExtent("width", p.Width)
	v.checkExtent("height", p.Height)
	v.checkText("stage.label", p.Stage.Label, maxSectionName)
	v.checkExtent("stage.width", p.Stage.Width)
	v.checkExtent("stage.height", p.Stage.Height)
	v.checkOnMap("stage", Point{p.Stage.X, p.Stage.Y})
	v.checkOnMap("stage", Point{p.Stage.X + p.Stage.Width, p.Stage.Y + p.Stage.Height})
	if n := p.Capacity(); n == 0 {
		v.add("sections", "The plan has no places.")
	} else if n > MaxPlaces {
		v.add("sections", "The plan has %d places; at most %d are possible.", n, MaxPlaces)
	}
}

func (v *validator) checkExtent(place string, n int) {
	if !isExtent(n) {
		v.add(place, "It is %d; it must be between 1 and %d centimetres.", n, maxExtent)
	}
}

func isExtent(n int) bool { return n >= 1 && n <= maxExtent }

// checkOnMap does not ask for what a map of a wrong extent would say of everything.
func (v *validator) checkOnMap(place string, at Point) {
	offX := isExtent(v.plan.Width) && (at.X < 0 || at.X > v.plan.Width)
	offY := isExtent(v.plan.Height) && (at.Y < 0 || at.Y > v.plan.Height)
	if offX || offY {
		v.add(place, "It reaches (%d, %d), outside the map of %d × %d.", at.X, at.Y, v.plan.Width, v.plan.Height)
	}
}

// checkText refuses what a label cannot be. Control characters and line separators would also be escaped differently by
// Go and by RFC 8785, and spaces at the ends make two labels look the same.
func (v *validator) checkText(place, text string, longest int) {
	switch {
	case text == "":
		v.add(place, "It is empty.")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable):
		v.add(place, "It has characters that cannot be shown.")
	case strings.TrimSpace(text) != text:
		v.add(place, "%q begins or ends with a space.", text)
	case utf8.RuneCountInString(text) > longest:
		v.add(place, "%q is longer than %d characters.", text, longest)
	}
}

func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

func (v *validator) checkCategories() {
	if len(v.plan.Categories) > maxCategories {
		v.add("categories", "There are %d categories; at most %d are possible.", len(v.plan.Categories), maxCategories)
		v.plan.Categories = v.plan.Categories[:maxCategories]
	}
	if len(v.plan.Categories) == 0 {
		v.add("categories", "There are no categories.")
	}
	for i, name := range v.plan.Categories {
		place := fmt.Sprintf("categories[%d]", i)
		v.checkText(place, name, maxCategory)
		if slices.Contains(v.plan.Categories[:i], name) {
			v.add(place, "The category %q is there twice.", name)
		}
	}
}

func (v *validator) checkCategory(place, name string) {
	if len(v.plan.Categories) > 0 && !slices.Contains(v.plan.Categories, name) {
		v.add(place+".category", "The category %q is not among the plan's categories.", name)
	}
}

func (v *validator) checkSections() {
	if len(v.plan.Sections) > maxSections {
		v.add("sections", "There are %d sections; at most %d are possible.", len(v.plan.Sections), maxSections)
		return
	}
	seen := map[string]bool{}
	for i, s := range v.plan.Sections {
		place := fmt.Sprintf("sections[%d]", i)
		v.checkText(place+".name", s.Name, maxSectionName)
		if seen[s.Name] {
			v.add(place+".name", "The section %q is there twice.", s.Name)
		}
		seen[s.Name] = true
		if (len(s.Rows) > 0) == (s.Standing != nil) {
			v.add(place, "The section %q must have rows or a standing area, and not both.", s.Name)
		}
		v.checkRows(place, s)
		if s.Standing != nil {
			v.checkStanding(place+".standing", *s.Standing)
		}
	}
}

func (v *validator) checkRows(place string, s Section) {
	seen := map[string]bool{}
	for i, row := range s.Rows {
		place := fmt.Sprintf("%s.rows[%d]", place, i)
		v.checkText(place+".label", row.Label, maxRowLabel)
		if seen[row.Label] {
			v.add(place+".label", "The section %q has the row %q twice.", s.Name, row.Label)
		}
		seen[row.Label] = true
		if len(row.Seats) == 0 {
			v.add(place, "Row %s of %s has no seats.", row.Label, s.Name)
		}
		v.checkSeats(place, s.Name, row)
	}
}

func (v *validator) checkSeats(place, section string, row Row) {
	seen := map[int]bool{}
	for i, seat := range row.Seats {
		place := fmt.Sprintf("%s.seats[%d]", place, i)
		if seat.Number < 1 || seat.Number > MaxPlaces {
			v.add(place+".number", "It is %d; seats are numbered from 1 to %d.", seat.Number, MaxPlaces)
		}
		if seen[seat.Number] {
			v.add(place+".number", "Row %s of %s has the number %d twice.", row.Label, section, seat.Number)
		}
		seen[seat.Number] = true
		v.checkCategory(place, seat.Category)
		v.checkKind(place+".kind", row, i)
		v.checkOnMap(place, Point{seat.X, seat.Y})
		v.checkRoom(spot{seat, place, fmt.Sprintf("seat %d of row %s, %s", seat.Number, row.Label, section)})
	}
}

// checkKind holds that a companion has somebody to accompany beside them.
func (v *validator) checkKind(place string, row Row, i int) {
	switch seat := row.Seats[i]; seat.Kind {
	case Ordinary, Accessible:
	case Companion:
		before := i > 0 && row.Seats[i-1].Kind == Accessible && !AisleBetween(row.Seats[i-1], seat)
		after := i+1 < len(row.Seats) && row.Seats[i+1].Kind == Accessible && !AisleBetween(seat, row.Seats[i+1])
		if !before && !after {
			v.add(place, "Seat %d of row %s is a companion's, but no accessible seat is beside it.", seat.Number, row.Label)
		}
	default:
		v.add(place, "The kind %q is not known.", seat.Kind)
	}
}

// checkRoom holds that no seat before it stands in the same room. A seat that overlaps takes no room itself, so that few
// seats are near any other, however many lie on one heap.
func (v *validator) checkRoom(s spot) {
	at := cell{floorDiv(s.seat.X, MinDistance), floorDiv(s.seat.Y, MinDistance)}
	v.order = append(v.order, s)
	for dx := -1; dx <= 1; dx++ {
		for dy := -1; dy <= 1; dy++ {
			for _, other := range v.seats[cell{at.x + dx, at.y + dy}] {
				x, y := s.seat.X-other.seat.X, s.seat.Y-other.seat.Y
				if x*x+y*y < MinDistance*MinDistance {
					v.add(s.place, "It overlaps %s.", other.name)
					return
				}
			}
		}
	}
	v.seats[at] = append(v.seats[at], s)
}

func floorDiv(a, b int) int {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}
