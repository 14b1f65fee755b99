package api

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

func (s *Server) createEvent(c *gin.Context, user boxoffice.User) error {
	var in NewEventRequest
	body, err := readJSON(c, &in)
	if err != nil {
		return err
	}
	event, err := newEvent(in)
	if err != nil {
		return err
	}
	who, err := by(c, user, "", body)
	if err != nil {
		return err
	}
	own, err := s.opts.Organizers.CreateEvent(c.Request.Context(), who, event)
	if err != nil {
		return err
	}
	c.Header("Location", ownEventPath(own.Event.ID))
	return reply(c, http.StatusCreated, viewOwnEvent(own))
}

// newEvent reads what can be read without knowing the plan.
func newEvent(in NewEventRequest) (boxoffice.NewEvent, error) {
	var wrong fields
	for _, id := range []struct{ field, text string }{{"title_id", in.TitleID}, {"venue_id", in.VenueID}} {
		if !uuidShape.MatchString(id.text) {
			wrong.add(id.field, "This is not a UUID.")
		}
	}
	if in.PlanHash != "" && !hashShape.MatchString(in.PlanHash) {
		wrong.add("plan_hash", "This is not the SHA-256 of a plan, in small hexadecimal digits.")
	}
	wrong.line("name", in.Name, 0, 200)
	e := boxoffice.NewEvent{
		TitleID: strings.ToLower(in.TitleID), VenueID: strings.ToLower(in.VenueID), PlanHash: in.PlanHash, Name: in.Name,
		Currency: in.Currency, Prices: in.Prices, BookingFeeMinor: in.BookingFeeMinor,
		StartsAt: wrong.time("starts_at", in.StartsAt), EndsAt: wrong.time("ends_at", in.EndsAt),
		SalesOpenAt: wrong.time("sales_open_at", in.SalesOpenAt), SalesCloseAt: wrong.time("sales_close_at", in.SalesCloseAt),
		Refund: wrong.refund(in.Refund), Orphans: boxoffice.OrphanRule(in.OrphanRule),
	}
	if in.StartsAt == "" {
		wrong.add("starts_at", "This must not be empty.")
	}
	return e, wrong.err()
}

// time reads a time; "" is none.
func (f *fields) time(name, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.UTC().Year() < 1970 {
		f.add(name, "This must be a time with its offset, like 2026-12-04T19:30:00-08:00.")
		return time.Time{}
	}
	if t.UTC().Year() > lastYear {
		f.add(name, fmt.Sprintf("This must not be after the year %d.", lastYear))
		return time.Time{}
	}
	return t.UTC()
}

// lastYear is far from any plan, and near enough that the codes of tickets, which have four bytes for their expiry, can say it.
const lastYear = 2100

func (s *Server) changeEvent(c *gin.Context, user boxoffice.User) error {
	var in EventChangeRequest
	id, who, err := change(c, user, &in)
	if err != nil {
		return err
	}
	var wrong fields
	to := boxoffice.EventChange{Name: in.Name, PlanHash: in.PlanHash, Prices: in.Prices, BookingFeeMinor: in.BookingFeeMinor}
	wrong.line("name", or(in.Name, "-"), 1, 200)
	if in.Refund.Given {
		refund := wrong.refund(in.Refund)
		to.Refund = &refund
	}
	if in.OrphanRule != nil {
		rule := boxoffice.OrphanRule(*in.OrphanRule)
		to.Orphans = &rule
	}
	if in.PlanHash != nil && !hashShape.MatchString(*in.PlanHash) {
		wrong.add("plan_hash", "This is not the SHA-256 of a plan, in small hexadecimal digits.")
	}
	for _, at := range []struct {
		name string
		text *string
		into **time.Time
	}{
		{"starts_at", in.StartsAt, &to.StartsAt}, {"ends_at", in.EndsAt, &to.EndsAt},
		{"sales_open_at", in.SalesOpenAt, &to.SalesOpenAt}, {"sales_close_at", in.SalesCloseAt, &to.SalesCloseAt},
	} {
		if at.text == nil {
			continue
		}
		t := wrong.time(at.name, *at.text)
		if *at.text == "" {
			wrong.add(at.name, "This must not be empty.")
		}
		*at.into = &t
	}
	if err := wrong.err(); err != nil {
		return err
	}
	return s.replyOwnEvent(c, func() (boxoffice.OwnEvent, error) {
		return s.opts.Organizers.ChangeEvent(c.Request.Context(), who, id, to)
	})
}

func (s *Server) replyOwnEvent(c *gin.Context, act func() (boxoffice.OwnEvent, error)) error {
	event, err := act()
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewOwnEvent(event))
}

