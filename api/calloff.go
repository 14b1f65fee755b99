package api

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

func cancellationPath(eventID string) string { return "/events/" + eventID + "/cancellation" }

func (s *Server) callOffEvent(c *gin.Context, user boxoffice.User) error {
	var in CallOffRequest
	id, who, err := change(c, user, &in)
	if err != nil {
		return err
	}
	q := newQuery(c)
	preview := q.flag("preview")
	q.wrong.line("name", in.Name, 1, 200)
	q.wrong.line("reason", in.Reason, 0, boxoffice.MaxCallOffReason)
	if err := q.wrong.err(); err != nil {
		return err
	}
	request := boxoffice.CallOffRequest{EventID: id, Name: in.Name, Reason: in.Reason}
	if preview {
		quote, err := s.opts.Cancellations.QuoteCallOff(c.Request.Context(), who, request)
		if err != nil {
			return err
		}
		return reply(c, http.StatusOK, CallOffQuote{
			Bookings: quote.Bookings, Tickets: quote.Tickets, Holds: quote.Holds, RefundMinor: quote.Refund.Minor, Currency: quote.Refund.Currency,
		})
	}
	cancellation, err := s.opts.Cancellations.CallOff(c.Request.Context(), who, request)
	if err != nil {
		return err
	}
	c.Header("Location", cancellationPath(cancellation.EventID))
	return reply(c, http.StatusAccepted, viewEventCancellation(cancellation))
}

func (s *Server) getEventCancellation(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	who := boxoffice.Overseer{By: boxoffice.By{UserID: user.ID}, Staff: user.Role.IsStaff()}
	cancellation, err := s.opts.Cancellations.EventCancellation(c.Request.Context(), who, id)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewEventCancellation(cancellation))
}

func (s *Server) pauseRefunds(c *gin.Context, user boxoffice.User) error {
	pause := true
	return s.steerRefunds(c, user, nil, &boxoffice.RefundSteering{Pause: &pause})
}

func (s *Server) resumeRefunds(c *gin.Context, user boxoffice.User) error {
	pause := false
	return s.steerRefunds(c, user, nil, &boxoffice.RefundSteering{Pause: &pause})
}

func (s *Server) throttleRefunds(c *gin.Context, user boxoffice.User) error {
	var in ThrottleRequest
	return s.steerRefunds(c, user, &in, &boxoffice.RefundSteering{PerSecond: &in.PerSecond})
}

// steerRefunds reads the body, if there is to be one, before it looks at what is wanted.
func (s *Server) steerRefunds(c *gin.Context, user boxoffice.User, body any, to *boxoffice.RefundSteering) error {
	id, who, err := change(c, user, body)
	if err != nil {
		return err
	}
	var wrong fields
	if to.PerSecond != nil && (*to.PerSecond < 1 || *to.PerSecond > boxoffice.MaxRefundRate) {
		wrong.add("per_second", "This is between 1 and "+strconv.Itoa(boxoffice.MaxRefundRate)+".")
	}
	if err := wrong.err(); err != nil {
		return err
	}
	overseer := boxoffice.Overseer{By: who, Staff: user.Role.IsStaff()}
	cancellation, err := s.opts.Cancellations.SteerRefunds(c.Request.Context(), overseer, id, *to)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewEventCancellation(cancellation))
}

func viewEventCancellation(e boxoffice.EventCancellation) EventCancellation {
	p, self := e.Progress, cancellationPath(e.EventID)
	view := EventCancellation{
		EventID: e.EventID, Reason: e.Reason, CancelledAt: e.CancelledAt.UTC(), State: EventCancellationState(p.State),
		PausedReason: EventCancellationPausedReason(p.PausedReason), PerSecond: p.PerSecond,
		Total: p.Total, Refunded: p.Refunded, Released: p.Released, Failed: p.Failed, Waiting: p.Waiting,
		Links: EventCancellationLinks{Self: self, Event: "/events/" + e.EventID},
	}
	switch p.State {
	case boxoffice.RefundsRunning:
		view.Links.Pause, view.Links.Throttle = self+"/pause", self+"/throttle"
	case boxoffice.RefundsPaused:
		view.Links.Resume, view.Links.Throttle = self+"/resume", self+"/throttle"
	case boxoffice.RefundsDone:
	}
	return view
}
