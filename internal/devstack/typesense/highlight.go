package typesense

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// highlightOptions say how the words that were found are shown.
type highlightOptions struct {
	fields     []string // empty: those of query_by
	full       []string // those to show in full, too
	start, end string
	threshold  int // a text of no more words is shown whole
	affix      int // words to show before and behind a match
	old        bool
}

func readHighlight(p url.Values) highlightOptions {
	o := highlightOptions{
		fields: list(p.Get("highlight_fields")), full: list(p.Get("highlight_full_fields")), start: "<mark>", end: "</mark>",
		threshold: 30, affix: 4, old: p.Get("enable_highlight_v1") != "false",
	}
	if tag := p.Get("highlight_start_tag"); tag != "" {
		o.start = tag
	}
	if tag := p.Get("highlight_end_tag"); tag != "" {
		o.end = tag
	}
	return o
}

// snippet is a text, or the part of it around a match, with marks.
type snippet struct {
	Matched []string `json:"matched_tokens"`
	Snippet string   `json:"snippet"`
	Value   string   `json:"value,omitempty"`
}

// oldHighlight is the same in the form of older clients.
type oldHighlight struct {
	Field    string   `json:"field"`
	Indices  []int    `json:"indices,omitempty"`
	Matched  any      `json:"matched_tokens"`
	Snippet  string   `json:"snippet,omitempty"`
	Snippets []string `json:"snippets,omitempty"`
	Value    string   `json:"value,omitempty"`
	Values   []string `json:"values,omitempty"`
}

// highlight shows where in a document's fields the words were found, by field, and in the old form.
func (s *search) highlight(doc fields) (map[string]any, []oldHighlight) {
	byField, old := map[string]any{}, []oldHighlight{}
	if len(s.matched) == 0 {
		return byField, old
	}
	names := s.request.highlight.fields
	if len(names) == 0 {
		for _, f := range s.request.queryBy {
			names = append(names, f.name)
		}
	}
	for _, name := range names {
		full := slices.Contains(s.request.highlight.full, name)
		switch value := doc[name].(type) {
		case string:
			if found, ok := s.snippet(value, full); ok {
				byField[name] = found
				old = append(old, oldHighlight{Field: name, Matched: found.Matched, Snippet: found.Snippet, Value: found.Value})
			}
		case []any:
			if found, past, ok := s.snippets(name, value, full); ok {
				byField[name], old = found, append(old, past)
			}
		}
	}
	slices.SortStableFunc(old, func(a, b oldHighlight) int { return b.count() - a.count() })
	return byField, old
}

func (h oldHighlight) count() int {
	if tokens, ok := h.Matched.([]string); ok {
		return len(tokens)
	}
	return 1
}

func (s *search) snippets(name string, values []any, full bool) ([]snippet, oldHighlight, bool) {
	old := oldHighlight{Field: name}
	var found []snippet
	var matched [][]string
	for i, value := range values {
		text, ok := value.(string)
		if !ok {
			continue
		}
		one, ok := s.snippet(text, full)
		if !ok {
			continue
		}
		found, matched = append(found, one), append(matched, one.Matched)
		old.Indices, old.Snippets = append(old.Indices, i), append(old.Snippets, one.Snippet)
		if full {
			old.Values = append(old.Values, one.Value)
		}
	}
	old.Matched = matched
	return found, old, len(found) > 0
}

// snippet marks what was found in a text; not ok if nothing was.
func (s *search) snippet(text string, full bool) (snippet, bool) {
	tokens := s.words.tokens(text)
	first, last := -1, -1
	var found snippet
	for i, token := range tokens {
		if typed, ok := s.matched[token.word]; ok {
			if first < 0 {
				first = i
			}
			if i-first < windowSize {
				last = i
			}
			found.Matched = append(found.Matched, text[token.start:token.markEnd(text, typed)])
		}
	}
	if first < 0 {
		return found, false
	}
	o := s.request.highlight
	if full {
		found.Value = o.mark(text, tokens, s.matched)
	}
	if len(tokens) <= o.threshold {
		found.Snippet = o.mark(text, tokens, s.matched)
		return found, true
	}
	from, to := max(first-o.affix, 0), min(last+o.affix, len(tokens)-1)
	start, end := tokens[from].start, tokens[to].end
	part := slices.Clone(tokens[from : to+1])
	for i := range part {
		part[i].start -= start
		part[i].end -= start
	}
	found.Snippet = o.mark(text[start:end], part, s.matched)
	return found, true
}

// markEnd is where the mark of a token ends of which so many letters were typed; 0: all.
func (t token) markEnd(text string, typed int) int {
	if typed == 0 {
		return t.end
	}
	end := t.start
	for ; typed > 0 && end < t.end; typed-- {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	return end
}

// mark puts the marks around the tokens whose words were found.
func (o highlightOptions) mark(text string, tokens []token, matched map[string]int) string {
	var marked strings.Builder
	at := 0
	for _, token := range tokens {
		typed, ok := matched[token.word]
		if !ok {
			continue
		}
		end := token.markEnd(text, typed)
		marked.WriteString(text[at:token.start] + o.start + text[token.start:end] + o.end)
		at = end
	}
	marked.WriteString(text[at:])
	return marked.String()
}
