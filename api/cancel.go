package api

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// maxReason bounds what a buyer says about a cancellation, in characters.
const maxReason = 200

// RefundOrNull is a refund policy in a body in which null says that sales are final.
type RefundOrNull struct {
	Given  bool // also as null
	Policy *RefundPolicy
}

// UnmarshalJSON notes that the field was there.
func (r *RefundOrNull) UnmarshalJSON(text []byte) error {
	r.Given = true
	return json.Unmarshal(text, &r.Policy)
}

// refund reads a policy; without one it is the zero value. The zero value itself nobody may ask for by numbers.
func (f *fields) refund(r RefundOrNull) boxoffice.RefundPolicy {
	if r.Policy == nil {
		return boxoffice.RefundPolicy{}
	}
	p := boxoffice.RefundPolicy{Hours: r.Policy.Hours, Percent: r.Policy.Percent}
	if p.Final() {
		f.add("refund.percent", "This is between 1 and 100; null makes sales final.")
	}
	*f = append(*f, p.Wrong()...)
	return p
}

func (s *Server) cancel(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var in CancelRequest
	body, err := readOptionalJSON(c, &in)
	if err != nil {
		return err
	}
	q := newQuery(c)
	preview := q.flag("preview")
	if in.TicketIDs != nil {
		q.wrong = append(q.wrong, checkNamedTickets("ticket_ids", in.TicketIDs)...)
	}
	q.wrong.line("reason", in.Reason, 0, maxReason)
	if err := q.wrong.err(); err != nil {
		return err
	}
	// Without a body somebody lets go of a hold: a payment that was quicker must not be undone at a loss that nobody was shown.
	request := boxoffice.Cancellation{
		UserID: user.ID, BookingID: id, TicketIDs: in.TicketIDs, Reason: in.Reason, HoldOnly: len(body) == 0 && !preview,
	}
	if preview {
		quote, err := s.opts.Bookings.QuoteCancellation(c.Request.Context(), request)
		if err != nil {
			return err
		}
		return reply(c, http.StatusOK, viewQuote(quote))
	}
	if request.Key, err = idempotencyKey(c, user, routeCancel, id, body); err != nil {
		return err
	}
	booking, err := s.opts.Bookings.Cancel(c.Request.Context(), request)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewBooking(booking))
}

func viewQuote(q boxoffice.CancellationQuote) CancellationQuote {
	return CancellationQuote{RefundMinor: q.Refund.Minor, FeeMinor: q.Kept.Minor, Currency: q.Refund.Currency}
}
