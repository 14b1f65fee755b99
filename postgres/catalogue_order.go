package postgres

import (
	"cmp"
	"strings"
)

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
