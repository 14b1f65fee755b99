package postgres

import (
	"context"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// refuseTaken refuses seats of which some are taken, or kept for others. Of those that are released it notes by which rule.
func (w *wanted) refuseTaken(ctx context.Context, tx pgx.Tx, taken []bool) (err error) {
	var conflicting, free, kept []boxoffice.Ticket
	for i, t := range w.tickets {
		if taken[i] {
			conflicting = append(conflicting, t)
		} else {
			free = append(free, t)
		}
	}
	if !w.accessible {
		if kept, w.released, err = partSpaces(ctx, tx, w.event.id, free); err != nil {
			return err
		}
	}
	return conflicts(ctx, tx, w.userID, conflicting, kept)
}

func missingTicket(found []boxoffice.Ticket, ids []string) string {
	for _, id := range ids {
		if !slices.ContainsFunc(found, func(t boxoffice.Ticket) bool { return t.ID == id }) {
			return id
		}
	}
	return ""
}

// conflicts names every seat that is taken, and why, and those that are kept for who needs a place for a wheelchair. Nil where
// there are neither.
func conflicts(ctx context.Context, tx pgx.Tx, userID string, taken, kept []boxoffice.Ticket) error {
	if len(taken)+len(kept) == 0 {
		return nil
	}
	e := boxoffice.Errorf(boxoffice.CodeSeatsTaken, "Somebody else was faster: not all of these seats are free.")
	if len(taken) == 0 {
		e.Message = "Places for wheelchairs are kept for who needs them until the other seats are sold. If one of you does, say so; nobody asks for proof."
	}
	for _, t := range taken {
		reason := boxoffice.ConflictHeld
		switch t.State {
		case boxoffice.SeatSold:
			reason = boxoffice.ConflictSold
		case boxoffice.SeatBlocked, boxoffice.SeatWithdrawn:
			reason = boxoffice.ConflictBlocked
		case boxoffice.SeatHeld, boxoffice.SeatAvailable:
			var mine bool
			err := tx.QueryRow(ctx, `SELECT user_id = $2 FROM bookings WHERE id = $1`, t.BookingID, userID).Scan(&mine)
			if err != nil {
				return err
			}
			if mine {
				reason = boxoffice.ConflictHeldByYou
			}
		}
		e.Conflicts = append(e.Conflicts, boxoffice.Conflict{TicketID: t.ID, Seat: t.Seat(), Reason: reason})
	}
	for _, t := range kept {
		e.Conflicts = append(e.Conflicts, boxoffice.Conflict{TicketID: t.ID, Seat: t.Seat(), Reason: boxoffice.ConflictReservedAccessible})
	}
	return e
}
