package tickets_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/tickets"
	"github.com/stretchr/testify/require"
)

// testKeys are two keys whose seeds are all zeros and all ones, in this order.
const (
	testKey  = "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	otherKey = "other:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
)

func keysOf(t testing.TB, setting string) tickets.Keys {
	t.Helper()
	keys, err := tickets.ParseKeys(setting)
	require.NoError(t, err)
	return keys
}

func renderer(t testing.TB) *tickets.Renderer {
	t.Helper()
	r, err := tickets.New(tickets.Options{Keys: keysOf(t, testKey), Name: "Chico Box Office"})
	require.NoError(t, err)
	return r
}

// document is a sale of n seats for a showing in Chicago on the evening after Thanksgiving.
func document(n int) boxoffice.TicketDocument {
	start := time.Date(2026, time.November, 28, 1, 30, 0, 0, time.UTC) // Friday, 19:30 in Chicago
	doc := boxoffice.TicketDocument{
		BookingID:  "019ab111-2222-7333-8444-5555aaaabbbb",
		Reference:  "K7QP2M9X",
		HolderName: "Ada Lovelace",
		Event: boxoffice.Event{
			ID: "019ab000-0000-7000-8000-000000000001", Name: "Ghost", StartsAt: start, EndsAt: start.Add(127 * time.Minute),
			Currency: "USD",
			Venue: boxoffice.Venue{
				Name: "Music Box Theatre", City: "Chicago", State: "IL", TimeZone: "America/Chicago", Lat: 41.949, Lon: -87.664,
			},
		},
		Title:    boxoffice.Title{Name: "Ghost", Kind: "film", Year: 1990, RuntimeMinutes: 127, Rating: "PG-13"},
		Paid:     boxoffice.Money{Minor: int64(n) * 1450, Currency: "USD"},
		IssuedAt: time.Date(2026, time.November, 24, 9, 0, 0, 0, time.UTC),
	}
	for i := range n {
		doc.Seats = append(doc.Seats, boxoffice.TicketPage{
			Admission: boxoffice.Admission{ID: fmt.Sprintf("019ab222-0000-7000-8000-0000c0de%04x", i)},
			Ticket: boxoffice.Ticket{
				ID: fmt.Sprintf("ticket-%d", i), Section: "Stalls", Row: "C", Number: 11 + i, Category: "Standard",
				PriceMinor: 1450, Accessible: i == 1,
			},
		})
	}
	return doc
}

// poppler runs one of poppler's tools, which stand in for the buyer's PDF reader.
func poppler(t testing.TB, stdin []byte, tool string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(tool)
	require.NoError(t, err, "this test reads PDFs with %s: install it by `apt-get install -y poppler-utils`", tool)
	command := exec.CommandContext(t.Context(), path, args...)
	command.Stdin = bytes.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	require.NoError(t, command.Run(), stderr.String())
	require.Empty(t, stderr.String(), "%s complains about the file", tool)
	return stdout.Bytes()
}

// textOf reads the text of one page in the order in which it is seen.
func textOf(t testing.TB, pdf []byte, page int) string {
	t.Helper()
	number := fmt.Sprint(page)
	return string(poppler(t, pdf, "pdftotext", "-layout", "-enc", "UTF-8", "-f", number, "-l", number, "-", "-"))
}

// pictures draws every page as a reader or a printer would.
func pictures(t testing.TB, pdf []byte, dpi int) []image.Image {
	t.Helper()
	dir := t.TempDir()
	poppler(t, pdf, "pdftoppm", "-r", fmt.Sprint(dpi), "-gray", "-png", "-", filepath.Join(dir, "page"))
	names, err := filepath.Glob(filepath.Join(dir, "*.png"))
	require.NoError(t, err)
	sort.Strings(names)
	var pages []image.Image
	for _, name := range names {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		picture, err := png.Decode(bytes.NewReader(content))
		require.NoError(t, err)
		pages = append(pages, picture)
	}
	return pages
}

// scan reads the QR code in a picture, which it has in its left half if that is a page's.
func scan(t testing.TB, picture image.Image) string {
	t.Helper()
	if area := picture.Bounds(); area.Dy() > area.Dx() {
		page, ok := picture.(interface {
			SubImage(area image.Rectangle) image.Image
		})
		require.True(t, ok)
		area.Max.X = area.Dx() / 2
		picture = page.SubImage(area)
	}
	var file bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&file, picture))
	token, err := buyer.ReadQR(file.Bytes())
	require.NoError(t, err)
	return token
}