func (s *Server) deleteDraft(c *gin.Context, user boxoffice.User) error {
	id, who, err := change(c, user, nil)
	if err != nil {
		return err
	}
	if err := s.opts.Organizers.DeleteDraft(c.Request.Context(), who, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (s *Server) publishEvent(c *gin.Context, user boxoffice.User) error {
	id, who, err := change(c, user, nil)
	if err != nil {
		return err
	}
	return s.replyOwnEvent(c, func() (boxoffice.OwnEvent, error) {
		return s.opts.Organizers.Publish(c.Request.Context(), who, id)
	})
}

func (s *Server) setPrices(c *gin.Context, user boxoffice.User) error {
	var in PricesRequest
	id, who, err := change(c, user, &in)
	if err != nil {
		return err
	}
	return s.replyOwnEvent(c, func() (boxoffice.OwnEvent, error) {
		return s.opts.Organizers.SetPrices(c.Request.Context(), who, id, in.Prices)
	})
}

func (s *Server) blockSeats(c *gin.Context, user boxoffice.User) error {
	return s.changeSeats(c, user, s.opts.Organizers.BlockSeats)
}

func (s *Server) releaseSeats(c *gin.Context, user boxoffice.User) error {
	return s.changeSeats(c, user, s.opts.Organizers.ReleaseSeats)
}

func (s *Server) changeSeats(c *gin.Context, user boxoffice.User, act seatsAct) error {
	var in SeatsRequest
	id, who, err := change(c, user, &in)
	if err != nil {
		return err
	}
	wrong := checkNamedTickets("ticket_ids", in.TicketIDs)
	if len(in.TicketIDs) > boxoffice.MaxSeatsAtOnce {
		wrong = fields{{Field: "ticket_ids", Message: "At most " + strconv.Itoa(boxoffice.MaxSeatsAtOnce) + " seats at once."}}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	return s.replyOwnEvent(c, func() (boxoffice.OwnEvent, error) { return act(c.Request.Context(), who, id, in.TicketIDs) })
}

func (s *Server) listOwnEvents(c *gin.Context, user boxoffice.User) error {
	q := newQuery(c)
	page := boxoffice.OrganizerPage{
		UserID: user.ID, Search: q.text("q", 100), Status: boxoffice.EventStatus(q.text("status", 20)), Cursor: q.cursor(), Limit: q.limit(),
	}
	known := []boxoffice.EventStatus{"", boxoffice.EventDraft, boxoffice.EventOnSale, boxoffice.EventCancelled, boxoffice.EventPast}
	if !slices.Contains(known, page.Status) {
		q.wrong.add("status", "This must be draft, on_sale, cancelled or past.")
	}
	if err := q.wrong.err(); err != nil {
		return err
	}
	events, next, err := s.opts.Organizers.OwnEvents(c.Request.Context(), page)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, OwnEventPage{Events: mapped(events, viewOwnEvent), Next: next})
}

func (s *Server) getOwnEvent(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	return s.replyOwnEvent(c, func() (boxoffice.OwnEvent, error) {
		return s.opts.Organizers.OwnEvent(c.Request.Context(), user.ID, id)
	})
}

func (s *Server) getSales(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	sales, err := s.opts.Organizers.Sales(c.Request.Context(), user.ID, id)
	if err != nil {
		return err
	}
	return reply(c, http.StatusOK, viewSales(sales))
}

// getGuests makes the whole file before its first byte leaves, so that a list that broke off is never taken for whole.
func (s *Server) getGuests(c *gin.Context, user boxoffice.User) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var file bytes.Buffer
	lines := csv.NewWriter(&file)
	lines.UseCRLF = true // RFC 4180, section 2
	if err := lines.Write([]string{
		"reference", "username", "email", "section", "row", "seat", "category", "accessible", "price", "currency", "booked_at",
	}); err != nil {
		return err
	}
	err = s.opts.Organizers.Guests(c.Request.Context(), user.ID, id, func(g boxoffice.Guest) error { return lines.Write(guestLine(g)) })
	if err != nil {
		return err
	}
	lines.Flush()
	return replyFile(c, "text/csv; charset=utf-8", "attachment", "guests-"+id+".csv", file.Bytes())
}

func guestLine(g boxoffice.Guest) []string {
	return []string{
		plainCell(g.Reference), plainCell(g.Username), plainCell(g.Email), plainCell(g.Ticket.Section), plainCell(g.Ticket.Row),
		strconv.Itoa(g.Ticket.Number), plainCell(g.Ticket.Category), strconv.FormatBool(g.Ticket.Accessible),
		boxoffice.Money{Minor: g.Ticket.PriceMinor, Currency: g.Currency}.Decimal(), g.Currency, g.BookedAt.UTC().Format(time.RFC3339),
	}
}

// plainCell keeps a spreadsheet from taking a buyer's text for a formula (OWASP, "CSV Injection").
func plainCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(text)[0]) {
		return "'" + text
	}
	return text
}
