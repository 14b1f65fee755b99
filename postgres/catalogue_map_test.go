package postgres_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/seatplan"
)

func TestSeatStatus_NamesAccessibleSeats(t *testing.T) {
	t.Parallel()
	_, db, catalogue := seeded(t, 1, 1)
	event, tickets := catalogue.Event(0)
	status, err := db.Catalogue().SeatStatus(t.Context(), event.ID, "")
	require.NoError(t, err)
	for i, ticket := range tickets {
		require.Equal(t, ticket.ID, status.TicketIDs[i])
		require.Equal(t, ticket.Accessible, status.Accessible[i])
		require.Equal(t, ticket.PriceMinor, status.Prices[i])
	}
}

// requireSameMap asserts that the map, the columns and the states that a stream polls tell the same of each place, and gives
// the map.
func requireSameMap(t *testing.T, db *postgres.DB, eventID string, plan seatplan.Plan) boxoffice.SeatMap {
	t.Helper()
	m, err := db.Catalogue().SeatMap(t.Context(), eventID)
	require.NoError(t, err)
	columns, err := db.Catalogue().SeatStatus(t.Context(), eventID, "")
	require.NoError(t, err)
	states, err := db.Catalogue().SeatStates(t.Context(), eventID, "")
	require.NoError(t, err)
	require.Equal(t, m.Layout, columns.Layout)
	require.Equal(t, m.Layout, states.Layout)
	require.Equal(t, len(m.States), states.Seats.Size)
	for i, place := range states.Seats.Of {
		if place >= 0 {
			require.Equal(t, m.States[place], states.Letters[i])
		}
	}
	at, seat := 0, 0
	for place := range plan.Places() {
		if m.States[at] == boxoffice.NoSeat {
			require.Equal(t, -1, m.OfferOf[at])
			at++
			continue
		}
		require.Equal(t, place, seatplan.Place{
			Section: columns.Sections[seat], Row: columns.Rows[seat], Number: columns.Numbers[seat],
			Category: columns.Categories[seat], Accessible: columns.Accessible[seat],
		})
		require.Equal(t, string(columns.States[seat])[:1], string(m.States[at]))
		require.Equal(t, boxoffice.SeatOffer{
			Category: columns.Categories[seat], PriceMinor: columns.Prices[seat], TotalMinor: columns.Totals[seat],
		}, m.Offers[m.OfferOf[at]])
		at, seat = at+1, seat+1
	}
	require.Len(t, m.States, at)
	require.Len(t, columns.TicketIDs, seat)
	return m
}

func TestSeatMap_HasTheOrderOfThePlan(t *testing.T) {
	t.Parallel()
	base, db, event := arenaEvent(t, 10_000)
	execute(t, base, `UPDATE tickets SET state = 'blocked' WHERE event_id = $1 AND number % 7 = 3`, event.ID)
	execute(t, base, `UPDATE events SET booking_fee_minor = 150 WHERE id = $1`, event.ID)
	execute(t, base, `UPDATE tickets SET price_minor = 0 WHERE event_id = $1 AND number = 1`, event.ID)
	m := requireSameMap(t, db, event.ID, seatplan.Arena(""))
	require.Equal(t, event.PlanHash, m.PlanHash)
	require.Len(t, m.States, 10_000)
	for _, offer := range m.Offers {
		require.Equal(t, offer.PriceMinor+boxoffice.TicketFee(offer.PriceMinor, 150), offer.TotalMinor)
		require.Equal(t, offer.PriceMinor == 0, offer.TotalMinor == 0, "what is free of charge is free of fees")
	}
	require.Less(t, len(m.Offers), 20)
}

// The plan is read by section, row and number; whatever tickets an event has, all ways to see them agree.
func TestSeatMap_OfOtherTicketsThanThePlanHas(t *testing.T) {
	t.Parallel()
	plan := rowsOf("ssss", "ssw")
	h, seats := newHallHouse(t, plan)
	h.exec(t, `UPDATE tickets SET state = 'withdrawn' WHERE id = $1`, seats("A2")[0])
	h.exec(t, `UPDATE tickets SET row = 'Z' WHERE id = $1`, seats("B1")[0])
	h.hold(t, h.addUser(t), seats("B2")...)
	require.Equal(t, "a-aa-ha", string(requireSameMap(t, h.db, h.event, plan).States))
}

