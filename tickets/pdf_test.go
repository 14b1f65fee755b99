package tickets_test

import (
	"bytes"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func TestThePageSaysEverythingAboutTheSeat(t *testing.T) {
	t.Parallel()
	pdf, err := renderer(t).PDF(document(2))
	require.NoError(t, err)
	page := textOf(t, pdf, 2)
	for _, expected := range []string{
		"Chico Box Office", "Ticket 2 of 2", "Ghost", "Film · 1990 · PG-13 · 127 min", "Friday 27 November 2026, 19:30 CST",
		"Music Box Theatre, Chicago, IL", "Stalls", "Row", "Seat", "12", "Accessible seat", "$14.50", "Standard",
		"Ada Lovelace", "K7QP2M9X", "$29.00 for 2 seats", "C0DE 0001", "page 2 of 2",
	} {
		require.Contains(t, page, expected)
	}
	first := textOf(t, pdf, 1)
	require.Contains(t, first, "11")
	require.NotContains(t, first, "Accessible")
}

func TestTheCodeOnThePageAdmits(t *testing.T) {
	t.Parallel()
	for _, seats := range []int{1, 10} {
		t.Run(fmt.Sprint(seats), func(t *testing.T) {
			t.Parallel()
			doc := document(seats)
			pdf, err := renderer(t).PDF(doc)
			require.NoError(t, err)
			pages := pictures(t, pdf, 100)
			require.Len(t, pages, seats)
			door := keysOf(t, testKey).Public()
			for i, page := range pages {
				claims, err := door.Verify(scan(t, page), doc.Event.StartsAt)
				require.NoError(t, err)
				require.Equal(t, boxoffice.EntryClaims{
					AdmissionID: doc.Seats[i].Admission.ID, EventID: doc.Event.ID, Seat: doc.Seats[i].Ticket.Seat(),
					ExpiresAt: doc.Event.EndsAt.Add(12 * time.Hour),
				}, claims)
			}
		})
	}
}

func TestNamesOfManyScriptsAreReadBack(t *testing.T) {
	t.Parallel()
	for name, expected := range map[string]string{
		"Nguyễn Thị Ánh Tuyết":        "Nguyễn Thị Ánh Tuyết",
		"Nguye\u0302\u0303n":          "Nguyễn", // decomposed, as some systems type it
		"Ωμέγα Παπαδόπουλος":          "Ωμέγα Παπαδόπουλος",
		"Жук Щербаков":                "Жук Щербаков",
		"Zoë Łukasz Şahin Ğ – “x”":    "Zoë Łukasz Şahin Ğ – “x”",
		"Ann 🎭👍🏽 Lee":                 "Ann □□ Lee",
		"李小龍":                         "□□□",
		"A\u202eBC\u200b\tD\r\nE\x00": "ABC D E",
	} {
		doc := document(1)
		doc.HolderName = name
		pdf, err := renderer(t).PDF(doc)
		require.NoError(t, err)
		require.Contains(t, textOf(t, pdf, 1), expected, "%q", name)
	}
}

func TestALongTitleShrinksThenWrapsThenEnds(t *testing.T) {
	t.Parallel()
	for title, lines := range map[string][]string{
		"The Grand Budapest Hotel": {"The Grand Budapest Hotel"},
		"Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb": {
			"Dr. Strangelove or: How I Learned to", "Stop Worrying and Love the Bomb",
		},
		strings.Repeat("Endless ", 30):   {"Endless Endless Endless Endless", "…"},
		strings.Repeat("Donaudampf", 90): {"DonaudampfDonaudampf", "…"},
	} {
		doc := document(1)
		doc.Title.Name, doc.Event.Name = title, title
		pdf, err := renderer(t).PDF(doc)
		require.NoError(t, err)
		page := textOf(t, pdf, 1)
		for _, line := range lines {
			require.Contains(t, page, line)
		}
		require.Contains(t, page, "page 1 of 1")
	}
}

func TestTheFullestPageStaysOnLetterPaper(t *testing.T) {
	t.Parallel()
	doc := document(2)
	long := strings.Repeat("Wilhelmina ", 60)
	doc.Title.Name, doc.Event.Name, doc.HolderName, doc.Event.Venue.Name, doc.Reference = long, "The "+long, long, long, long
	for i := range doc.Seats {
		ticket := &doc.Seats[i].Ticket
		ticket.Section, ticket.Row, ticket.Category, ticket.Number, ticket.Accessible = "Mezzanine Left Orchestra", "AAA", long, 1234, true
	}
	pdf, err := renderer(t).PDF(doc)
	require.NoError(t, err)
	const dpi = 100
	millimetres := func(pixel int) float64 { return float64(pixel) * 25.4 / dpi }
	for _, page := range pictures(t, pdf, dpi) {
		foot := 0
		for y := page.Bounds().Min.Y; y < page.Bounds().Max.Y; y++ {
			for x := page.Bounds().Min.X; x < page.Bounds().Max.X; x++ {
				if red, _, _, _ := page.At(x, y).RGBA(); red > 0xF000 {
					continue
				}
				require.True(t, millimetres(x) > 18 && millimetres(x) < 192, "ink at x = %.0f mm", millimetres(x))
				require.True(t, millimetres(y) > 18 && millimetres(y) < 269, "ink at y = %.0f mm", millimetres(y))
				foot = max(foot, y)
			}
		}
		require.Greater(t, millimetres(foot), 250.0, "the page has its foot")
		_, err := keysOf(t, testKey).Verify(scan(t, page), doc.Event.StartsAt) // nothing is drawn over the code
		require.NoError(t, err)
	}
}

func TestAPlaceWithoutRowIsAStandingPlace(t *testing.T) {
	t.Parallel()
	doc := document(1)
	doc.Seats[0].Ticket.Section, doc.Seats[0].Ticket.Row = "Floor", ""
	pdf, err := renderer(t).PDF(doc)
	require.NoError(t, err)
	page := textOf(t, pdf, 1)
	require.Contains(t, page, "Place")
	require.NotContains(t, page, "Row")
}

func TestTheSameDocumentGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	doc := document(3)
	doc.HolderName = "Ωμέγα Жук"
	doc.Title.Name = "Đêm Ωμέγα"
	first, err := renderer(t).PDF(doc)
	require.NoError(t, err)
	for range 5 {
		again, err := renderer(t).PDF(doc)
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
}

// Sheets that are written at the same time share fonts, which gofpdf does not leave as they are: found by the race detector.
func TestSheetsAreWrittenSideBySide(t *testing.T) {
	t.Parallel()
	for _, holder := range []string{"Ada Lovelace", "Ωμέγα Жук Đêm"} {
		doc := document(2)
		doc.HolderName = holder
		alone, err := renderer(t).PDF(doc)
		require.NoError(t, err)
		var beside [6][]byte
		var writing errgroup.Group
		for i := range beside {
			writing.Go(func() (err error) {
				beside[i], err = renderer(t).PDF(doc)
				return err
			})
		}
		require.NoError(t, writing.Wait())
		for _, pdf := range beside {
			require.Equal(t, alone, pdf)
		}
	}
}

func TestTheFileTellsItsTitleAndAuthor(t *testing.T) {
	t.Parallel()
	pdf, err := renderer(t).PDF(document(1))
	require.NoError(t, err)
	info := string(poppler(t, pdf, "pdfinfo", "-isodates", "-"))
	require.Regexp(t, `Title:\s+Ghost, Fri 27 Nov 2026, 19:30 CST`, info)
	require.Regexp(t, `Author:\s+Chico Box Office`, info)
	require.Regexp(t, `CreationDate:\s+2026-11-24T09:00:00`, info)
	require.Regexp(t, `Page size:\s+595.28 x 841.89 pts \(A4\)`, info)
	fonts := string(poppler(t, pdf, "pdffonts", "-"))
	require.NotRegexp(t, `\bno\s+(yes|no)\s+(yes|no)\s+\d`, fonts, "every font is embedded")
}

func TestTheFileIsValidByTheLetter(t *testing.T) {
	t.Parallel()
	doc := document(2)
	doc.HolderName = "Ωμέγα 🎭"
	pdf, err := renderer(t).PDF(doc)
	require.NoError(t, err)
	api.DisableConfigDir() // it would write to the home folder
	strict := model.NewDefaultConfiguration()
	strict.ValidationMode = model.ValidationStrict
	require.NoError(t, api.Validate(bytes.NewReader(pdf), strict))
}

func TestADocumentOfWhichNoTicketCanBeMade(t *testing.T) {
	t.Parallel()
	for about, spoil := range map[string]func(*boxoffice.TicketDocument){
		"lacks seats":           func(d *boxoffice.TicketDocument) { d.Seats = nil },
		"lacks a booking":       func(d *boxoffice.TicketDocument) { d.BookingID = "" },
		"lacks an event":        func(d *boxoffice.TicketDocument) { d.Event.StartsAt = time.Time{} },
		"lacks a time of issue": func(d *boxoffice.TicketDocument) { d.IssuedAt = time.Time{} },
		"has no admission":      func(d *boxoffice.TicketDocument) { d.Seats[0].Admission.ID = "" },
		`zone "Mars/Base"`:      func(d *boxoffice.TicketDocument) { d.Event.Venue.TimeZone = "Mars/Base" },
		"too long for an entry": func(d *boxoffice.TicketDocument) { d.Seats[0].Ticket.Section = strings.Repeat("x", 900) },
	} {
		doc := document(1)
		spoil(&doc)
		_, err := renderer(t).PDF(doc)
		require.Equal(t, boxoffice.CodeIssueImpossible, boxoffice.CodeOf(err), about)
		require.ErrorContains(t, err, about)
	}
}

func BenchmarkPDFTwoSeats(b *testing.B)               { benchmarkPDF(b, "Ada Lovelace") }
func BenchmarkPDFTwoSeatsOfAGreekHolder(b *testing.B) { benchmarkPDF(b, "Ωμέγα") }

// benchmarkPDF reports CPU time too: the wall's is what neighbours on the machine leave over.
func benchmarkPDF(b *testing.B, holder string) {
	r, doc := renderer(b), document(2)
	doc.HolderName = holder
	cpu := func() time.Duration {
		var usage syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	b.ReportAllocs()
	start := cpu()
	for b.Loop() {
		_, err := r.PDF(doc)
		require.NoError(b, err)
	}
	b.ReportMetric(float64((cpu()-start).Microseconds())/1000/float64(b.N)/2, "cpu-ms/page")
}
