package typesense

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bits-and-blooms/bitset"
)

// query is what q says.
type query struct {
	words    []string
	phrases  [][]string
	excluded [][]string
}

// parseQuery reads words, "phrases", and -words or -"phrases", which must not occur.
func parseQuery(q string, t tokenizer) query {
	var parsed query
	for q = strings.TrimSpace(q); q != ""; q = strings.TrimSpace(q) {
		rest, not := strings.CutPrefix(q, "-")
		var text string
		quoted := strings.HasPrefix(rest, `"`)
		if quoted {
			text, q, _ = strings.Cut(rest[1:], `"`)
		} else {
			text, q, _ = strings.Cut(rest, " ")
		}
		words := t.words(text)
		switch {
		case len(words) == 0:
		case not:
			parsed.excluded = append(parsed.excluded, words)
		case quoted:
			parsed.phrases = append(parsed.phrases, words)
		default:
			parsed.words = append(parsed.words, words...)
		}
	}
	parsed.words = parsed.words[:min(len(parsed.words), maxQueryWords)]
	return parsed
}

// hit is a document that is found, and how well it matches.
type hit struct {
	seq   uint32
	score uint64
}

// The scores of hits that are found without a word: by an empty q, or by phrases alone.
const (
	emptyScore  = 100
	phraseScore = 100_015
)

// search is one search for words in a state.
type search struct {
	*state
	ctx     context.Context // of the one call that is being answered
	request request
	allowed *bitset.BitSet // what filter_by lets through

	query   query
	found   *bitset.BitSet
	hits    []hit
	matched map[string]int // words of the index that were meant → how many letters of each were typed; 0: all
	lookups map[wordKey]*wordMatch
}

// run finds the documents.
func (s *search) run() error {
	s.found, s.matched, s.lookups = &bitset.BitSet{}, map[string]int{}, map[wordKey]*wordMatch{}
	if q := s.request.q; q == "*" || q == "" {
		s.addAll(s.allowed, emptyScore)
		return nil
	}
	if err := s.checkFields(); err != nil {
		return err
	}
	s.query = parseQuery(s.request.q, s.words)
	if err := s.applyPhrases(); err != nil {
		return err
	}
	if len(s.query.words) == 0 {
		if len(s.query.phrases)+len(s.query.excluded) > 0 {
			s.addAll(s.allowed, phraseScore)
		}
		return nil
	}
	variants := [][]string{s.query.words}
	if s.request.synonyms {
		variants = s.variants(s.query.words)
	}
	for _, words := range variants {
		if err := s.findWords(words); err != nil {
			return err
		}
	}
	if len(s.hits) == 0 && s.request.splitJoin {
		return s.splitAndJoin()
	}
	return nil
}

func (s *search) checkFields() error {
	if len(s.request.queryBy) == 0 {
		return badRequest("No search fields specified for the query.")
	}
	for _, f := range s.request.queryBy {
		if err := s.checkField(f.name); err != nil {
			return err
		}
		if s.request.infix {
			return badRequest("Could not find `%s` in the infix index. Make sure to enable infix search by specifying `infix: true` in the schema.", f.name)
		}
	}
	return nil
}

func (s *search) checkField(name string) error {
	if _, ok := s.texts[name]; ok {
		return nil
	}
	if _, ok := s.schema.field(name); !ok {
		return refuse(404, "Could not find a field named `%s` in the schema.", name)
	}
	return badRequest("Field `%s` should be a string or a string array.", name)
}

func (s *search) addAll(docs *bitset.BitSet, score uint64) {
	s.hits = make([]hit, 0, docs.Count())
	for i, ok := docs.NextSet(0); ok; i, ok = docs.NextSet(i + 1) {
		s.hits = append(s.hits, hit{uint32(i), score})
	}
	s.found = docs
}

// applyPhrases narrows what is allowed to documents with the phrases and without what is excluded.
func (s *search) applyPhrases() error {
	for _, words := range s.query.phrases {
		docs, err := s.withPhrase(words)
		if err != nil {
			return err
		}
		s.allowed = s.allowed.Intersection(docs)
		for _, word := range words {
			s.matched[word] = 0
		}
	}
	for _, words := range s.query.excluded {
		docs, err := s.withPhrase(words)
		if err != nil {
			return err
		}
		s.allowed = s.allowed.Difference(docs)
	}
	return nil
}

// withPhrase gives the documents in one of whose fields the words stand side by side.
func (s *search) withPhrase(words []string) (*bitset.BitSet, error) {
	docs := &bitset.BitSet{}
	for _, f := range s.request.queryBy {
		lists := make([]*postings, len(words))
		for i, word := range words {
			var err error
			if lists[i], err = s.text.view.postings(s.ctx, f.name, word); err != nil {
				return nil, err
			}
		}
		for i, seq := range lists[0].docs {
			if slices.ContainsFunc(lists[0].placesOf(i), func(at place) bool { return phraseAt(lists, seq, at) }) {
				docs.Set(uint(seq))
			}
		}
	}
	return docs, nil
}

func phraseAt(lists []*postings, seq uint32, at place) bool {
	for n, list := range lists[1:] {
		i, ok := slices.BinarySearch(list.docs, seq)
		if !ok || !slices.Contains(list.placesOf(i), place{at.element, at.word + uint32(n) + 1}) {
			return false
		}
	}
	return true
}

// splitAndJoin looks for the words once more, where one is two that were written together, or two are one.
func (s *search) splitAndJoin() error {
	words := s.query.words
	for i, word := range words {
		if i+1 < len(words) {
			joined := slices.Concat(words[:i], []string{word + words[i+1]}, words[i+2:])
			if known, err := s.known(word + words[i+1]); err != nil || known && s.findOnly(joined, &err) {
				return err
			}
		}
		for at := range word {
			if at == 0 || !utf8.RuneStart(word[at]) {
				continue
			}
			first, err := s.known(word[:at])
			if err != nil {
				return err
			}
			if !first {
				continue
			}
			split := slices.Concat(words[:i], []string{word[:at], word[at:]}, words[i+1:])
			if known, err := s.known(word[at:]); err != nil || known && s.findOnly(split, &err) {
				return err
			}
		}
	}
	return nil
}

// findOnly looks for words, all of them and as they are. It reports whether the search is over.
func (s *search) findOnly(words []string, err *error) bool {
	plans, planErr := s.plan(words, false)
	if planErr != nil {
		*err = planErr
		return true
	}
	for i := range plans {
		if !slices.Contains(plans[i].typos, 0) {
			return false
		}
	}
	*err = s.findCombination(plans, make([]int, len(plans)))
	return *err != nil || len(s.hits) > 0
}

// known tells whether a word stands in one of the fields.
func (s *search) known(word string) (bool, error) {
	for _, f := range s.request.queryBy {
		words, err := s.text.view.vocabulary(f.name)
		if err != nil {
			return false, err
		}
		if len(begun(words, word, false)) > 0 {
			return true, nil
		}
	}
	return false, nil
}
