package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// CreatePromotion stores a promotion of the user.
func (s *Organizers) CreatePromotion(ctx context.Context, by boxoffice.By, p boxoffice.Promotion) (boxoffice.Promotion, error) {
	return write(ctx, s, by, func(ctx context.Context, tx pgx.Tx) (boxoffice.Promotion, error) {
		var none boxoffice.Promotion
		if err := refuseManyPromotions(ctx, tx, by.UserID); err != nil {
			return none, err
		}
		if err := checkPromotionEvents(ctx, tx, by.UserID, p.Terms.EventIDs); err != nil {
			return none, err
		}
		id, err := uuid.NewV7()
		if err != nil {
			return none, err
		}
		t := p.Terms
		_, err = tx.Exec(ctx, `
			INSERT INTO promotions (id, owner_id, code, percent, amount_minor, currency, uses, uses_per_user, min_tickets, event_ids,
				valid_from, valid_until, active)
			VALUES ($1, $2, $3, nullif($4::integer, 0), nullif($5::bigint, 0), nullif($6::text, ''), $7, $8, $9, $10::text[]::uuid[],
				$11, $12, $13)`,
			id.String(), by.UserID, p.Code, p.Discount.Percent, p.Discount.AmountMinor, p.Discount.Currency, t.Uses, t.UsesPerUser,
			t.MinTickets, eventIDs(t), t.ValidFrom, timeOrNull(t.ValidUntil), t.Active)
		if err != nil {
			return none, err
		}
		change := noted{after: map[string]any{"code": p.Code, "discount": p.Discount, "terms": t}}
		if err := note(ctx, tx, by, "create", "promotion "+id.String(), change); err != nil {
			return none, err
		}
		return readPromotion(ctx, tx, by.UserID, id.String(), "")
	})
}

// refuseManyPromotions refuses one more promotion where the user has as many as one may.
func refuseManyPromotions(ctx context.Context, tx pgx.Tx, userID string) error {
	promotions, err := countOwned(ctx, tx, userID, `SELECT count(*) FROM promotions WHERE owner_id = $1`)
	if err == nil && promotions >= boxoffice.MaxPromotions {
		err = boxoffice.Errorf(boxoffice.CodeTooMany, "You have %d promotion codes already.", promotions)
	}
	return err
}

