package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cause is the API request that led to an event; empty if it happened by itself or on the payment page.
type cause struct {
	Request string `json:"request,omitempty"`
	Key     string `json:"key,omitempty"`
}

func (c *call) cause() cause { return cause{c.id, c.key} }

// eventBody is how the journal holds an event.
type eventBody struct {
	Type     string          `json:"type"`
	Created  int64           `json:"created"`
	Object   json.RawMessage `json:"object"`
	Previous json.RawMessage `json:"previous,omitempty"`
	Cause    cause           `json:"cause"`
}

func decodeEventHead(r record, at span) (eventHead, error) {
	var b struct {
		Type    string `json:"type"`
		Created int64  `json:"created"`
	}
	err := json.Unmarshal(r.Value, &b)
	return eventHead{r.ID, b.Type, b.Created, at}, err
}

// emit records an event with a snapshot of the object, and a delivery to each endpoint that wants it. previous holds the
// attributes that changed, as they were; nil for none.
func (s *Server) emit(t *tx, kind string, object, previous obj, why cause) {
	for range 1 + s.faults.twins(kind) {
		s.emitOnce(t, kind, object, previous, why)
	}
}

func (s *Server) emitOnce(t *tx, kind string, object, previous obj, why cause) {
	body := eventBody{Type: kind, Created: s.clock.unix(), Cause: why}
	var err error
	if body.Object, err = json.Marshal(object); err == nil && previous != nil {
		body.Previous, err = json.Marshal(previous)
	}
	if err != nil {
		t.err = errors.Join(t.err, fmt.Errorf("encode the event %s: %w", kind, err))
		return
	}
	head := eventHead{ID: newEventID(), Type: kind, Created: body.Created}
	putBody(t, t.st.events, head.ID, head, body)
	for _, to := range s.endpoints() {
		if to.wants(kind) {
			s.enqueue(t, head, to)
		}
	}
}

// enqueue makes the delivery of an event to an endpoint; an injected fault may lose, hold back or repeat it.
func (s *Server) enqueue(t *tx, head eventHead, to Endpoint) {
	plan := s.faults.deliveryOf(head.Type)
	now := s.clock.Now()
	for i := range plan.copies {
		due := now.Add(plan.delay)
		d := delivery{ID: head.ID + "/" + to.ID, Event: head.ID, Endpoint: to.ID, First: now.Unix(), Next: due.UnixMilli()}
		if i > 0 {
			d.ID += "/" + strconv.Itoa(i)
		}
		put(t, t.st.deliveries, d.ID, d)
		t.after = append(t.after, func() { s.outbox.add(due, d.ID) })
	}
}

// event reads an event's body back from the journal.
func (v *view) event(head eventHead) (obj, error) {
	r, err := v.st.journal.read(head.body)
	if err != nil {
		return nil, err
	}
	var b eventBody
	if err := json.Unmarshal(r.Value, &b); err != nil {
		return nil, fmt.Errorf("event %s: %w", head.ID, err)
	}
	data := obj{"object": b.Object}
	if b.Previous != nil {
		data["previous_attributes"] = b.Previous
	}
	return obj{
		"id": head.ID, "object": "event", "api_version": APIVersion, "created": head.Created, "type": head.Type, "livemode": false,
		"data": data, "pending_webhooks": v.st.pendingOf[head.ID],
		"request": obj{"id": orNil(b.Cause.Request), "idempotency_key": orNil(b.Cause.Key)},
	}, nil
}

func (s *Server) renderEvent(v *view, head eventHead) (any, *apiError) {
	o, err := v.event(head)
	if err != nil {
		s.log.Error("an event cannot be read", "event", head.ID, "error", err)
		return nil, internalError("The simulator could not read this event.")
	}
	return o, nil
}

// getEvent is GET /v1/events/{id}.
func (s *Server) getEvent(c *call) func(v *view) (any, *apiError) {
	return func(v *view) (any, *apiError) {
		head, ok := get(v, v.st.events, c.object)
		if !ok {
			return nil, noSuch("event", c.object, "id")
		}
		return s.renderEvent(v, head)
	}
}

// listEvents is GET /v1/events: those of the last 30 days.
func (s *Server) listEvents(c *call) func(v *view) (any, *apiError) {
	p := c.params
	pg := p.page()
	pg.created(p)
	pg.from = max(pg.from, s.clock.Now().Add(-keepEvents).Unix())
	one := p.optional("type", 200)
	types := p.words("types")
	delivered := p.oneOf("delivery_success", "true", "false")
	switch {
	case one != "" && len(types) > 0:
		p.fail(invalid(http.StatusBadRequest, "parameters_exclusive", "type", "You may only specify one of these parameters: type, types."))
	case len(types) > 20:
		p.fail(invalid(http.StatusBadRequest, "", "types", "At most 20 types may be given."))
	}
	if one != "" {
		types = []string{one}
	}
	return func(v *view) (any, *apiError) {
		return list(v.st.events, pg, listing[eventHead]{
			kind: "event", path: c.path,
			created: func(x eventHead) int64 { return x.Created },
			wanted: func(x eventHead) bool {
				if delivered != "" && (v.st.pendingOf[x.ID] == 0) != (delivered == "true") {
					return false
				}
				return len(types) == 0 || slices.ContainsFunc(types, func(want string) bool { return matchesType(want, x.Type) })
			},
			render: func(x eventHead) (any, *apiError) { return s.renderEvent(v, x) },
		})
	}
}

// matchesType compares with a type, or with a group of types such as charge.*
func matchesType(want, kind string) bool {
	if group, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(kind, group)
	}
	return want == kind
}

// restoreDeliveries queues what endpoints had not taken when the journal was written.
func (s *Server) restoreDeliveries() {
	for id, row := range s.store.deliveries.rows {
		s.outbox.add(time.UnixMilli(row.value.Next), id)
	}
}
