package seatplan

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"
)

// palette has a colour for each category; it begins anew where a plan has more.
var palette = []string{"#8e44ad", "#d35400", "#2471a3", "#1e8449", "#b7950b", "#839192", "#a93226", "#117a65"}

// SVG draws the plan: a chair for each seat in the colour of its category, a square for a wheelchair's space, a ring for
// its companion's, paler where the view is restricted, standing areas as they lie, and a legend below. It is made to be looked at, not to be clicked on. The
// plan must be valid.
func (p Plan) SVG() []byte {
	d := drawing{plan: p, line: max(1, p.Width/27)}
	height := p.Height + (len(p.Categories)+3)*d.line
	d.print(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" text-anchor="middle">`, p.Width, height)
	d.print(`<rect width="%d" height="%d" fill="#fff"/>`, p.Width, height)
	d.stage()
	for _, s := range p.Sections {
		d.section(s)
	}
	for _, s := range p.Sections {
		d.name(s)
	}
	d.legend()
	d.print(`</svg>`)
	return d.out.Bytes()
}

type drawing struct {
	plan Plan
	line int // height of a line of text, which grows with the map
	out  bytes.Buffer
}

func (d *drawing) print(format string, args ...any) { fmt.Fprintf(&d.out, format+"\n", args...) }

// text writes words around a point, smaller where they would be wider than the room that there is.
func (d *drawing) text(at Point, size, room int, colour, words string) {
	size = min(size, room*7/4/utf8.RuneCountInString(words))
	d.print(`<text x="%d" y="%d" font-size="%d" fill="%s">%s</text>`, at.X, at.Y+size/3, size, colour, html.EscapeString(words))
}

func (d *drawing) colour(category string) string {
	return palette[max(0, slices.Index(d.plan.Categories, category))%len(palette)]
}

func (d *drawing) stage() {
	s := d.plan.Stage
	d.print(`<rect x="%d" y="%d" width="%d" height="%d" rx="10" fill="#34495e"/>`, s.X, s.Y, s.Width, s.Height)
	d.text(Point{s.X + s.Width/2, s.Y + s.Height/2}, min(d.line, s.Height), s.Width, "#fff", s.Label)
}

func (d *drawing) section(s Section) {
	if s.Standing != nil {
		corners := make([]string, len(s.Standing.Outline))
		for i, at := range s.Standing.Outline {
			corners[i] = fmt.Sprintf("%d,%d", at.X, at.Y)
		}
		d.print(`<polygon points="%s" fill="%s" fill-opacity="0.25"/>`, strings.Join(corners, " "), d.colour(s.Standing.Category))
	}
	for _, row := range s.Rows {
		for _, seat := range row.Seats {
			d.seat(seat)
		}
		if n := len(row.Seats); n > 2 {
			d.text(beyond(row.Seats[1], row.Seats[0]), 40, 60, "#7f8c8d", row.Label)
			d.text(beyond(row.Seats[n-2], row.Seats[n-1]), 40, 60, "#7f8c8d", row.Label)
		}
	}
}

// beyond gives the point at which the next seat after b would stand, coming from a.
func beyond(a, b Seat) Point { return Point{2*b.X - a.X, 2*b.Y - a.Y} }

func (d *drawing) seat(s Seat) {
	pale := ""
	if s.Restricted {
		pale = ` opacity="0.45"`
	}
	switch colour := d.colour(s.Category); s.Kind {
	case Accessible:
		d.print(`<rect x="%d" y="%d" width="72" height="72" rx="8" fill="%s" stroke="#000" stroke-width="8"%s/>`, s.X-36, s.Y-36, colour, pale)
	case Companion:
		d.print(`<circle cx="%d" cy="%d" r="17" fill="#fff" stroke="%s" stroke-width="10"%s/>`, s.X, s.Y, colour, pale)
	default:
		d.print(`<circle cx="%d" cy="%d" r="21" fill="%s"%s/>`, s.X, s.Y, colour, pale)
	}
}

// name writes a section's name across it; in front of it where it is a whole tier, above it where it is a box.
func (d *drawing) name(s Section) {
	from, to := s.extent()
	at := Point{(from.X + to.X) / 2, (from.Y + to.Y) / 2}
	switch {
	case s.Standing != nil:
	case s.Counts().Places <= 8:
		at.Y = from.Y - 70
	case to.X-from.X > d.plan.Width/2:
		first := s.Rows[0].Seats
		at.Y = first[len(first)/2].Y - d.line*9/10
	}
	d.print(`<g stroke="#fff" stroke-width="%d" paint-order="stroke">`, d.line/5)
	d.text(at, d.line, max(to.X-from.X, 150), "#000", s.Name)
	d.print(`</g>`)
}

// extent gives the corners of the rectangle in which a section lies.
func (s Section) extent() (from, to Point) {
	var all []Point
	for _, row := range s.Rows {
		for _, seat := range row.Seats {
			all = append(all, Point{seat.X, seat.Y})
		}
	}
	if s.Standing != nil {
		all = append(all, s.Standing.Outline...)
	}
	from, to = all[0], all[0]
	for _, at := range all {
		from = Point{min(from.X, at.X), min(from.Y, at.Y)}
		to = Point{max(to.X, at.X), max(to.Y, at.Y)}
	}
	return from, to
}

func (d *drawing) legend() {
	counts := d.plan.Counts()
	at := Point{d.plan.Width / 2, d.plan.Height}
	line := func(colour, format string, args ...any) {
		at.Y += d.line
		d.text(at, d.line*2/3, d.plan.Width, colour, fmt.Sprintf(format, args...))
	}
	for _, category := range d.plan.Categories {
		line(d.colour(category), "● %s · %d", category, counts.Categories[category])
	}
	line("#000", "%s · %d places · ■ %d wheelchair spaces · ○ %d companions' seats",
		d.plan.Name, counts.Places, counts.Accessible, counts.Companions)
	if counts.Restricted > 0 {
		line("#7f8c8d", "paler: restricted view · %d", counts.Restricted)
	}
}
