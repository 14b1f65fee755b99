// Package seatplan describes where the places of a hall lie: what a seat map draws and what the tickets of an event are
// made from. It depends on the standard library and the vocabulary alone.
//
// A plan knows nothing of events, prices or sales. A ticket finds its place by section, row and number.
//
// The JSON form of a plan is described in docs/seatplan.md, with every field, unit and bound. Lengths are whole
// centimetres; x grows to the right and y away from the stage, for who faces it.
//
// # The hash
//
// A plan is identified by the SHA-256 of its canonical JSON, that of RFC 8785: no spaces, members sorted by name,
// whole numbers. Two plans that differ in spaces or in the order of members are therefore one plan; the order of
// sections, rows and seats counts. Plans are immutable: a hall that changes gets another plan.
package seatplan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
)

// Format is the version of the JSON form that this package reads and writes.
const Format = 1

// Measures of a hall, in centimetres between the centres of two seats.
const (
	// MinDistance is how near two seats may be to each other. The narrowest chairs are 45 cm wide.
	MinDistance = 45
	// AisleGap is the distance in a row from which on there is an aisle between two seats, not an armrest. A wheelchair
	// space is 92 cm wide, so two of them side by side are still neighbours.
	AisleGap = 120
)

// Plan is a hall. Fields stand in the order of their JSON names, which the canonical form needs.
type Plan struct {
	Categories []string  `json:"categories"`
	Format     int       `json:"format"`
	Height     int       `json:"height"`
	Name       string    `json:"name"`
	Sections   []Section `json:"sections"`
	Stage      Stage     `json:"stage"`
	Width      int       `json:"width"`
}

// Section is a part of a hall that people name: stalls, balcony, floor. It has rows or a standing area.
type Section struct {
	Name     string    `json:"name"`
	Rows     []Row     `json:"rows,omitempty"`
	Standing *Standing `json:"standing,omitempty"`
}

// Row is a row of seats, from left to right.
type Row struct {
	Label string `json:"label"`
	Seats []Seat `json:"seats"`
}

// Seat is one chair, or the space for a wheelchair.
type Seat struct {
	Category   string `json:"category"`
	Kind       Kind   `json:"kind,omitempty"`
	Number     int    `json:"number"`
	Restricted bool   `json:"restricted,omitempty"` // who sits there does not see all of the stage
	X          int    `json:"x"`
	Y          int    `json:"y"`
}

// Kind is what a seat is made for.
type Kind string

// The kinds of seats.
const (
	Ordinary   Kind = ""
	Accessible Kind = "accessible" // a wheelchair fits, and it is reached without a step
	Companion  Kind = "companion"  // beside an accessible seat, for who comes along
)

// Standing is an area where people stand.
type Standing struct {
	Capacity int     `json:"capacity"`
	Category string  `json:"category"`
	Outline  []Point `json:"outline"`
}

// Point is a place on the map.
type Point struct {
	X int `json:"x"`
	Y int `json:"y"`
}

// Stage is what everybody looks at.
type Stage struct {
	Height int    `json:"height"`
	Label  string `json:"label"`
	Width  int    `json:"width"`
	X      int    `json:"x"`
	Y      int    `json:"y"`
}

// Place is what one ticket is for. Row is empty in a standing area.
type Place struct {
	Section    string
	Row        string
	Number     int
	Category   string
	Accessible bool
}

// Canonical gives the plan's canonical JSON. The plan must be valid: only then do Go's JSON and RFC 8785 agree on how
// its text is escaped.
func (p Plan) Canonical() ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(p); err != nil {
		return nil, fmt.Errorf("write the seat plan: %w", err)
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// Hash gives the hexadecimal SHA-256 of the canonical JSON.
func (p Plan) Hash() (string, error) {
	canonical, err := p.Canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

// Places gives every place in the order of the plan.
func (p Plan) Places() iter.Seq[Place] {
	return func(yield func(Place) bool) {
		for _, section := range p.Sections {
			if !section.places(yield) {
				return
			}
		}
	}
}

func (s Section) places(yield func(Place) bool) bool {
	for _, row := range s.Rows {
		for _, seat := range row.Seats {
			place := Place{
				Section: s.Name, Row: row.Label, Number: seat.Number, Category: seat.Category,
				Accessible: seat.Kind == Accessible,
			}
			if !yield(place) {
				return false
			}
		}
	}
	if s.Standing == nil {
		return true
	}
	for number := range s.Standing.Capacity {
		if !yield(Place{Section: s.Name, Number: number + 1, Category: s.Standing.Category}) {
			return false
		}
	}
	return true
}

// Capacity counts the places.
func (p Plan) Capacity() int {
	n := 0
	for _, section := range p.Sections {
		for _, row := range section.Rows {
			n += len(row.Seats)
		}
		if section.Standing != nil {
			n += section.Standing.Capacity
		}
	}
	return n
}

// AisleBetween reports whether an aisle separates two seats that follow each other in a row.
func AisleBetween(a, b Seat) bool {
	x, y := a.X-b.X, a.Y-b.Y
	return x*x+y*y >= AisleGap*AisleGap
}
