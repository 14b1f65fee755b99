package seatplan

import (
	"cmp"
	"fmt"
)

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
	if i, j, ok := firstCrossing(s.Outline); ok {
		v.add(place+".outline", "It crosses itself: the edge from corner %d meets the edge from corner %d.", i, j)
	}
}

// checkSeatsOutsideStanding holds that nobody stands where a seat is.
func (v *validator) checkSeatsOutsideStanding() {
	var areas []Section
	for _, section := range v.plan.Sections {
		if section.Standing != nil && len(section.Standing.Outline) <= maxOutline {
			areas = append(areas, section)
		}
	}
	if len(areas) > maxStanding {
		v.add("sections", "There are %d standing areas; at most %d are possible.", len(areas), maxStanding)
		return
	}
	for _, area := range areas {
		for _, s := range v.order {
			if inside(area.Standing.Outline, Point{s.seat.X, s.seat.Y}) {
				v.add(s.place, "It lies in the standing area %s.", area.Name)
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

// firstCrossing finds two edges of the outline that meet elsewhere than at a corner they share, by their first corners.
func firstCrossing(outline []Point) (i, j int, ok bool) {
	n := len(outline)
	for i := range n {
		for j := i + 2; j < n; j++ {
			if i == 0 && j == n-1 {
				continue // they share the first corner
			}
			if cross(outline[i], outline[i+1], outline[j], outline[(j+1)%n]) {
				return i, j, true
			}
		}
	}
	return 0, 0, false
}

// cross reports whether the edges a to b and c to d meet: each has the other's ends on different sides, or on itself.
func cross(a, b, c, d Point) bool {
	if max(a.X, b.X) < min(c.X, d.X) || max(c.X, d.X) < min(a.X, b.X) || max(a.Y, b.Y) < min(c.Y, d.Y) || max(c.Y, d.Y) < min(a.Y, b.Y) {
		return false
	}
	return side(a, b, c)*side(a, b, d) <= 0 && side(c, d, a)*side(c, d, b) <= 0
}

// side tells on which side of the line from a to b the point lies: -1, 1, or 0 on it.
func side(a, b, at Point) int {
	return cmp.Compare((b.X-a.X)*(at.Y-a.Y), (b.Y-a.Y)*(at.X-a.X))
}
