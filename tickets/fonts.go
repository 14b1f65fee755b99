package tickets

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"unicode"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"github.com/go-fonts/dejavu/dejavusansmono"
	"github.com/jung-kurt/gofpdf"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/encoding/charmap"
)

// A face is embedded in one of two ways. Text of Windows-1252 (Western European, nearly every ticket) uses a simple font
// of one byte a character, which is cut, compressed and measured once a process: it costs nothing to speak of. Any
// other text uses a composite font that gofpdf parses and cuts anew in each document, for about 10 ms. Both draw the same
// glyphs, and one line of text uses one of them.
type face struct {
	family     string
	definition []byte        // gofpdf's JSON of the simple font
	file       []byte        // the simple font, compressed
	wide       []byte        // TrueType with every character of wideRanges that the face has
	covers     map[rune]bool // what the wide one has
	simple     map[rune]bool // what the simple one has
}

type weight int

const (
	regular weight = iota
	bold
	mono
)

type faces [3]*face

// wideRanges are the scripts that need no shaping: Latin with Vietnamese, Greek, Cyrillic, Armenian, Georgian, and signs.
// Scripts that join or reorder their letters would be drawn wrong, which is worse than a substitute.
var wideRanges = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x0020, Hi: 0x007E, Stride: 1}, {Lo: 0x00A0, Hi: 0x058F, Stride: 1}, {Lo: 0x10A0, Hi: 0x10FF, Stride: 1},
	{Lo: 0x1D00, Hi: 0x1FFF, Stride: 1}, {Lo: 0x2010, Hi: 0x27BF, Stride: 1},
}}

// loadFaces parses and cuts the fonts, once a process.
var loadFaces = sync.OnceValues(func() (*faces, error) {
	var all faces
	for w, source := range map[weight]struct {
		family string
		ttf    []byte
		last   rune
	}{
		regular: {"DejaVuSans", dejavusans.TTF, unicode.MaxRune},
		bold:    {"DejaVuSansBold", dejavusansbold.TTF, unicode.MaxRune},
		mono:    {"DejaVuSansMono", dejavusansmono.TTF, 'F'}, // only short IDs are set in it, which are hexadecimal
	} {
		made, err := newFace(source.family, source.ttf, source.last)
		if err != nil {
			return nil, fmt.Errorf("load font %s: %w", source.family, err)
		}
		all[w] = made
	}
	return &all, nil
})

// newFace cuts a font; its simple embedding has the characters of Windows-1252 up to last.
func newFace(family string, ttf []byte, last rune) (*face, error) {
	parsed, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, err
	}
	f := &face{family: family, covers: map[rune]bool{}, simple: map[rune]bool{}}
	var buffer sfnt.Buffer
	var wide, simple []rune
	for _, block := range wideRanges.R16 {
		for r := rune(block.Lo); r <= rune(block.Hi); r++ {
			glyph, err := parsed.GlyphIndex(&buffer, r)
			if err != nil {
				return nil, fmt.Errorf("find %U: %w", r, err)
			}
			if glyph == 0 {
				continue
			}
			f.covers[r] = true
			wide = append(wide, r)
			if _, ok := charmap.Windows1252.EncodeRune(r); ok && r <= last {
				simple = append(simple, r)
				f.simple[r] = true
			}
		}
	}
	f.wide = gofpdf.UTF8CutFont(ttf, string(wide))
	return f, f.makeSimple(gofpdf.UTF8CutFont(ttf, string(simple)))
}

// makeSimple writes the definition that gofpdf's own makefont tool would write for Windows-1252. The widths and the
// descriptor are measured by gofpdf itself.
func (f *face) makeSimple(ttf []byte) error {
	probe := gofpdf.New("P", "mm", "A4", "")
	probe.AddUTF8FontFromBytes(f.family, "", slices.Clone(ttf))
	probe.SetFont(f.family, "", 10)
	widths := make([]int, 256)
	for code := 32; code < 256; code++ {
		if r := charmap.Windows1252.DecodeByte(byte(code)); f.simple[r] {
			widths[code] = probe.GetStringSymbolWidth(string(r))
		}
	}
	descriptor := probe.GetFontDesc(f.family, "")
	descriptor.Flags = descriptor.Flags&^4 | 32 // not symbolic: the encoding is a standard one (ISO 32000-1, table 123)
	if err := probe.Error(); err != nil {
		return fmt.Errorf("measure: %w", err)
	}
	var compressed bytes.Buffer
	writer, err := zlib.NewWriterLevel(&compressed, zlib.BestCompression)
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if _, err := writer.Write(ttf); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if err := writer.Close(); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	f.file = compressed.Bytes()
	f.definition, err = json.Marshal(map[string]any{
		"Tp": "TrueType", "Name": "BOXOFF+" + f.family, "Desc": descriptor, "Cw": widths, "Enc": "cp1252",
		"File": f.family + ".z", "OriginalSize": len(ttf), "Up": -100, "Ut": 50,
	})
	return err
}

// prepare replaces what the face lacks and says which embedding the text needs. A simple text comes back in Windows-1252.
func (f *face) prepare(text string) (ready string, simple bool) {
	runes := []rune(text)
	encoded := make([]byte, 0, len(runes))
	for i, r := range runes {
		if !f.covers[r] {
			runes[i] = substitute
		}
		if code, ok := charmap.Windows1252.EncodeRune(runes[i]); ok && f.simple[runes[i]] {
			encoded = append(encoded, code)
		}
	}
	if len(encoded) == len(runes) {
		return string(encoded), true
	}
	return string(runes), false
}
