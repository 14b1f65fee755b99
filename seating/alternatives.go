package seating

import (
	"cmp"
	"math"
	"slices"

	"github.com/boxoffice/boxoffice"
)

// Alternatives gives what can be had in the place of wanted seats of which some are gone, at most n: first those that
// remain with the nearest others in the place of the gone ones, then as many seats together, nearest to the wanted ones. What
// remains is there to be had, whether or not it is among the free ones: a booking may hold it already.
// Other seats are of the same category where there are any, else of the nearest price. A wheelchair's space stands for a
// wheelchair's space alone.
func (h *Hall) Alternatives(freeNow, wanted, gone []boxoffice.Ticket, n int) [][]boxoffice.Ticket {
	remaining := without(wanted, gone)
	others := without(freeNow, wanted)
	var all [][]boxoffice.Ticket
	if len(remaining) > 0 {
		if nearest := h.nearest(others, gone); nearest != nil {
			all = append(all, slices.Concat(remaining, nearest))
		}
	}
	freeNow = slices.Concat(others, remaining)
	wish := Wish{Count: len(wanted), Near: wanted, Category: wanted[0].Category}
	for _, t := range wanted {
		if t.Accessible {
			wish.Accessible++
		}
		if t.Category != wish.Category {
			wish.Category = ""
		}
	}
	together := h.Best(freeNow, wish, n)
	if len(together) == 0 && wish.Category != "" {
		wish.Category = ""
		together = h.Best(freeNow, wish, n)
	}
	for _, group := range together {
		if !slices.ContainsFunc(all, func(other []boxoffice.Ticket) bool { return len(without(group, other)) == 0 }) {
			all = append(all, group)
		}
	}
	return all[:min(n, len(all))]
}

// nearest gives a free seat in the place of each that is gone; nil where there are too few.
func (h *Hall) nearest(freeNow, gone []boxoffice.Ticket) (others []boxoffice.Ticket) {
	for _, t := range gone {
		x, y := h.centreOf([]boxoffice.Ticket{t})
		unlike := func(other boxoffice.Ticket) (order [3]float64) {
			if other.Category != t.Category {
				order[0] = 1
			}
			ox, oy := h.centreOf([]boxoffice.Ticket{other})
			order[1], order[2] = math.Abs(float64(other.TotalMinor()-t.TotalMinor())), distance(x, y, ox, oy)
			return order
		}
		var best *boxoffice.Ticket
		var least [3]float64
		for i := range freeNow {
			if freeNow[i].Accessible != t.Accessible {
				continue
			}
			if order := unlike(freeNow[i]); best == nil || slices.CompareFunc(order[:], least[:], cmp.Compare[float64]) < 0 {
				best, least = &freeNow[i], order
			}
		}
		if best == nil {
			return nil
		}
		others = append(others, *best)
		freeNow = without(freeNow, others[len(others)-1:])
	}
	return others
}