// checkPromotionEvents names the events that are not the user's.
func checkPromotionEvents(ctx context.Context, tx pgx.Tx, userID string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
		SELECT n.place FROM unnest($2::text[]::uuid[]) WITH ORDINALITY AS n (id, place)
		WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = n.id AND e.owner_id = $1) ORDER BY n.place`, userID, ids)
	if err != nil {
		return err
	}
	strange, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return err
	}
	var wrong []boxoffice.FieldError
	for _, place := range strange {
		field := "event_ids[" + strconv.Itoa(place-1) + "]"
		wrong = append(wrong, boxoffice.FieldError{Field: field, Message: "You have no event of this ID."})
	}
	return boxoffice.InvalidFields(wrong)
}

// ChangePromotion changes the terms of a promotion of the user. Its lock makes those who put the code in wait.
func (s *Organizers) ChangePromotion(
	ctx context.Context, by boxoffice.By, promotionID string, change boxoffice.PromotionChange,
) (boxoffice.Promotion, error) {
	return write(ctx, s, by, func(ctx context.Context, tx pgx.Tx) (boxoffice.Promotion, error) {
		p, err := readPromotion(ctx, tx, by.UserID, promotionID, "FOR NO KEY UPDATE")
		if err != nil {
			return p, err
		}
		before := p.Terms
		p.Terms = change.Of(before)
		if err := boxoffice.InvalidFields(p.Terms.Wrong()); err != nil {
			return p, err
		}
		changes, err := differences(before, p.Terms)
		if err != nil || len(changes.after) == 0 {
			return p, err
		}
		if change.EventIDs != nil {
			if err := checkPromotionEvents(ctx, tx, by.UserID, p.Terms.EventIDs); err != nil {
				return p, err
			}
		}
		_, err = tx.Exec(ctx, `
			UPDATE promotions SET uses = $2, uses_per_user = $3, min_tickets = $4, event_ids = $5::text[]::uuid[], valid_from = $6,
				valid_until = $7, active = $8 WHERE id = $1`,
			p.ID, p.Terms.Uses, p.Terms.UsesPerUser, p.Terms.MinTickets, eventIDs(p.Terms), p.Terms.ValidFrom,
			timeOrNull(p.Terms.ValidUntil), p.Terms.Active)
		if err != nil {
			return p, err
		}
		return p, note(ctx, tx, by, "change", "promotion "+p.ID, changes)
	})
}

// Promotion gives a promotion of the user with its uses.
func (s *Organizers) Promotion(ctx context.Context, userID, promotionID string) (p boxoffice.Promotion, err error) {
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		p, err = readPromotion(ctx, conn, userID, promotionID, "")
		return err
	})
	return p, err
}

// Promotions lists the user's promotions, by code.
func (s *Organizers) Promotions(ctx context.Context, page boxoffice.OrganizerPage) (promotions []boxoffice.Promotion, next string, err error) {
	if err := checkPage(page); err != nil {
		return nil, "", err
	}
	after, err := parseNameCursor(page.Cursor)
	if err != nil {
		return nil, "", err
	}
	var c conditions
	c.add("p.owner_id = ?", page.UserID)
	c.add("p.code > ?", after.Name)
	if page.Search != "" {
		c.add("position(upper(?) in p.code) > 0", page.Search)
	}
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, promotionQuery+c.sql+` ORDER BY p.code LIMIT `+strconv.Itoa(page.Limit+1), c.args...)
		if err != nil {
			return err
		}
		if promotions, err = pgx.CollectRows(rows, scanPromotion); err != nil {
			return err
		}
		if len(promotions) > page.Limit {
			promotions = promotions[:page.Limit]
			last := promotions[page.Limit-1]
			next = nameCursor{last.Code, last.ID}.String()
		}
		return countUses(ctx, conn, promotions)
	})
	return promotions, next, err
}

const promotionQuery = `
	SELECT p.id, p.owner_id, p.code, coalesce(p.percent, 0), coalesce(p.amount_minor, 0), coalesce(p.currency, ''), p.uses, p.uses_per_user,
		p.min_tickets, p.event_ids::text[], p.valid_from, p.valid_until, p.active, p.created_at
	FROM promotions p WHERE `

func scanPromotion(row pgx.CollectableRow) (p boxoffice.Promotion, err error) {
	var until *time.Time
	t := &p.Terms
	err = row.Scan(&p.ID, &p.OwnerID, &p.Code, &p.Discount.Percent, &p.Discount.AmountMinor, &p.Discount.Currency, &t.Uses, &t.UsesPerUser,
		&t.MinTickets, &t.EventIDs, &t.ValidFrom, &until, &t.Active, &p.CreatedAt)
	t.ValidFrom, t.ValidUntil, p.CreatedAt = t.ValidFrom.UTC(), deref(until).UTC(), p.CreatedAt.UTC()
	p.Used.GivenMinor = map[string]int64{}
	return p, err
}

// readPromotion reads a promotion of the user, under a lock if one is named.
func readPromotion(ctx context.Context, q querier, userID, promotionID, lock string) (boxoffice.Promotion, error) {
	id, err := readID("promotion", promotionID)
	if err != nil {
		return boxoffice.Promotion{}, err
	}
	rows, err := q.Query(ctx, promotionQuery+`p.id = $1 AND p.owner_id = $2 `+lock, id, userID)
	if err != nil {
		return boxoffice.Promotion{}, err
	}
	p, err := pgx.CollectExactlyOneRow(rows, scanPromotion)
	if err != nil {
		return boxoffice.Promotion{}, absent("promotion", err)
	}
	promotions := []boxoffice.Promotion{p}
	err = countUses(ctx, q, promotions)
	return promotions[0], err
}

// countUses counts what became of promotions, from the bookings that use them.
func countUses(ctx context.Context, q querier, promotions []boxoffice.Promotion) error {
	at := make(map[string]*boxoffice.PromotionUse, len(promotions))
	ids := make([]string, len(promotions))
	for i := range promotions {
		ids[i] = promotions[i].ID
		at[ids[i]] = &promotions[i].Used
	}
	rows, err := q.Query(ctx, `
		SELECT b.promotion_id, b.currency, count(*) FILTER (WHERE b.status = 'held'), count(*) FILTER (WHERE b.status <> 'held'),
			coalesce(sum(g.minor) FILTER (WHERE b.status <> 'held'), 0)::bigint
		FROM bookings b CROSS JOIN LATERAL (
			SELECT sum(bt.discount_minor) AS minor FROM booking_tickets bt WHERE bt.booking_id = b.id AND bt.released_at IS NULL) g
		WHERE b.promotion_id = ANY ($1::text[]::uuid[]) AND b.status IN ('held', 'confirmed', 'completed')
		GROUP BY b.promotion_id, b.currency`, ids)
	if err != nil {
		return err
	}
	var id, currency string
	var held, sold int
	var given int64
	_, err = pgx.ForEachRow(rows, []any{&id, &currency, &held, &sold, &given}, func() error {
		use := at[id]
		use.Held += held
		use.Sold += sold
		if sold > 0 {
			use.GivenMinor[currency] = given
		}
		return nil
	})
	return err
}

// eventIDs are the events of the terms as the column wants them, which has no NULL.
func eventIDs(t boxoffice.PromotionTerms) []string {
	return append([]string{}, t.EventIDs...)
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
