package typesense

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/bits-and-blooms/bitset"
)

// match gives the documents that a filter lets through. A nil filter lets through all.
func (st *state) match(node *filterNode) (*bitset.BitSet, error) {
	if node == nil {
		return &st.live, nil
	}
	if node.condition != nil {
		return st.meet(*node.condition)
	}
	left, err := st.match(node.left)
	if err != nil {
		return nil, err
	}
	right, err := st.match(node.right)
	if err != nil {
		return nil, err
	}
	if node.and {
		return left.Intersection(right), nil
	}
	return left.Union(right), nil
}

// filter gives the documents that filter_by lets through.
func (st *state) filter(text string) (*bitset.BitSet, error) {
	node, err := parseFilter(text)
	if err != nil {
		return nil, err
	}
	return st.match(node)
}

// meet gives the documents that meet a condition.
func (st *state) meet(c condition) (*bitset.BitSet, error) {
	if c.field == "id" {
		return st.meetID(c.value)
	}
	if column, ok := st.texts[c.field]; ok {
		return st.meetText(column, c)
	}
	if column, ok := st.places[c.field]; ok {
		return st.meetPlace(column, c.value)
	}
	column, ok := st.numbers[c.field]
	if !ok {
		return nil, badRequest("Could not find a filter field named `%s` in the schema.", c.field)
	}
	if column.field.base() == typeBool {
		return st.meetBool(column, c)
	}
	return st.meetNumber(column, c)
}

// comparison cuts the comparator off a value: one of those given, longest first, or "".
func comparison(value string, comparators ...string) (comparator, rest string) {
	for _, comparator := range comparators {
		if rest, ok := strings.CutPrefix(value, comparator); ok {
			return comparator, strings.TrimSpace(rest)
		}
	}
	return "", value
}

// except gives the living documents that are not in a set.
func (st *state) except(set *bitset.BitSet, not bool) *bitset.BitSet {
	if !not {
		return set
	}
	return st.live.Difference(set)
}

func (st *state) meetID(value string) (*bitset.BitSet, error) {
	comparator, value := comparison(value, "!=", "!", "=")
	if value == "" {
		return nil, badRequest("Error with filter field `id`: Filter value cannot be empty.")
	}
	set := &bitset.BitSet{}
	if value == "*" {
		set = st.live.Clone()
	}
	for _, id := range values(value) {
		if seq, ok := st.seqOf[id]; ok {
			set.Set(uint(seq))
		}
	}
	return st.except(set, strings.HasPrefix(comparator, "!")), nil
}

// meetText compares words. Each distinct string is judged once.
func (st *state) meetText(column *texts, c condition) (*bitset.BitSet, error) {
	comparator, value := comparison(c.value, "!=", "!", ">=", "<=", ">", "<", "=")
	if value == "" {
		return nil, badRequest("Error with filter field `%s`: Filter value cannot be empty.", c.field)
	}
	whole := comparator == "=" || comparator == "!="
	var wanted []wantedText
	for _, v := range values(value) {
		wanted = append(wanted, st.wanted(v))
	}
	judged := make([]bool, len(column.values))
	for id, text := range column.values {
		if column.uses[id] > 0 {
			judged[id] = anyMeets(st.words.words(text), wanted, whole)
		}
	}
	set := &bitset.BitSet{}
	for i, ok := column.has.NextSet(0); ok; i, ok = column.has.NextSet(i + 1) {
		if slices.ContainsFunc(column.ids[i], func(id uint32) bool { return id != longText && judged[id] }) {
			set.Set(i)
			continue
		}
		if !slices.Contains(column.ids[i], longText) {
			continue
		}
		doc, err := st.document(uint32(i))
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(stringsOf(doc[c.field]), func(text string) bool { return anyMeets(st.words.words(text), wanted, whole) }) {
			set.Set(i)
		}
	}
	return st.except(set, strings.HasPrefix(comparator, "!")), nil
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

func anyMeets(words []string, wanted []wantedText, whole bool) bool {
	return slices.ContainsFunc(wanted, func(w wantedText) bool { return w.meets(words, whole) })
}

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
	if whole {
		if len(words) < len(w.words) || len(words) > len(w.words) && !w.prefix {
			return false
		}
		for i := range w.words {
			if !same(i, words[i]) {
				return false
			}
		}
		return true
	}
	for i := range w.words {
		if !slices.ContainsFunc(words, func(word string) bool { return same(i, word) }) {
			return false
		}
	}
	return true
}

func (st *state) meetBool(column *numbers, c condition) (*bitset.BitSet, error) {
	comparator, value := comparison(c.value, "!=", "!", "=")
	if value == "" {
		return nil, badRequest("Error with filter field `%s`: Filter value cannot be empty.", c.field)
	}
	var ranges []numberRange
	for _, v := range values(value) {
		switch v {
		case "true":
			ranges = append(ranges, numberRange{1, 1})
		case "false":
			ranges = append(ranges, numberRange{0, 0})
		default:
			return nil, badRequest("Value of filter field `%s` must be `true` or `false`.", c.field)
		}
	}
	return st.except(column.within(ranges), strings.HasPrefix(comparator, "!")), nil
}

// numberRange holds the numbers from low to high, as a column keeps them, both included.
type numberRange struct{ low, high int64 }

