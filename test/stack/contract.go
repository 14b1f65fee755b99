package stack

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
)

// Held is Transport for a test that holds every answer of the box office against its contract, api/openapi.yaml. Answers of
// others, as the payment page, pass.
func (s *System) Held(t testing.TB) http.RoundTripper {
	t.Helper()
	return held{t: t, host: strings.TrimPrefix(s.Env["BOXOFFICE_URL"], "http://")}
}

type held struct {
	t    testing.TB
	host string
}

var contract = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(root, "api", "openapi.yaml"))
	if err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

// RoundTrip makes the request and checks what comes back.
func (h held) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := Transport.RoundTrip(request)
	if err != nil || request.URL.Host != h.host || strings.HasPrefix(request.URL.Path, "/app") {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	if closeErr := response.Body.Close(); err != nil || closeErr != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	h.check(request, response, body)
	return response, nil
}

func (h held) check(request *http.Request, response *http.Response, body []byte) {
	router, err := contract()
	if !assert.NoError(h.t, err) {
		return
	}
	asked := *request
	asked.URL = &url.URL{Path: request.URL.Path, RawQuery: request.URL.RawQuery}
	route, params, err := router.FindRoute(&asked)
	if err != nil {
		assert.Contains(h.t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, response.StatusCode, request.URL.Path)
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: &asked, PathParams: params, Route: route},
		Status:                 response.StatusCode, Header: response.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: !strings.Contains(response.Header.Get("Content-Type"), "json")},
	}
	input.SetBodyBytes(body)
	assert.NoError(h.t, openapi3filter.ValidateResponse(request.Context(), input), "%s %s: %s", request.Method, request.URL.Path, body)
}
