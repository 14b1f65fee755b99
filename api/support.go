package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// maxSought bounds what support looks for, in characters: an e-mail address is the longest.
const maxSought = 254

func (s *Server) findBookings(c *gin.Context, user boxoffice.User) error {
	q := newQuery(c)
	query := boxoffice.BookingQuery{Text: q.text("q", maxSought), EventID: q.id("event"), Cursor: q.cursor(), Limit: q.limit()}
	if err := q.wrong.err(); err != nil {
		return err
	}
	page, err := s.opts.Support.FindBookings(c.Request.Context(), user, query)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, FoundBookingPage{Bookings: mapped(page.Bookings, viewFoundBooking), Next: page.Next})
}

func (s *Server) getCase(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	found, err := s.opts.Support.Case(c.Request.Context(), user, id)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewCase(found))
}

func (s *Server) listTasks(c *gin.Context, _ boxoffice.User) error {
	q := newQuery(c)
	query := boxoffice.TaskQuery{Kind: q.kind("kind"), Closed: q.closed("state"), Cursor: q.cursor(), Limit: q.limit()}
	if err := q.wrong.err(); err != nil {
		return err
	}
	page, err := s.opts.Support.Tasks(c.Request.Context(), query)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, SupportTaskPage{Tasks: mapped(page.Tasks, viewTask), Next: page.Next})
}

func (s *Server) getTask(c *gin.Context, _ boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	task, err := s.opts.Support.Task(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewTask(task))
}

func (s *Server) closeTask(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var in SupportReasonRequest
	act, err := readAct(c, user, id, &in)
	if err != nil {
		return err
	}
	act.BookingID = ""
	task, err := s.opts.Support.CloseTask(c.Request.Context(), act, id)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewTask(task))
}
