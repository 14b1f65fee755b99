package postgres

import (
	"cmp"
	"slices"
	"strings"

	"github.com/boxoffice/boxoffice"
)

// inHallOrder puts seats into the order in which people count sections and rows. They come sorted by section, row and
// number as the index has them, whatever its collation: seats of one row stand together already, so only whole rows are
// moved.
func inHallOrder(seats []boxoffice.Ticket) []boxoffice.Ticket {
	type group struct {
		section, row string
		from, to     int
	}
	var groups []group
	for i := range seats {
		section, row := seats[i].Section, seats[i].Row
		if n := len(groups); n > 0 && groups[n-1].section == section && groups[n-1].row == row {
			groups[n-1].to = i + 1
			continue
		}
		groups = append(groups, group{section, row, i, i + 1})
	}
	inOrder := func(a, b group) int {
		return compareHall(a.section, a.row, b.section, b.row)
	}
	if slices.IsSortedFunc(groups, inOrder) {
		return seats
	}
	slices.SortFunc(groups, inOrder)
	ordered := make([]boxoffice.Ticket, 0, len(seats))
	for _, g := range groups {
		ordered = append(ordered, seats[g.from:g.to]...)
	}
	return ordered
}

// compareHall orders the rows of a hall.
func compareHall(section, row, otherSection, otherRow string) int {
	return cmp.Or(compareSections(section, otherSection), compareRows(row, otherRow))
}

// compareSections orders names with numbers in them: "Balcony", "Section 9", "Section 10".
func compareSections(a, b string) int { return compareNatural(a, b, strings.Compare) }

// compareRows orders labels as rows follow each other: 9, 10; Y, Z, AA.
func compareRows(a, b string) int {
	return compareNatural(a, b, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
}

// compareNatural compares piece by piece, where a piece is all digits or has none. Digits compare as numbers and come
// before words. Only equal texts are equal.
func compareNatural(a, b string, words func(a, b string) int) int {
	left, right := a, b
	for left != "" && right != "" {
		var p, q string
		p, left = cutPiece(left)
		q, right = cutPiece(right)
		var order int
		switch pNumber, qNumber := isDigit(p[0]), isDigit(q[0]); {
		case pNumber && qNumber:
			order = compareNumbers(p, q)
		case pNumber:
			order = -1
		case qNumber:
			order = 1
		default:
			order = words(p, q)
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Or(cmp.Compare(len(left), len(right)), strings.Compare(a, b))
}

func cutPiece(text string) (piece, rest string) {
	end := 1
	for end < len(text) && isDigit(text[end]) == isDigit(text[0]) {
		end++
	}
	return text[:end], text[end:]
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// compareNumbers compares digits of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
