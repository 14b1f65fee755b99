package seatplan

import (
	"math"
	"strings"
)

// block is a run of seats between two aisles, one letter a seat: s a seat, a accessible, c companion, v of restricted view.
type block = string

// seats gives a block of n ordinary seats.
func seats(n int) block { return strings.Repeat("s", n) }

// curve is the line on which the seats of a row stand: it gives the point so many centimetres along it.
type curve func(along int) Point

// gauge is how wide seats are, in centimetres.
type gauge int

// wheelchair is the width of a space for one: the ADA Standards (802.1.2) ask for 36 inches.
const wheelchair = 92

func (g gauge) of(letter rune) int {
	if letter == 'a' {
		return wheelchair
	}
	return int(g)
}

// width of a block.
func (g gauge) width(b block) int {
	width := 0
	for _, letter := range b {
		width += g.of(letter)
	}
	return width
}

// append adds a block whose left edge is so many centimetres along the curve. Seats are numbered on from those before.
func (r *Row) append(b block, from int, on curve, g gauge, category string) {
	for _, letter := range b {
		seat := Seat{Category: category, Number: len(r.Seats) + 1}
		switch letter {
		case 'a':
			seat.Kind = Accessible
		case 'c':
			seat.Kind = Companion
		case 'v':
			seat.Restricted = true
		}
		at := on(from + g.of(letter)/2)
		seat.X, seat.Y = at.X, at.Y
		r.Seats = append(r.Seats, seat)
		from += g.of(letter)
	}
}

// arc is a curve around a centre, of a radius in centimetres; its middle, from which lengths along it are measured, lies
// in the direction of the heading: in radians, 0 is right and π/2 is down, away from the stage. With the seat's left hand
// to the left of the curve's middle, lengths grow to the right for who looks at the centre.
func arc(centre Point, radius, heading float64) curve {
	return func(along int) Point {
		angle := heading - float64(along)/radius
		return Point{
			X: centre.X + int(math.Round(radius*math.Cos(angle))),
			Y: centre.Y + int(math.Round(radius*math.Sin(angle))),
		}
	}
}
