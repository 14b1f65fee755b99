package typesense

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/bits-and-blooms/bitset"
)

// Documents are numbered in the order in which they first came; a document that is replaced keeps its number. A column holds
// the values of one field by these numbers.

// numbers is the column of a field of numbers or truth values. Every value is kept as an integer that sorts as the value does.
type numbers struct {
	field field
	has   bitset.BitSet
	one   []int64   // of a plain field
	many  [][]int64 // of an array
}

// orderedFloat maps floats to integers in the same order. Floats are kept as float32, as Typesense does.
func orderedFloat(f float64) int64 {
	bits := int64(math.Float64bits(float64(float32(f))))
	if bits < 0 {
		bits = math.MinInt64 - bits
	}
	return bits
}

func floatOf(ordered int64) float64 {
	if ordered < 0 {
		ordered = math.MinInt64 - ordered
	}
	return math.Float64frombits(uint64(ordered))
}

// float gives a value of the column as a number.
func (c *numbers) float(value int64) float64 {
	if c.field.base() == typeFloat {
		return floatOf(value)
	}
	return float64(value)
}

// text gives a value of the column as facets name it.
func (c *numbers) text(value int64) string {
	switch c.field.base() {
	case typeFloat:
		return strconv.FormatFloat(floatOf(value), 'g', -1, 32)
	case typeBool:
		return strconv.FormatBool(value == 1)
	}
	return strconv.FormatInt(value, 10)
}

func (c *numbers) encode(value any) int64 {
	switch v := value.(type) {
	case bool:
		if v {
			return 1
		}
		return 0
	case json.Number:
		return encodeNumber(c.field.base(), v)
	}
	return 0
}

// encodeNumber gives a number as a column of the type keeps it. An int32 out of range wraps, as in Typesense.
func encodeNumber(base string, n json.Number) int64 {
	if base == typeFloat {
		f, _ := n.Float64() // conform has seen it
		return orderedFloat(f)
	}
	i, _ := n.Int64() // conform has seen it
	if base == typeInt32 {
		return int64(int32(i))
	}
	return i
}

func (c *numbers) set(seq uint32, value any) {
	c.clear(seq)
	if value == nil {
		return
	}
	c.has.Set(uint(seq))
	if !c.field.isArray() {
		c.one = grow(c.one, seq)
		c.one[seq] = c.encode(value)
		return
	}
	list, _ := value.([]any) // conform has seen it
	values := make([]int64, len(list))
	for i, element := range list {
		values[i] = c.encode(element)
	}
	c.many = grow(c.many, seq)
	c.many[seq] = values
}

func (c *numbers) clear(seq uint32) {
	c.has.Clear(uint(seq))
	if int(seq) < len(c.many) {
		c.many[seq] = nil
	}
}

// each visits the values of a document until visit says no.
func (c *numbers) each(seq uint32, visit func(value int64) bool) {
	if !c.has.Test(uint(seq)) {
		return
	}
	if !c.field.isArray() {
		visit(c.one[seq])
		return
	}
	for _, value := range c.many[seq] {
		if !visit(value) {
			return
		}
	}
}

// grow makes a slice long enough to hold index seq.
func grow[T any](s []T, seq uint32) []T {
	for int(seq) >= len(s) {
		var zero T
		s = append(s, zero)
	}
	return s
}

// texts is the column of a field of strings: each distinct string once, and for each document which ones it has.
type texts struct {
	field field
	has   bitset.BitSet
	ids   [][]uint32 // a plain field has one each

	values  []string // "" where nobody has it
	lengths []uint16 // words in the value
	uses    []int32  // documents that have it
	free    []uint32 // places of values that nobody has
	idOf    map[string]uint32
	words   tokenizer
}

func newTexts(f field, words tokenizer) *texts {
	return &texts{field: f, words: words, idOf: map[string]uint32{}}
}

func (c *texts) set(seq uint32, value any) {
	c.clear(seq)
	if value == nil {
		return
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	ids := make([]uint32, len(list))
	for i, element := range list {
		text, _ := element.(string) // conform has seen it
		ids[i] = c.intern(text)
	}
	c.has.Set(uint(seq))
	c.ids = grow(c.ids, seq)
	c.ids[seq] = ids
}

func (c *texts) clear(seq uint32) {
	if !c.has.Test(uint(seq)) {
		return
	}
	for _, id := range c.ids[seq] {
		if id == longText {
			continue
		}
		if c.uses[id]--; c.uses[id] == 0 {
			delete(c.idOf, c.values[id])
			c.values[id] = ""
			c.free = append(c.free, id)
		}
	}
	c.ids[seq] = nil
	c.has.Clear(uint(seq))
}

// longText stands for a string that only the document holds. Such a one is neither counted nor sorted by, just searched.
const (
	longText     = math.MaxUint32
	longTextFrom = 200 // bytes
)

func (c *texts) intern(text string) uint32 {
	if len(text) >= longTextFrom && !c.field.Facet && !c.field.Sort {
		return longText
	}
	id, known := c.idOf[text]
	if !known {
		length := uint16(min(len(c.words.tokens(text)), math.MaxUint16))
		if last := len(c.free) - 1; last >= 0 {
			id, c.free = c.free[last], c.free[:last]
			c.values[id], c.lengths[id] = text, length
		} else {
			id = uint32(len(c.values))
			c.values, c.lengths, c.uses = append(c.values, text), append(c.lengths, length), append(c.uses, 0)
		}
		c.idOf[text] = id
	}
	c.uses[id]++
	return id
}

// places is the column of a field of points on the globe.
type places struct {
	field  field
	has    bitset.BitSet
	points [][]point
}

func (c *places) set(seq uint32, value any) {
	c.clear(seq)
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		return
	}
	if !c.field.isArray() {
		list = []any{value}
	}
	points := make([]point, len(list))
	for i, element := range list {
		points[i] = pointOf(element)
	}
	c.has.Set(uint(seq))
	c.points = grow(c.points, seq)
	c.points[seq] = points
}

func (c *places) clear(seq uint32) {
	c.has.Clear(uint(seq))
	if int(seq) < len(c.points) {
		c.points[seq] = nil
	}
}

func pointOf(value any) point {
	pair, _ := value.([]any) // conform has seen it
	var p point
	for i, to := range []*float64{&p.lat, &p.lng} {
		if i < len(pair) {
			if n, ok := pair[i].(json.Number); ok {
				*to, _ = n.Float64() // conform has seen it
			}
		}
	}
	return p
}
