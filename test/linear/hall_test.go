package linear

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
)

// hall is the seats that clients want: a few blocks at a time, so that they want the same ones. A block that is sold makes
// room for the next.
type hall struct {
	blocks []seats

	mu   sync.Mutex
	open []int       // blocks
	free map[int]int // seats of these that are not sold
	next int         // the block that is opened next
	held []booked
}

// seats are those of a block.
type seats struct {
	number int
	ids    [blockSize]string
}

// booked is a booking, and the hold that it came of.
type booked struct {
	bookingID string
	hold      call
}

func (b booked) call(what act) call {
	return call{act: what, block: b.hold.block, claim: b.hold.claim, seats: b.hold.seats}
}

// openBlocks is how many blocks are wanted at a time.
const openBlocks = 8

// newHall gives blocks of so many events.
func newHall(t *testing.T, s *stack.System, events int) *hall {
	t.Helper()
	h := &hall{free: map[int]int{}}
	for range events {
		// Of 200 seats some are kept for wheelchairs.
		for ids := range slices.Chunk(s.Customer(t).FreeSeats(t, s.Showing(t), 60*blockSize), blockSize) {
			h.blocks = append(h.blocks, seats{number: len(h.blocks), ids: [blockSize]string(ids)})
		}
	}
	for range openBlocks {
		h.openNext()
	}
	return h
}

func (h *hall) openNext() {
	if h.next < len(h.blocks) {
		h.open, h.free[h.next] = append(h.open, h.next), blockSize
		h.next++
	}
}

// anyBlock gives one of those that are open, or of all where none is.
func (h *hall) anyBlock(choose *rand.Rand) seats {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.open) == 0 {
		return h.blocks[choose.IntN(len(h.blocks))]
	}
	return h.blocks[h.open[choose.IntN(len(h.open))]]
}

// sell notes that seats are sold.
func (h *hall) sell(sold call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range sold.seats {
		if one {
			h.free[sold.block]--
		}
	}
	if h.free[sold.block] == 0 {
		h.open = slices.DeleteFunc(h.open, func(number int) bool { return number == sold.block })
		h.openNext()
	}
}

// remember notes a booking, to be looked at in the end.
func (h *hall) remember(b booked) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = append(h.held, b)
}

// used are the blocks that were ever open.
func (h *hall) used() []seats { return h.blocks[:h.next] }

func (s seats) named(chosen [blockSize]bool) (ids []string) {
	for i, id := range s.ids {
		if chosen[i] {
			ids = append(ids, id)
		}
	}
	return ids
}

// refusal reads why a call was refused. A hold may be refused for its seats alone.
func (h *hall) refusal(what call, body []byte) (a answer, err error) {
	a.verdict = refused
	if what.act != hold {
		return a, nil
	}
	var problem buyer.Problem
	if err := json.Unmarshal(body, &problem); err != nil {
		return a, err
	}
	for _, conflict := range problem.Conflicts {
		i := slices.Index(h.blocks[what.block].ids[:], conflict.TicketID)
		if i < 0 {
			return a, fmt.Errorf("refused for a seat that was not asked for: %s", body)
		}
		a.taken[i] = conflict.Reason
	}
	if len(problem.Conflicts) == 0 {
		err = fmt.Errorf("a hold was refused: %s", body)
	}
	return a, err
}
