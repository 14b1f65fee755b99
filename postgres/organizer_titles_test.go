package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// outbox empties the search outbox and gives what was in it.
func (o *office) outbox(t testing.TB) []string {
	t.Helper()
	return one[[]string](t, o.house, `WITH queued AS (DELETE FROM search_outbox RETURNING seq, event_id)
		SELECT coalesce(array_agg(event_id::text ORDER BY seq), '{}') FROM queued`)
}

// TestChangeTitle changes a title, with its kind the type of its events, and queues those that are to come.
func TestChangeTitle(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, _ := o.onSale(t, rowOf("standard", "A", 1))
	past, _ := o.onSale(t, rowOf("standard", "A", 1))
	o.exec(t, `UPDATE events SET starts_at = starts_at - interval '30 days', ends_at = ends_at - interval '30 days' WHERE id = $1`, past)
	o.outbox(t)
	name, kind, year, none := "Ghost: the play", "play", 2011, 0
	want := boxoffice.Title{ID: o.title.ID, OwnerID: o.by.UserID, Name: name, Kind: kind, Year: year}
	for range 2 {
		changed, err := o.organizers.ChangeTitle(t.Context(), o.by, o.title.ID,
			boxoffice.TitleChange{Name: &name, Kind: &kind, Year: &year, RuntimeMinutes: &none})
		require.NoError(t, err)
		require.Equal(t, want, changed)
	}
	got, err := o.organizers.TitleToUse(t.Context(), o.by.UserID, o.title.ID)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, "play", o.own(t, event).Event.Type)
	require.Equal(t, []string{event}, o.outbox(t), "once, and not the one of the past")
	require.Equal(t, []string{`{"Kind": "film", "Name": "Ghost", "Year": 0, "RuntimeMinutes": 127} {"Kind": "play", "Name": "Ghost: the play", "Year": 2011, "RuntimeMinutes": 0}`},
		one[[]string](t, o.house, `SELECT array_agg(before::text || ' ' || after::text) FROM audit_log WHERE action = 'change' AND actor = $1`, o.by.UserID))
	show, err := o.db.Catalogue().TitleShowtimes(t.Context(), o.title.ID)
	require.NoError(t, err)
	require.Equal(t, want, show.Title)
}

func TestChangeVenue(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, _ := o.onSale(t, rowOf("standard", "A", 1))
	o.outbox(t)
	name, lat := "The Senator", 39.73
	changed, err := o.organizers.ChangeVenue(t.Context(), o.by, o.venue.ID, boxoffice.VenueChange{Name: &name, Lat: &lat})
	require.NoError(t, err)
	want := o.venue
	want.Name, want.Lat = name, lat
	require.Equal(t, want, changed)
	require.Equal(t, want, o.own(t, event).Event.Venue)
	require.Equal(t, []string{event}, o.outbox(t))
}

// failure is the error of an act whose answer nobody needs.
func failure[T any](_ T, err error) error { return err }

