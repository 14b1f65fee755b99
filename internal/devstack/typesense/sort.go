package typesense

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/bits-and-blooms/bitset"
)

const maxSortFields = 3

// sortKey is one of the things that hits are sorted by.
type sortKey struct {
	descending   bool
	missingFirst bool
	value        func(h hit) (value int64, ok bool)
	geoField     string // of a distance
}

// rank gives a number that is the smaller the earlier the hit comes. What has no value comes last, either way.
func (k sortKey) rank(h hit) int64 {
	value, ok := k.value(h)
	switch {
	case !ok && k.missingFirst:
		return math.MinInt64
	case !ok:
		return math.MaxInt64
	case k.descending:
		return ^value
	}
	return value
}

// sortClause is one part of sort_by: name(argument):direction.
type sortClause struct {
	name, argument string
	descending     bool
}

func parseSort(text string) ([]sortClause, error) {
	var clauses []sortClause
	for _, part := range splitList(text) {
		at := strings.LastIndexByte(part, ':')
		if at < 0 {
			return nil, badRequest("Parameter `sort_by` is malformed.")
		}
		var c sortClause
		switch strings.ToLower(strings.TrimSpace(part[at+1:])) {
		case "asc":
		case "desc":
			c.descending = true
		default:
			return nil, badRequest("Order for field` %s` should be either ASC or DESC.", strings.TrimSpace(part[:at]))
		}
		name, argument, ok := strings.Cut(part[:at], "(")
		c.name = strings.TrimSpace(name)
		if ok {
			c.argument = strings.TrimSpace(argument)
			if c.argument, ok = strings.CutSuffix(c.argument, ")"); !ok {
				return nil, badRequest("Could not parse `%s` parameter for `sort_by`.", c.name)
			}
		}
		clauses = append(clauses, c)
	}
	if len(clauses) > maxSortFields {
		return nil, badRequest("Only upto %d sort fields are allowed.", maxSortFields)
	}
	return clauses, nil
}

// sortKeys reads sort_by. Without it the best match comes first, then the default sorting field decides.
func (s *search) sortKeys() ([]sortKey, error) {
	clauses, err := parseSort(s.request.sortBy)
	if err != nil {
		return nil, err
	}
	byMatch := false
	keys := make([]sortKey, 0, maxSortFields+1)
	for _, c := range clauses {
		key, err := s.sortKey(c)
		if err != nil {
			return nil, err
		}
		key.descending = c.descending
		keys = append(keys, key)
		byMatch = byMatch || c.name == "_text_match"
	}
	if !byMatch && s.request.q != "*" && len(keys) < maxSortFields {
		keys = append(keys, sortKey{descending: true, value: matchValue})
	}
	if column := s.numbers[s.schema.DefaultSortingField]; column != nil && len(clauses) == 0 {
		keys = append(keys, sortKey{descending: true, value: column.sortValue})
	}
	return keys, nil
}

func matchValue(h hit) (int64, bool) { return int64(h.score), true }

func (c *numbers) sortValue(h hit) (int64, bool) {
	if !c.has.Test(uint(h.seq)) {
		return 0, false
	}
	return c.one[h.seq], true
}

func (s *search) sortKey(c sortClause) (sortKey, error) {
	switch c.name {
	case "_text_match":
		return s.sortByMatch(c.argument)
	case "_seq_id":
		return sortKey{value: func(h hit) (int64, bool) { return int64(h.seq), true }}, nil
	case "_rand":
		return sortKey{value: func(h hit) (int64, bool) { return random(c.argument, h.seq), true }}, nil
	case "_eval":
		return s.sortByFilter(c.argument)
	}
	f, _ := s.schema.field(c.name)
	if column := s.places[c.name]; column != nil && !f.isArray() {
		return sortByDistance(column, c.argument)
	}
	key := sortKey{}
	switch {
	case !f.Sort || f.isArray():
	case s.numbers[c.name] != nil:
		key.value = s.numbers[c.name].sortValue
	case s.texts[c.name] != nil:
		key.value = s.texts[c.name].sortValue()
	}
	if key.value == nil {
		return key, refuse(404, "Could not find a field named `%s` in the schema for sorting.", c.name)
	}
	name, value, _ := strings.Cut(c.argument, ":")
	if strings.TrimSpace(name) == "missing_values" {
		key.missingFirst = strings.TrimSpace(value) == "first"
	}
	return key, nil
}

