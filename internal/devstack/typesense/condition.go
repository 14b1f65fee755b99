package typesense

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/bits-and-blooms/bitset"
)

// match gives the documents that a filter lets through. A nil filter lets through all.
func (st *state) match(ctx context.Context, node *filterNode) (*bitset.BitSet, error) {
	if node == nil {
		return &st.live, nil
	}
	if node.condition != nil {
		return st.meet(ctx, *node.condition)
	}
	left, err := st.match(ctx, node.left)
	if err != nil {
		return nil, err
	}
	right, err := st.match(ctx, node.right)
	if err != nil {
		return nil, err
	}
	if node.and {
		return left.Intersection(right), nil
	}
	return left.Union(right), nil
}

// filter gives the documents that filter_by lets through.
func (st *state) filter(ctx context.Context, text string) (*bitset.BitSet, error) {
	node, err := parseFilter(text)
	if err != nil {
		return nil, err
	}
	return st.match(ctx, node)
}

// meet gives the documents that meet a condition.
func (st *state) meet(ctx context.Context, c condition) (*bitset.BitSet, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
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
