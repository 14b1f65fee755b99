package api

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

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
	key, err := idempotencyKey(c, user, routeSeats, id, body)
	if err != nil {
		return err
	}
	booking, err := s.opts.Bookings.ChangeSeats(c.Request.Context(), boxoffice.SeatChange{
		UserID: user.ID, BookingID: id, Add: in.Add, Remove: in.Remove, Key: key,
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
