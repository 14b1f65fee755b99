package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// bookingHandler is a handler of a page of the booking of an ID, for a user who is logged in.
type bookingHandler func(c *gin.Context, user boxoffice.User, id string) error

// ofBooking reads the booking's ID, and asks who is not logged in to do so and come back.
func (s *Server) ofBooking(handle bookingHandler) handler {
	return func(c *gin.Context, user boxoffice.User) error {
		id, err := pathID(c, "id")
		if err != nil {
			return err
		}
		if user.ID == "" {
			s.askLogIn(c, id)
			return nil
		}
		return handle(c, user, id)
	}
}

func (s *Server) pageBooking(c *gin.Context, user boxoffice.User, id string) error {
	return s.showBooking(c, http.StatusOK, user, id, bookingForm{})
}

// bookingForm is what the page shows again of its forms after a mistake.
type bookingForm struct{ Email, Code, Mistake string }

func (s *Server) showBooking(c *gin.Context, status int, user boxoffice.User, id string, form bookingForm) error {
	booking, err := s.opts.Bookings.Booking(c.Request.Context(), user.ID, id)
	if err != nil {
		return err
	}
	event, err := s.opts.Catalogue.Event(c.Request.Context(), booking.EventID)
	if err != nil && boxoffice.CodeOf(err) != boxoffice.CodeNotFound {
		return err
	}
	zone := event.Venue.Zone()
	return s.render(c, status, "booking", page{
		Title: "Booking " + booking.Reference, User: user, Refresh: refreshAfter(booking),
		Content: gin.H{
			"Booking": viewBooking(booking), "Event": viewEvent(event), "Says": sayStatus(booking),
			"Deadline": booking.HoldExpiresAt.In(zone), "Path": pagePath(booking.ID), "Open": isOpen(booking),
			"Returns": sayReturns(booking, event.Refund, zone), "Policy": sayPolicy(event.Refund, booking.Fee().Minor),
			"Remaining": remaining(booking), "GivenBack": givenBack(booking),
			"Mails": mapped(booking.Mails, func(m boxoffice.BookingMail) string { return sayMail(m, zone) }), "Form": form,
		},
	})
}

// refreshAfter is in how many seconds the page is worth another look; 0: never.
func refreshAfter(b boxoffice.Booking) int {
	switch {
	case b.Status.Final():
		return 0
	case b.Status == boxoffice.BookingRefunding, isOpen(b) && b.Payment == boxoffice.PaymentNone:
		return 30
	case isOpen(b):
		return 3
	default:
		return 2
	}
}

// sayStatus tells a buyer in a sentence how the booking stands.
func sayStatus(b boxoffice.Booking) string {
	switch b.Status {
	case boxoffice.BookingHeld:
		switch {
		case b.Payment == boxoffice.PaymentPaid:
			return "Your payment has arrived. The tickets are being made."
		case b.ClosingReason == boxoffice.ClosingByCancel:
			return "This booking is being cancelled."
		case b.Payment == boxoffice.PaymentOpen:
			return "The seats are held for you while you pay. If you have paid, this page shows it in a moment."
		default:
			return "The seats are held for you. They are yours once you have paid."
		}
	case boxoffice.BookingConfirmed:
		return "The seats are yours. The tickets are being made."
	case boxoffice.BookingCompleted:
		return "The seats are yours, and here are your tickets."
	case boxoffice.BookingExpired:
		return "The time ran out before a payment arrived, and the seats are free again. Nothing was charged."
	case boxoffice.BookingCancelled:
		return "This booking was cancelled before it was paid. Nothing was charged."
	case boxoffice.BookingRefunding:
		return "This booking is undone. Your money is on its way back."
	case boxoffice.BookingRefunded:
		return "This booking is undone. Your money is back."
	default:
		return ""
	}
}

// mailNames says what the mails are about.
var mailNames = map[boxoffice.EmailKind]string{
	boxoffice.EmailTickets: "Tickets", boxoffice.EmailChanged: "Changed tickets", boxoffice.EmailRefunded: "Refund", boxoffice.EmailReturned: "Payment sent back",
	boxoffice.EmailCancelled: "Cancellation", boxoffice.EmailCalledOff: "Event called off",
}

// sayMail tells a buyer in a line what became of a mail.
func sayMail(m boxoffice.BookingMail, zone *time.Location) string {
	line, at := mailNames[m.Kind]+", to "+m.Recipient+": ", m.QueuedAt
	switch m.Status {
	case boxoffice.EmailSent:
		line, at = line+"sent ", m.SentAt
	case boxoffice.EmailFailed:
		line += "could not be delivered, written "
	case boxoffice.EmailQueued, boxoffice.EmailWithdrawn:
		line += "waiting to be sent since "
	}
	return line + at.In(zone).Format("Mon 2 Jan, 15:04 MST")
}

// pageResend answers with the page again where something can be mended.
func (s *Server) pageResend(c *gin.Context, user boxoffice.User, id string) error {
	if err := readForm(c); err != nil {
		return err
	}
	form := bookingForm{Email: c.Request.PostForm.Get("email")}
	_, err := s.sendAgain(c, boxoffice.ResendRequest{UserID: user.ID, BookingID: id, Email: form.Email})
	return s.backToBooking(c, user, id, form, err)
}

// backToBooking leads back to the page after a form of it, or shows it again where something can be mended.
func (s *Server) backToBooking(c *gin.Context, user boxoffice.User, id string, form bookingForm, err error) error {
	if err == nil {
		c.Redirect(http.StatusSeeOther, pagePath(id))
		return nil
	}
	if !slices.Contains(mendable, boxoffice.CodeOf(err)) {
		return err
	}
	problem := s.refuse(c, err)
	form.Mistake = problem.Detail
	return s.showBooking(c, problem.Status, user, id, form)
}

// pagePromotion puts a promotion code in.
func (s *Server) pagePromotion(c *gin.Context, user boxoffice.User, id string) error {
	if err := readForm(c); err != nil {
		return err
	}
	form := bookingForm{Code: c.Request.PostForm.Get("code")}
	_, err := s.putIn(c, boxoffice.PromotionRequest{UserID: user.ID, BookingID: id, Code: form.Code})
	return s.backToBooking(c, user, id, form, err)
}

// pagePromotionRemoved takes the promotion code out again.
func (s *Server) pagePromotionRemoved(c *gin.Context, user boxoffice.User, id string) error {
	_, err := s.opts.Bookings.RemovePromotion(c.Request.Context(), user.ID, id, nil)
	return s.backToBooking(c, user, id, bookingForm{}, err)
}

// pageCheckout leads the browser to the payment page.
func (s *Server) pageCheckout(c *gin.Context, user boxoffice.User, id string) error {
	request, err := s.checkoutRequest(user, id, CheckoutRequest{})
	if err != nil {
		return err
	}
	payment, err := s.opts.Bookings.Checkout(c.Request.Context(), request)
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, payment.URL)
	return nil
}

// pageExtend moves the deadline and leads back to the booking.
func (s *Server) pageExtend(c *gin.Context, user boxoffice.User, id string) error {
	if _, err := s.opts.Bookings.Extend(c.Request.Context(), user.ID, id, nil); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, pagePath(id))
	return nil
}
