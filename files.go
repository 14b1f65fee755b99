package boxoffice

import (
	"context"
	"strconv"
)

// TicketsKey is where the PDF of a booking lies in the file store, of which so many seats were given back: with each that
// is, the file is another, and the one before is served no more.
func TicketsKey(bookingID string, givenBack int) string {
	if givenBack > 0 {
		bookingID += "-" + strconv.Itoa(givenBack)
	}
	return "tickets/" + bookingID + ".pdf"
}

// TicketsPDF gives the stored PDF of a booking. It is a rendering of what the rows say: one whose file is gone is made
// anew and stored again.
func TicketsPDF(ctx context.Context, files FileStore, render TicketFiles, doc TicketDocument, key string) ([]byte, error) {
	pdf, err := files.Get(ctx, key)
	if CodeOf(err) != CodeNotFound {
		return pdf, err
	}
	if pdf, err = render.PDF(doc); err != nil {
		return nil, err
	}
	return pdf, files.Put(ctx, key, "application/pdf", pdf)
}
