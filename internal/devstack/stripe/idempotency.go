package stripe

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// flights are the idempotency keys whose first request is still executing.
type flights struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (f *flights) enter(key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[key] {
		return false
	}
	f.keys[key] = true
	return true
}

func (f *flights) leave(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.keys, key)
}

// serveCommand executes a change at most once for each idempotency key. The answer is stored in the same write as the change,
// so a killed process leaves either both or none. Errors in the parameters and conflicts are not stored; what the endpoint
// itself answered, errors included, is.
func (s *Server) serveCommand(w http.ResponseWriter, c *call, cmd command) {
	if c.key != "" {
		w.Header().Set("Idempotency-Key", c.key)
		if !s.flights.enter(c.key) {
			s.writeError(w, &apiError{
				status: http.StatusConflict, Type: "idempotency_error", Code: "idempotency_key_in_use",
				Message: fmt.Sprintf("There is currently another in-progress request using this Idempotent Key (that probably means you "+
					"submitted twice, and the other request is still going through): %s. Please try again later.", c.key),
			})
			return
		}
		defer s.flights.leave(c.key)
		if s.replay(w, c) {
			return
		}
	}
	c.dawdle()
	run := cmd(c)
	if e := c.params.done(); e != nil {
		s.writeError(w, e)
		return
	}
	body, e := s.execute(c, run)
	if e != nil {
		s.writeError(w, e)
		return
	}
	s.writeRaw(w, http.StatusOK, body)
}

// execute runs the change, and remembers its answer.
func (s *Server) execute(c *call, run func(t *tx) (any, *apiError)) ([]byte, *apiError) {
	var body []byte
	err := s.store.update(func(t *tx) error {
		if c.fault.answer != nil {
			return c.fault.answer
		}
		result, e := run(t)
		if e != nil {
			return e
		}
		var err error
		if body, err = json.Marshal(result); err != nil {
			return fmt.Errorf("encode the answer: %w", err)
		}
		s.remember(t, c, http.StatusOK, body)
		return nil
	})
	if err == nil {
		return body, nil
	}
	var e *apiError
	if !errors.As(err, &e) {
		s.log.Error("a change failed", "path", c.path, "request", c.id, "error", err)
		return nil, internalError("The simulator could not store the change.")
	}
	if e.stored && c.key != "" {
		if err := s.rememberError(c, e); err != nil {
			s.log.Error("an answer was not stored", "path", c.path, "request", c.id, "error", err)
			return nil, internalError("The simulator could not store its answer.")
		}
	}
	return nil, e
}

func (s *Server) rememberError(c *call, e *apiError) error {
	body, err := json.Marshal(e.body())
	if err != nil {
		return fmt.Errorf("encode the error: %w", err)
	}
	return s.store.update(func(t *tx) error {
		s.remember(t, c, e.status, body)
		return nil
	})
}

// answerBody is how the journal holds a stored answer.
type answerBody struct {
	Print   string          `json:"print"`
	Path    string          `json:"path"`
	Status  int             `json:"status"`
	Request string          `json:"request"`
	Created int64           `json:"created"`
	Body    json.RawMessage `json:"body"`
}

func (s *Server) remember(t *tx, c *call, status int, body []byte) {
	if c.key == "" {
		return
	}
	now := s.clock.unix()
	dropAnswersBefore(t, now-int64(keepAnswers.Seconds()))
	head := storedAnswer{Key: c.key, Print: c.print(), Path: c.path, Status: status, Request: c.id, Created: now}
	putBody(t, t.st.answers, c.key, head, answerBody{head.Print, head.Path, status, c.id, now, body})
}

// dropAnswersBefore forgets a few outdated answers. Doing so with each new one keeps their number in bounds.
func dropAnswersBefore(t *tx, limit int64) {
	const atMost = 10
	for i, id := range t.st.answers.order {
		row, ok := t.st.answers.rows[id]
		if i == 2*atMost || (ok && row.value.Created >= limit) {
			return
		}
		if ok {
			del(t, t.st.answers, id)
		}
	}
}

func decodeStoredAnswer(r record, at span) (storedAnswer, error) {
	var b answerBody
	err := json.Unmarshal(r.Value, &b)
	return storedAnswer{r.ID, b.Print, b.Path, b.Status, b.Request, b.Created, at}, err
}

// replay answers from the store if the key is known there. It is false if the request is to be executed.
func (s *Server) replay(w http.ResponseWriter, c *call) bool {
	var known storedAnswer
	var found bool
	var r record
	var err error
	s.store.read(func(v *view) {
		if known, found = get(v, v.st.answers, c.key); found {
			r, err = v.st.journal.read(known.body)
		}
	})
	if !found || known.Created+int64(keepAnswers.Seconds()) <= s.clock.unix() {
		return false
	}
	var b answerBody
	if err == nil {
		err = json.Unmarshal(r.Value, &b)
	}
	if err != nil {
		s.log.Error("a stored answer cannot be read", "key", c.key, "error", err)
		s.writeError(w, internalError("The simulator could not read its stored answer."))
		return true
	}
	if known.Path != c.path {
		s.writeError(w, keyReused("endpoint they were first used for ('"+c.path+"' vs '"+known.Path+"')", c.key))
		return true
	}
	if known.Print != c.print() {
		s.writeError(w, keyReused("parameters they were first used with", c.key))
		return true
	}
	w.Header().Set("Idempotent-Replayed", "true")
	w.Header().Set("Original-Request", known.Request)
	s.writeRaw(w, known.Status, b.Body)
	return true
}

func keyReused(what, key string) *apiError {
	return &apiError{
		status: http.StatusBadRequest, Type: "idempotency_error",
		Message: fmt.Sprintf("Keys for idempotent requests can only be used with the same %s. Try using a key other than '%s' if you "+
			"meant to execute a different request.", what, key),
	}
}

// print tells requests apart: by method, path and parameters, whatever their order.
func (c *call) print() string {
	sum := sha256.Sum256([]byte(c.method + " " + c.path + "\n" + c.params.node.canonical()))
	return hex.EncodeToString(sum[:])
}
