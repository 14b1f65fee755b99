package stripe

import (
	"fmt"
	"net/http"
	"strings"
)

// apiError is an error as Stripe tells it: the "error" object of an answer and its status.
type apiError struct {
	status int
	stored bool // the endpoint had begun to execute, so an idempotency key remembers this answer

	Type        string `json:"type"`
	Code        string `json:"code,omitempty"`
	DeclineCode string `json:"decline_code,omitempty"`
	Message     string `json:"message"`
	Param       string `json:"param,omitempty"`
	DocURL      string `json:"doc_url,omitempty"`
	Charge      string `json:"charge,omitempty"`
}

func (e *apiError) Error() string { return e.Message }

// body is the answer's JSON.
func (e *apiError) body() any {
	return struct {
		Error *apiError `json:"error"`
	}{e}
}

const docsURL = "https://stripe.com/docs"

func invalid(status int, code, param, format string, args ...any) *apiError {
	e := &apiError{status: status, Type: "invalid_request_error", Code: code, Param: param, Message: fmt.Sprintf(format, args...)}
	if code != "" {
		e.DocURL = docsURL + "/error-codes/" + strings.ReplaceAll(code, "_", "-")
	}
	return e
}

// refuse is an error found while executing, after the parameters were checked.
func refuse(code, param, format string, args ...any) *apiError {
	e := invalid(http.StatusBadRequest, code, param, format, args...)
	e.stored = true
	return e
}

func noSuch(kind, id, param string) *apiError {
	message := "No such %s: '%s'"
	if kind == "checkout.session" {
		message = "No such %s: %s" // Stripe quotes this one not
	}
	e := invalid(http.StatusNotFound, "resource_missing", param, message, kind, id)
	e.stored = true
	return e
}

func unknownRoute(r *http.Request) *apiError {
	return invalid(http.StatusNotFound, "", "",
		"Unrecognized request URL (%s: %s). Please see %s or we can help at https://support.stripe.com/.",
		r.Method, r.URL.Path, docsURL)
}

func internalError(message string) *apiError {
	return &apiError{status: http.StatusInternalServerError, Type: "api_error", Message: message}
}

func missing(param string) *apiError {
	return invalid(http.StatusBadRequest, "parameter_missing", param, "Missing required param: %s.", param)
}

func unknownParams(names []string) *apiError {
	word := "parameter"
	if len(names) > 1 {
		word = "parameters"
	}
	return invalid(http.StatusBadRequest, "parameter_unknown", names[0], "Received unknown %s: %s", word, strings.Join(names, ", "))
}
