package tickets

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice"
	"github.com/jung-kurt/gofpdf"
)

// The page is A4, and nothing stands outside of what a Letter page has too, whether its printer keeps the top edge or the
// middle of the page: 18 mm stay free at the top, and the foot is above 268 mm.
const (
	edge      = 19.0 // of the ticket, whose other edge is as far from the right
	left      = 24.0
	rightEdge = 210 - left
	column    = rightEdge - left
	headLine  = 28.0
	footLine  = 266.0
	codeSide  = 76.0 // of the QR code with its quiet zone of four modules, at most: the symbol itself has about 68 mm

	printerDot = 25.4 / 300 // every module is a whole number of them, so that printers draw all alike
)

// PDF renders a page a seat: A4, readable in black and white, right on Letter paper too. The same document gives the same
// bytes. CodeIssueImpossible. Costs about 3 ms of CPU a page, half of them for the QR code, and 10 ms more a document that
// has text outside of Windows-1252.
func (r *Renderer) PDF(doc boxoffice.TicketDocument) (file []byte, err error) {
	zone, err := check(doc)
	if err != nil {
		return nil, err
	}
	defer func() {
		if reason := recover(); reason != nil { // gofpdf panics on some inputs; one booking must not stop the worker
			file, err = nil, boxoffice.WrapError(boxoffice.CodeIssueImpossible, fmt.Errorf("panic: %v", reason), "The tickets cannot be drawn.")
		}
	}()
	pdf := gofpdf.New("P", "mm", "A4", "")
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCatalogSort(true)
	r.describe(pdf, doc, zone)
	s := &sheet{pdf: pdf, faces: r.faces, added: map[string]bool{}}
	for i := range doc.Seats {
		if err := r.page(s, doc, i, zone); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, boxoffice.WrapError(boxoffice.CodeIssueImpossible, err, "The tickets cannot be drawn.")
	}
	return out.Bytes(), nil
}

// describe fills in the document's properties. Its dates are the issue's, so that they are the same at each rendering.
func (r *Renderer) describe(pdf *gofpdf.Fpdf, doc boxoffice.TicketDocument, zone *time.Location) {
	title, _ := titleOf(doc)
	pdf.SetTitle(fmt.Sprintf("%s, %s", title, localTime(doc.Event.StartsAt, zone)), true)
	pdf.SetSubject("Tickets of booking "+clean(doc.Reference), true)
	pdf.SetAuthor(r.name, true)
	pdf.SetCreator("boxoffice", true)
	pdf.SetCreationDate(doc.IssuedAt.UTC())
	pdf.SetModificationDate(doc.IssuedAt.UTC())
	pdf.SetDisplayMode("fullpage", "single")
}

func (r *Renderer) page(s *sheet, doc boxoffice.TicketDocument, index int, zone *time.Location) error {
	page := doc.Seats[index]
	token, err := r.token(doc.Event, page)
	if err != nil {
		return err
	}
	symbol, err := symbolOf(token)
	if err != nil {
		return err
	}
	s.pdf.AddPage()
	r.frame(s, doc, index)
	y := drawShow(s, doc, zone)
	tear := drawSeat(s, page.Ticket, y)

	// The quiet zone is white anyway, so the symbol's black edge is what lines up with the text; the ID stands below it.
	modules := symbol.Bitmap() // encodes anew at each call, for 2 ms
	module := math.Floor(codeSide/float64(len(modules))/printerDot) * printerDot
	quiet, side := module*4, module*float64(len(modules))
	s.code(left-quiet, tear+4, side, modules)
	id := tear + 4 + side + 3.2
	s.center(left-quiet+side/2, id, font{mono, 11, black}, shortID(page.Admission.ID))
	facts := drawFacts(s, doc, page.Ticket, left+codeSide-2, tear+4+quiet)
	s.edges(headLine-9, tear, max(id, facts)+7)
	return nil
}

// frame draws what is the same on every page.
func (r *Renderer) frame(s *sheet, doc boxoffice.TicketDocument, index int) {
	number := fmt.Sprintf("Ticket %d of %d", index+1, len(doc.Seats))
	s.right(rightEdge, headLine, font{regular, 10, soft}, number)
	s.fit(left, headLine, column-45, font{bold, 12, black}, 9, r.name)
	s.rule(headLine + 4)

	small := font{regular, 8, soft}
	s.right(210-edge, footLine, small, fmt.Sprintf("page %d of %d", index+1, len(doc.Seats)))
	s.fit(edge, footLine, column-30, small, 6, r.name+" · booking "+clean(doc.Reference))
}

