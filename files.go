package boxoffice

import "context"

// TicketsKey is where the PDF of a booking lies in the file store.
func TicketsKey(bookingID string) string { return "tickets/" + bookingID + ".pdf" }

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
