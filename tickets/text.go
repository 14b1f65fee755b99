package tickets

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// substitute stands for every character that the fonts lack: something is seen to be missing.
const substitute = '□'

// maxText bounds a text in characters, so that no title or name can make a page dear.
const maxText = 400

// clean makes one printable line of a text that somebody typed: composed (NFC), without control characters, invisible
// formatting (among it the marks that turn the direction of writing) and the modifiers of emoji; white space becomes
// single spaces. What is longer than maxText is cut.
func clean(s string) string {
	if len(s) > utf8.UTFMax*maxText {
		s = s[:utf8.UTFMax*maxText]
	}
	kept := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r), r >= 0x1F3FB && r <= 0x1F3FF:
			return -1
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(s, "")))
	runes := []rune(strings.Join(strings.Fields(kept), " "))
	return string(runes[:min(len(runes), maxText)])
}

// wrap breaks a text into at most maxLines lines that fit; a word longer than a line is broken, and what does not fit at
// last ends in an ellipsis.
func wrap(text string, maxLines int, fits func(string) bool) []string {
	var lines []string
	for text != "" {
		if len(lines) == maxLines-1 {
			return append(lines, shorten(text, fits))
		}
		line := head(text, fits)
		lines = append(lines, line)
		text = strings.TrimLeft(text[len(line):], " ")
	}
	return lines
}

// head is as many whole words of text as fit, or as much of its first word as does, but at least one character.
func head(text string, fits func(string) bool) string {
	if fits(text) {
		return text
	}
	words, characters := 0, 0
	for i, r := range text {
		if i > 0 && !fits(text[:i]) {
			break
		}
		if r == ' ' {
			words = i
		}
		characters = i
	}
	if words > 0 {
		return text[:words]
	}
	if characters == 0 {
		_, characters = utf8.DecodeRuneInString(text)
	}
	return text[:characters]
}

// shorten gives text, or as much of it as fits with an ellipsis behind.
func shorten(text string, fits func(string) bool) string {
	if fits(text) {
		return text
	}
	return head(text, func(s string) bool { return fits(s + "…") }) + "…"
}
