package tickets_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew; look at them before you commit them")

// sheets are tickets whose pages were looked at and found good. Each is kept as text, and those with a picture as that, too.
var sheets = []struct {
	name    string
	page    int
	picture bool
	change  func(doc *boxoffice.TicketDocument)
}{
	{"accessible", 2, true, func(*boxoffice.TicketDocument) {}},
	{"long", 10, true, func(doc *boxoffice.TicketDocument) {
		doc.Title = boxoffice.Title{
			Name: "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb", Kind: "film", Year: 1964, RuntimeMinutes: 95, Rating: "PG",
		}
		doc.Event.Name = "70 mm print, with an introduction by the projectionist and a discussion afterwards"
		doc.Event.Venue.Name = "The Grand Illusion Cinema and Performing Arts Center at Old Town Square"
		doc.Event.Venue.City = "Truth or Consequences"
		doc.HolderName = "Wilhelmina Featherstonehaugh-Cholmondeley"
		for i := range doc.Seats {
			seat := &doc.Seats[i].Ticket
			seat.Section, seat.Row, seat.Number, seat.Category = "Mezzanine Left Orchestra", "AA", 101+i, "Premium with a limited view"
		}
	}},
	{"standing", 1, false, func(doc *boxoffice.TicketDocument) {
		doc.Seats[0].Ticket.Section, doc.Seats[0].Ticket.Row, doc.Seats[0].Ticket.Number = "General Admission Floor", "", 1234
	}},
	{"free", 2, false, func(doc *boxoffice.TicketDocument) {
		doc.Paid.Minor, doc.Seats[1].Ticket.PriceMinor = 0, 0
	}},
	{"fee", 2, true, func(doc *boxoffice.TicketDocument) {
		for i := range doc.Seats {
			doc.Seats[i].Ticket.FeeMinor = 150
		}
		doc.Paid.Minor = 3200
	}},
	{"scripts", 1, true, func(doc *boxoffice.TicketDocument) {
		doc.Title = boxoffice.Title{Name: "Броненосец «Потёмкин»", Kind: "film", Year: 1925}
		doc.Event.Name, doc.Event.Venue.Name = "Mùi đu đủ xanh", "Θέατρο Ωμέγα"
		doc.HolderName = "Nguyễn Thị Ánh Tuyết 李小龍"
	}},
}

func TestTicketsLookAsTheyDid(t *testing.T) {
	t.Parallel()
	for _, sheet := range sheets {
		t.Run(sheet.name, func(t *testing.T) {
			t.Parallel()
			doc := document(sheet.page)
			sheet.change(&doc)
			pdf, err := renderer(t).PDF(doc)
			require.NoError(t, err)
			requireGoldenText(t, sheet.name+".txt", textOf(t, pdf, sheet.page))
			if sheet.picture {
				requireGoldenPicture(t, sheet.name+".png", pictures(t, pdf, goldenDPI)[sheet.page-1])
			}
		})
	}
}

// requireGoldenText compares words and lines; how much room is between them each version of poppler says otherwise.
func requireGoldenText(t *testing.T, name, text string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 {
			lines = append(lines, strings.Join(words, " "))
		}
	}
	got := strings.Join(lines, "\n") + "\n"
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./tickets -update writes it")
	require.Equal(t, string(want), got)
}

const (
	goldenDPI = 40
	block     = 6  // pixels a side, about 4 mm
	tolerance = 25 // of 255 levels of grey, in the mean of a block: what two rasterizers may differ by
)

// requireGoldenPicture compares the mean greys of blocks, so that it sees what moved and not how edges are smoothed.
func requireGoldenPicture(t *testing.T, name string, picture image.Image) {
	t.Helper()
	got := image.NewGray(picture.Bounds())
	for y := range got.Bounds().Dy() {
		for x := range got.Bounds().Dx() {
			got.Set(x, y, color.GrayModel.Convert(picture.At(x, y)))
		}
	}
	path := filepath.Join("testdata", name)
	if *update {
		var file bytes.Buffer
		require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, got))
		require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))
	}
	file, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./tickets -update writes it")
	decoded, err := png.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	want, ok := decoded.(*image.Gray)
	require.True(t, ok)
	require.Equal(t, want.Bounds(), got.Bounds())
	for y := 0; y < got.Bounds().Dy(); y += block {
		for x := 0; x < got.Bounds().Dx(); x += block {
			require.InDelta(t, meanGrey(want, x, y), meanGrey(got, x, y), tolerance, "%s differs at x = %d, y = %d of %s", name, x, y, got.Bounds().Max)
		}
	}
}

func meanGrey(picture *image.Gray, x, y int) float64 {
	area := image.Rect(x, y, x+block, y+block).Intersect(picture.Bounds())
	sum := 0
	for py := area.Min.Y; py < area.Max.Y; py++ {
		for px := area.Min.X; px < area.Max.X; px++ {
			sum += int(picture.GrayAt(px, py).Y)
		}
	}
	return float64(sum) / float64(area.Dx()*area.Dy())
}