// What a sale does not change of the seats is kept from one reading to the next; an organizer changes it all the same.
func TestSeatMap_AfterTheSeatsChanged(t *testing.T) {
	t.Parallel()
	plan, next := rowsOf("ss", "ss"), rowsOf("ss", "s")
	h, seats := newHallHouse(t, plan)
	o, by := h.db.Organizers(), boxoffice.By{UserID: one[string](t, h, `SELECT owner_id::text FROM events`)}
	h.exec(t, `UPDATE venues SET owner_id = $1`, by.UserID)
	before := requireSameMap(t, h.db, h.event, plan)
	h.hold(t, h.addUser(t), seats("A1")...)
	held := requireSameMap(t, h.db, h.event, plan)
	require.Equal(t, before.Layout, held.Layout)
	require.Equal(t, "haaa", string(held.States))

	_, err := o.SetPrices(t.Context(), by, h.event, map[string]int64{"standard": 1900})
	require.NoError(t, err)
	require.EqualValues(t, 1900, requireSameMap(t, h.db, h.event, plan).Offers[0].TotalMinor)
	fee := int64(150)
	_, err = o.ChangeEvent(t.Context(), by, h.event, boxoffice.EventChange{BookingFeeMinor: &fee}, nil)
	require.NoError(t, err)
	require.EqualValues(t, 2050, requireSameMap(t, h.db, h.event, plan).Offers[0].TotalMinor)

	canonical, err := next.Canonical()
	require.NoError(t, err)
	hash := fmt.Sprintf("%x", sha256.Sum256(canonical))
	_, err = o.AddSeatPlan(t.Context(), by, boxoffice.SeatPlanVersion{
		VenueID: one[string](t, h, `SELECT venue_id::text FROM events`), Hash: hash, Name: "next", Seats: 3, Categories: next.Categories,
	}, canonical)
	require.NoError(t, err)
	var places []boxoffice.Ticket
	for p := range next.Places() {
		places = append(places, boxoffice.Ticket{Section: p.Section, Row: p.Row, Number: p.Number, Category: p.Category})
	}
	_, err = o.ChangeEvent(t.Context(), by, h.event, boxoffice.EventChange{PlanHash: &hash}, places)
	require.NoError(t, err)
	require.Equal(t, "haa", string(requireSameMap(t, h.db, h.event, next).States))
}

func TestSeatStatus_OfASection(t *testing.T) {
	t.Parallel()
	_, db, event := arenaEvent(t, 10_000)
	all, err := db.Catalogue().SeatStatus(t.Context(), event.ID, "")
	require.NoError(t, err)
	section := all.Sections[5000]
	some, err := db.Catalogue().SeatStatus(t.Context(), event.ID, section)
	require.NoError(t, err)
	var want []string
	for i, id := range all.TicketIDs {
		if all.Sections[i] == section {
			want = append(want, id)
		}
	}
	require.Equal(t, want, some.TicketIDs)
	require.Less(t, len(want), len(all.TicketIDs))
	require.NotEmpty(t, all.Layout)
	require.Equal(t, all.Layout, some.Layout, "it is that of all seats")
	_, err = db.Catalogue().SeatStatus(t.Context(), event.ID, "Roof")
	requireField(t, "section", err, "Roof")
}

func TestSeatMap_OfWhatIsNotShown(t *testing.T) {
	t.Parallel()
	h, _ := newHallHouse(t, rowsOf("ss"))
	h.exec(t, `UPDATE events SET status = 'draft'`)
	for _, id := range []string{newID(t), "x", h.event} {
		_, err := h.db.Catalogue().SeatMap(t.Context(), id)
		requireCode(t, boxoffice.CodeNotFound, err)
		_, err = h.db.Catalogue().SeatStatus(t.Context(), id, "Stalls")
		requireCode(t, boxoffice.CodeNotFound, err)
	}
}

// A place to stand is a ticket like others: without a row, numbered from 1.
func TestSeatStatus_ShowsPlacesToStand(t *testing.T) {
	t.Parallel()
	_, db, event := arenaEvent(t, 10_000)
	status, err := db.Catalogue().SeatStatus(t.Context(), event.ID, "")
	require.NoError(t, err)
	standing := 0
	for i, section := range status.Sections {
		if section == "Floor" {
			standing++
			require.Empty(t, status.Rows[i])
			require.Equal(t, standing, status.Numbers[i])
			require.Equal(t, seatplan.Floor, status.Categories[i])
		} else {
			require.NotEmpty(t, status.Rows[i])
		}
	}
	require.Equal(t, seatplan.Arena("").Counts().Standing, standing)
}

// The bar is 30 ms for 10,000 seats.
func BenchmarkSeatStatus10000(b *testing.B) { benchmarkArena(b, 10_000, seatStatus(b, "")) }

func BenchmarkSeatStatus20000(b *testing.B) { benchmarkArena(b, 20_000, seatStatus(b, "")) }

func BenchmarkSeatStatusOfASection(b *testing.B) { benchmarkArena(b, 20_000, seatStatus(b, "Floor")) }

func seatStatus(b *testing.B, section string) func(*postgres.DB, boxoffice.Event) error {
	b.Helper()
	return func(db *postgres.DB, event boxoffice.Event) error {
		_, err := db.Catalogue().SeatStatus(b.Context(), event.ID, section)
		return err
	}
}

func BenchmarkSeatMap10000(b *testing.B) { benchmarkSeatMap(b, 10_000) }

func BenchmarkSeatMap20000(b *testing.B) { benchmarkSeatMap(b, 20_000) }

func benchmarkSeatMap(b *testing.B, capacity int) {
	benchmarkArena(b, capacity, func(db *postgres.DB, event boxoffice.Event) error {
		_, err := db.Catalogue().SeatMap(b.Context(), event.ID)
		return err
	})
}
