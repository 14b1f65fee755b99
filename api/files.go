package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

func (s *Server) getTicketsPDF(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	content, err := s.opts.Bookings.TicketsPDF(c.Request.Context(), user.ID, id)
	if err != nil {
		return err
	}
	return replyFile(c, "application/pdf", "attachment", "tickets-"+id+".pdf", content)
}

func (s *Server) getCalendar(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	content, err := s.opts.Bookings.Calendar(c.Request.Context(), user.ID, id)
	if err != nil {
		return err
	}
	return replyFile(c, "text/calendar; charset=utf-8", "attachment", "event-"+id+".ics", content)
}

func (s *Server) getQR(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	ticketID, err := pathID(c, "ticketID")
	if err != nil {
		return err
	}
	content, err := s.opts.Bookings.QR(c.Request.Context(), user.ID, id, ticketID)
	if err != nil {
		return err
	}
	return replyFile(c, "image/png", "inline", "ticket-"+ticketID+".png", content)
}

// replyFile answers with a file of one buyer, which no cache may keep. Names are made of IDs, so that they need none of
// the quoting of RFC 6266.
func replyFile(c *gin.Context, mediaType, disposition, name string, content []byte) error {
	c.Header("Cache-Control", "private, no-store")
	c.Header("Content-Disposition", disposition+`; filename="`+name+`"`)
	c.Data(http.StatusOK, mediaType, content)
	return nil
}
