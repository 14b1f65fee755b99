package typesense

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWords(t *testing.T) {
	t.Parallel()
	words := tokenizer{separators: "-/", symbols: "+#"}
	for text, want := range map[string]string{
		"":                     "",
		" Ghost  World ":       "ghost world",
		"Spider-Man/2":         "spider man 2",
		"a(b)c d'Artagnan":     "abc dartagnan",
		"C++ & C#":             "c++ c#",
		"Amélie ÉTÉ Straße ﬁn": "amelie ete straße fin",
		"Ω мир 東京 ٣":           "ω мир 東京 ٣",
		"e\u0301te\u0301":      "ete",
		"(live) -- \"x\" !?":   "live x",
		"\x80bad\xff utf8":     "bad utf8",
	} {
		require.Equal(t, want, strings.Join(words.words(text), " "), text)
	}
}

// A word stands in the text where its token says, and nothing but dropped punctuation lies around it.
func TestTokensPointIntoTheText(t *testing.T) {
	t.Parallel()
	words := tokenizer{separators: "-"}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("aB é-'(\u0301 ñ9"))).Draw(t, "text")
		at := 0
		for _, token := range words.tokens(text) {
			require.GreaterOrEqual(t, token.start, at)
			require.Greater(t, token.end, token.start)
			require.Equal(t, []string{token.word}, words.words(text[token.start:token.end]))
			at = token.end
		}
	})
}

// edits counts what turns one word into another, the slow way.
func edits(a, b []rune) int {
	switch {
	case len(a) == 0:
		return len(b)
	case len(b) == 0:
		return len(a)
	}
	last := func(r []rune) rune { return r[len(r)-1] }
	cost := 1
	if last(a) == last(b) {
		cost = 0
	}
	least := min(edits(a[:len(a)-1], b)+1, edits(a, b[:len(b)-1])+1, edits(a[:len(a)-1], b[:len(b)-1])+cost)
	if len(a) > 1 && len(b) > 1 && last(a) == b[len(b)-2] && last(b) == a[len(a)-2] {
		least = min(least, edits(a[:len(a)-2], b[:len(b)-2])+1)
	}
	return least
}

// The walk over the sorted vocabulary finds the same words as asking each of them.
func TestMisspeltWords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[abc]{1,6}`)
		all := rapid.SliceOfN(word, 0, 30).Draw(t, "words")
		slices.Sort(all)
		all = slices.Compact(all)
		typed, typos, prefix := word.Draw(t, "typed"), rapid.IntRange(1, 2).Draw(t, "typos"), rapid.Bool().Draw(t, "prefix")
		var terms []term
		var want []string
		for _, w := range all {
			terms = append(terms, term{word: w})
			least := edits([]rune(w), []rune(typed))
			for end := 1; prefix && end < len(w); end++ {
				least = min(least, edits([]rune(w[:end]), []rune(typed)))
			}
			if least == typos {
				want = append(want, w)
			}
		}
		var got []string
		for _, c := range misspelt(terms, typed, typos, prefix) {
			got = append(got, c.word)
		}
		require.Equal(t, want, got)
	})
}

// Taking the first few hits gives the same as sorting all of them.
func TestBestHits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 400).Draw(t, "n")
		scores := rapid.SliceOfN(rapid.Uint64Range(0, 1000), n, n).Draw(t, "scores")
		from, count := rapid.IntRange(0, 20).Draw(t, "from"), rapid.IntRange(0, 20).Draw(t, "count")
		s := &search{}
		for i, score := range scores {
			s.hits = append(s.hits, hit{uint32(i), score})
		}
		want := slices.Clone(s.hits)
		slices.SortFunc(want, func(a, b hit) int {
			if a.score != b.score {
				return int(b.score) - int(a.score)
			}
			return int(b.seq) - int(a.seq)
		})
		want = want[min(from, len(want)):min(from+count, len(want))]
		got := s.best([]sortKey{{descending: true, value: matchValue}}, from, count)
		require.Equal(t, len(want), len(got))
		require.Equal(t, append([]hit{}, want...), append([]hit{}, got...))
	})
}
