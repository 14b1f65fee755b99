package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// The writes of bookings as their idempotency keys name them.
const (
	routeBook     = "POST /book"
	routeApply    = "POST /bookings/{id}/promotion"
	routeRemove   = "DELETE /bookings/{id}/promotion"
	routeBest     = "POST /events/{id}/book-best"
	routeCheckout = "POST /bookings/{id}/checkout"
	routeExtend   = "POST /bookings/{id}/extend"
	routeSeats    = "PATCH /bookings/{id}/seats"
	routeCancel   = "POST /bookings/{id}/cancel"
	routeResend   = "POST /bookings/{id}/resend"
)

func (s *Server) book(c *gin.Context, user boxoffice.User) error {
	var ids BookRequest
	body, err := readJSON(c, &ids)
	if err != nil {
		return err
	}
	if err := checkTicketIDs(ids).err(); err != nil {
		return err
	}
	accessible, err := statedAccessible(c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c, user, routeBook, "", body)
	if err != nil {
		return err
	}
	booking, err := s.opts.Bookings.Book(c.Request.Context(), boxoffice.HoldRequest{UserID: user.ID, TicketIDs: ids, Accessible: accessible, Key: key})
	return replyBooked(c, booking, err)
}

// statedAccessible reads whether the buyer says that somebody needs a place for a wheelchair. A body of bare ticket IDs has no
// room for it.
func statedAccessible(c *gin.Context) (bool, error) {
	q := newQuery(c)
	accessible := q.flag("accessible")
	return accessible, q.wrong.err()
}

// replyBooked answers with a booking that is new.
func replyBooked(c *gin.Context, booking boxoffice.Booking, err error) error {
	if err != nil {
		return err
	}
	c.Set(bookingKey, booking.ID)
	c.Header("Location", bookingPath(booking.ID))
	return reply(c, http.StatusCreated, viewBooking(booking))
}

// checkTicketIDs names what is wrong by index, and writes the IDs in lower case. How many may be booked the service knows.
func checkTicketIDs(ids []string) fields {
	var wrong fields
	if len(ids) == 0 {
		wrong.add("body", "This must name at least one ticket.")
	}
	first := make(map[string]int, len(ids))
	for i, id := range ids {
		ids[i] = strings.ToLower(id)
		earlier, twice := first[ids[i]]
		switch {
		case len(wrong) == maxComplaints:
			return wrong
		case !uuidShape.MatchString(id):
			wrong.add("["+strconv.Itoa(i)+"]", "This is not a UUID.")
		case twice:
			wrong.add("["+strconv.Itoa(i)+"]", "This is the same ticket as ["+strconv.Itoa(earlier)+"].")
		default:
			first[ids[i]] = i
		}
	}
	return wrong
}

// checkNamedTickets is checkTicketIDs of a field.
func checkNamedTickets(name string, ids []string) fields {
	wrong := checkTicketIDs(ids)
	for i := range wrong {
		wrong[i].Field = name + strings.TrimPrefix(wrong[i].Field, "body")
	}
	return wrong
}

func (s *Server) listBookings(c *gin.Context, user boxoffice.User) error {
	q := newQuery(c)
	filter := boxoffice.BookingFilter{UserID: user.ID, EventID: q.id("event_id"), Cursor: q.cursor(), Limit: q.limit()}
	if err := q.wrong.err(); err != nil {
		return err
	}
	page, err := s.opts.Bookings.Bookings(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	events, err := s.opts.Catalogue.EventsByID(c.Request.Context(), eventsOf(page.Bookings))
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, BookingPage{
		Bookings: mapped(page.Bookings, viewBooking), Events: mapped(events, viewBookedEvent), Next: page.Next,
	})
}

// eventsOf lists what bookings are of, each event once.
func eventsOf(bookings []boxoffice.Booking) []string {
	ids := mapped(bookings, func(b boxoffice.Booking) string { return b.EventID })
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (s *Server) checkout(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var in CheckoutRequest
	body, err := readOptionalJSON(c, &in)
	if err != nil {
		return err
	}
	request, err := s.checkoutRequest(user, id, in)
	if err != nil {
		return err
	}
	if request.Key, err = idempotencyKey(c, user, routeCheckout, id, body); err != nil {
		return err
	}
	page, err := s.opts.Bookings.Checkout(c.Request.Context(), request)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, Checkout{CheckoutURL: page.URL, ExpiresAt: page.ExpiresAt.UTC()})
}

// checkoutRequest checks what the client asks for; the payment page leads back to our own origin only.
func (s *Server) checkoutRequest(user boxoffice.User, id string, in CheckoutRequest) (boxoffice.CheckoutRequest, error) {
	request := boxoffice.CheckoutRequest{UserID: user.ID, BookingID: id, Email: in.Email}
	var wrong fields
	if in.Email != "" && !isEmail(in.Email) {
		wrong.add("email", "This is not an e-mail address.")
	}
	back := func(field, place string) string {
		if place == "" {
			return s.absolute(pagePath(id))
		}
		address, ours := s.onOurOrigin(place)
		if !ours || len(place) > 2048 {
			wrong.add(field, "This must be a place on "+s.base.String()+".")
		}
		return address
	}
	request.SuccessURL, request.CancelURL = back("success_url", in.SuccessURL), back("cancel_url", in.CancelURL)
	return request, wrong.err()
}

func (s *Server) extend(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := readNothing(c); err != nil {
		return err
	}
	key, err := idempotencyKey(c, user, routeExtend, id, nil)
	if err != nil {
		return err
	}
	booking, err := s.opts.Bookings.Extend(c.Request.Context(), user.ID, id, key)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewBooking(booking))
}

func (s *Server) resend(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var in ResendRequest
	body, err := readOptionalJSON(c, &in)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c, user, routeResend, id, body)
	if err != nil {
		return err
	}
	booking, err := s.sendAgain(c, boxoffice.ResendRequest{UserID: user.ID, BookingID: id, Email: in.Email, Key: key})
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewBooking(booking))
}

// sendAgain has the tickets mailed once more. How often an address that was typed gets mail from us is limited as it is for
// mails about accounts: it may be anybody's. CodeInvalid, CodeRateLimited, and those of BookingService.Resend.
func (s *Server) sendAgain(c *gin.Context, request boxoffice.ResendRequest) (boxoffice.Booking, error) {
	if request.Email != "" {
		if !isEmail(request.Email) {
			return boxoffice.Booking{}, boxoffice.InvalidField("email", "This is not an e-mail address.")
		}
		if err := s.takeMail(c, request.UserID, request.Email); err != nil {
			return boxoffice.Booking{}, err
		}
	}
	return s.opts.Bookings.Resend(c.Request.Context(), request)
}

// receiveStripeWebhook hands over the body as it came, because the signature is over its bytes.
func (s *Server) receiveStripeWebhook(c *gin.Context, _ boxoffice.User) error {
	payload, err := readBody(c, maxWebhookBody)
	if err != nil {
		return err
	}
	if err := s.opts.Bookings.ReceiveWebhook(c.Request.Context(), payload, c.GetHeader("Stripe-Signature")); err != nil {
		return err
	}
	return reply(c, http.StatusOK, Empty{})
}
