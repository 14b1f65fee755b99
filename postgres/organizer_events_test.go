package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// TestCreateEvent_MakesADraft shows a draft to its organizer and to nobody else, and puts it on sale.
func TestCreateEvent_MakesADraft(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	want := o.newEvent(map[string]int64{"standard": seatPrice})
	e := o.draft(t, rowOf("standard", "A", 3))
	require.Equal(t, boxoffice.EventDraft, e.Event.Status)
	require.Equal(t, o.by.UserID, e.Event.OwnerID)
	require.Equal(t, o.venue, e.Event.Venue)
	require.Equal(t, o.plan, e.Event.PlanHash)
	require.Equal(t, "film", e.Event.Type)
	require.WithinDuration(t, want.StartsAt, e.Event.StartsAt, time.Minute)
	require.Equal(t, 3, e.Event.Total)
	require.Equal(t, int64(seatPrice), e.Event.PriceFromMinor)
	require.Equal(t, map[string]int64{"standard": seatPrice}, e.Prices)
	require.Equal(t, boxoffice.SeatCounts{Available: 3}, e.Seats)
	require.Equal(t, e, o.own(t, e.Event.ID))

	_, err := o.db.Catalogue().SeatStatus(t.Context(), e.Event.ID)
	requireCode(t, boxoffice.CodeNotFound, err)
	tickets := o.ticketsOf(t, e.Event.ID)
	_, _, _, err = o.store.HoldSeats(t.Context(), boxoffice.HoldRequest{UserID: o.addUser(t), TicketIDs: tickets[:1]})
	requireCode(t, boxoffice.CodeNotOnSale, err)

	for range 2 {
		published, err := o.organizers.Publish(t.Context(), o.by, e.Event.ID)
		require.NoError(t, err)
		require.Equal(t, boxoffice.EventOnSale, published.Event.Status)
	}
	require.Equal(t, 1, one[int](t, o.house, `SELECT count(*) FROM audit_log WHERE action = 'publish' AND verified
		AND actor = $1 AND subject = 'event ' || $2 AND after = '{"status": "on_sale"}'`, o.by.UserID, e.Event.ID))
	o.hold(t, o.addUser(t), tickets...)
	require.Equal(t, boxoffice.SeatCounts{Held: 3}, o.own(t, e.Event.ID).Seats)
}
