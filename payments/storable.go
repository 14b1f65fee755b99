package payments

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
)

// storable gives a JSON text that Postgres takes: escapes of NUL and of half a character (a lone surrogate), which its jsonb
// refuses, become U+FFFD. A name that a buyer typed at Stripe must not keep a payment from being stored. What is no JSON
// stays as it is.
func storable(text []byte) []byte {
	text = bytes.Clone(text)
	if !bytes.Contains(text, []byte(`\u`)) || !json.Valid(text) {
		return text
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		unit, ok := escaped(text[i:])
		switch second, pair := escaped(text[min(i+6, len(text)):]); {
		case !ok:
			i++ // an escape of one letter, a backslash perhaps
		case pair && utf16.DecodeRune(unit, second) != '\uFFFD':
			i += 11
		case unit == 0 || utf16.IsSurrogate(unit):
			copy(text[i:], `\ufffd`)
			i += 5
		}
	}
	return text
}

// hasOutlandishNumber reports whether a JSON text has a number that no database keeps, and that is no amount or time.
func hasOutlandishNumber(text []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			return false // the end: the text is JSON
		}
		number, ok := token.(json.Number)
		if !ok {
			continue
		}
		_, exponent, scaled := strings.Cut(strings.ToLower(number.String()), "e")
		power, err := strconv.Atoi(strings.TrimPrefix(exponent, "+"))
		if len(number) > 100 || scaled && (err != nil || power < -300 || power > 300) {
			return true
		}
	}
}

// escaped reads an escape like \u0041 at the beginning of a text.
func escaped(text []byte) (unit rune, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}