// meetNumber compares numbers. An inequality in a list is one more range.
func (st *state) meetNumber(column *numbers, c condition) (*bitset.BitSet, error) {
	comparator, value := comparison(c.value, "!=", "!", "=")
	if value == "" {
		return nil, badRequest("Error with filter field `%s`: Filter value cannot be empty.", c.field)
	}
	var ranges []numberRange
	for _, v := range values(value) {
		r, ok, err := parseRange(column.field, v)
		if err != nil {
			return nil, err
		}
		if ok {
			ranges = append(ranges, r)
		}
	}
	return st.except(column.within(ranges), strings.HasPrefix(comparator, "!")), nil
}

// parseRange reads a number, from..to, or an inequality. A range with an open end holds nothing.
func parseRange(f field, text string) (numberRange, bool, error) {
	if from, to, ok := strings.Cut(text, ".."); ok {
		low, err := parseOperand(f, strings.TrimSpace(from))
		if err != nil || strings.TrimSpace(to) == "" {
			return numberRange{}, false, err
		}
		high, err := parseOperand(f, strings.TrimSpace(to))
		return numberRange{low, high}, err == nil, err
	}
	comparator, rest := comparison(text, ">=", "<=", ">", "<", "=")
	n, err := parseOperand(f, rest)
	if err != nil {
		return numberRange{}, false, err
	}
	switch comparator {
	case ">=":
		return numberRange{n, math.MaxInt64}, true, nil
	case "<=":
		return numberRange{math.MinInt64, n}, true, nil
	case ">":
		return numberRange{n + 1, math.MaxInt64}, n < math.MaxInt64, nil
	case "<":
		return numberRange{math.MinInt64, n - 1}, n > math.MinInt64, nil
	}
	return numberRange{n, n}, true, nil
}

// parseOperand reads a number as the field's column keeps it.
func parseOperand(f field, text string) (int64, error) {
	fail := func(reason string) (int64, error) {
		return 0, badRequest("Error with filter field `%s`: %s", f.Name, reason)
	}
	text = strings.TrimPrefix(text, "+")
	if digits := strings.TrimPrefix(text, "-"); digits == "" || digits[0] < '0' || digits[0] > '9' {
		return fail("Numerical field has an invalid comparator.")
	}
	if f.base() == typeFloat {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(value, 0) {
			return fail("Not a float.")
		}
		return orderedFloat(value), nil
	}
	value, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return fail("Not an " + f.base() + ".")
	case f.base() == typeInt32 && value != int64(int32(value)):
		return fail("`" + text + "` exceeds the range of an int32.")
	}
	return encodeNumber(f.base(), json.Number(text)), nil
}

// within gives the documents with a value in one of the ranges.
func (c *numbers) within(ranges []numberRange) *bitset.BitSet {
	set := &bitset.BitSet{}
	for i, ok := c.has.NextSet(0); ok; i, ok = c.has.NextSet(i + 1) {
		c.each(uint32(i), func(value int64) bool {
			for _, r := range ranges {
				if r.low <= value && value <= r.high {
					set.Set(i)
					return false
				}
			}
			return true
		})
	}
	return set
}

// meetPlace gives the documents within a circle (lat, lng, radius unit) or a polygon (lat, lng, lat, lng, …).
func (st *state) meetPlace(column *places, value string) (*bitset.BitSet, error) {
	comparator, value := comparison(value, "!=", "!", "=")
	contains, err := parseArea(column.field.Name, value)
	if err != nil {
		return nil, err
	}
	set := &bitset.BitSet{}
	for i, ok := column.has.NextSet(0); ok; i, ok = column.has.NextSet(i + 1) {
		if slices.ContainsFunc(column.points[i], contains) {
			set.Set(i)
		}
	}
	return st.except(set, strings.HasPrefix(comparator, "!")), nil
}

func parseArea(name, text string) (contains func(point) bool, err error) {
	if strings.HasPrefix(text, "[") { // not even of one
		return nil, errUnit
	}
	parts := splitList(strings.Trim(text, "()"))
	if len(parts) < 3 {
		return nil, badRequest("Value of filter field `%s`: must be in the `(-44.50, 170.29, 0.75 km)` or (56.33, -65.97, 23.82, -127.82) format.", name)
	}
	if last := parts[len(parts)-1]; len(parts)%2 == 1 {
		meters, err := parseDistance(last)
		if err != nil {
			return nil, err
		}
		if len(parts) != 3 {
			return nil, errUnit
		}
		center, err := parsePoint(parts[0], parts[1])
		return func(p point) bool { return p.meters(center) <= meters }, err
	}
	var polygon []point
	for i := 0; i < len(parts); i += 2 {
		corner, err := parsePoint(parts[i], parts[i+1])
		if err != nil {
			return nil, err
		}
		polygon = append(polygon, corner)
	}
	return func(p point) bool { return p.inside(polygon) }, nil
}

var errUnit = badRequest("Unit must be either `km` or `mi`.")

// parseDistance reads "10 km" or "10 mi", in meters.
func parseDistance(text string) (float64, error) {
	for unit, meters := range units {
		if n, ok := strings.CutSuffix(text, unit); ok {
			distance, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
			if err != nil || !(distance >= 0) {
				return 0, errUnit
			}
			return distance * meters, nil
		}
	}
	return 0, errUnit
}

func parsePoint(lat, lng string) (point, error) {
	var p point
	var err error
	if p.lat, err = strconv.ParseFloat(lat, 64); err == nil {
		p.lng, err = strconv.ParseFloat(lng, 64)
	}
	if err != nil || math.IsNaN(p.lat) || math.IsNaN(p.lng) || math.IsInf(p.lat, 0) || math.IsInf(p.lng, 0) {
		return p, badRequest("Bad geopoint: %s, %s.", lat, lng)
	}
	return p, nil
}
