package tickets

import (
	"fmt"
	"slices"

	"github.com/jung-kurt/gofpdf"
)

// ink is a shade of grey; every shade stays readable on a black and white printer.
type ink int

const (
	black ink = 0x00
	soft  ink = 0x55 // labels and small print: 7:1 on white
	line  ink = 0xB0 // rules
)

// font is a face in a size (points) and an ink.
type font struct {
	weight weight
	size   float64
	ink    ink
}

// sheet draws on pages in millimetres; y is the baseline of text.
type sheet struct {
	pdf   *gofpdf.Fpdf
	faces *faces
	added map[string]bool // font families that the document has
}

// use selects the font for a text, adding it to the document when it is the first of its kind, and gives the text in the
// font's encoding.
func (s *sheet) use(f font, text string) string {
	face := s.faces[f.weight]
	ready, simple := face.prepare(text)
	family := face.family
	if !simple {
		family += "Wide"
	}
	if !s.added[family] {
		s.added[family] = true
		if simple {
			s.pdf.AddFontFromBytes(family, "", face.definition, face.file)
		} else {
			// A copy of its own: gofpdf pads the font's tables in place, and other sheets are being written meanwhile.
			s.pdf.AddUTF8FontFromBytes(family, "", slices.Clone(face.wide))
		}
	}
	s.pdf.SetFont(family, "", f.size)
	s.pdf.SetTextColor(int(f.ink), int(f.ink), int(f.ink))
	return ready
}

// width measures a text in millimetres.
func (s *sheet) width(f font, text string) float64 {
	ready := s.use(f, text)
	return s.pdf.GetStringWidth(ready)
}

func (s *sheet) text(x, y float64, f font, text string) {
	ready := s.use(f, text)
	s.pdf.Text(x, y, ready)
}

// right draws text that ends at x.
func (s *sheet) right(x, y float64, f font, text string) {
	s.text(x-s.width(f, text), y, f, text)
}

// center draws text around x.
func (s *sheet) center(x, y float64, f font, text string) {
	s.text(x-s.width(f, text)/2, y, f, text)
}

// fit draws one line that shrinks down to smallest points and then ends in an ellipsis.
func (s *sheet) fit(x, y, width float64, f font, smallest float64, text string) {
	f = s.shrink(f, smallest, width, 1, text)
	s.text(x, y, f, shorten(text, func(t string) bool { return s.width(f, t) <= width }))
}

// shrink makes a font as small as a text needs to fit into so many lines, but not smaller than smallest.
func (s *sheet) shrink(f font, smallest, width float64, lines int, text string) font {
	fits := func(t string) bool { return s.width(f, t) <= width }
	for f.size > smallest && len(wrap(text, lines+1, fits)) > lines {
		f.size--
	}
	return f
}

// paragraph draws at most maxLines lines and gives the baseline of the last one.
func (s *sheet) paragraph(x, y, width, leading float64, f font, maxLines int, text string) float64 {
	for i, t := range wrap(text, maxLines, func(t string) bool { return s.width(f, t) <= width }) {
		if i > 0 {
			y += leading
		}
		s.text(x, y, f, t)
	}
	return y
}

func (s *sheet) rule(y float64) {
	s.pdf.SetDrawColor(int(line), int(line), int(line))
	s.pdf.SetLineWidth(0.25)
	s.pdf.Line(left, y, rightEdge, y)
}

// edges draws the outline of a ticket whose lower part can be torn off, with a notch at either end of the tear.
func (s *sheet) edges(top, tear, bottom float64) {
	const corner, notch = 4.0, 2.6
	l, r := edge, 210-edge
	s.pdf.SetDrawColor(int(soft), int(soft), int(soft))
	s.pdf.SetLineWidth(0.35)
	s.pdf.MoveTo(l+corner, top)
	s.pdf.ArcTo(r-corner, top+corner, corner, corner, 0, 90, 0)
	s.pdf.ArcTo(r, tear, notch, notch, 0, 90, 270)
	s.pdf.ArcTo(r-corner, bottom-corner, corner, corner, 0, 0, -90)
	s.pdf.ArcTo(l+corner, bottom-corner, corner, corner, 0, 270, 180)
	s.pdf.ArcTo(l, tear, notch, notch, 0, -90, 90)
	s.pdf.ArcTo(l+corner, top+corner, corner, corner, 0, 180, 90)
	s.pdf.ClosePath()
	s.pdf.DrawPath("D")
	s.pdf.SetDashPattern([]float64{1.6, 1.6}, 0)
	s.pdf.Line(l+notch+1.6, tear, r-notch-1.6, tear)
	s.pdf.SetDashPattern(nil, 0)
}

// code draws the modules of a QR symbol, quiet zone and all, into a square of the given side. All modules are one path
// filled at once, so that no viewer shows hairlines between them, and a printer draws them at its own resolution. The
// path counts in modules, from the upper left, under a transformation.
func (s *sheet) code(x, y, side float64, modules [][]bool) {
	const points = 72 / 25.4
	_, height := s.pdf.GetPageSize()
	scale := side / float64(len(modules)) * points
	path := fmt.Appendf(nil, "q %.5f 0 0 %.5f %.3f %.3f cm 0 g\n", scale, -scale, x*points, (height-y)*points)
	for row, cells := range modules {
		for column := 0; column < len(cells); column++ {
			start := column
			for column < len(cells) && cells[column] {
				column++
			}
			if column > start {
				path = fmt.Appendf(path, "%d %d %d 1 re\n", start, row, column-start)
			}
		}
	}
	s.pdf.RawWriteStr(string(path) + "f Q")
}

// wheelchair draws the mark of an accessible place, after the International Symbol of Access, in a square of the given
// side. It is drawn since no font in the document has it.
func (s *sheet) wheelchair(x, y, side float64) {
	at := func(px, py float64) (float64, float64) { return x + px*side, y + py*side }
	s.pdf.SetDrawColor(0, 0, 0)
	s.pdf.SetFillColor(0, 0, 0)
	s.pdf.SetLineWidth(0.09 * side)
	s.pdf.SetLineCapStyle("round")
	s.pdf.SetLineJoinStyle("round")
	headX, headY := at(0.40, 0.09)
	s.pdf.Circle(headX, headY, 0.09*side, "F")
	s.pdf.MoveTo(at(0.40, 0.26))
	for _, p := range [][2]float64{{0.43, 0.58}, {0.70, 0.58}, {0.82, 0.88}, {0.92, 0.85}} {
		s.pdf.LineTo(at(p[0], p[1]))
	}
	s.pdf.DrawPath("D")
	s.pdf.MoveTo(at(0.42, 0.40))
	s.pdf.LineTo(at(0.64, 0.40))
	s.pdf.DrawPath("D")
	wheelX, wheelY := at(0.40, 0.68)
	s.pdf.Arc(wheelX, wheelY, 0.27*side, 0.27*side, 0, 125, 345, "D")
	s.pdf.SetLineCapStyle("butt")
	s.pdf.SetLineJoinStyle("miter")
}
