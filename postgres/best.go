package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seating"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	bestCandidates = 16 // groups that one look at the free seats gives
	bestLooks      = 40 // after so many others were faster each time
)

// HoldBest chooses the best free seats and holds them, in one transaction. The choice is made from what is free without a
// lock, as a list of groups none of which has a seat of another; then each is tried for as HoldSeats does it: locked, judged
// and taken, or let go of for the next. A group that somebody has locked is passed over, so buyers who come at once take one
// group each and wait for nobody. Only where all that is left is locked do they wait, in the event's lane.
func (s *Bookings) HoldBest(ctx context.Context, req boxoffice.BestRequest) (b boxoffice.Booking, ref boxoffice.BookingRef, fresh bool, err error) {
	if err := s.checkBest(req); err != nil {
		return b, ref, false, err
	}
	err = s.inLane(ctx, func(locked string) error {
		return s.db.inTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			var replayed bool
			b, replayed, err = once(ctx, tx, req.Key, func() (held boxoffice.Booking, err error) {
				held, ref, err = s.holdBest(ctx, tx, req, locked)
				return held, err
			})
			fresh = !replayed
			return err
		})
	})
	return b, refOf(ref, b), fresh, err
}

// checkBest refuses what needs no database to be wrong.
func (s *Bookings) checkBest(req boxoffice.BestRequest) error {
	if _, err := readID("event", req.EventID); err != nil {
		return err
	}
	switch {
	case req.Count < 1:
		return boxoffice.InvalidField("count", "Choose at least one seat.")
	case req.Count > s.rules.MaxSeats:
		return boxoffice.InvalidField("count", "At most %d seats can be booked at once.", s.rules.MaxSeats)
	case req.Accessible < 0 || req.Accessible > req.Count:
		return boxoffice.InvalidField("accessible", "This is between 0 and count.")
	}
	return nil
}

func (s *Bookings) holdBest(ctx context.Context, tx pgx.Tx, req boxoffice.BestRequest, locked string) (b boxoffice.Booking, ref boxoffice.BookingRef, err error) {
	hall, err := s.hallOf(ctx, tx, req.EventID)
	if err != nil {
		return b, ref, err
	}
	for range bestLooks {
		groups, err := chooseBest(ctx, tx, hall, req)
		if err != nil {
			return b, ref, err
		}
		var busy error
		for _, group := range groups {
			b, ref, err = s.tryGroup(ctx, tx, wanted{userID: req.UserID, accessible: req.Accessible > 0}, group, locked)
			switch {
			case boxoffice.CodeOf(err) == boxoffice.CodeSeatsTaken:
			case locked == skipLocked && isLocked(err):
				busy = err
			default:
				return b, ref, err
			}
			if locked == waitLocked { // what is free is another after a wait
				break
			}
		}
		if busy != nil {
			return b, ref, busy
		}
	}
	return b, ref, unavailable(nil, "Very many want these seats at this moment. Please try again.", time.Second)
}

// hallOf gives the hall of an event that is no draft.
func (s *Bookings) hallOf(ctx context.Context, tx pgx.Tx, eventID string) (*seating.Hall, error) {
	var hash []byte
	err := tx.QueryRow(ctx, `SELECT plan_hash FROM events WHERE id = $1 AND status <> 'draft'`, uuid.MustParse(eventID).String()).Scan(&hash)
	if err != nil {
		return nil, absent("event", err)
	}
	return s.db.halls.hall(ctx, tx, hash)
}

// chooseBest gives the groups that fulfil a wish now, the best first. Places for wheelchairs that are released are given to
// others last of all. CodeNotTogether where there are none.
func chooseBest(ctx context.Context, tx pgx.Tx, hall *seating.Hall, req boxoffice.BestRequest) ([]seating.Group, error) {
	free, err := readFree(ctx, tx, req.EventID)
	if err != nil {
		return nil, err
	}
	wish := seating.Wish{Count: req.Count, Accessible: req.Accessible, Category: req.Category, MaxPrice: req.MaxPriceMinor}
	if groups := hall.Best(free, wish, bestCandidates); len(groups) > 0 {
		return groups, nil
	}
	if req.Accessible == 0 && slices.ContainsFunc(free, isSpace) {
		if free, err = withoutKept(ctx, tx, req.EventID, free); err != nil {
			return nil, err
		}
		wish.AnySpace = true
		if groups := hall.Best(free, wish, bestCandidates); len(groups) > 0 {
			return groups, nil
		}
	}
	apart := hall.Split(free, wish)
	switch {
	case len(apart) == 0:
		return nil, boxoffice.Errorf(boxoffice.CodeNotTogether, "There are not so many free seats of this kind.")
	case !req.Split:
		return nil, boxoffice.Errorf(boxoffice.CodeNotTogether, "So many seats of this kind are nowhere free together. There are enough in %d groups.", len(apart))
	}
	return []seating.Group{slices.Concat(apart...)}, nil
}

// tryGroup holds the seats of a group, or lets go of what it locked.
func (s *Bookings) tryGroup(
	ctx context.Context, tx pgx.Tx, w wanted, group seating.Group, locked string,
) (b boxoffice.Booking, ref boxoffice.BookingRef, err error) {
	ids := ticketIDs(group)
	slices.Sort(ids)
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		if w, err = s.lockWanted(ctx, tx, w, ids, locked); err != nil {
			return err
		}
		ref = w.ref()
		b, err = s.takeSeats(ctx, tx, w)
		return err
	})
	return b, ref, err
}
