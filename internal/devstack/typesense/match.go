package typesense

import (
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/bits-and-blooms/bitset"
)

// plan is how one word of a query may be matched: with how many typos something is found.
type plan struct {
	word  string
	last  bool // it may go on behind what was typed
	typos []int
}

type wordKey struct {
	word  string
	last  bool
	typos int
}

// wordMatch is where candidates for one word stand.
type wordMatch struct {
	docs   *bitset.BitSet
	fields [][]wordPostings // by query field
}

type wordPostings struct {
	candidate
	*postings
}

// lookUp finds the candidates for a word with exactly so many typos, and where they stand.
func (s *search) lookUp(key wordKey) (*wordMatch, error) {
	if found, ok := s.lookups[key]; ok {
		return found, nil
	}
	m := &wordMatch{docs: &bitset.BitSet{}, fields: make([][]wordPostings, len(s.request.queryBy))}
	letters := utf8.RuneCountInString(key.word)
	for i, f := range s.request.queryBy {
		if key.typos > f.typos || letters < s.request.minLen[key.typos] {
			continue
		}
		words, err := s.text.view.vocabulary(f.name)
		if err != nil {
			return nil, err
		}
		for _, c := range candidates(words, key.word, key.typos, key.last && f.prefix, s.request.maxCandidates) {
			list, err := s.text.view.postings(s.ctx, f.name, c.word)
			if err != nil {
				return nil, err
			}
			m.fields[i] = append(m.fields[i], wordPostings{c, list})
			for _, seq := range list.docs {
				m.docs.Set(uint(seq))
			}
		}
	}
	s.lookups[key] = m
	return m, nil
}

// plan finds out how the words may be matched, and leaves out those that nothing matches. Unless thorough it looks for typos
// only where there is nothing without.
func (s *search) plan(words []string, thorough bool) ([]plan, error) {
	var plans []plan
	for i, word := range words {
		p := plan{word: word, last: i == len(words)-1}
		for typos := 0; typos <= maxTypos && (thorough || len(p.typos) == 0); typos++ {
			m, err := s.lookUp(wordKey{word, p.last, typos})
			if err != nil {
				return nil, err
			}
			if m.docs.Any() {
				p.typos = append(p.typos, typos)
			}
		}
		if len(p.typos) > 0 {
			plans = append(plans, p)
		}
	}
	return plans, nil
}

