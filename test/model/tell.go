package main

import (
	"fmt"
	"strings"
)

var (
	bookingNames = [...]string{"none", "held", "confirmed", "completed", "expired", "cancelled", "refunding", "refunded"}
	attemptNames = [...]string{"none", "live", "paid", "dead", "surplus"}
	sessionNames = [...]string{"no page", "page open", "page paid", "page closed", "page paid late"}
	pageNames    = [...]string{"", ", ID stored", ", handed out"}
	settledNames = [...]string{"", ", sold", ", refunded"}
	refundNames  = [...]string{"", ", refund requested", ", refund asked", ", refund waiting", ", refund back", ", refund failed"}
	bankNames    = [...]string{"", " (bank: pending)", " (bank: given)", " (bank: refused)", " (bank: sent back)"}
	seatNames    = [...]string{"free", "held", "sold"}
	untilNames   = [...]string{"", " past", " for ever"}
	eventNames   = [...]string{"", " event closing", " event cancelled"}
)

// move is how one state came of another: what trace lines are told from.
type move struct {
	kind    uint8
	what    uint8 // of actions their index, else the step
	booking uint8 // of rivals the seat
	attempt uint8
}

const (
	moveAction uint8 = iota // somebody else's
	moveRival               // a rival's
	moveRun                 // the run took its step
	moveRepeat              // it did, and its worker died or its call failed before that was recorded
	moveGhost               // a worker presumed dead took it
)

func (m move) String() string {
	who := fmt.Sprintf("booking %d: ", m.booking)
	step := step(m.what)
	switch m.kind {
	case moveAction:
		about := ""
		if actions[m.what].is(perAttempt) {
			about = fmt.Sprintf(" (attempt %d)", m.attempt)
		}
		return who + actions[m.what].name + about
	case moveRival:
		return fmt.Sprintf("a rival %s, seat %d", rivalActions[m.what].name, m.booking)
	case moveRun:
		return who + "the run takes " + stepNames[step]
	case moveRepeat:
		return who + "the run takes " + stepNames[step] + ", which is not recorded"
	default:
		return who + "a worker presumed dead takes " + stepNames[step]
	}
}

// tell is a state in a line, as far as it is not as at the beginning.
func (s *state) tell(attempts int) string {
	var o strings.Builder
	for i, t := range s.seats {
		if t.state != seatFree {
			fmt.Fprintf(&o, "seat %d %s by %d%s; ", i, seatNames[t.state], t.by-1, untilNames[t.until])
		}
	}
	o.WriteString(eventNames[s.event])
	for i := range s.bookings {
		if b := &s.bookings[i]; b.status != bookingNone {
			fmt.Fprintf(&o, "| %d %s%s", i, bookingNames[b.status], b.flags())
			for _, a := range b.attempts[:attempts] {
				o.WriteString(a.tell())
			}
			fmt.Fprintf(&o, " run %s%s ", b.run, map[bool]string{true: "+signal"}[b.signal])
			if b.ghost.step != stepNone {
				fmt.Fprintf(&o, "ghost %s ", b.ghost)
			}
		}
	}
	return o.String()
}

func (b *booking) flags() string {
	var o strings.Builder
	for _, f := range []struct {
		is   bool
		name string
	}{
		{b.cancel, " cancel"},
		{b.closing && b.status == bookingHeld, " closing"},
		{b.late && b.status == bookingHeld, " late"},
		{b.extended, " extended"},
		{b.admitted, " admitted"},
		{b.mail, " mail"},
		{!b.check, " unchecked"},
	} {
		if f.is {
			o.WriteString(f.name)
		}
	}
	return o.String()
}

func (a attempt) tell() string {
	if a.state == attemptNone {
		return ""
	}
	odd := map[bool]string{true: " odd"}
	return fmt.Sprintf(" [%s, %s%s%s%s%s%s]", attemptNames[a.state], sessionNames[a.session], odd[a.odd], pageNames[a.page],
		settledNames[a.settled], refundNames[a.refund], bankNames[a.bank])
}

func (r runner) String() string {
	if r.step == stepNone {
		return "-"
	}
	return fmt.Sprintf("%s(%d,%d)%s", stepNames[r.step], r.attempt, r.answer, map[bool]string{false: "!"}[r.current])
}
