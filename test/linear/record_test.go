package linear

import (
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// record is what all clients did and were told.
type record struct {
	began time.Time

	mu      sync.Mutex
	history []porcupine.Operation
	claims  int
	lost    map[string]porcupine.Operation // holds, by the ID of who asked
}

func (r *record) now() int64 { return r.since(time.Now()) }

func (r *record) since(at time.Time) int64 { return at.Sub(r.began).Nanoseconds() }

// newClaim gives a number that no other hold has.
func (r *record) newClaim() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.claims++
	return r.claims
}

// note writes down a call that began at a time, and its answer of now, or never.
func (r *record) note(client int, c call, began int64, a answer) {
	if a.at = r.now(); a.verdict == lost {
		a.at = never
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = append(r.history, porcupine.Operation{ClientId: client, Input: c, Call: began, Output: a, Return: a.at})
}

// noteLostHold keeps a hold whose answer got lost.
func (r *record) noteLostHold(userID string, client int, c call, began int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost[userID] = porcupine.Operation{ClientId: client, Input: c, Call: began, Return: never}
}

// find says of a lost hold that it came to a booking with a deadline, at a time that nobody was told. A lost hold of which
// nobody says so came to nothing.
func (r *record) find(userID, bookingID string, deadline int64) (found booked, known bool) {
	o, known := r.lost[userID]
	if known {
		o.Output = answer{verdict: done, at: never, deadline: deadline}
		r.history = append(r.history, o)
		found = booked{bookingID, o.Input.(call)}
	}
	return found, known
}

// count tells how many calls there are, by what was done and how it went.
func (r *record) count() map[act]map[verdict]int {
	counts := map[act]map[verdict]int{}
	for _, o := range r.history {
		what, how := o.Input.(call).act, o.Output.(answer).verdict
		if counts[what] == nil {
			counts[what] = map[verdict]int{}
		}
		counts[what][how]++
	}
	return counts
}
