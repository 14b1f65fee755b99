package smtp

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Kinds of faults.
const (
	faultReject = "reject" // answered with Status instead of being stored
	faultDrop   = "drop"   // accepted, and lost
	faultDelay  = "delay"  // accepted after the delay
)

// Fault is something that is to go wrong with mail: POST /_sim/faults takes one.
type Fault struct {
	Kind      string  `json:"kind"`
	Recipient string  `json:"recipient,omitempty"` // only messages to this address
	Status    int     `json:"status,omitempty"`    // of a reject, 400 to 599; default 451: try again later
	DelayMS   int     `json:"delay_ms,omitempty"`  // of a delay; default a second
	N         int     `json:"n,omitempty"`         // strike so often, then be gone; 0 is until cleared
	Share     float64 `json:"share,omitempty"`     // strike this share of the messages, by chance; 0 is all
	Hits      int     `json:"hits"`                // how often it struck so far
}

func (f Fault) check() error {
	switch {
	case !slices.Contains([]string{faultReject, faultDrop, faultDelay}, f.Kind):
		return errors.New("kind must be reject, drop or delay")
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return errors.New("status must be between 400 and 599")
	case f.N < 0 || f.DelayMS < 0 || f.Share < 0 || f.Share > 1:
		return errors.New("n and delay_ms must not be negative; share must be between 0 and 1")
	}
	return nil
}

func (f Fault) reply() error {
	if f.Status == 0 {
		f.Status = 451
	}
	return &smtp.SMTPError{Code: f.Status, EnhancedCode: smtp.EnhancedCode{f.Status / 100, 3, 0}, Message: "Refused by an injected fault"}
}

func (f Fault) wait(ctx context.Context) {
	delay := time.Duration(f.DelayMS) * time.Millisecond
	if delay == 0 {
		delay = time.Second
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// faults are the ones in force. The first that matches strikes.
type faults struct {
	mu     sync.Mutex
	active []Fault
}

func (f *faults) add(one Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
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

// strike returns the fault that befalls a message to these recipients, if any, and uses it up.
func (f *faults) strike(to []string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, one := range f.active {
		concerned := one.Recipient == "" || slices.ContainsFunc(to, func(a string) bool { return strings.EqualFold(a, one.Recipient) })
		if !concerned || (one.Share > 0 && rand.Float64() >= one.Share) {
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
