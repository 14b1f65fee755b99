package postgres

import (
	"context"
	"slices"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// Places for wheelchairs are kept for who says that they need one, until no other seat is left of the house, of the section
// or of the price category. That is "hold and release" of 28 CFR 36.302(f)(5), of the ADA's title III
// (https://www.ada.gov/law-and-regs/regulations/title-iii-regulations/); nothing but the statement may be asked (f)(8).

// ordinary is what became of the seats of one section and category that are for everybody.
type ordinary struct {
	section, category string
	sold, left        bool // some are sold; some are free or held, and may come back. Blocked ones are not on sale
}

// readOrdinary reads what became of the ordinary seats of an event, none of which it locks: one that comes back at this moment
// takes no right away that was there a moment ago. Of 20,000 seats it costs about 10 ms.
func readOrdinary(ctx context.Context, q querier, eventID string) ([]ordinary, error) {
	rows, err := q.Query(ctx, `
		SELECT section, category, bool_or(state = 'sold'), bool_or(state IN ('available', 'held'))
		FROM tickets WHERE event_id = $1 AND NOT accessible GROUP BY section, category`, eventID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (o ordinary, err error) {
		return o, row.Scan(&o.section, &o.category, &o.sold, &o.left)
	})
}

// releasedBy names the rule by which a place for a wheelchair may be sold to anybody; "" where there is none yet.
func releasedBy(seats []ordinary, t boxoffice.Ticket) string {
	for _, area := range []struct {
		rule string
		has  func(ordinary) bool
	}{
		{"house", func(ordinary) bool { return true }},
		{"section", func(o ordinary) bool { return o.section == t.Section }},
		{"category", func(o ordinary) bool { return o.category == t.Category }},
	} {
		soldOut := slices.ContainsFunc(seats, func(o ordinary) bool { return area.has(o) && o.sold }) &&
			!slices.ContainsFunc(seats, func(o ordinary) bool { return area.has(o) && o.left })
		if soldOut {
			return area.rule
		}
	}
	return ""
}

// release is a place for a wheelchair that is sold to somebody who said nothing of needing it.
type release struct {
	TicketID string `json:"ticket_id"`
	Seat     string `json:"seat"`
	Rule     string `json:"rule"` // house, section or category: what is sold out but for such places
}

// partSpaces parts the places for wheelchairs among locked seats into those that are kept for others and those that are
// released. Seats without any cost nothing.
func partSpaces(ctx context.Context, tx pgx.Tx, eventID string, seats []boxoffice.Ticket) (kept []boxoffice.Ticket, released []release, err error) {
	if !slices.ContainsFunc(seats, isSpace) {
		return nil, nil, nil
	}
	others, err := readOrdinary(ctx, tx, eventID)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range seats {
		if !isSpace(t) {
			continue
		}
		if rule := releasedBy(others, t); rule != "" {
			released = append(released, release{t.ID, t.Seat(), rule})
		} else {
			kept = append(kept, t)
		}
	}
	return kept, released, nil
}

func isSpace(t boxoffice.Ticket) bool { return t.Accessible }

// withoutKept leaves out the places for wheelchairs that are kept for who needs them.
func withoutKept(ctx context.Context, tx pgx.Tx, eventID string, free []boxoffice.Ticket) ([]boxoffice.Ticket, error) {
	others, err := readOrdinary(ctx, tx, eventID)
	return slices.DeleteFunc(free, func(t boxoffice.Ticket) bool { return isSpace(t) && releasedBy(others, t) == "" }), err
}

// queueReleases writes into the audit log which places a booking took that were kept for others before, and by which rule.
func queueReleases(batch *pgx.Batch, eventID, bookingID string, released []release) {
	if len(released) > 0 {
		batch.Queue(`INSERT INTO audit_log (actor, action, subject, after) VALUES ('rule', 'release accessible seats', $1, $2)`,
			eventID, jsonOrNull(map[string]any{"booking": bookingID, "seats": released}))
	}
}
