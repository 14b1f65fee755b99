package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// newPromotion is a quarter off, as the service hands it over.
func newPromotion(code string) boxoffice.Promotion {
	return boxoffice.Promotion{
		Code: code, Discount: boxoffice.Discount{Percent: 25},
		Terms: boxoffice.PromotionTerms{Active: true, ValidFrom: time.Now().Add(-time.Hour).Truncate(time.Second).UTC()},
	}
}

// TestPromotions_AreTheirOrganizers makes one, changes it, and asks as somebody else.
func TestPromotions_AreTheirOrganizers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event := o.draft(t, rowOf("standard", "A", 1)).Event.ID
	want := newPromotion("SPRING")
	want.Terms.Uses, want.Terms.UsesPerUser, want.Terms.MinTickets, want.Terms.EventIDs = 100, 1, 2, []string{event}
	want.Terms.ValidUntil = want.Terms.ValidFrom.Add(48 * time.Hour)
	made, err := o.organizers.CreatePromotion(t.Context(), o.by, want)
	require.NoError(t, err)
	want.ID, want.OwnerID, want.CreatedAt, want.Used.GivenMinor = made.ID, o.by.UserID, made.CreatedAt, map[string]int64{}
	want.Terms.EventIDs = []string{event}
	require.Equal(t, want, made)
	read, err := o.organizers.Promotion(t.Context(), o.by.UserID, made.ID)
	require.NoError(t, err)
	require.Equal(t, made, read)

	off, all, ever, twice := false, []string{}, time.Time{}, 2
	made, err = o.organizers.ChangePromotion(t.Context(), o.by, made.ID, boxoffice.PromotionChange{
		Active: &off, EventIDs: &all, ValidUntil: &ever, UsesPerUser: &twice,
	})
	require.NoError(t, err)
	want.Terms.Active, want.Terms.EventIDs, want.Terms.ValidUntil, want.Terms.UsesPerUser = off, all, ever, twice
	require.Equal(t, want, made)
	read, err = o.organizers.Promotion(t.Context(), o.by.UserID, made.ID)
	require.NoError(t, err)
	require.Equal(t, want, read)
	require.Equal(t, []string{"Active", "EventIDs", "UsesPerUser", "ValidUntil"}, one[[]string](t, o.house,
		`SELECT array_agg(k ORDER BY k) FROM audit_log, jsonb_object_keys(after) AS k WHERE action = 'change' AND subject = 'promotion ' || $1`, made.ID))
	_, err = o.organizers.ChangePromotion(t.Context(), o.by, made.ID, boxoffice.PromotionChange{Active: &off})
	require.NoError(t, err)
	require.Equal(t, 1, one[int](t, o.house, `SELECT count(*) FROM audit_log WHERE action = 'change'`), "nothing changed, so nothing is noted")

	stranger := boxoffice.By{UserID: o.addUser(t)}
	_, err = o.organizers.Promotion(t.Context(), stranger.UserID, made.ID)
	requireCode(t, boxoffice.CodeNotFound, err)
	_, err = o.organizers.ChangePromotion(t.Context(), stranger, made.ID, boxoffice.PromotionChange{Active: &off})
	requireCode(t, boxoffice.CodeNotFound, err)
	page, _, err := o.organizers.Promotions(t.Context(), boxoffice.OrganizerPage{UserID: stranger.UserID, Limit: 10})
	require.NoError(t, err)
	require.Empty(t, page)
	_, err = o.organizers.CreatePromotion(t.Context(), stranger, newPromotion("SPRING"))
	require.NoError(t, err, "two organizers may have the same code")
	_, err = o.organizers.CreatePromotion(t.Context(), stranger, want)
	require.Equal(t, "You have this code already.", requireCode(t, boxoffice.CodeDuplicateIdentifier, err).Message)
}

func TestPromotions_Refusals(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := newPromotion("SPRING")
	p.Terms.EventIDs = []string{o.draft(t, rowOf("standard", "A", 1)).Event.ID, o.event}
	_, err := o.organizers.CreatePromotion(t.Context(), o.by, p)
	require.Equal(t, "event_ids[1]", requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field, "another organizer's event")
	made, err := o.organizers.CreatePromotion(t.Context(), o.by, newPromotion("SPRING"))
	require.NoError(t, err)
	early := made.Terms.ValidFrom.Add(-time.Hour)
	for field, change := range map[string]boxoffice.PromotionChange{
		"event_ids[1]": {EventIDs: &p.Terms.EventIDs}, "valid_until": {ValidUntil: &early},
	} {
		_, err = o.organizers.ChangePromotion(t.Context(), o.by, made.ID, change)
		require.Equal(t, field, requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field)
	}
	o.exec(t, `INSERT INTO promotions (id, owner_id, code, percent) SELECT gen_random_uuid(), $1, 'CODE-' || n, 1 FROM generate_series(2, $2) n`,
		o.by.UserID, boxoffice.MaxPromotions)
	_, err = o.organizers.CreatePromotion(t.Context(), o.by, newPromotion("TOO-MANY"))
	requireCode(t, boxoffice.CodeTooMany, err)
}

// TestPromotions_CountTheirUses brings bookings with a code to every end.
func TestPromotions_CountTheirUses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 7))
	o.exec(t, `UPDATE events SET refund_hours = 0, refund_percent = 100 WHERE id = $1`, event)
	p, err := o.organizers.CreatePromotion(t.Context(), o.by, newPromotion("SPRING"))
	require.NoError(t, err)
	sell := func(tickets ...string) scene {
		s := o.reduced(t, o.addUser(t), "SPRING", tickets...)
		o.pay(t, o.checkout(t, s.Booking))
		o.finish(t, s.Booking, boxoffice.BookingCompleted)
		return s
	}
	o.reduced(t, o.addUser(t), "SPRING", tickets[0])
	lapsed := o.reduced(t, o.addUser(t), "SPRING", tickets[1])
	o.passDeadline(t, lapsed.ID)
	o.finish(t, lapsed.Booking, boxoffice.BookingExpired)
	o.giveBack(t, sell(tickets[2], tickets[3]), tickets[2])
	o.giveBack(t, sell(tickets[4]))
	sell(tickets[5])
	read, err := o.organizers.Promotion(t.Context(), o.by.UserID, p.ID)
	require.NoError(t, err)
	require.Equal(t, boxoffice.PromotionUse{Held: 1, Sold: 2, GivenMinor: map[string]int64{"USD": 363 + 362}}, read.Used)
}

func TestPromotions_ByPages(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var want []string
	for i := range 5 {
		want = append(want, fmt.Sprintf("CODE-%d", i))
		_, err := o.organizers.CreatePromotion(t.Context(), o.by, newPromotion(want[i]))
		require.NoError(t, err)
	}
	var got []string
	for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
		page, next, err := o.organizers.Promotions(t.Context(), boxoffice.OrganizerPage{UserID: o.by.UserID, Cursor: cursor, Limit: 2})
		require.NoError(t, err)
		for _, p := range page {
			got = append(got, p.Code)
		}
		cursor = next
	}
	require.Equal(t, want, got)
	page, _, err := o.organizers.Promotions(t.Context(), boxoffice.OrganizerPage{UserID: o.by.UserID, Search: "code-3", Limit: 2})
	require.NoError(t, err)
	require.Len(t, page, 1)
	_, _, err = o.organizers.Promotions(t.Context(), boxoffice.OrganizerPage{UserID: o.by.UserID, Cursor: "x", Limit: 2})
	requireCode(t, boxoffice.CodeInvalid, err)
}
