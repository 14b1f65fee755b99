package typesense

import (
	"cmp"
	"slices"
	"strings"
)

// candidate is a word of the index that may be meant by a word of a query.
type candidate struct {
	term
	typos  int
	prefix bool // it goes on behind what was typed
}

// cost ranks candidates: a typo weighs more than an ending that was not typed.
func (c candidate) cost() int {
	if c.typos > 0 {
		return 2 * c.typos
	}
	if c.prefix {
		return 1
	}
	return 0
}

// candidates finds the words that are the given one but for exactly so many typos; with prefix, also those that begin so.
// Of many the most frequent are taken, those that match in full first.
func candidates(words []term, typed string, typos int, prefix bool, limit int) []candidate {
	var found []candidate
	if typos == 0 {
		found = begun(words, typed, prefix)
	} else {
		found = misspelt(words, typed, typos, prefix)
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(compareBool(a.prefix && a.typos == 0, b.prefix && b.typos == 0), cmp.Compare(b.count, a.count))
	})
	return found[:min(len(found), limit)]
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// begun finds the word itself and, with prefix, all that begin with it.
func begun(words []term, typed string, prefix bool) []candidate {
	at, _ := slices.BinarySearchFunc(words, typed, func(t term, word string) int { return strings.Compare(t.word, word) })
	var found []candidate
	for _, t := range words[at:] {
		if !strings.HasPrefix(t.word, typed) || !prefix && t.word != typed {
			break
		}
		found = append(found, candidate{term: t, prefix: t.word != typed})
	}
	return found
}

// misspelt walks the sorted words and keeps the rows of the edit distance for what the next word begins alike with.
func misspelt(words []term, typed string, typos int, prefix bool) []candidate {
	var found []candidate
	d := newDistances([]rune(typed), typos)
	for i := 0; i < len(words); {
		distance, whole, dead := d.measure(words[i].word, prefix)
		if distance == typos {
			found = append(found, candidate{words[i], distance, !whole})
		}
		if dead == "" {
			i++
			continue
		}
		// No word that begins like this can be near enough.
		for i++; i < len(words) && strings.HasPrefix(words[i].word, dead); {
			i++
		}
	}
	return found
}

// distances counts the edits between a typed word and others: letters put in, left out, replaced, or swapped with the next.
type distances struct {
	typed []rune
	limit int
	word  []rune
	rows  [][]int // rows[i][j]: between word[:i] and typed[:j]
}

func newDistances(typed []rune, limit int) *distances {
	first := make([]int, len(typed)+1)
	for j := range first {
		first[j] = j
	}
	return &distances{typed: typed, limit: limit, rows: [][]int{first}}
}

// measure gives the edits to a word, or with prefix to its beginning that is nearest, and whether that is the whole word.
// More than the limit counts as limit + 1. dead is a beginning with which no word is near enough, if any.
func (d *distances) measure(word string, prefix bool) (distance int, whole bool, dead string) {
	runes := []rune(word)
	same := 0
	for same < len(runes) && same < len(d.word) && runes[same] == d.word[same] {
		same++
	}
	d.word = runes
	d.rows = d.rows[:min(len(d.rows), same+1)]
	best := d.limit + 1
	end := len(d.typed)
	for i := 1; i <= len(runes); i++ {
		if i == len(d.rows) {
			d.rows = append(d.rows, d.row(i))
		}
		if slices.Min(d.rows[i]) > d.limit && slices.Min(d.rows[i-1]) > d.limit {
			if best > d.limit {
				dead = string(runes[:i])
			}
			return best, false, dead
		}
		if prefix || i == len(runes) {
			if d.rows[i][end] < best {
				best, whole = d.rows[i][end], i == len(runes)
			}
		}
	}
	return best, whole, ""
}

func (d *distances) row(i int) []int {
	row := make([]int, len(d.typed)+1)
	row[0] = i
	for j := 1; j <= len(d.typed); j++ {
		replaced := 1
		if d.word[i-1] == d.typed[j-1] {
			replaced = 0
		}
		row[j] = min(d.rows[i-1][j]+1, row[j-1]+1, d.rows[i-1][j-1]+replaced)
		if i > 1 && j > 1 && d.word[i-1] == d.typed[j-2] && d.word[i-2] == d.typed[j-1] {
			row[j] = min(row[j], d.rows[i-2][j-2]+1)
		}
	}
	return row
}
