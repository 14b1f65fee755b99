package typesense

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"golang.org/x/text/unicode/norm"
)

// token is a word of a text, as it is searched for, and where in the text it stands.
type token struct {
	word       string
	start, end int // bytes
}

// tokenizer cuts texts into words as a collection's schema says. Words are in lower case and without diacritics.
// Punctuation is dropped and joins its neighbours, unless it is a separator or an indexed symbol.
type tokenizer struct {
	separators, symbols string
}

func newTokenizer(s schema) tokenizer {
	return tokenizer{separators: strings.Join(s.TokenSeparators, ""), symbols: strings.Join(s.SymbolsToIndex, "")}
}

// tokens cuts a text into words.
func (t tokenizer) tokens(text string) []token {
	var words []token
	var word strings.Builder
	var start, end int
	flush := func() {
		if word.Len() > 0 {
			words = append(words, token{word.String(), start, end})
			word.Reset()
		}
	}
	for i, r := range text {
		if unicode.IsSpace(r) || strings.ContainsRune(t.separators, r) {
			flush()
			continue
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune(t.symbols, r) {
			continue
		}
		if word.Len() == 0 {
			start = i
		}
		end = i + utf8.RuneLen(r)
		if r < utf8.RuneSelf {
			word.WriteByte(byte(unicode.ToLower(r)))
			continue
		}
		for _, part := range norm.NFKD.String(string(r)) {
			if !unicode.IsMark(part) {
				word.WriteRune(unicode.ToLower(part))
			}
		}
	}
	flush()
	return words
}

// words are the tokens' words alone.
func (t tokenizer) words(text string) []string {
	tokens := t.tokens(text)
	words := make([]string, len(tokens))
	for i, token := range tokens {
		words[i] = token.word
	}
	return words
}

// Analyze makes a tokenizer what Bleve calls an analyzer.
func (t tokenizer) Analyze(text []byte) analysis.TokenStream {
	tokens := t.tokens(string(text))
	stream := make(analysis.TokenStream, len(tokens))
	for i, token := range tokens {
		stream[i] = &analysis.Token{
			Term: []byte(token.word), Start: token.start, End: token.end, Position: i + 1, Type: analysis.AlphaNumeric,
		}
	}
	return stream
}
