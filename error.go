package boxoffice

import (
	"errors"
	"fmt"
	"time"
)

// Code classifies an error for machines. A code is stable: it is the last part of the problem type that the API answers
// and the type of the Temporal application error, so it survives both boundaries.
type Code string

// The codes. What has no code is CodeInternal: it is logged once, and nothing of it is shown.
const (
	CodeInternal            Code = "internal"             // unexpected: a fault of ours
	CodeInvalid             Code = "invalid"              // a field or a combination of fields is wrong; Fields says which
	CodeMalformed           Code = "malformed"            // the request cannot be read at all
	CodeUnauthenticated     Code = "unauthenticated"      // no session, an expired one, or wrong credentials
	CodeForbidden           Code = "forbidden"            // known, but not allowed
	CodeNotFound            Code = "not-found"            // absent, or not the caller's
	CodeUsernameTaken       Code = "username-taken"       // somebody has this name, in whatever case
	CodeSeatsTaken          Code = "seats-taken"          // at least one seat is not free; Conflicts says which and why
	CodeNotTogether         Code = "not-together"         // so many seats that fit the wish are nowhere free together
	CodeSeatLeftAlone       Code = "seat-left-alone"      // a single free seat would remain; Conflicts says which
	CodeOpenBookingExists   Code = "open-booking-exists"  // the buyer already has an open booking of this event; Link leads to it
	CodeNotOnSale           Code = "not-on-sale"          // the event is a draft, cancelled, past, or outside its sales window
	CodeSaleFinal           Code = "sale-final"           // the event's tickets cannot be given back, or no longer
	CodePromotionRefused    Code = "promotion-refused"    // the code does not make this booking cheaper
	CodeBookingClosed       Code = "booking-closed"       // the booking is no longer open: paid, closing, or at its end
	CodeDeadlinePassed      Code = "deadline-passed"      // the hold's deadline, or its longest duration, is reached
	CodeNotReady            Code = "not-ready"            // what is asked for does not exist yet (tickets of an unpaid booking)
	CodeKeyReused           Code = "idempotency-mismatch" // the Idempotency-Key was used with another body
	CodeTooLarge            Code = "too-large"            // the body is larger than the limit
	CodeUnsupportedMedia    Code = "unsupported-media"    // the body is of another media type
	CodeRateLimited         Code = "rate-limited"         // too many requests; RetryAfter says when to come back
	CodeUnavailable         Code = "unavailable"          // a dependency is away or busy; RetryAfter says when to come back
	CodeBadSignature        Code = "bad-signature"        // a webhook whose signature is missing, wrong or stale
	CodeFenced              Code = "fenced"               // the act named an epoch that is no longer the booking's: look again
	CodeSeatsLost           Code = "seats-lost"           // a paid booking no longer has all its seats, or its event is off sale
	CodeProviderDeclined    Code = "provider-declined"    // the payment provider said no, for good
	CodeProviderUnknown     Code = "provider-unknown"     // the provider's answer is unknown: ask it again under the same key
	CodeNoSession           Code = "no-session"           // the provider has no session for this attempt and will not make one
	CodeNoRefund            Code = "no-refund"            // the provider has no refund of this number and will not make one under its key
	CodeBalanceInsufficient Code = "balance-insufficient" // the provider has not enough money of ours for this refund; it made none
	CodeRefundExceeds       Code = "refund-exceeds"       // more would be refunded than was captured
	CodeIssueImpossible     Code = "issue-impossible"     // tickets cannot be made, and repeating will not help
	CodeMailRejected        Code = "mail-rejected"        // the mail server refuses this recipient or message for good
	CodeMethodNotAllowed    Code = "method-not-allowed"   // the path exists, the method does not
	CodeCrossOrigin         Code = "cross-origin"         // a write by cookie from another origin
	CodeDuplicateIdentifier Code = "duplicate"            // a thing of this identity exists already
	CodeEventState          Code = "event-state"          // the event is not in a state that allows this
	CodeTooMany             Code = "too-many"             // the caller has as many of these as one may have
)