// findWords looks for documents with all the words, with as few typos as possible, then without the last word, and so on.
func (s *search) findWords(words []string) error {
	words = words[:min(len(words), maxWords)]
	before := len(s.hits)
	enough := func(threshold int) bool { return len(s.hits)-before >= threshold && !s.request.exhaustive }
	for _, thorough := range []bool{false, true} {
		plans, err := s.plan(words, thorough)
		if err != nil {
			return err
		}
		if err := s.findPlans(plans, enough); err != nil || enough(s.request.typoThreshold) {
			return err
		}
		for thorough && len(plans) > 1 && len(s.hits)-before < s.request.dropThreshold {
			plans = plans[:len(plans)-1]
			if err := s.findPlans(plans, enough); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxCombinations bounds in how many ways typos are spread over the words of a query.
const maxCombinations = 64

func (s *search) findPlans(plans []plan, enough func(threshold int) bool) error {
	if len(plans) == 0 {
		return nil
	}
	for _, typos := range combinations(plans) {
		if enough(s.request.typoThreshold) {
			return nil
		}
		if err := s.findCombination(plans, typos); err != nil {
			return err
		}
	}
	return nil
}

// combinations gives the ways in which typos may be spread over the words, fewest first.
func combinations(plans []plan) [][]int {
	all := [][]int{nil}
	for _, p := range plans {
		var longer [][]int
		for _, chosen := range all {
			for _, typos := range p.typos {
				longer = append(longer, append(slices.Clone(chosen), typos))
			}
		}
		slices.SortStableFunc(longer, func(a, b []int) int { return sum(a) - sum(b) })
		all = longer[:min(len(longer), maxCombinations)]
	}
	return all
}

func sum(numbers []int) int {
	total := 0
	for _, n := range numbers {
		total += n
	}
	return total
}

// findCombination adds the documents that have all the words with just these typos.
func (s *search) findCombination(plans []plan, typos []int) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	words := make([]*wordMatch, len(plans))
	docs := s.allowed
	for i, p := range plans {
		m, err := s.lookUp(wordKey{p.word, p.last, typos[i]})
		if err != nil {
			return err
		}
		words[i] = m
		docs = docs.Intersection(m.docs)
	}
	docs = docs.Difference(s.found)
	if docs.None() {
		return nil
	}
	s.found = s.found.Union(docs)
	s.note(plans, words)
	scorer := newScorer(s, words)
	for i, ok := docs.NextSet(0); ok; i, ok = docs.NextSet(i + 1) {
		s.hits = append(s.hits, hit{uint32(i), scorer.score(uint32(i))})
	}
	return nil
}

// note remembers which words of the index were meant, for the highlights.
func (s *search) note(plans []plan, words []*wordMatch) {
	for i, m := range words {
		for _, lists := range m.fields {
			for _, l := range lists {
				typed := 0
				if l.prefix && l.typos == 0 {
					typed = utf8.RuneCountInString(plans[i].word)
				}
				if known, ok := s.matched[l.word]; !ok || known > typed {
					s.matched[l.word] = typed
				}
			}
		}
	}
}

// scorer tells how well documents match. It must be asked in the order of their numbers.
type scorer struct {
	search *search
	words  []*wordMatch
	next   [][][]int // by word, field and candidate: where in its postings we are
	spots  []spot
}

// spot is where in a field a word of the query stands.
type spot struct {
	place
	word int // of the query
	cost int
}

func newScorer(s *search, words []*wordMatch) *scorer {
	sc := &scorer{search: s, words: words, next: make([][][]int, len(words))}
	for w, m := range words {
		sc.next[w] = make([][]int, len(m.fields))
		for f, lists := range m.fields {
			sc.next[w][f] = make([]int, len(lists))
		}
	}
	return sc
}

// score packs how well a document matches, so that the greater is the better: words matched, then the best field's match,
// then that field's weight, then how many fields match.
func (sc *scorer) score(seq uint32) uint64 {
	var best, fields uint64
	weight := 0
	for f, q := range sc.search.request.queryBy {
		match := sc.fieldScore(f, q.name, seq)
		if match == 0 {
			continue
		}
		fields++
		if match > best || match == best && q.weight > weight {
			best, weight = match, q.weight
		}
	}
	return uint64(min(len(sc.words), 15))<<59 | best<<11 | uint64(weight)<<3 | min(fields, 7)
}

const (
	maxSpots   = 200 // in one field of one document
	windowSize = 10  // words; what stands further apart does not count as together
)

// fieldScore packs how well one field of a document matches: words that stand together, fewest typos, least distance, and
// whether nothing else is in the field.
func (sc *scorer) fieldScore(f int, name string, seq uint32) uint64 {
	sc.spots = sc.spots[:0]
	for w, m := range sc.words {
		for c, list := range m.fields[f] {
			at := sc.next[w][f][c]
			for at < len(list.docs) && list.docs[at] < seq {
				at++
			}
			sc.next[w][f][c] = at
			if at == len(list.docs) || list.docs[at] != seq {
				continue
			}
			for _, place := range list.placesOf(at) {
				sc.spots = append(sc.spots, spot{place, w, list.cost()})
			}
		}
	}
	if len(sc.spots) == 0 {
		return 0
	}
	slices.SortFunc(sc.spots, func(a, b spot) int {
		if a.element != b.element {
			return int(a.element) - int(b.element)
		}
		return int(a.place.word) - int(b.place.word)
	})
	spots := sc.spots[:min(len(sc.spots), maxSpots)]
	var best uint64
	for i := range spots {
		best = max(best, sc.windowScore(name, seq, spots[i:]))
	}
	return best
}

// windowScore scores the best window that begins with the first spot.
func (sc *scorer) windowScore(name string, seq uint32, spots []spot) uint64 {
	var best uint64
	var seen uint64
	var costs [maxWords]int
	first := spots[0]
	for _, at := range spots {
		span := at.place.word - first.place.word
		if at.element != first.element || span >= windowSize {
			break
		}
		if bit := uint64(1) << at.word; seen&bit == 0 || at.cost < costs[at.word] {
			seen |= bit
			costs[at.word] = at.cost
		}
		total := 0
		for rest := seen; rest != 0; rest &= rest - 1 {
			total += costs[bits.TrailingZeros64(rest)]
		}
		present := uint64(bits.OnesCount64(seen))
		score := present<<40 | present<<32 | uint64(255-min(total, 255))<<24 | uint64(100-span)<<16
		if total == 0 && int(present) == len(sc.words) && sc.isWhole(name, seq, at.element, present, span) {
			score |= 1 << 8
		}
		best = max(best, score)
	}
	return best
}

// isWhole tells whether the words are all that the field, or the element of it, holds.
func (sc *scorer) isWhole(name string, seq, element uint32, present uint64, span uint32) bool {
	column := sc.search.texts[name]
	if uint64(span)+1 != present || int(seq) >= len(column.ids) || int(element) >= len(column.ids[seq]) {
		return false
	}
	id := column.ids[seq][element]
	return id != longText && uint64(column.lengths[id]) == present
}
