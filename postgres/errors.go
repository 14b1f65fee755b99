package postgres

import (
	"context"
	"errors"
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
	stateUnique               = "23505"
	stateCheck                = "23514"
	stateTooManyConnections   = "53300"
)

// lostRace reports whether the whole transaction should be tried again.
func lostRace(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == stateSerializationFailure || pg.Code == stateDeadlock)
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
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return translateConnection(err)
	}
	switch pg.Code {
	case stateUnique:
		return translateUnique(pg)
	case stateCheck:
		if pg.ConstraintName == "refunds_within_payment" {
			return boxoffice.WrapError(boxoffice.CodeRefundExceeds, err, "More would be refunded than was paid.")
		}
		return boxoffice.WrapError(boxoffice.CodeInternal, err, "The database refused the change.")
	case stateLockNotAvailable, stateQueryCanceled, stateSerializationFailure, stateDeadlock:
		return unavailable(err, "The seats are in great demand at this moment. Please try again.", time.Second)
	case stateReadOnly, stateTooManyConnections:
		return unavailable(err, "The database does not take changes at this moment. Please try again.", 2*time.Second)
	}
	if class := pg.Code[:2]; class == "08" || class == "53" || class == "57" {
		return unavailable(err, "The database is away at this moment. Please try again.", 2*time.Second)
	}
	return boxoffice.WrapError(boxoffice.CodeInternal, err, "The database refused the statement.")
}

// translateConnection handles errors that are not the server's answer: the connection broke or the pool is exhausted. A
// commit whose reply was lost is among them; acts are harmless to repeat, so the caller may.
func translateConnection(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return unavailable(err, "The database is away at this moment. Please try again.", 2*time.Second)
}

func translateUnique(pg *pgconn.PgError) error {
	switch pg.ConstraintName {
	case "users_username":
		return boxoffice.WrapError(boxoffice.CodeUsernameTaken, pg, "This username is taken.")
	default:
		return boxoffice.WrapError(boxoffice.CodeDuplicateIdentifier, pg, "This exists already.")
	}
}

func unavailable(err error, message string, after time.Duration) error {
	e := boxoffice.WrapError(boxoffice.CodeUnavailable, err, message)
	e.RetryAfter = after
	return e
}
