package linear

import (
	"fmt"
	"math"
	"strings"

	"github.com/anishathalye/porcupine"
)

// blockSize is how many seats make a block. A booking has seats of one block only, and blocks are judged one by one: so that
// a booking of several seats is all or none is part of what is judged.
const blockSize = 3

// block is what the model knows: the seats, and the least that the clock can show.
type block struct {
	seats [blockSize]seat
	now   int64
	over  bool // all clients have gone
}

// seat is free where it has no claim. A hold lapses at any time after its deadline, and never before.
type seat struct {
	claim    int // whose it is
	sold     bool
	deadline int64 // of a hold, as its buyer was told
}

// act is what a client does. Times are in nanoseconds since the run began.
type act string

const (
	hold    act = "hold"
	extend  act = "extend"
	release act = "release" // of a hold
	confirm act = "confirm" // from the payment until the tickets
	read    act = "read"    // a booking
	look    act = "look"    // at the rows of the seats
	end     act = "end"
)

// call is what a client asks for.
type call struct {
	act   act
	block int
	claim int // a hold's number, given by its client
	seats [blockSize]bool
}

// answer is what it was told.
type answer struct {
	at       int64 // when; endless for one that got lost
	verdict  verdict
	deadline int64             // of a hold
	taken    [blockSize]string // the seats that a hold was refused for, and why
	status   string            // of a booking
	rows     [blockSize]int    // the claims of seats that are sold, 0 of free ones
}

type verdict int

const (
	lost verdict = iota // it may have had its effect, at any time after the call, or none
	done
	refused
)

// model is one seat after the other, a block of them at a time.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) (blocks [][]porcupine.Operation) {
		byBlock := map[int][]porcupine.Operation{}
		for _, o := range history {
			number := o.Input.(call).block
			byBlock[number] = append(byBlock[number], o)
		}
		for _, operations := range byBlock {
			blocks = append(blocks, operations)
		}
		return blocks
	},
	Init: func() any { return block{} },
	Step: func(state, input, output any) (bool, any) {
		next, legal := state.(block).step(input.(call), output.(answer))
		return legal, next
	},
	DescribeOperation: func(input, output any) string { return describe(input.(call), output.(answer)) },
	DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state.(block).seats) },
}

// step gives the block after a call, and whether the answer can be had of this block. What got lost must have had an effect
// to come here at all, or else comes when all is over: that keeps the number of orders small and excludes none.
func (b block) step(c call, a answer) (block, bool) {
	if a.at < b.now {
		return b, false
	}
	switch {
	case c.act == end:
		b.over = true
		return b, true
	case a.verdict == lost:
		after, effective := b.do(c, a)
		return after, effective || b.over
	case c.act == read:
		return b.show(c, a)
	case c.act == look:
		return b.compare(a)
	case a.verdict == refused:
		return b.refuse(c, a)
	default:
		return b.do(c, a)
	}
}

// do is what a call does to its seats, all of them or none.
func (b block) do(c call, a answer) (block, bool) {
	after := b
	for i := range after.seats {
		if c.seats[i] && !after.change(i, c, a) {
			return b, false
		}
	}
	return after, true
}

func (b *block) change(i int, c call, a answer) bool {
	s := &b.seats[i]
	mine := s.claim == c.claim && !s.sold
	switch c.act {
	case hold:
		free := b.free(i, a)
		*s = seat{claim: c.claim, deadline: a.deadline}
		return free
	case extend:
		s.deadline = max(s.deadline, a.deadline)
		return mine
	case release:
		*s = seat{}
		return mine
	case confirm: // money that comes late has the seats where they are free
		had := mine || b.free(i, a)
		*s = seat{claim: c.claim, sold: true}
		return had
	default:
		return false
	}
}

// free reports whether a seat is to be had at the time of an answer, and lets a hold lapse for that.
func (b *block) free(i int, a answer) bool {
	s := &b.seats[i]
	if s.claim == 0 {
		return true
	}
	if s.sold || a.at < s.deadline {
		return false
	}
	b.now = max(b.now, s.deadline)
	*s = seat{}
	return true
}

// refuse judges a refusal.
func (b block) refuse(c call, a answer) (block, bool) {
	switch c.act {
	case hold: // it names exactly the seats that are taken
		named := false
		for i, s := range b.seats {
			if !c.seats[i] {
				continue
			}
			if a.taken[i] == "" && !b.free(i, a) || a.taken[i] != "" && (s.claim == 0 || s.sold != (a.taken[i] == "sold")) {
				return b, false
			}
			named = named || a.taken[i] != ""
		}
		return b, named
	case extend: // also of a hold that could lapse, and has not yet
		for i, s := range b.seats {
			if c.seats[i] && s.claim == c.claim {
				b.now = max(b.now, s.deadline)
			}
		}
		return b, a.at >= b.now
	default:
		return b.gone(c, a)
	}
}

// gone judges that a claim has none of its seats, or lost them at its deadline.
func (b block) gone(c call, a answer) (block, bool) {
	for i, s := range b.seats {
		if c.seats[i] && s.claim == c.claim && !b.free(i, a) {
			return b, false
		}
	}
	return b, true
}

// show judges what a booking's buyer was shown.
func (b block) show(c call, a answer) (block, bool) {
	switch a.status {
	case "held", "confirmed", "completed":
		sold := a.status != "held"
		for i, s := range b.seats {
			if c.seats[i] && (s.claim != c.claim || s.sold != sold) {
				return b, false
			}
		}
		return b, true
	default: // expired, cancelled, refunded
		return b.gone(c, a)
	}
}

// compare judges the rows when nothing is under way any more.
func (b block) compare(a answer) (block, bool) {
	for i, s := range b.seats {
		if s.claim != 0 && !s.sold {
			b.free(i, a)
		}
		if b.seats[i].claim != a.rows[i] {
			return b, false
		}
	}
	return b, true
}

func describe(c call, a answer) string {
	var seats strings.Builder
	for i, chosen := range c.seats {
		if chosen {
			seats.WriteByte("ABC"[i])
		}
	}
	said := map[verdict]string{lost: "lost", done: "done", refused: "refused"}[a.verdict]
	switch {
	case c.act == look || c.act == end:
		return fmt.Sprintf("%s %v", c.act, a.rows)
	case c.act == read:
		said = a.status
	case a.deadline > 0:
		said += fmt.Sprintf(" until %.3f", float64(a.deadline)/1e9)
	case c.act == hold && a.verdict == refused:
		said += fmt.Sprintf(" %q", a.taken)
	}
	return fmt.Sprintf("%s %d %s: %s", c.act, c.claim, seats.String(), said)
}

// never is when a lost answer comes.
const never = math.MaxInt64