// TestOrganizers_WhatIsSomebodyElses asks for everything of one organizer as another: it is not there.
func TestOrganizers_WhatIsSomebodyElses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	event, tickets := o.onSale(t, rowOf("standard", "A", 1))
	draft := o.draft(t, rowOf("standard", "A", 1)).Event.ID
	other := boxoffice.By{UserID: o.addUser(t)}
	for name, act := range map[string]func(ctx context.Context, by boxoffice.By) error{
		"title": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.TitleToUse(ctx, by.UserID, o.title.ID))
		},
		"change title": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.ChangeTitle(ctx, by, o.title.ID, boxoffice.TitleChange{}))
		},
		"change venue": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.ChangeVenue(ctx, by, o.venue.ID, boxoffice.VenueChange{}))
		},
		"plans": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.SeatPlans(ctx, by.UserID, o.venue.ID))
		},
		"plan": func(ctx context.Context, by boxoffice.By) error {
			_, _, err := o.organizers.PlanOf(ctx, by.UserID, o.venue.ID, "")
			return err
		},
		"add plan": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.AddSeatPlan(ctx, by, boxoffice.SeatPlanVersion{VenueID: o.venue.ID, Hash: o.plan}, []byte("{}")))
		},
		"create": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.CreateEvent(ctx, by, o.newEvent(map[string]int64{"standard": 1}), rowOf("standard", "A", 1)))
		},
		"event": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.OwnEvent(ctx, by.UserID, event))
		},
		"draft": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.OwnEvent(ctx, by.UserID, draft))
		},
		"publish": func(ctx context.Context, by boxoffice.By) error { return failure(o.organizers.Publish(ctx, by, draft)) },
		"delete":  func(ctx context.Context, by boxoffice.By) error { return o.organizers.DeleteDraft(ctx, by, draft) },
		"change": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.ChangeEvent(ctx, by, event, boxoffice.EventChange{}, nil))
		},
		"prices": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.SetPrices(ctx, by, event, map[string]int64{"standard": 1}))
		},
		"block": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.BlockSeats(ctx, by, event, tickets))
		},
		"release": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.ReleaseSeats(ctx, by, event, tickets))
		},
		"sales": func(ctx context.Context, by boxoffice.By) error {
			return failure(o.organizers.Sales(ctx, by.UserID, event))
		},
		"guests": func(ctx context.Context, by boxoffice.By) error {
			return o.organizers.Guests(ctx, by.UserID, event, func(boxoffice.Guest) error { return nil })
		},
	} {
		require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(act(t.Context(), other)), name)
		if name != "delete" {
			require.NoError(t, act(t.Context(), o.by), "%s, as its owner", name)
		}
	}
	titles, _, err := o.organizers.Titles(t.Context(), boxoffice.OrganizerPage{UserID: other.UserID, Search: "El Rey", Limit: 10})
	require.NoError(t, err)
	require.Empty(t, titles)
	events, _, err := o.organizers.OwnEvents(t.Context(), boxoffice.OrganizerPage{UserID: other.UserID, Limit: 10})
	require.NoError(t, err)
	require.Empty(t, events)
}

// TestOrganizers_WhatIsNobodys uses a title and a venue that came without an owner; changing them is refused.
func TestOrganizers_WhatIsNobodys(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	title := one[string](t, o.house, `SELECT id::text FROM titles WHERE owner_id IS NULL`)
	venue := one[string](t, o.house, `SELECT id::text FROM venues WHERE owner_id IS NULL`)
	plans, err := o.organizers.SeatPlans(t.Context(), o.by.UserID, venue)
	require.NoError(t, err)
	require.Len(t, plans, 1)
	e := o.newEvent(map[string]int64{"standard": 1})
	e.TitleID, e.VenueID = title, venue
	_, err = o.organizers.CreateEvent(t.Context(), o.by, e, rowOf("standard", "A", 1))
	require.Equal(t, "plan_hash", requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field, "a plan of another venue")
	e.PlanHash = plans[0].Hash
	_, err = o.organizers.CreateEvent(t.Context(), o.by, e, rowOf("standard", "A", 1))
	require.NoError(t, err)

	name := "Mine"
	_, err = o.organizers.ChangeTitle(t.Context(), o.by, title, boxoffice.TitleChange{Name: &name})
	requireCode(t, boxoffice.CodeForbidden, err)
	_, err = o.organizers.ChangeVenue(t.Context(), o.by, venue, boxoffice.VenueChange{Name: &name})
	requireCode(t, boxoffice.CodeForbidden, err)
	_, err = o.organizers.AddSeatPlan(t.Context(), o.by, boxoffice.SeatPlanVersion{VenueID: venue, Hash: o.plan}, []byte("{}"))
	requireCode(t, boxoffice.CodeForbidden, err)
}

