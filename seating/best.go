package seating

import (
	"cmp"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
)

// Wish is what somebody wants to sit on. Zero fields do not restrict.
type Wish struct {
	Count      int  // seats, wheelchairs' spaces among them
	Accessible int  // wheelchairs' spaces
	AnySpace   bool // as many wheelchairs' spaces as there are among the best, for seats like others
	Category   string
	MaxPrice   int64              // of each seat with its fee, in minor units; 0: any
	Near       []boxoffice.Ticket // none: near the stage
}

// Group is seats that are together.
type Group []boxoffice.Ticket

// block is a group with what it is compared by.
type block struct {
	run, at, size int
	orphans       int
	reserved      int     // seats beside wheelchairs' spaces that are not needed for them
	lost          int     // groups of the same size for which there is no room any more
	away          float64 // from where it should be
}

func compareBlocks(a, b block) int {
	return cmp.Or(cmp.Compare(a.orphans, b.orphans), cmp.Compare(a.reserved, b.reserved), cmp.Compare(a.away, b.away),
		cmp.Compare(a.run, b.run), cmp.Compare(a.at, b.at))
}

// Best gives the best groups that fulfil a wish, best first, at most n, none of which has a seat of another. It gives none
// where so many free seats are nowhere together.
func (h *Hall) Best(freeNow []boxoffice.Ticket, w Wish, n int) []Group {
	f := h.lay(freeNow)
	var groups []Group
	for blocks := f.blocks(w); len(groups) < n && len(blocks) > 0; {
		best := slices.MinFunc(blocks, compareBlocks)
		groups = append(groups, f.take(best))
		// What was taken changes its own run alone.
		blocks = slices.DeleteFunc(blocks, func(b block) bool { return b.run == best.run })
		if b, ok := f.bestOfRun(best.run, w); ok {
			blocks = append(blocks, b)
		}
	}
	return groups
}

// Split gives a wish in two groups near each other, and nobody of four or more alone where that can be; else in more, the
// largest first. None where there are not so many seats. The first group has all wheelchairs' spaces.
func (h *Hall) Split(freeNow []boxoffice.Ticket, w Wish) []Group {
	for _, size := range splits(w.Count, w.Accessible) {
		if first, rest, remaining := h.part(freeNow, w, size); first != nil {
			if second := h.Best(remaining, rest, 1); len(second) > 0 {
				return []Group{first, second[0]}
			}
		}
	}
	for size := w.Count - 1; size >= max(1, w.Accessible); size-- {
		if first, rest, remaining := h.part(freeNow, w, size); first != nil {
			if others := h.Split(remaining, rest); others != nil {
				return append([]Group{first}, others...)
			}
			return nil // there are too few seats, however they are parted
		}
	}
	return nil
}

// splits gives the sizes that the first of two groups may have, the best first.
func splits(count, accessible int) (sizes []int) {
	for size := count - 2; size >= max(2, accessible); size-- {
		sizes = append(sizes, size)
	}
	for _, size := range []int{count - 1, 1} {
		if size >= max(1, accessible) && size < count && !slices.Contains(sizes, size) {
			sizes = append(sizes, size)
		}
	}
	return sizes
}

// part gives the best group of a part of a wish, what remains of the wish, and the seats that remain; nil where there is none.
func (h *Hall) part(freeNow []boxoffice.Ticket, w Wish, size int) (first Group, rest Wish, remaining []boxoffice.Ticket) {
	rest = w
	w.Count = size
	found := h.Best(freeNow, w, 1)
	if len(found) == 0 {
		return nil, rest, nil
	}
	rest.Count, rest.Accessible, rest.Near = rest.Count-size, 0, found[0]
	return found[0], rest, without(freeNow, found[0])
}

// without gives the tickets that are not among others.
func without(tickets, others []boxoffice.Ticket) []boxoffice.Ticket {
	return slices.DeleteFunc(slices.Clone(tickets), func(t boxoffice.Ticket) bool {
		return slices.ContainsFunc(others, func(other boxoffice.Ticket) bool { return other.ID == t.ID })
	})
}

// blocks gives the best block of each run that has one.
func (f free) blocks(w Wish) (blocks []block) {
	for run := range f.runs {
		if b, ok := f.bestOfRun(run, w); ok {
			blocks = append(blocks, b)
		}
	}
	return blocks
}

// bestOfRun gives the block of a run that leaves nobody alone, leaves most room, and is nearest to where it should be.
func (f free) bestOfRun(run int, w Wish) (best block, found bool) {
	x, y := f.hall.fx, f.hall.fy
	if len(w.Near) > 0 {
		x, y = f.hall.centreOf(w.Near)
	}
	for at := 0; at+w.Count <= len(f.runs[run]); at++ {
		b, ok := f.judge(run, at, w)
		if !ok {
			continue
		}
		cx, cy := f.centre(b)
		b.away = distance(cx, cy, x, y)
		better := func(a, b block) bool {
			return cmp.Or(cmp.Compare(a.orphans, b.orphans), cmp.Compare(a.lost, b.lost), compareBlocks(a, b)) < 0
		}
		if !found || better(b, best) {
			best, found = b, true
		}
		if f.hall.runs[run].standing {
			break // all places are alike
		}
	}
	return best, found
}

// judge reports whether the seats from a position on fulfil the wish, and what taking them would leave.
func (f free) judge(run, at int, w Wish) (block, bool) {
	b := block{run: run, at: at, size: w.Count}
	spaces := 0
	for i := at; i < at+w.Count; i++ {
		t := f.runs[run][i]
		if t == nil || w.Category != "" && t.Category != w.Category || w.MaxPrice > 0 && t.TotalMinor() > w.MaxPrice {
			return b, false
		}
		switch f.kind(run, i) {
		case seatplan.Accessible:
			spaces++
		case seatplan.Companion:
			b.reserved++
		case seatplan.Ordinary:
		}
	}
	if w.Accessible > 0 {
		b.reserved = 0
	}
	if spaces != w.Accessible && !w.AnySpace {
		return b, false
	}
	if f.hall.runs[run].standing {
		return b, true
	}
	left, right := f.room(run, at-1, -1), f.room(run, at+w.Count, 1)
	for _, side := range []struct{ at, room int }{{at - 1, left}, {at + w.Count, right}} {
		if side.room == 1 && f.kind(run, side.at) == seatplan.Ordinary {
			b.orphans++
		}
	}
	b.lost = (left+w.Count+right)/w.Count - left/w.Count - 1 - right/w.Count
	return b, true
}

// room counts the free seats from a position on, in one direction.
func (f free) room(run, at, step int) (n int) {
	for ; f.isFree(run, at); at += step {
		n++
	}
	return n
}

func (f free) centre(b block) (x, y float64) {
	seats := f.hall.runs[b.run].seats
	first, last := seats[b.at], seats[b.at+b.size-1]
	return (first.x + last.x) / 2, (first.y + last.y) / 2
}

// take gives the tickets of a block, and has them no longer free.
func (f free) take(b block) Group {
	group := make(Group, 0, b.size)
	for i := b.at; i < b.at+b.size; i++ {
		group = append(group, *f.runs[b.run][i])
		f.runs[b.run][i] = nil
	}
	return group
}
