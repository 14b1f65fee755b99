package typesense

import (
	"slices"
	"strings"

	"github.com/bits-and-blooms/bitset"
)

// meetText compares words. Each distinct string is judged once.
func (st *state) meetText(column *texts, c condition) (*bitset.BitSet, error) {
	comparator, value := comparison(c.value, "!=", "!", ">", "<", "=")
	if value == "" {
		return nil, badRequest("Error with filter field `%s`: Filter value cannot be empty.", c.field)
	}
	var wanted []wantedText
	for _, v := range values(value) {
		wanted = append(wanted, st.wanted(v))
	}
	meets := func(text string) bool {
		words := st.words.words(text)
		return slices.ContainsFunc(wanted, func(w wantedText) bool { return w.meets(words, strings.HasSuffix(comparator, "=")) })
	}
	judged := make([]bool, len(column.values))
	for id, text := range column.values {
		judged[id] = column.uses[id] > 0 && meets(text)
	}
	set := &bitset.BitSet{}
	for i, ok := column.has.NextSet(0); ok; i, ok = column.has.NextSet(i + 1) {
		met, err := st.anyText(column, uint32(i), judged, meets)
		if err != nil {
			return nil, err
		}
		set.SetTo(i, met)
	}
	return st.except(set, strings.HasPrefix(comparator, "!")), nil
}

// anyText tells whether one of a document's texts meets a condition: the short ones are judged, long ones are asked about.
func (st *state) anyText(column *texts, seq uint32, judged []bool, meets func(text string) bool) (bool, error) {
	for _, id := range column.ids[seq] {
		if id == longText {
			doc, err := st.document(seq)
			return slices.ContainsFunc(stringsOf(doc[column.field.Name]), meets), err
		}
		if judged[id] {
			return true, nil
		}
	}
	return false, nil
}

// wantedText is what a filter wants of a text: words, of which the last may go on where there was a star.
type wantedText struct {
	words  []string
	prefix bool
}

func (st *state) wanted(value string) wantedText {
	text, prefix := strings.CutSuffix(value, "*")
	return wantedText{st.words.words(text), prefix}
}

// meets tells whether words hold all that is wanted, or with whole, just that and in that order.
func (w wantedText) meets(words []string, whole bool) bool {
	if len(w.words) == 0 {
		return false
	}
	same := func(i int, word string) bool {
		if w.prefix && i == len(w.words)-1 {
			return strings.HasPrefix(word, w.words[i])
		}
		return word == w.words[i]
	}
	if whole && (len(words) < len(w.words) || len(words) > len(w.words) && !w.prefix) {
		return false
	}
	for i := range w.words {
		found := whole && same(i, words[i])
		found = found || !whole && slices.ContainsFunc(words, func(word string) bool { return same(i, word) })
		if !found {
			return false
		}
	}
	return true
}