// sortByMatch sorts by how well hits match; with buckets: n, those of one n-th of them count alike.
func (s *search) sortByMatch(argument string) (sortKey, error) {
	name, count, ok := strings.Cut(argument, ":")
	buckets, err := strconv.Atoi(strings.TrimSpace(count))
	if argument == "" || err == nil && buckets <= 0 {
		return sortKey{value: matchValue}, nil
	}
	if !ok || err != nil || strings.TrimSpace(name) != "buckets" {
		return sortKey{}, badRequest("Could not parse `_text_match` parameter for `sort_by`.")
	}
	scores := make([]uint64, len(s.hits))
	for i, h := range s.hits {
		scores[i] = h.score
	}
	slices.Sort(scores)
	return sortKey{value: func(h hit) (int64, bool) {
		at, _ := slices.BinarySearch(scores, h.score)
		return int64(at * buckets / max(len(scores), 1)), true
	}}, nil
}

func random(seed string, seq uint32) int64 {
	hash := fnv.New64a()
	hash.Write([]byte(seed + "/" + strconv.FormatUint(uint64(seq), 10)))
	return int64(hash.Sum64() >> 1)
}

// sortByFilter sorts by whether a hit passes a filter.
func (s *search) sortByFilter(filter string) (sortKey, error) {
	set, err := s.filter(s.ctx, filter)
	if err != nil {
		return sortKey{}, err
	}
	return sortKey{value: func(h hit) (int64, bool) { return boolValue(set, h), true }}, nil
}

func boolValue(set *bitset.BitSet, h hit) int64 {
	if set.Test(uint(h.seq)) {
		return 1
	}
	return 0
}

// sortByDistance sorts by meters from lat, lng. With precision, what lies in one step counts alike; with exclude_radius, all
// that lies within it does.
func sortByDistance(column *places, argument string) (sortKey, error) {
	malformed := badRequest("Bad syntax for geopoint sort field `%s`", column.field.Name)
	parts := splitList(argument)
	if len(parts) < 2 {
		return sortKey{}, malformed
	}
	center, err := parsePoint(parts[0], parts[1])
	if err != nil {
		return sortKey{}, malformed
	}
	options := map[string]float64{}
	for _, part := range parts[2:] {
		name, value, _ := strings.Cut(part, ":")
		name = strings.TrimSpace(name)
		if name != "precision" && name != "exclude_radius" {
			return sortKey{}, malformed
		}
		if options[name], err = parseDistance(strings.TrimSpace(value)); err != nil {
			return sortKey{}, err
		}
	}
	return sortKey{geoField: column.field.Name, value: func(h hit) (int64, bool) {
		if !column.has.Test(uint(h.seq)) {
			return 0, false
		}
		meters := column.points[h.seq][0].meters(center)
		if meters <= options["exclude_radius"] {
			meters = 0
		}
		if step := options["precision"]; step > 0 {
			meters = math.Ceil(meters/step) * step
		}
		return int64(math.Round(meters)), true
	}}, nil
}

// sortValue ranks the column's strings by their letters, of either case.
func (c *texts) sortValue() func(hit) (int64, bool) {
	order := make([]uint32, len(c.values))
	lower := make([]string, len(c.values))
	for id, value := range c.values {
		order[id], lower[id] = uint32(id), strings.ToLower(value)
	}
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(lower[a], lower[b]) })
	ranks := make([]int64, len(order))
	for rank, id := range order {
		ranks[id] = int64(rank)
	}
	return func(h hit) (int64, bool) {
		if !c.has.Test(uint(h.seq)) || len(c.ids[h.seq]) == 0 {
			return 0, false
		}
		return ranks[c.ids[h.seq][0]], true
	}
}

// ranked is a hit with its ranks by the sort keys.
type ranked struct {
	hit
	ranks [maxSortFields + 1]int64
}

// compare orders hits; of equal ones the newest comes first.
func (a ranked) compare(b ranked) int {
	for i := range a.ranks {
		if a.ranks[i] != b.ranks[i] {
			return cmp.Compare(a.ranks[i], b.ranks[i])
		}
	}
	return cmp.Compare(b.seq, a.seq)
}

// best gives the hits from place from on, count of them at most, in order. Only as many as needed are sorted.
func (s *search) best(keys []sortKey, from, count int) []hit {
	wanted := min(from+count, len(s.hits))
	if from >= wanted {
		return nil
	}
	kept := make([]ranked, 0, min(2*wanted+64, len(s.hits)))
	squeeze := func() {
		slices.SortFunc(kept, ranked.compare)
		kept = kept[:min(len(kept), wanted)]
	}
	full := false
	for _, h := range s.hits {
		r := ranked{hit: h}
		for i, key := range keys {
			r.ranks[i] = key.rank(h)
		}
		if full && r.compare(kept[wanted-1]) > 0 {
			continue
		}
		if len(kept) == cap(kept) {
			squeeze()
			full = true
		}
		kept = append(kept, r)
	}
	squeeze()
	hits := make([]hit, 0, wanted-from)
	for _, r := range kept[from:] {
		hits = append(hits, r.hit)
	}
	return hits
}
