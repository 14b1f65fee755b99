package stripe

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// APIVersion is the version of Stripe's API that is spoken, whatever version a client asks for.
const APIVersion = "2023-10-16"

// call is one request to the API: who asks, and what.
type call struct {
	id     string // Request-Id
	key    string // Idempotency-Key, or ""
	method string
	path   string
	object string // the {id} in the path, or ""
	params *params
	expand expansion

	fault  execution       // an injected fault that strikes while executing
	client <-chan struct{} // closed when the client has gone
}

// dawdle is the injected delay of a slow endpoint.
func (c *call) dawdle() {
	if c.fault.delay <= 0 {
		return
	}
	timer := time.NewTimer(c.fault.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.client:
	}
}

// A query reads its parameters from the call and returns the function that reads the state; a command the one that changes
// it. Neither function runs if the parameters are wrong.
type (
	query   func(c *call) func(v *view) (any, *apiError)
	command func(c *call) func(t *tx) (any, *apiError)
)

type route struct {
	pattern    string
	expandable []string
	query      query
	command    command
}

func (s *Server) routes() []route {
	return []route{
		{pattern: "POST /v1/checkout/sessions", expandable: sessionExpansions, command: s.createSession},
		{pattern: "GET /v1/checkout/sessions", expandable: listOf(sessionExpansions), query: s.listSessions},
		{pattern: "GET /v1/checkout/sessions/{id}", expandable: sessionExpansions, query: s.getSession},
		{pattern: "POST /v1/checkout/sessions/{id}/expire", expandable: sessionExpansions, command: s.expireSession},
		{pattern: "GET /v1/checkout/sessions/{id}/line_items", query: s.listLineItems},
		{pattern: "GET /v1/payment_intents", expandable: listOf(intentExpansions), query: s.listIntents},
		{pattern: "GET /v1/payment_intents/{id}", expandable: intentExpansions, query: s.getIntent},
		{pattern: "GET /v1/charges", expandable: listOf(chargeExpansions), query: s.listCharges},
		{pattern: "GET /v1/charges/{id}", expandable: chargeExpansions, query: s.getCharge},
		{pattern: "POST /v1/refunds", expandable: refundExpansions, command: s.createRefund},
		{pattern: "GET /v1/refunds", expandable: listOf(refundExpansions), query: s.listRefunds},
		{pattern: "GET /v1/refunds/{id}", expandable: refundExpansions, query: s.getRefund},
		{pattern: "GET /v1/disputes", expandable: listOf(disputeExpansions), query: s.listDisputes},
		{pattern: "GET /v1/disputes/{id}", expandable: disputeExpansions, query: s.getDispute},
		{pattern: "GET /v1/events", query: s.listEvents},
		{pattern: "GET /v1/events/{id}", query: s.getEvent},
		{pattern: "GET /v1/balance", query: s.getBalance},
	}
}

// api answers everything under /v1/.
func (s *Server) api() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { s.serve(w, req, r) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) { s.writeError(w, unknownRoute(req)) })
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		version := req.Header.Get("Stripe-Version")
		if version == "" {
			version = APIVersion
		}
		w.Header().Set("Request-Id", newRequestID())
		w.Header().Set("Stripe-Version", version)
		w.Header().Set("Cache-Control", "no-cache, no-store")
		if e := authenticate(req); e != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="Stripe"`)
			s.writeError(w, e)
			return
		}
		mux.ServeHTTP(w, req)
	})
}

func (s *Server) serve(w http.ResponseWriter, req *http.Request, r route) {
	c, e := readCall(w, req)
	if e != nil {
		s.writeError(w, e)
		return
	}
	c.expand = c.params.expansions(r.expandable)
	s.settleDue(s.clock.Now())
	if r.command != nil {
		s.serveCommand(w, c, r.command)
		return
	}
	c.dawdle()
	run := r.query(c)
	if e := c.params.done(); e != nil {
		s.writeError(w, e)
		return
	}
	var result any
	s.store.read(func(v *view) { result, e = run(v) })
	if e != nil {
		s.writeError(w, e)
		return
	}
	s.writeJSON(w, http.StatusOK, result)
}

// readCall decodes the parameters: of the body in a POST, of the URL in a GET, as Stripe does.
func readCall(w http.ResponseWriter, req *http.Request) (*call, *apiError) {
	encoded := req.URL.RawQuery
	if req.Method == http.MethodPost {
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return nil, invalid(http.StatusRequestEntityTooLarge, "", "", "The request is larger than %d bytes.", maxBody)
		} else if err != nil {
			return nil, invalid(http.StatusBadRequest, "", "", "The request's body could not be read: %v", err)
		}
		encoded = string(body)
	}
	form, e := parseForm(encoded)
	if e != nil {
		return nil, e
	}
	key := req.Header.Get("Idempotency-Key")
	if len(key) > 255 {
		return nil, invalid(http.StatusBadRequest, "", "", "Idempotency keys are limited to 255 characters; this one has %d.", len(key))
	}
	return &call{
		id:     w.Header().Get("Request-Id"),
		key:    key,
		method: req.Method,
		path:   req.URL.Path,
		object: req.PathValue("id"),
		params: newParams(form),
		fault:  executionFault(req.Context()),
		client: req.Context().Done(),
	}, nil
}

func (s *Server) writeError(w http.ResponseWriter, e *apiError) { s.writeJSON(w, e.status, e.body()) }

func (s *Server) writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		s.log.Error("encode an answer", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	s.writeRaw(w, status, raw)
}

func (s *Server) writeRaw(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(append(body, '\n')); err != nil {
		s.log.Debug("the client left before its answer", "error", err)
	}
}
