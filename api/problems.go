package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// answer is how a code is told over HTTP.
type answer struct {
	status int
	title  string
}

// answers is total over boxoffice.Codes.
var answers = map[boxoffice.Code]answer{
	boxoffice.CodeInternal:            {http.StatusInternalServerError, "Something went wrong"},
	boxoffice.CodeInvalid:             {http.StatusUnprocessableEntity, "The request has a mistake"},
	boxoffice.CodeMalformed:           {http.StatusBadRequest, "The request cannot be read"},
	boxoffice.CodeUnauthenticated:     {http.StatusUnauthorized, "Please log in"},
	boxoffice.CodeForbidden:           {http.StatusForbidden, "This is not allowed"},
	boxoffice.CodeNotFound:            {http.StatusNotFound, "Not found"},
	boxoffice.CodeUsernameTaken:       {http.StatusConflict, "This username is taken"},
	boxoffice.CodeSeatsTaken:          {http.StatusConflict, "Seats are taken"},
	boxoffice.CodeNotTogether:         {http.StatusConflict, "There are no such seats together"},
	boxoffice.CodeSeatLeftAlone:       {http.StatusConflict, "A single seat would be left alone"},
	boxoffice.CodeOpenBookingExists:   {http.StatusConflict, "You have an open booking of this event"},
	boxoffice.CodeNotOnSale:           {http.StatusUnprocessableEntity, "The event is not on sale"},
	boxoffice.CodeBookingClosed:       {http.StatusConflict, "The booking is closed"},
	boxoffice.CodeDeadlinePassed:      {http.StatusConflict, "The time is up"},
	boxoffice.CodeNotReady:            {http.StatusConflict, "Not ready yet"},
	boxoffice.CodeKeyReused:           {http.StatusUnprocessableEntity, "The Idempotency-Key was used for another request"},
	boxoffice.CodeTooLarge:            {http.StatusRequestEntityTooLarge, "The request is too large"},
	boxoffice.CodeUnsupportedMedia:    {http.StatusUnsupportedMediaType, "The body has the wrong media type"},
	boxoffice.CodeRateLimited:         {http.StatusTooManyRequests, "Too many requests"},
	boxoffice.CodeUnavailable:         {http.StatusServiceUnavailable, "Please try again"},
	boxoffice.CodeBadSignature:        {http.StatusBadRequest, "The signature is wrong"},
	boxoffice.CodeFenced:              {http.StatusConflict, "Somebody else was faster"},
	boxoffice.CodeSeatsLost:           {http.StatusConflict, "The seats are lost"},
	boxoffice.CodeProviderDeclined:    {http.StatusBadGateway, "The payment provider refused"},
	boxoffice.CodeProviderUnknown:     {http.StatusServiceUnavailable, "The payment provider does not answer"},
	boxoffice.CodeNoSession:           {http.StatusServiceUnavailable, "The payment page could not be opened"},
	boxoffice.CodeNoRefund:            {http.StatusServiceUnavailable, "The refund was not made"},
	boxoffice.CodeRefundExceeds:       {http.StatusConflict, "More than was paid"},
	boxoffice.CodeIssueImpossible:     {http.StatusInternalServerError, "The tickets cannot be made"},
	boxoffice.CodeMailRejected:        {http.StatusBadGateway, "The mail was refused"},
	boxoffice.CodeMethodNotAllowed:    {http.StatusMethodNotAllowed, "The method is not allowed"},
	boxoffice.CodeCrossOrigin:         {http.StatusForbidden, "The request came from another site"},
	boxoffice.CodeDuplicateIdentifier: {http.StatusConflict, "This exists already"},
	boxoffice.CodeEventState:          {http.StatusConflict, "The event does not allow this now"},
	boxoffice.CodeBalanceInsufficient: {http.StatusServiceUnavailable, "The refund was not made"},
	boxoffice.CodeSaleFinal:           {http.StatusConflict, "The tickets cannot be given back"},
	boxoffice.CodePromotionRefused:    {http.StatusConflict, "The code cannot be used"},
	boxoffice.CodeTooMany:             {http.StatusConflict, "There are too many of these"},
}

