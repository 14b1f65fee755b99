package postgres

import (
	"context"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seating"
	"github.com/jackc/pgx/v5"
)

// refuseOrphans refuses to take wanted seats, which are locked, where a single free seat would be left alone and as many
// seats are together elsewhere without that. Own are seats that the booking has already. Only where the event's rule says so
// are its other seats read, and none of them is locked: a neighbour who is quicker makes an orphan, not a double sale.
func (s *Bookings) refuseOrphans(ctx context.Context, tx pgx.Tx, e wantedEvent, wanted, own []boxoffice.Ticket) error {
	if e.orphans != boxoffice.OrphansRefuse {
		return nil
	}
	hall, err := s.db.halls.hall(ctx, tx, e.planHash)
	if err != nil {
		return err
	}
	free, err := readFree(ctx, tx, e.id)
	if err != nil {
		return err
	}
	free = append(free, own...)
	orphans := hall.Orphans(free, wanted)
	if len(orphans) == 0 {
		return nil
	}
	better := withoutOrphans(hall, free, wanted)
	if len(better) == 0 {
		return nil
	}
	refusal := boxoffice.Errorf(boxoffice.CodeSeatLeftAlone, "This would leave %s alone. Please take the seat beside it, too, or others.", orphans[0].Seat())
	for _, t := range orphans {
		refusal.Conflicts = append(refusal.Conflicts, boxoffice.Conflict{TicketID: t.ID, Seat: t.Seat(), Reason: boxoffice.ConflictLeftAlone})
	}
	refusal.Alternatives = better
	return refusal
}

// withoutOrphans gives up to three other choices of the size of what is wanted that leave nobody alone, the nearest first.
func withoutOrphans(hall *seating.Hall, free, wanted []boxoffice.Ticket) (choices [][]boxoffice.Ticket) {
	wish := seating.Wish{Count: len(wanted), Near: wanted}
	for _, t := range wanted {
		if t.Accessible {
			wish.Accessible++
		}
	}
	for _, group := range hall.Best(free, wish, mostAlternatives) {
		if len(hall.Orphans(free, group)) == 0 {
			choices = append(choices, slices.Clone(group))
		}
	}
	return choices
}