// Codes lists every code, for the tables that must be total: HTTP statuses, Temporal round trips, documentation.
var Codes = []Code{
	CodeInternal, CodeInvalid, CodeMalformed, CodeUnauthenticated, CodeForbidden, CodeNotFound, CodeUsernameTaken,
	CodeSeatsTaken, CodeOpenBookingExists, CodeNotOnSale, CodeBookingClosed, CodeDeadlinePassed, CodeNotReady,
	CodeKeyReused, CodeTooLarge, CodeUnsupportedMedia, CodeRateLimited, CodeUnavailable, CodeBadSignature, CodeFenced,
	CodeSeatsLost, CodeProviderDeclined, CodeProviderUnknown, CodeNoSession, CodeNoRefund, CodeRefundExceeds,
	CodeIssueImpossible, CodeMailRejected, CodeMethodNotAllowed, CodeCrossOrigin, CodeDuplicateIdentifier,
	CodeEventState, CodeTooMany, CodeSaleFinal, CodePromotionRefused, CodeBalanceInsufficient, CodeNotTogether, CodeSeatLeftAlone,
}

// Error is the one error type that crosses package borders.
type Error struct {
	Code         Code
	Message      string        // for a person, complete sentences, nothing secret
	Fields       []FieldError  // with CodeInvalid: what is wrong where
	Conflicts    []Conflict    // with CodeSeatsTaken: every seat that could not be had
	Alternatives [][]Ticket    // with CodeSeatsTaken and CodeSeatLeftAlone: what can be had instead, as of a moment ago
	Link         string        // with CodeOpenBookingExists: the ID of the open booking
	RetryAfter   time.Duration // with CodeUnavailable and CodeRateLimited; 0 if unknown

	cause error
}

// FieldError names one wrong field of a request.
type FieldError struct {
	Field   string `json:"field"` // path in the body, or the parameter's name
	Message string `json:"message"`
}

// Conflict tells why one seat could not be had.
type Conflict struct {
	TicketID string         `json:"ticket_id"`
	Seat     string         `json:"seat"` // as in [Ticket.Seat]
	Reason   ConflictReason `json:"reason"`
}

// ConflictReason is why a seat could not be had.
type ConflictReason string

// The reasons of a Conflict.
const (
	ConflictSold               ConflictReason = "sold"
	ConflictHeld               ConflictReason = "held"
	ConflictHeldByYou          ConflictReason = "held_by_you"
	ConflictBlocked            ConflictReason = "blocked"
	ConflictReservedAccessible ConflictReason = "reserved_accessible"
	ConflictLeftAlone          ConflictReason = "left_alone" // nobody would sit beside it
)

// Errorf makes an Error. The format and its arguments are read by people outside: put no internals into them. A %w among
// them becomes the cause, and its text is part of the message; several are all kept.
func Errorf(code Code, format string, args ...any) *Error {
	wrapped := fmt.Errorf(format, args...)
	cause := errors.Unwrap(wrapped)
	if _, several := wrapped.(interface{ Unwrap() []error }); several {
		cause = wrapped
	}
	return &Error{Code: code, Message: wrapped.Error(), cause: cause}
}

// WrapError gives cause a code and a message for people; the cause's own text is logged, never shown.
func WrapError(code Code, cause error, message string) *Error {
	return &Error{Code: code, Message: message, cause: cause}
}

// InvalidField is a CodeInvalid error about one field.
func InvalidField(field, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{Code: CodeInvalid, Message: message, Fields: []FieldError{{Field: field, Message: message}}}
}

// InvalidFields is InvalidField about several fields, of which the first is told in words. Nil where there is none.
func InvalidFields(wrong []FieldError) error {
	if len(wrong) == 0 {
		return nil
	}
	err := InvalidField(wrong[0].Field, "%s", wrong[0].Message)
	err.Fields = wrong
	return err
}

// Error gives code, message and cause: for logs, not for clients.
func (e *Error) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.cause)
}

// Unwrap gives the cause, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is an Error with the same code, so that errors.Is works across copies.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// CodeOf gives the code of the first Error in err's chain, CodeInternal if there is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