// explain makes the problem that a client is told, and how long it should wait (0: it need not). Of an internal error
// nothing is told.
func explain(err error) (Problem, time.Duration) {
	failure, known := errors.AsType[*boxoffice.Error](err)
	if known {
		_, known = answers[failure.Code]
	}
	switch {
	case !known && errors.Is(err, context.DeadlineExceeded):
		failure = boxoffice.Errorf(boxoffice.CodeUnavailable, "This took too long. Please try again.")
	case !known || failure.Code == boxoffice.CodeInternal:
		failure = boxoffice.Errorf(boxoffice.CodeInternal, "This is a fault of ours. If it stays, tell us the request ID.")
	}
	how := answers[failure.Code]
	problem := Problem{
		Type: "/problems/" + string(failure.Code), Title: how.title, Status: how.status, Detail: failure.Message,
	}
	if problem.Detail == "" {
		problem.Detail = how.title + "."
	}
	for _, f := range failure.Fields {
		problem.Errors = append(problem.Errors, FieldError{Field: f.Field, Message: f.Message})
	}
	for _, conflict := range failure.Conflicts {
		problem.Conflicts = append(problem.Conflicts, Conflict{
			TicketID: conflict.TicketID, Seat: conflict.Seat, Reason: ConflictReason(conflict.Reason),
		})
	}
	for _, seats := range failure.Alternatives {
		problem.Alternatives = append(problem.Alternatives, viewAlternative(seats))
	}
	if failure.Link != "" {
		problem.Link = bookingPath(failure.Link)
	}
	if how.status == http.StatusTooManyRequests || how.status == http.StatusServiceUnavailable {
		return problem, max(failure.RetryAfter, time.Second)
	}
	return problem, 0
}

// fail answers an error: the one place where errors become HTTP.
func (s *Server) fail(c *gin.Context, err error) {
	problem := s.refuse(c, err)
	if c.Writer.Written() {
		return // too late to say anything: the client sees a short answer
	}
	body, err := json.Marshal(problem)
	if err != nil {
		s.log.ErrorContext(c.Request.Context(), "cannot write a problem", "error", err)
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	c.Abort()
	c.Header("Cache-Control", "no-store")
	c.Data(problem.Status, "application/problem+json", body)
}

// refuse logs an error of ours once, sets the headers that go with the problem, and gives the problem.
func (s *Server) refuse(c *gin.Context, err error) Problem {
	problem, wait := explain(err)
	problem.RequestID = c.GetString(requestIDKey)
	if problem.Status >= http.StatusInternalServerError {
		s.log.LogAttrs(c.Request.Context(), slog.LevelError, "request failed",
			slog.String("route", c.GetString(routeKey)), slog.String("booking", bookingOf(c)), slog.Any("error", err))
	}
	if wait > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	if problem.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", "Bearer")
	}
	return problem
}

// bookingOf gives the ID of the booking that a request is about or has made, or "".
func bookingOf(c *gin.Context) string {
	if id := c.Param("id"); strings.Contains(c.GetString(routeKey), "/bookings/{id}") && uuidShape.MatchString(id) {
		return strings.ToLower(id)
	}
	return c.GetString(bookingKey)
}

// reply answers with JSON.
func reply(c *gin.Context, status int, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	c.Data(status, "application/json", data)
	return nil
}

// fields gathers what is wrong with a request.
type fields []boxoffice.FieldError

func (f *fields) add(name, message string) {
	*f = append(*f, boxoffice.FieldError{Field: name, Message: message})
}

// err gives CodeInvalid with all that was gathered, or nil.
func (f fields) err() error {
	if len(f) == 0 {
		return nil
	}
	message := f[0].Field + ": " + f[0].Message
	if len(f) > 1 {
		message += " There is more; see errors."
	}
	return &boxoffice.Error{Code: boxoffice.CodeInvalid, Message: message, Fields: f}
}
