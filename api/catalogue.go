package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

func (s *Server) listEvents(c *gin.Context, _ boxoffice.User) error {
	q := newQuery(c)
	filter := boxoffice.EventFilter{
		TitleID: q.id("title"), City: q.text("city", 100), From: q.time("from"), To: q.time("to"),
		Cursor: q.cursor(), Limit: q.limit(),
	}
	if !filter.From.IsZero() && !filter.To.IsZero() && !filter.From.Before(filter.To) {
		q.wrong.add("to", "This must be later than from.")
	}
	if err := q.wrong.err(); err != nil {
		return err
	}
	page, err := s.opts.Catalogue.Events(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, EventPage{Events: mapped(page.Events, viewEvent), Next: page.Next})
}

func (s *Server) getTitle(c *gin.Context, _ boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	title, err := s.opts.Catalogue.TitleShowtimes(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, TitlePage{Title: viewTitle(title.Title), Events: mapped(title.Events, viewEvent)})
}

func (s *Server) getEvent(c *gin.Context, _ boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	q := newQuery(c)
	cursor, limit := q.cursor(), ticketsPage
	if q.none("tickets") {
		limit = 0
	}
	if err := q.wrong.err(); err != nil {
		return err
	}
	key := fmt.Sprintf("event/%s/%d/%s", id, limit, cursor)
	d, err := s.document(c.Request.Context(), key, s.opts.ReadCache, func(ctx context.Context) (any, error) {
		page, err := s.opts.Catalogue.EventTickets(ctx, id, cursor, limit)
		return viewEventTickets(page, s.opts.MaxSeats), err
	})
	if err != nil {
		return err
	}
	return d.serve(c, "no-cache")
}

func viewEventTickets(page boxoffice.EventTickets, maxSeats int) EventTickets {
	return EventTickets{
		Event:    viewEvent(page.Event),
		Tickets:  mapped(page.Tickets, func(t boxoffice.Ticket) Ticket { return viewTicket(t, "") }),
		MaxSeats: maxSeats,
		Next:     page.Next,
	}
}

func (s *Server) getSeats(c *gin.Context, _ boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	q := newQuery(c)
	section := q.text("section", maxSection)
	if err := q.wrong.err(); err != nil {
		return err
	}
	d, err := s.document(c.Request.Context(), "seats/"+id+"/"+section, s.opts.ReadCache, func(ctx context.Context) (any, error) {
		columns, err := s.opts.Catalogue.SeatStatus(ctx, id, section)
		return viewSeats(columns), err
	})
	if err != nil {
		return err
	}
	return d.serve(c, "no-cache")
}

func (s *Server) getSeatMap(c *gin.Context, _ boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	d, err := s.document(c.Request.Context(), "map/"+id, s.opts.ReadCache, func(ctx context.Context) (any, error) {
		m, err := s.opts.Catalogue.SeatMap(ctx, id)
		return viewSeatMap(m), err
	})
	if err != nil {
		return err
	}
	return d.serve(c, "no-cache")
}

func (s *Server) getSeatPlan(c *gin.Context, _ boxoffice.User) error {
	hash := c.Param("hash")
	if !hashShape.MatchString(hash) {
		return boxoffice.Errorf(boxoffice.CodeNotFound, "There is no seat plan of this hash.")
	}
	d, err := s.document(c.Request.Context(), "plan/"+hash, forGood, func(ctx context.Context) (any, error) {
		return s.opts.Catalogue.SeatPlan(ctx, hash)
	})
	if err != nil {
		return err
	}
	return d.serve(c, "public, max-age=31536000, immutable")
}
