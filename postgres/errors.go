package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs that mean something to us (PostgreSQL documentation, appendix A).
const (
	stateSerializationFailure = "40001"
	stateDeadlock             = "40P01"
	stateLockNotAvailable     = "55P03"
	stateQueryCanceled        = "57014"
	stateReadOnly             = "25006"
	stateIdleInTransaction    = "25P03"
	stateUnique               = "23505"
	stateCheck                = "23514"
	stateTooManyConnections   = "53300"
	stateInvalidParameter     = "22023"
	stateInternalError        = "XX000"
)

// lostRace reports whether the whole transaction should be tried again. A booking's reference is drawn at random, so that a
// try of its own draws another.
func lostRace(err error) bool {
	pg := ofServer(err)
	return pg != nil && (pg.Code == stateSerializationFailure || pg.Code == stateDeadlock ||
		pg.Code == stateUnique && pg.ConstraintName == "bookings_reference_key")
}

// translate is the one place where database errors become the program's. Errors that already are pass unchanged.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*boxoffice.Error](err); ok {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return boxoffice.WrapError(boxoffice.CodeNotFound, err, "There is no such thing.")
	}
	pg := ofServer(err)
	if pg == nil {
		return translateConnection(err)
	}
	switch pg.Code {
	case stateUnique:
		return translateUnique(err, pg.ConstraintName)
	case stateCheck:
		if pg.ConstraintName == "refunds_within_payment" {
			return boxoffice.WrapError(boxoffice.CodeRefundExceeds, err, "More would be refunded than was paid.")
		}
		return boxoffice.WrapError(boxoffice.CodeInternal, err, "The database refused the change.")
	case stateLockNotAvailable, stateQueryCanceled, stateSerializationFailure, stateDeadlock:
		return inDemand(err)
	case stateReadOnly, stateTooManyConnections:
		return unavailable(err, "The database does not take changes at this moment. Please try again.", 2*time.Second)
	}
	// We were stopped in the middle of a transaction, for so long that the server has undone it.
	if class := pg.Code[:2]; pg.Code == stateIdleInTransaction || class == "08" || class == "53" || class == "57" || diskFails(pg) {
		return away(err)
	}
	return boxoffice.WrapError(boxoffice.CodeInternal, err, "The database refused the statement.")
}

// diskFails reports whether the server could not read or write its files. That a file may not grow any more has no SQLSTATE
// of its own: it is an internal error of the storage manager, md.c.
func diskFails(pg *pgconn.PgError) bool {
	return pg.Code[:2] == "58" || pg.Code == stateInternalError && pg.File == "md.c"
}

// translateConnection handles errors that are not the server's answer. Where the connection broke or none was to be had,
// the act may be repeated; a commit whose reply was lost is among these, since acts are harmless to repeat. All else, as a
// row that does not fit its type, is a fault of ours, and repeating would not help.
func translateConnection(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case connectionBroke(err):
		return away(err)
	default:
		return boxoffice.WrapError(boxoffice.CodeInternal, err, "The database's answer was not understood.")
	}
}

func connectionBroke(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, context.DeadlineExceeded} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return pgconn.SafeToRetry(err) || pgconn.Timeout(err)
}

func translateUnique(err error, constraint string) error {
	switch constraint {
	case "users_username":
		return boxoffice.WrapError(boxoffice.CodeUsernameTaken, err, "This username is taken.")
	case "promotions_code":
		return boxoffice.WrapError(boxoffice.CodeDuplicateIdentifier, err, "You have this code already.")
	default:
		return boxoffice.WrapError(boxoffice.CodeDuplicateIdentifier, err, "This exists already.")
	}
}

// ofServer gives the server's own answer in err's chain, or nil.
func ofServer(err error) *pgconn.PgError {
	pg, _ := errors.AsType[*pgconn.PgError](err)
	return pg
}

func inDemand(err error) error {
	return unavailable(err, "The seats are in great demand at this moment. Please try again.", time.Second)
}

func away(err error) error {
	return unavailable(err, "The database is away at this moment. Please try again.", 2*time.Second)
}

func unavailable(err error, message string, after time.Duration) error {
	e := boxoffice.WrapError(boxoffice.CodeUnavailable, err, message)
	e.RetryAfter = after
	return e
}
