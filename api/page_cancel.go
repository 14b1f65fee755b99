package api

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// sayPolicy tells a buyer in a sentence whether tickets can be given back.
func sayPolicy(p boxoffice.RefundPolicy, fee int64) string {
	when := fmt.Sprintf("%d hours before the start", p.Hours)
	switch {
	case p.Final():
		return "Sales of this event are final: its tickets cannot be given back."
	case p.Hours == 0:
		when = "the start"
	case p.Hours == 1:
		when = "an hour before the start"
	}
	return fmt.Sprintf("Tickets can be given back until %s; %s.", when, sayShare(p, fee))
}

// sayShare tells what goes back of tickets that are given back.
func sayShare(p boxoffice.RefundPolicy, fee int64) string {
	share := fmt.Sprintf("%d %% of their price goes back then", p.Percent)
	if fee > 0 {
		share += ", without the booking fees"
	}
	return share
}

// sayReturns tells until when, and what goes back; "" where tickets cannot be given back.
func sayReturns(b boxoffice.Booking, p boxoffice.RefundPolicy, zone *time.Location) string {
	if !canReturn(b) {
		return ""
	}
	until := b.RefundableUntil.In(zone).Format("Mon 2 Jan 2006, 15:04 MST")
	return fmt.Sprintf("Tickets can be given back until %s; %s.", until, sayShare(p, b.Fee().Minor))
}

// remaining are the tickets that the booking still has.
func remaining(b boxoffice.Booking) []boxoffice.Ticket {
	var own []boxoffice.Ticket
	for _, t := range b.Tickets {
		if t.BookingID == b.ID {
			own = append(own, t)
		}
	}
	return own
}

// givenBack are the IDs of the tickets that a booking which still has some has no more.
func givenBack(b boxoffice.Booking) map[string]bool {
	gone := map[string]bool{}
	for _, t := range b.Tickets {
		if b.Status == boxoffice.BookingCompleted && t.BookingID != b.ID {
			gone[t.ID] = true
		}
	}
	return gone
}

// pageReturn shows what giving the chosen tickets back comes to, and asks whether it is meant.
func (s *Server) pageReturn(c *gin.Context, user boxoffice.User, id string) error {
	tickets := c.QueryArray("ticket")
	if err := checkChosen(tickets); err != nil {
		return err
	}
	booking, err := s.opts.Bookings.Booking(c.Request.Context(), user.ID, id)
	if err != nil {
		return err
	}
	quote, err := s.opts.Bookings.QuoteCancellation(c.Request.Context(), boxoffice.Cancellation{UserID: user.ID, BookingID: id, TicketIDs: tickets})
	if err != nil {
		return err
	}
	var seats []string
	for _, ticket := range booking.Tickets {
		if slices.Contains(tickets, ticket.ID) {
			seats = append(seats, ticket.Seat())
		}
	}
	return s.render(c, http.StatusOK, "return", page{
		Title: "Give tickets back", User: user,
		Content: gin.H{
			"Booking": viewBooking(booking), "Path": pagePath(id), "Seats": seats, "Tickets": tickets, "Quote": viewQuote(quote),
			"All": len(seats) == len(remaining(booking)),
		},
	})
}

// checkChosen refuses what is no choice of tickets, in words for who reads pages.
func checkChosen(tickets []string) error {
	if len(tickets) == 0 {
		return boxoffice.InvalidField("ticket", "Please choose at least one ticket.")
	}
	return checkNamedTickets("ticket_ids", tickets).err()
}

// pageCancel lets go of a hold; of a booking that is paid it gives the tickets back that the form names, and it must name
// some: a button that means the seats of a hold must not undo a sale that was quicker.
func (s *Server) pageCancel(c *gin.Context, user boxoffice.User, id string) error {
	if err := readForm(c); err != nil {
		return err
	}
	tickets := c.Request.PostForm["ticket"]
	if len(tickets) > 0 {
		if err := checkChosen(tickets); err != nil {
			return err
		}
	}
	request := boxoffice.Cancellation{UserID: user.ID, BookingID: id, TicketIDs: tickets, HoldOnly: len(tickets) == 0}
	if _, err := s.opts.Bookings.Cancel(c.Request.Context(), request); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, pagePath(id))
	return nil
}