// TestAddSeatPlan_CountsVersions adds plans one after the other, one of them twice and by two at once.
func TestAddSeatPlan_CountsVersions(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	second := o.addPlan(t, "second", 7)
	require.Equal(t, o.plan, o.addPlan(t, "first", 2))
	const requests = 8
	versions := make([]boxoffice.SeatPlanVersion, requests)
	errs := make([]error, requests)
	atOnce(requests, func(i int) {
		versions[i], errs[i] = o.organizers.AddSeatPlan(t.Context(), o.by,
			boxoffice.SeatPlanVersion{VenueID: o.venue.ID, Hash: strings.Repeat("ab", 32), Name: "third", Seats: 9, Categories: []string{"a", "b"}}, []byte("{}"))
	})
	for i := range requests {
		require.NoError(t, errs[i])
		require.Equal(t, versions[0], versions[i])
	}
	plans, err := o.organizers.SeatPlans(t.Context(), o.by.UserID, o.venue.ID)
	require.NoError(t, err)
	require.Len(t, plans, 3)
	require.Equal(t, versions[0], plans[0])
	require.Equal(t, []string{"a", "b"}, plans[0].Categories)
	require.Equal(t, []any{second, 2, 7}, []any{plans[1].Hash, plans[1].Version, plans[1].Seats})

	plan, version, err := o.organizers.PlanOf(t.Context(), o.by.UserID, o.venue.ID, second)
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"second"}`, string(plan))
	require.Equal(t, plans[1], version)
	_, version, err = o.organizers.PlanOf(t.Context(), o.by.UserID, o.venue.ID, "")
	require.NoError(t, err)
	require.Equal(t, plans[0], version)
	for _, hash := range []string{"x", strings.Repeat("cd", 32)} {
		_, _, err = o.organizers.PlanOf(t.Context(), o.by.UserID, o.venue.ID, hash)
		requireCode(t, boxoffice.CodeNotFound, err)
	}

	o.exec(t, `INSERT INTO seat_plans (venue_id, version, hash, plan) SELECT $1, n, sha256(n::text::bytea), '{}' FROM generate_series(4, $2::int) AS n`,
		o.venue.ID, boxoffice.MaxPlanVersions)
	_, err = o.organizers.AddSeatPlan(t.Context(), o.by, boxoffice.SeatPlanVersion{VenueID: o.venue.ID, Hash: strings.Repeat("cd", 32)}, []byte("{}"))
	requireCode(t, boxoffice.CodeTooMany, err)
}

// TestOrganizers_Lists reads every list by pages of two, and searches it.
func TestOrganizers_Lists(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, name := range []string{"alien", "Zodiac", "100% Wolf", "ghost", "Big"} {
		_, err := o.organizers.CreateTitle(t.Context(), o.by, boxoffice.Title{Name: name, Kind: "film"})
		require.NoError(t, err)
		_, err = o.organizers.CreateVenue(t.Context(), o.by, boxoffice.Venue{Name: name, City: "Chico", State: "CA", TimeZone: "UTC"})
		require.NoError(t, err)
	}
	titles := func(search string) []string {
		return allPages(t, o, search, o.organizers.Titles, func(x boxoffice.Title) string { return x.Name })
	}
	all := titles("")
	require.Len(t, all, 7, "with nobody's")
	require.Equal(t, one[[]string](t, o.house, `SELECT array_agg(name ORDER BY lower(name), id) FROM titles`), all)
	require.ElementsMatch(t, []string{"Ghost", "ghost", "Ghost"}, titles("hOS"))
	require.Equal(t, []string{"100% Wolf"}, titles("%"))
	require.Empty(t, titles("_"))
	venues := allPages(t, o, "", o.organizers.Venues, func(x boxoffice.Venue) string { return x.Name })
	require.Equal(t, one[[]string](t, o.house, `SELECT array_agg(name ORDER BY lower(name), id) FROM venues`), venues)

	for i := range 5 {
		e := o.newEvent(map[string]int64{"standard": 1})
		e.StartsAt, e.EndsAt = e.StartsAt.Add(time.Duration(i/2)*time.Hour), e.EndsAt.Add(5*time.Hour)
		_, err := o.organizers.CreateEvent(t.Context(), o.by, e, rowOf("standard", "A", i+1))
		require.NoError(t, err)
	}
	seats := allPages(t, o, "GHOST", o.organizers.OwnEvents, func(x boxoffice.OwnEvent) int { return x.Seats.Available })
	require.Equal(t, []int{5, 4, 3, 2, 1}, seats)
	for status, n := range map[boxoffice.EventStatus]int{boxoffice.EventDraft: 5, boxoffice.EventOnSale: 0} {
		events, _, err := o.organizers.OwnEvents(t.Context(), boxoffice.OrganizerPage{UserID: o.by.UserID, Status: status, Limit: 100})
		require.NoError(t, err)
		require.Len(t, events, n)
	}
}

// allPages reads a list to its end, and asserts that no page is longer than two.
func allPages[T, V any](t *testing.T, o *office, search string,
	list func(context.Context, boxoffice.OrganizerPage) ([]T, string, error), value func(T) V,
) (all []V) {
	t.Helper()
	for cursor := ""; ; {
		page, next, err := list(t.Context(), boxoffice.OrganizerPage{UserID: o.by.UserID, Search: search, Cursor: cursor, Limit: 2})
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), 2)
		for _, x := range page {
			all = append(all, value(x))
		}
		if cursor = next; next == "" {
			return all
		}
	}
}

func TestOrganizers_BadInput(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	pages := map[string]boxoffice.OrganizerPage{"limit": {}, "search": {Limit: 1, Search: "\x00"}, "cursor": {Limit: 1, Cursor: "x"}}
	for field, page := range pages {
		page.UserID = o.by.UserID
		_, _, err := o.organizers.Titles(t.Context(), page)
		require.Equal(t, field, requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field)
		_, _, err = o.organizers.Venues(t.Context(), page)
		require.Equal(t, field, requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field)
		_, _, err = o.organizers.OwnEvents(t.Context(), page)
		require.Equal(t, field, requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field)
	}
	_, _, err := o.organizers.OwnEvents(t.Context(), boxoffice.OrganizerPage{UserID: o.by.UserID, Limit: 1, Status: "gone"})
	requireCode(t, boxoffice.CodeInvalid, err)
	for field, title := range map[string]boxoffice.Title{
		"name": {Name: "a\x00", Kind: "film"}, "kind": {Name: "a"}, "genre": {Name: "a", Kind: "b", Genre: "\xff"}, "year": {Name: "a", Kind: "b", Year: 1},
		"runtime_minutes": {Name: "a", Kind: "b", RuntimeMinutes: -1}, "director": {Name: "a", Kind: "b", Director: strings.Repeat("x", 2000)},
	} {
		_, err := o.organizers.CreateTitle(t.Context(), o.by, title)
		require.Equal(t, field, requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field)
	}
	for field, change := range map[string]func(*boxoffice.Venue){
		"name": func(v *boxoffice.Venue) { v.Name = "" }, "state": func(v *boxoffice.Venue) { v.State = "C" }, "lat": func(v *boxoffice.Venue) { v.Lat = 91 },
		"lon": func(v *boxoffice.Venue) { v.Lon = -181 }, "city": func(v *boxoffice.Venue) { v.City = "" },
	} {
		v := o.venue
		change(&v)
		_, err := o.organizers.CreateVenue(t.Context(), o.by, v)
		require.Equal(t, field, requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field)
	}
	for _, zone := range []string{"", "Local", "Mars/Olympus", "PST8", "+3"} {
		v := o.venue
		v.TimeZone = zone
		_, err := o.organizers.CreateVenue(t.Context(), o.by, v)
		require.Equal(t, "time_zone", requireCode(t, boxoffice.CodeInvalid, err).Fields[0].Field, zone)
	}
}
