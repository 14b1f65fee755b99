package api

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

func (s *Server) bookBest(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var in BookBestRequest
	body, err := readJSON(c, &in)
	if err != nil {
		return err
	}
	if err := checkBest(in).err(); err != nil {
		return err
	}
	key, err := idempotencyKey(c, user, routeBest, id, body)
	if err != nil {
		return err
	}
	booking, err := s.opts.Bookings.BookBest(c.Request.Context(), boxoffice.BestRequest{
		UserID: user.ID, EventID: id, Count: in.Count, Accessible: in.Accessible, Category: in.Category,
		MaxPriceMinor: in.MaxPriceMinor, Split: in.Split, Key: key,
	})
	return replyBooked(c, booking, err)
}

// checkBest names what can be no wish. How many may be booked the service knows.
func checkBest(in BookBestRequest) fields {
	var wrong fields
	if in.Count < 1 {
		wrong.add("count", "This must be 1 or more.")
	}
	if in.Accessible < 0 || in.Accessible > in.Count {
		wrong.add("accessible", "This is between 0 and count.")
	}
	wrong.line("category", in.Category, 0, 40)
	if in.MaxPriceMinor < 0 {
		wrong.add("max_price_minor", "This must be 1 or more.")
	}
	return wrong
}

// viewAlternative shows seats that can be had, and what a buyer would pay for them.
func viewAlternative(seats []boxoffice.Ticket) Alternative {
	view := Alternative{TicketIDs: []string{}, Seats: []string{}}
	for _, t := range seats {
		view.TicketIDs, view.Seats = append(view.TicketIDs, t.ID), append(view.Seats, t.Seat())
		view.AmountMinor += t.TotalMinor()
	}
	return view
}

func (s *Server) changeBookingSeats(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var in SeatChangeRequest
	body, err := readJSON(c, &in)
	if err != nil {
		return err
	}
	if err := checkSeatChange(in).err(); err != nil {
		return err
	}
	accessible, err := statedAccessible(c)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c, user, routeSeats, id, body)
	if err != nil {
		return err
	}
	booking, err := s.opts.Bookings.ChangeSeats(c.Request.Context(), boxoffice.SeatChange{
		UserID: user.ID, BookingID: id, Add: in.Add, Remove: in.Remove, Accessible: accessible, Key: key,
	})
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewBooking(booking))
}

// checkSeatChange names what is wrong by index, and writes the IDs in lower case.
func checkSeatChange(in SeatChangeRequest) fields {
	var wrong fields
	if in.Add == nil && in.Remove == nil {
		wrong.add("body", "This must name seats to add or to remove.")
	}
	if in.Add != nil {
		wrong = append(wrong, checkNamedTickets("add", in.Add)...)
	}
	if in.Remove != nil {
		wrong = append(wrong, checkNamedTickets("remove", in.Remove)...)
	}
	for i, id := range in.Remove {
		if slices.Contains(in.Add, id) {
			wrong.add("remove["+strconv.Itoa(i)+"]", "This seat is to be added, too.")
		}
	}
	return wrong
}
