package stripe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kinds of faults on API calls. Those that strike before the endpoint leave no trace; those after it hide what was done.
const (
	faultError        = "error"         // answered with Status; nothing was done
	faultErrorAfter   = "error_after"   // done and remembered under its key, but answered with Status
	faultErrorStored  = "error_stored"  // answered with Status, nothing was done, and the idempotency key remembers the error
	faultTimeout      = "timeout"       // no answer: the connection is cut after the delay (default 30 s); nothing was done
	faultTimeoutAfter = "timeout_after" // the same, but the call was executed
	faultDelay        = "delay"         // the endpoint takes that much longer; its idempotency key is in use meanwhile
)

// Kinds of faults on webhooks, besides faultDelay. They strike when the event is made.
const (
	faultDrop    = "drop"    // never sent
	faultRepeat  = "repeat"  // sent twice
	faultReorder = "reorder" // held back for a random time up to the delay (default 1 s), so that events overtake each other
	faultTwin    = "twin"    // two events with IDs of their own tell the one fact
)

// Fault is something that is to go wrong: POST /_sim/faults takes one.
type Fault struct {
	Target  string  `json:"target"`             // api or webhook
	Kind    string  `json:"kind"`               // see the constants
	Method  string  `json:"method,omitempty"`   // api: only this method
	Path    string  `json:"path,omitempty"`     // api: only paths with this beginning
	Event   string  `json:"event,omitempty"`    // webhook: only this type of event, or charge.*
	Status  int     `json:"status,omitempty"`   // of errors; default 500
	DelayMS int     `json:"delay_ms,omitempty"` // of delays and timeouts
	N       int     `json:"n,omitempty"`        // strike so often, then be gone; 0 is until cleared
	Share   float64 `json:"share,omitempty"`    // strike this share of the calls, by chance; 0 is all
	Hits    int     `json:"hits"`               // how often it struck so far
}

func (f Fault) delay(otherwise time.Duration) time.Duration {
	if f.DelayMS > 0 {
		return time.Duration(f.DelayMS) * time.Millisecond
	}
	return otherwise
}

func (f Fault) check() error {
	kinds := map[string][]string{
		"api":     {faultError, faultErrorAfter, faultErrorStored, faultTimeout, faultTimeoutAfter, faultDelay},
		"webhook": {faultDrop, faultDelay, faultRepeat, faultReorder, faultTwin},
	}[f.Target]
	switch {
	case kinds == nil:
		return errors.New("target must be api or webhook")
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("kind must be one of %s", alternatives(kinds))
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return errors.New("status must be between 400 and 599")
	case f.N < 0 || f.DelayMS < 0 || f.Share < 0 || f.Share > 1:
		return errors.New("n and delay_ms must not be negative; share must be between 0 and 1")
	}
	return nil
}

// faults are the ones in force. The first that matches strikes.
type faults struct {
	mu     sync.Mutex
	active []Fault
}

func (f *faults) add(one Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.Kind != faultDelay && one.Status == 0 {
		one.Status = http.StatusInternalServerError
	}
	f.active = append(f.active, one)
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = nil
}

func (f *faults) list() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault{}, f.active...)
}

// strike returns the fault that befalls this one, if any, and uses it up.
func (f *faults) strike(matches func(Fault) bool) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, one := range f.active {
		if !matches(one) || (one.Share > 0 && rand.Float64() >= one.Share) {
			continue
		}
		f.active[i].Hits++
		if one.N > 0 && f.active[i].Hits == one.N {
			f.active = slices.Delete(f.active, i, i+1)
		}
		return one, true
	}
	return Fault{}, false
}

// twins is how many more events are to tell the same fact.
func (f *faults) twins(kind string) int {
	_, ok := f.strike(func(one Fault) bool { return one.Kind == faultTwin && one.concerns(kind) })
	if ok {
		return 1
	}
	return 0
}

func (f Fault) concerns(event string) bool {
	return f.Target == "webhook" && (f.Event == "" || matchesType(f.Event, event))
}

// deliveryPlan is how an event reaches an endpoint: at best one copy, at once.
type deliveryPlan struct {
	copies int
	delay  time.Duration
}

func (f *faults) deliveryOf(event string) deliveryPlan {
	one, ok := f.strike(func(one Fault) bool { return one.Kind != faultTwin && one.concerns(event) })
	plan := deliveryPlan{copies: 1}
	if !ok {
		return plan
	}
	switch one.Kind {
	case faultDrop:
		plan.copies = 0
	case faultRepeat:
		plan.copies = 2
	case faultDelay:
		plan.delay = one.delay(time.Second)
	case faultReorder:
		plan.delay = rand.N(one.delay(time.Second))
	}
	return plan
}

// execution is a fault that strikes inside an endpoint.
type execution struct {
	answer *apiError // instead of executing
	delay  time.Duration
}

type executionKey struct{}

// inside is the request with a fault for the endpoint to find.
func inside(r *http.Request, e execution) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), executionKey{}, e))
}

func executionFault(ctx context.Context) execution {
	e, _ := ctx.Value(executionKey{}).(execution)
	return e
}

// faulty puts the injected faults before and after the API.
func (s *Server) faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one, struck := s.faults.strike(func(f Fault) bool {
			return f.Target == "api" && strings.HasPrefix(r.URL.Path, f.Path) && (f.Method == "" || f.Method == r.Method)
		})
		if !struck {
			next.ServeHTTP(w, r)
			return
		}
		switch one.Kind {
		case faultDelay:
			next.ServeHTTP(w, inside(r, execution{delay: one.delay(time.Second)}))
		case faultErrorStored:
			e := faultAnswer(one.Status)
			e.stored = true
			next.ServeHTTP(w, inside(r, execution{answer: e}))
		case faultError:
			w.Header().Set("Request-Id", newRequestID())
			s.writeError(w, faultAnswer(one.Status))
		case faultErrorAfter:
			next.ServeHTTP(&unheard{header: http.Header{}}, r)
			w.Header().Set("Request-Id", newRequestID())
			s.writeError(w, faultAnswer(one.Status))
		case faultTimeoutAfter:
			next.ServeHTTP(&unheard{header: http.Header{}}, r)
			hang(r.Context(), one.delay(30*time.Second))
		case faultTimeout:
			hang(r.Context(), one.delay(30*time.Second))
		}
	})
}

// hang keeps the client waiting, then cuts the connection.
func hang(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	panic(http.ErrAbortHandler)
}

// unheard is where an answer goes that the client never gets.
type unheard struct{ header http.Header }

func (u *unheard) Header() http.Header         { return u.header }
func (u *unheard) Write(b []byte) (int, error) { return len(b), nil }
func (u *unheard) WriteHeader(int)             {}

func faultAnswer(status int) *apiError {
	switch {
	case status == http.StatusTooManyRequests:
		return invalid(status, "rate_limit", "", "Request rate limit exceeded. Learn more about rate limits here %s/rate-limits.", docsURL)
	case status == http.StatusPaymentRequired:
		return &apiError{status: status, Type: "card_error", Code: "card_declined", DeclineCode: "generic_decline", Message: "Your card was declined."}
	case status >= http.StatusInternalServerError:
		return &apiError{status: status, Type: "api_error", Message: "An error occurred with our connection to Stripe. (An injected fault.)"}
	}
	return invalid(status, "", "", "The request was refused by an injected fault.")
}
