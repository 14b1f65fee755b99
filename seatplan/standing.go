package seatplan

import "fmt"

func (v *validator) checkStanding(place string, s Standing) {
	if s.Capacity < 1 || s.Capacity > MaxPlaces {
		v.add(place+".capacity", "It is %d; it must be between 1 and %d.", s.Capacity, MaxPlaces)
	}
	v.checkCategory(place, s.Category)
	if len(s.Outline) < 3 || len(s.Outline) > maxOutline {
		v.add(place+".outline", "It has %d corners; it must have between 3 and %d.", len(s.Outline), maxOutline)
		return
	}
	for i, corner := range s.Outline {
		v.checkOnMap(fmt.Sprintf("%s.outline[%d]", place, i), corner)
	}
	if twiceArea(s.Outline) == 0 {
		v.add(place+".outline", "It encloses no area.")
	}
}

// checkSeatsOutsideStanding holds that nobody stands where a seat is.
func (v *validator) checkSeatsOutsideStanding() {
	for _, section := range v.plan.Sections {
		if section.Standing == nil || len(section.Standing.Outline) > maxOutline {
			continue
		}
		for _, s := range v.order {
			if inside(section.Standing.Outline, Point{s.seat.X, s.seat.Y}) {
				v.add(s.place, "It lies in the standing area %s.", section.Name)
			}
		}
	}
}

// twiceArea is the shoelace formula; its sign is the direction of the corners.
func twiceArea(outline []Point) int {
	sum := 0
	for i, a := range outline {
		b := outline[(i+1)%len(outline)]
		sum += a.X*b.Y - b.X*a.Y
	}
	return sum
}

// inside counts how often the outline crosses the line from the point to the right: odd is inside.
func inside(outline []Point, at Point) bool {
	in := false
	for i, a := range outline {
		b := outline[(i+1)%len(outline)]
		if (a.Y > at.Y) == (b.Y > at.Y) {
			continue
		}
		if a.Y > b.Y {
			a, b = b, a
		}
		// The edge's x at the point's height is right of the point. Multiplied out to stay whole; b.Y > a.Y.
		if (b.X-a.X)*(at.Y-a.Y)+(a.X-at.X)*(b.Y-a.Y) > 0 {
			in = !in
		}
	}
	return in
}
