package seatplan

// Counts say how large a plan is.
type Counts struct {
	Places     int
	Standing   int
	Accessible int
	Companions int
	Restricted int            // of restricted view
	Categories map[string]int // places by category
}

// Counts counts the places of the plan.
func (p Plan) Counts() Counts {
	c := Counts{Categories: map[string]int{}}
	for _, s := range p.Sections {
		c.add(s)
	}
	return c
}

// Counts counts the places of the section.
func (s Section) Counts() Counts {
	c := Counts{Categories: map[string]int{}}
	c.add(s)
	return c
}

func (c *Counts) add(s Section) {
	for _, row := range s.Rows {
		for _, seat := range row.Seats {
			c.Places++
			c.Categories[seat.Category]++
			if seat.Restricted {
				c.Restricted++
			}
			switch seat.Kind {
			case Accessible:
				c.Accessible++
			case Companion:
				c.Companions++
			case Ordinary:
			}
		}
	}
	if s.Standing != nil {
		c.Places += s.Standing.Capacity
		c.Standing += s.Standing.Capacity
		c.Categories[s.Standing.Category] += s.Standing.Capacity
	}
}

// WheelchairSpaces gives how many wheelchair spaces a hall of so many seats needs at least, by the 2010 ADA Standards for
// Accessible Design, table 221.2.1.1. Section 221.3 asks for a companion's seat beside each.
func WheelchairSpaces(seats int) int {
	switch {
	case seats < 4:
		return 0
	case seats <= 25:
		return 1
	case seats <= 50:
		return 2
	case seats <= 150:
		return 4
	case seats <= 300:
		return 5
	case seats <= 500:
		return 6
	case seats <= 5000:
		return 6 + ceilDiv(seats-500, 150)
	default:
		return 36 + ceilDiv(seats-5000, 200)
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
