package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// explorer visits every state that a config can reach, breadth first, so that the first trace to anything is the shortest.
type explorer struct {
	config
	t      tx
	known  map[key]int32
	states []key
	parent []int32 // of each state
	via    []move
	fair   []int32 // states that follow by fair moves, of one state after the other
	upTo   []int   // where in fair each state's end

	from   state // the one whose successors are being made
	broken map[string]breach
	seen   coverage
}

// breach is a move by which an invariant was seen broken first.
type breach struct {
	parent, at int32
	by         move
}

// coverage is what was seen to happen.
type coverage struct {
	steps       [len(stepNames)]bool               // of runs, those that changed something
	transitions [len(statuses)][len(statuses)]bool // of bookings
}

// verdict is what a run of the model came to.
type verdict struct {
	found  []string // the invariants that were seen broken, in their order
	states int
	took   time.Duration
	seen   coverage
}

func (v verdict) String() string { return strings.Join(v.found, " ") }

// explore visits every state. With line, the shortest way to each broken invariant is told.
func explore(c config, line func(string)) verdict {
	began := time.Now()
	e := &explorer{config: c, known: map[key]int32{}, broken: map[string]breach{}}
	e.t.config = &e.config
	e.add(&state{ghostsLeft: c.ghosts, lossesLeft: c.losses}, -1, move{})
	for i := 0; i < len(e.states); i++ {
		e.from = e.states[i].unpack()
		for b := range e.real() {
			e.others(int32(i), b)
			e.runs(int32(i), b)
		}
		if e.rival {
			e.rivals(int32(i))
		}
		e.upTo = append(e.upTo, len(e.fair))
	}
	e.lead()
	v := verdict{states: len(e.states), seen: e.seen}
	for _, name := range names() {
		if how, is := e.broken[name]; is {
			v.found = append(v.found, name)
			e.tell(name, how, line)
		}
	}
	v.took = time.Since(began)
	return v
}

func names() []string {
	var all []string
	for _, inv := range invariants {
		all = append(all, inv.name)
	}
	return append(all, byTable, goodEnd)
}

// add gives the number of a state, a new one if it was not seen before. What was not seen before is judged.
func (e *explorer) add(s *state, parent int32, by move) int32 {
	k := s.pack()
	if at, seen := e.known[k]; seen {
		return at
	}
	if k.unpack() != *s {
		panic(fmt.Sprintf("a variable outgrew its bits: %+v", *s))
	}
	at := int32(len(e.states))
	e.known[k] = at
	e.states, e.parent, e.via = append(e.states, k), append(e.parent, parent), append(e.via, by)
	for i := range e.real() {
		for _, inv := range invariants {
			if !inv.holds(s, &e.config, i) {
				e.note(inv.name, breach{parent, at, by})
			}
		}
	}
	return at
}

// note keeps the first breach of an invariant.
func (e *explorer) note(name string, how breach) {
	if _, told := e.broken[name]; !told {
		e.broken[name] = how
	}
}

// emit takes what the transaction made of the state.
func (e *explorer) emit(parent int32, by move, fair bool) {
	e.t.state.normal(&e.config)
	if e.t.state == e.from {
		return
	}
	at := e.add(&e.t.state, parent, by)
	if fair {
		e.fair = append(e.fair, at)
	}
	for i := range e.real() {
		was, is := e.from.bookings[i].status, e.t.bookings[i].status
		if e.seen.transitions[was][is] = true; !mayFollow[was][is] {
			e.note(byTable, breach{parent, at, by})
		}
	}
}

// others makes the states that follow by what somebody else does.
func (e *explorer) others(parent int32, b int) {
	for i := range actions {
		for a := 0; a == 0 || actions[i].is(perAttempt) && a < e.attempts; a++ {
			e.t.begin(&e.from, b)
			if actions[i].do(&e.t, &e.t.own.attempts[a]) {
				e.emit(parent, move{moveAction, uint8(i), uint8(b), uint8(a)}, actions[i].is(fair))
			}
		}
	}
}

// rivals makes the states that follow by what a rival does.
func (e *explorer) rivals(parent int32) {
	for i := range rivalActions {
		for _, w := range e.wants[1] {
			e.t.begin(&e.from, 1)
			if rivalActions[i].do(&e.t.state, &e.t.seats[w]) {
				e.emit(parent, move{moveRival, uint8(i), uint8(w), 0}, rivalActions[i].how == fair)
			}
		}
	}
}

// runs makes the states that follow by a step of the booking's run, or of its ghost.
func (e *explorer) runs(parent int32, b int) {
	own := &e.from.bookings[b]
	for outcome := range outcomes {
		if r := own.run; r.step.acts() || r.step == stepEnd {
			e.t.begin(&e.from, b)
			if next, ok := e.t.act(r, outcome); ok {
				e.ofRun(parent, b, r, next)
			}
		}
		if r := own.ghost; r.step != stepNone {
			e.t.begin(&e.from, b)
			if next, ok := e.t.act(r, outcome); ok {
				// It cannot report to Temporal, so it neither waits nor closes.
				if e.t.own.ghost = next; !next.step.acts() {
					e.t.own.ghost = runner{}
				}
				e.emit(parent, move{moveGhost, uint8(r.step), uint8(b), r.attempt}, false)
			}
		}
	}
}

// ofRun takes what a step of the run came to, and that it is repeated.
func (e *explorer) ofRun(parent int32, b int, r, next runner) {
	after := e.t.state
	changed := after != e.from
	if changed {
		e.seen.steps[r.step] = true
	}
	if again := r.again(); e.repeats && (changed || again != r) {
		again.current = again.current && e.t.own.run.current
		e.t.own.run = again
		e.emit(parent, move{moveRepeat, uint8(r.step), uint8(b), r.attempt}, false)
		e.t.begin(&after, b)
	}
	e.t.own.run = next
	e.emit(parent, move{moveRun, uint8(r.step), uint8(b), r.attempt}, true)
}

// lead marks backwards, from the good states over the fair moves, which states have a good end, and notes the first that
// has none.
func (e *explorer) lead() {
	good := make([]bool, len(e.states))
	for i, k := range e.states {
		s := k.unpack()
		good[i] = s.good()
	}
	for changed := true; changed; {
		changed = false
		for i := len(good) - 1; i >= 0; i-- {
			first := 0
			if i > 0 {
				first = e.upTo[i-1]
			}
			if !good[i] && slices.ContainsFunc(e.fair[first:e.upTo[i]], func(at int32) bool { return good[at] }) {
				good[i], changed = true, true
			}
		}
	}
	if i := slices.Index(good, false); i >= 0 {
		e.note(goodEnd, breach{e.parent[i], int32(i), e.via[i]})
	}
}

// tell gives the shortest way to a breach.
func (e *explorer) tell(invariant string, how breach, line func(string)) {
	if line == nil {
		return
	}
	step := func(by move, at int32) string {
		s := e.states[at].unpack()
		return fmt.Sprintf("  %-78s %s", by, s.tell(e.attempts))
	}
	way := []string{step(how.by, how.at)}
	for i := how.parent; i > 0; i = e.parent[i] {
		way = append(way, step(e.via[i], i))
	}
	line(invariant + " is broken:")
	for _, l := range slices.Backward(way) {
		line(l)
	}
}