// drawShow draws what is shown, when and where, and gives the y below it.
func drawShow(s *sheet, doc boxoffice.TicketDocument, zone *time.Location) float64 {
	title, subtitle := titleOf(doc)
	y := drawTitle(s, title, headLine+20)
	if subtitle != "" {
		y += 9
		s.fit(left, y, column, font{regular, 13, black}, 10, subtitle)
	}
	if facts := titleFacts(doc.Title); facts != "" {
		y += 7
		s.fit(left, y, column, font{regular, 10, soft}, 8, facts)
	}
	y += 12
	s.fit(left, y, column, font{bold, 16, black}, 10, longTime(doc.Event.StartsAt, zone))
	return s.paragraph(left, y+7.5, column, 6, font{regular, 13, black}, 2, place(doc.Event.Venue)) + 9
}

// drawTitle sets the title as large as one line allows, then as large as two do, then in up to three, and gives its last
// baseline.
func drawTitle(s *sheet, title string, y float64) float64 {
	f := s.shrink(font{bold, 32, black}, 22, column, 1, title)
	f = s.shrink(f, 18, column, 2, title)
	return s.paragraph(left, y, column, f.size*0.44, f, 3, title)
}

// titleFacts says what is known of a title: "Film · 1990 · PG-13 · 127 min".
func titleFacts(t boxoffice.Title) string {
	var facts []string
	if kind := clean(t.Kind); kind != "" {
		first, size := utf8.DecodeRuneInString(kind)
		facts = append(facts, strings.ToUpper(string(first))+kind[size:])
	}
	if t.Year > 0 {
		facts = append(facts, strconv.Itoa(t.Year))
	}
	if rating := clean(t.Rating); rating != "" {
		facts = append(facts, rating)
	}
	if t.RuntimeMinutes > 0 {
		facts = append(facts, fmt.Sprintf("%d min", t.RuntimeMinutes))
	}
	return strings.Join(facts, " · ")
}

// drawSeat draws the seat, which is what people look for in the dark, and gives the y below it, where the ticket is torn.
func drawSeat(s *sheet, ticket boxoffice.Ticket, y float64) float64 {
	s.rule(y)
	label, value := font{regular, 9, soft}, font{bold, 30, black}
	labelY, valueY := y+8, y+21
	type cell struct {
		x, width    float64
		label, text string
	}
	cells := []cell{
		{left, 82, "Section", clean(ticket.Section)},
		{left + 92, 28, "Row", clean(ticket.Row)},
		{left + 126, 32, "Seat", strconv.Itoa(ticket.Number)},
	}
	if ticket.Row == "" { // standing
		cells = []cell{{left, 106, "Section", clean(ticket.Section)}, {left + 116, 42, "Place", strconv.Itoa(ticket.Number)}}
	}
	for _, c := range cells {
		s.text(c.x, labelY, label, c.label)
		s.fit(c.x, valueY, c.width, value, 13, c.text)
	}
	y = valueY + 7
	if ticket.Accessible {
		s.wheelchair(left, valueY+6, 8)
		s.text(left+11, valueY+11.6, font{bold, 12, black}, "Accessible seat")
		y += 13
	}
	return y
}

// drawFacts draws what stands beside the code, and gives its last baseline.
func drawFacts(s *sheet, doc boxoffice.TicketDocument, ticket boxoffice.Ticket, x, y float64) float64 {
	price := price(ticket, doc.Event.Currency)
	facts := []struct{ label, text string }{
		{"Price", price},
		{"Category", clean(ticket.Category)},
		{"Holder", clean(doc.HolderName)},
		{"Booking", clean(doc.Reference)},
	}
	if len(doc.Seats) > 1 && doc.Paid.Minor > 0 {
		facts = append(facts, struct{ label, text string }{"Paid in all", fmt.Sprintf("%s for %d seats", doc.Paid, len(doc.Seats))})
	}
	width := rightEdge - x
	y += 3
	for _, fact := range facts {
		if fact.text == "" {
			continue
		}
		s.text(x, y, font{regular, 9, soft}, fact.label)
		y = s.paragraph(x, y+5.5, width, 5.5, s.shrink(font{bold, 13, black}, 10, width, 2, fact.text), 2, fact.text) + 8.5
	}
	return s.paragraph(x, y+1, width, 4.2, font{regular, 9, soft}, 4, "Show this code at the door, on paper or on a screen. It admits one person, once: keep it to yourself.")
}

// price is what a ticket cost, in words where it was nothing.
func price(t boxoffice.Ticket, currency string) string {
	switch total := (boxoffice.Money{Minor: t.TotalMinor(), Currency: currency}); {
	case total.Minor == 0:
		return "Free of charge"
	case t.FeeMinor > 0:
		return fmt.Sprintf("%s, with a fee of %s", total, boxoffice.Money{Minor: t.FeeMinor, Currency: currency})
	default:
		return total.String()
	}
}

// shortID is the end of an admission's ID, for reading out: "7F3A 91BC". The beginning of a UUIDv7 is its time, which
// tickets of one booking share.
func shortID(id string) string {
	runes := []rune(strings.ToUpper(strings.ReplaceAll(clean(id), "-", "")))
	runes = runes[max(0, len(runes)-8):]
	if len(runes) < 8 {
		return string(runes)
	}
	return string(runes[:4]) + " " + string(runes[4:])
}
