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

	_, err := o.db.Catalogue().SeatStatus(t.Context(), e.Event.ID, "")
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

// TestCreateEvent_Refusals makes no event where something it needs is not there.
func TestCreateEvent_Refusals(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for code, change := range map[boxoffice.Code]func(*boxoffice.NewEvent){
		boxoffice.CodeNotFound: func(e *boxoffice.NewEvent) { e.VenueID = newID(t) },
		boxoffice.CodeInvalid:  func(e *boxoffice.NewEvent) { e.Prices = nil },
	} {
		e := o.newEvent(map[string]int64{"standard": seatPrice})
		change(&e)
		_, err := o.organizers.CreateEvent(t.Context(), o.by, e, rowOf("standard", "A", 1))
		requireCode(t, code, err)
	}
	_, err := o.organizers.CreateEvent(t.Context(), o.by, o.newEvent(nil), nil)
	requireCode(t, boxoffice.CodeInvalid, err)
	require.Zero(t, one[int](t, o.house, `SELECT count(*) FROM events WHERE owner_id = $1`, o.by.UserID))
}

// TestCreateEvent_TooManyDrafts makes a draft while another request of the same user makes the last that are allowed.
func TestCreateEvent_TooManyDrafts(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.draft(t, rowOf("standard", "A", 1))
	done := o.sitOn(t, `SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`, o.by.UserID)
	failed := make(chan error, 1)
	go func() {
		failed <- failure(o.organizers.CreateEvent(t.Context(), o.by, o.newEvent(map[string]int64{"standard": 1}), rowOf("standard", "A", 1)))
	}()
	o.waitUntilBlocked(t)
	o.exec(t, `INSERT INTO events (id, owner_id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, sales_open_at, sales_close_at, status,
			currency, seats, price_from_minor)
		SELECT gen_random_uuid(), owner_id, title_id, venue_id, plan_hash, name, type, starts_at, ends_at, sales_open_at, sales_close_at, status,
			currency, seats, price_from_minor FROM events, generate_series(1, $2::int) WHERE owner_id = $1`, o.by.UserID, boxoffice.MaxDrafts-1)
	done()
	requireCode(t, boxoffice.CodeTooMany, <-failed)
	o.exec(t, `DELETE FROM tickets t USING events e WHERE e.id = t.event_id AND e.owner_id = $1`, o.by.UserID)
	o.exec(t, `DELETE FROM events WHERE id IN (SELECT id FROM events WHERE owner_id = $1 LIMIT 1)`, o.by.UserID)
	o.draft(t, rowOf("standard", "A", 1))
}

// TestDeleteDraft deletes a draft with its tickets, and nothing that was published.
func TestDeleteDraft(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event := o.draft(t, rowOf("standard", "A", 3)).Event.ID
	o.outbox(t)
	require.NoError(t, o.organizers.DeleteDraft(t.Context(), o.by, event))
	require.Equal(t, []string{event}, o.outbox(t), "the search drops what it does not find")
	require.Zero(t, one[int](t, o.house, `SELECT count(*) FROM tickets WHERE event_id = $1`, event))
	requireCode(t, boxoffice.CodeNotFound, o.organizers.DeleteDraft(t.Context(), o.by, event))
	event, _ = o.onSale(t, rowOf("standard", "A", 1))
	requireCode(t, boxoffice.CodeEventState, o.organizers.DeleteDraft(t.Context(), o.by, event))
}

// TestPublish_Refusals publishes nothing that nobody could buy.
func TestPublish_Refusals(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event := o.draft(t, rowOf("standard", "A", 1)).Event.ID
	for _, wrong := range []string{
		`sales_open_at = now() - interval '2 days', sales_close_at = now() - interval '1 day'`, `starts_at = now() - interval '1 minute', sales_close_at = ends_at`,
		`status = 'cancelled'`, `status = 'past'`,
	} {
		o.exec(t, `UPDATE events SET `+wrong+` WHERE id = $1`, event)
		_, err := o.organizers.Publish(t.Context(), o.by, event)
		requireCode(t, boxoffice.CodeEventState, err)
	}
}

// TestOrganizers_DoOnceUnderAKey repeats each change under its key: the answer is the first one's, and nothing is done.
func TestOrganizers_DoOnceUnderAKey(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	by := func(route string) boxoffice.By {
		return boxoffice.By{UserID: o.by.UserID, Key: &boxoffice.IdempotencyKey{UserID: o.by.UserID, Route: route, Key: "k", BodyHash: []byte(route)}}
	}
	twice := func(route string, act func(by boxoffice.By) (any, error)) any {
		first, err := act(by(route))
		require.NoError(t, err, route)
		lines := one[int](t, o.house, `SELECT count(*) FROM audit_log`)
		again, err := act(by(route))
		require.NoError(t, err, route)
		require.Equal(t, first, again, route)
		require.Equal(t, lines, one[int](t, o.house, `SELECT count(*) FROM audit_log`), route)
		return first
	}
	twice("title", func(by boxoffice.By) (any, error) {
		return o.organizers.CreateTitle(t.Context(), by, boxoffice.Title{Name: "Big", Kind: "film"})
	})
	venue := o.venue
	venue.ID, venue.OwnerID = "", ""
	twice("venue", func(by boxoffice.By) (any, error) { return o.organizers.CreateVenue(t.Context(), by, venue) })
	event := twice("event", func(by boxoffice.By) (any, error) {
		return o.organizers.CreateEvent(t.Context(), by, o.newEvent(map[string]int64{"standard": seatPrice}), rowOf("standard", "A", 2))
	}).(boxoffice.OwnEvent).Event.ID
	require.Equal(t, 1, one[int](t, o.house, `SELECT count(*) FROM events WHERE owner_id = $1`, o.by.UserID))
	twice("publish", func(by boxoffice.By) (any, error) { return o.organizers.Publish(t.Context(), by, event) })
	tickets := o.ticketsOf(t, event)
	twice("block", func(by boxoffice.By) (any, error) { return o.organizers.BlockSeats(t.Context(), by, event, tickets) })
	twice("release", func(by boxoffice.By) (any, error) { return o.organizers.ReleaseSeats(t.Context(), by, event, tickets) })
	twice("prices", func(by boxoffice.By) (any, error) {
		return o.organizers.SetPrices(t.Context(), by, event, map[string]int64{"standard": 1})
	})
	draft := o.draft(t, rowOf("standard", "A", 1)).Event.ID
	twice("delete", func(by boxoffice.By) (any, error) { return nil, o.organizers.DeleteDraft(t.Context(), by, draft) })
	wrong := by("prices")
	wrong.Key.BodyHash = []byte("another")
	_, err := o.organizers.SetPrices(t.Context(), wrong, event, map[string]int64{"standard": 2})
	requireCode(t, boxoffice.CodeKeyReused, err)
}
