package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

func (s *Server) applyPromotion(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var in PromotionCodeRequest
	body, err := readJSON(c, &in)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c, user, routeApply, id, body)
	if err != nil {
		return err
	}
	booking, err := s.putIn(c, boxoffice.PromotionRequest{UserID: user.ID, BookingID: id, Code: in.Code, Key: key})
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewBooking(booking))
}

// putIn puts a code into a booking. How many codes a user may try is limited, so that nobody finds those of others by
// guessing. CodeInvalid, CodeRateLimited, and those of BookingService.ApplyPromotion.
func (s *Server) putIn(c *gin.Context, request boxoffice.PromotionRequest) (boxoffice.Booking, error) {
	if _, ok := boxoffice.PromotionCode(request.Code); !ok {
		return boxoffice.Booking{}, boxoffice.InvalidField("code", boxoffice.WrongPromotionCode)
	}
	if err := s.limits.codesByUser.take(request.UserID); err != nil {
		return boxoffice.Booking{}, err
	}
	return s.opts.Bookings.ApplyPromotion(c.Request.Context(), request)
}

func (s *Server) removePromotion(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if err := readNothing(c); err != nil {
		return err
	}
	key, err := idempotencyKey(c, user, routeRemove, id, nil)
	if err != nil {
		return err
	}
	booking, err := s.opts.Bookings.RemovePromotion(c.Request.Context(), user.ID, id, key)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewBooking(booking))
}

func (s *Server) createPromotion(c *gin.Context, user boxoffice.User) error {
	var in NewPromotionRequest
	body, err := readJSON(c, &in)
	if err != nil {
		return err
	}
	var wrong fields
	p := boxoffice.Promotion{
		Code:     in.Code,
		Discount: boxoffice.Discount{Percent: in.Percent, AmountMinor: in.AmountMinor, Currency: in.Currency},
		Terms: boxoffice.PromotionTerms{
			Uses: in.Uses, UsesPerUser: in.UsesPerUser, MinTickets: in.MinTickets, EventIDs: wrong.eventIDs(in.EventIDs), Active: true,
			ValidFrom: wrong.time("valid_from", in.ValidFrom), ValidUntil: wrong.time("valid_until", in.ValidUntil),
		},
	}
	if err := wrong.err(); err != nil {
		return err
	}
	who, err := by(c, user, "", body)
	if err != nil {
		return err
	}
	if p, err = s.opts.Organizers.CreatePromotion(c.Request.Context(), who, p); err != nil {
		return err
	}
	c.Header("Location", "/promotions/"+p.ID)
	return reply(c, http.StatusCreated, viewPromotion(p))
}

// eventIDs checks IDs of events, and writes them in lower case.
func (f *fields) eventIDs(ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	for _, wrong := range checkTicketIDs(ids) {
		f.add("event_ids"+wrong.Field, strings.ReplaceAll(wrong.Message, "ticket", "event"))
	}
	return ids
}

func (s *Server) changePromotion(c *gin.Context, user boxoffice.User) error {
	var in PromotionChangeRequest
	id, who, err := change(c, user, &in)
	if err != nil {
		return err
	}
	var wrong fields
	to := boxoffice.PromotionChange{Uses: in.Uses, UsesPerUser: in.UsesPerUser, MinTickets: in.MinTickets, Active: in.Active}
	if in.EventIDs != nil {
		ids := wrong.eventIDs(*in.EventIDs)
		to.EventIDs = &ids
	}
	for _, at := range []struct {
		name string
		text *string
		into **time.Time
	}{{"valid_from", in.ValidFrom, &to.ValidFrom}, {"valid_until", in.ValidUntil, &to.ValidUntil}} {
		if at.text != nil {
			t := wrong.time(at.name, *at.text)
			*at.into = &t
		}
	}
	if in.ValidFrom != nil && *in.ValidFrom == "" {
		wrong.add("valid_from", "This must not be empty.")
	}
	if err := wrong.err(); err != nil {
		return err
	}
	p, err := s.opts.Organizers.ChangePromotion(c.Request.Context(), who, id, to)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewPromotion(p))
}

func (s *Server) getPromotion(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	p, err := s.opts.Organizers.Promotion(c.Request.Context(), user.ID, id)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewPromotion(p))
}

func (s *Server) listPromotions(c *gin.Context, user boxoffice.User) error {
	page, err := organizerPage(c, user)
	if err != nil {
		return err
	}
	promotions, next, err := s.opts.Organizers.Promotions(c.Request.Context(), page)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, PromotionList{Promotions: mapped(promotions, viewPromotion), Next: next})
}

func viewPromotion(p boxoffice.Promotion) Promotion {
	t := p.Terms
	view := Promotion{
		ID: p.ID, Code: p.Code, Percent: p.Discount.Percent, AmountMinor: p.Discount.AmountMinor, Currency: p.Discount.Currency,
		Uses: t.Uses, UsesPerUser: t.UsesPerUser, MinTickets: t.MinTickets, EventIDs: filled(t.EventIDs), ValidFrom: t.ValidFrom.UTC(),
		Active: t.Active, CreatedAt: p.CreatedAt.UTC(),
		Used: PromotionUse{Held: p.Used.Held, Sold: p.Used.Sold, GivenMinor: p.Used.GivenMinor},
	}
	if !t.ValidUntil.IsZero() {
		until := t.ValidUntil.UTC()
		view.ValidUntil = &until
	}
	return view
}
