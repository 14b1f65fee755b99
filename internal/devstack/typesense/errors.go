package typesense

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// apiError is what a client is told instead of an answer.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return e.message }

func refuse(status int, format string, args ...any) error {
	return &apiError{status, fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return refuse(http.StatusBadRequest, format, args...)
}

var (
	errNotFound     = refuse(http.StatusNotFound, "Not Found")
	errForbidden    = refuse(http.StatusUnauthorized, "Forbidden - a valid `x-typesense-api-key` header must be sent.")
	errNoCollection = refuse(http.StatusNotFound, "Collection not found")
	errBadJSON      = badRequest("Bad JSON.")
	errTooLarge     = refuse(http.StatusRequestEntityTooLarge, "The request body is too large.")
)

// asAPIError gives an error its status; what has none is our own fault, and its text is for the log.
func asAPIError(err error) *apiError {
	var known *apiError
	if errors.As(err, &known) {
		return known
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &apiError{http.StatusRequestTimeout, "Request Timeout"}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return asAPIError(errTooLarge)
	}
	return &apiError{http.StatusInternalServerError, "Internal server error."}
}
