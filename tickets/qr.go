package tickets

import (
	"github.com/boxoffice/boxoffice"
	"github.com/skip2/go-qrcode"
)

// qrPixels is the least side of a QR picture.
const qrPixels = 512

// symbolOf encodes a token at level M: 15 % of the symbol may be lost to a crease or a thumb.
func symbolOf(token string) (*qrcode.QRCode, error) {
	symbol, err := qrcode.New(token, qrcode.Medium)
	if err != nil {
		return nil, boxoffice.WrapError(boxoffice.CodeIssueImpossible, err, "The entry code cannot be drawn.")
	}
	return symbol, nil
}

// QR renders the entry token of one seat as a PNG of at least 512 pixels a side, with its quiet zone; every module is the
// same whole number of pixels. CodeNotFound when the document has no such ticket.
func (r *Renderer) QR(doc boxoffice.TicketDocument, ticketID string) ([]byte, error) {
	if _, err := check(doc); err != nil {
		return nil, err
	}
	for _, page := range doc.Seats {
		if page.Ticket.ID != ticketID {
			continue
		}
		token, err := r.token(doc.Event, page)
		if err != nil {
			return nil, err
		}
		symbol, err := symbolOf(token)
		if err != nil {
			return nil, err
		}
		modules := 17 + 4*symbol.VersionNumber + 8                        // with the quiet zone
		picture, err := symbol.PNG(-((qrPixels + modules - 1) / modules)) // negative: pixels a module
		if err != nil {
			return nil, boxoffice.WrapError(boxoffice.CodeIssueImpossible, err, "The entry code cannot be drawn.")
		}
		return picture, nil
	}
	return nil, boxoffice.Errorf(boxoffice.CodeNotFound, "The booking has no such ticket.")
}
