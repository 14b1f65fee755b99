package api

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// smallPlan is a hall of one row.
func smallPlan(name string, seats int) string {
	var list []string
	for n := range seats {
		list = append(list, fmt.Sprintf(`{"category":"standard","number":%d,"x":%d,"y":400}`, n+1, 100+55*n))
	}
	return fmt.Sprintf(`{"format":1,"name":%q,"width":%d,"height":600,"categories":["standard"],
		"stage":{"label":"Screen","x":50,"y":0,"width":100,"height":50},
		"sections":[{"name":"Stalls","rows":[{"label":"C","seats":[%s]}]}]}`, name, 300+55*seats, strings.Join(list, ","))
}

func newEventBody(more string) string {
	return `{"title_id":"` + titleID + `","venue_id":"` + venueID + `","currency":"USD",` + more + `}`
}

// goodEventBody is a request that is right in everything.
func goodEventBody() string {
	return newEventBody(`"starts_at":"2032-12-04T19:30:00-08:00","prices":{"standard":1450}`)
}

// organizerBodies are bodies that the organizer's writes accept, by route.
func organizerBodies() map[string]string {
	return map[string]string{
		"POST /titles":                            `{"name":"Ghost","kind":"film","year":1990}`,
		"PATCH /titles/{id}":                      `{"name":"Ghost, again"}`,
		"POST /venues":                            `{"name":"El Rey","city":"Chico","state":"CA","time_zone":"America/Los_Angeles","lat":39.73,"lon":-121.84}`,
		"PATCH /venues/{id}":                      `{"name":"El Rey Theatre"}`,
		"POST /venues/{id}/seat-plans":            smallPlan("Screen 2", 12),
		"POST /events":                            goodEventBody(),
		"PATCH /events/{id}":                      `{"name":"Ghost, again"}`,
		"POST /promotions":                        `{"code":"SPRING-25","percent":25}`,
		"PATCH /promotions/{id}":                  `{"active":false}`,
		"PUT /events/{id}/prices":                 `{"prices":{"standard":1500}}`,
		"POST /events/{id}/seats/block":           `{"ticket_ids":["` + ticketID + `"]}`,
		"POST /events/{id}/seats/release":         `{"ticket_ids":["` + ticketID + `"]}`,
		"POST /events/{id}/cancel":                `{"name":"Ghost","reason":"The singer is ill."}`,
		"POST /events/{id}/cancellation/throttle": `{"per_second":10}`,
	}
}

// joinOrganizer opens a session of somebody who may put on events.
func (b *bundle) joinOrganizer(name string) string {
	token := b.users.join(name)
	b.users.mu.Lock()
	defer b.users.mu.Unlock()
	user := b.users.users[name]
	user.Role = boxoffice.RoleOrganizer
	b.users.users[name] = user
	return token
}

func TestAnEventIsReadFromItsRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := jsonOf("/events", newEventBody(`"plan_hash":"`+planHash+`","name":"Ghost","starts_at":"2032-12-04T19:30:00-08:00",
		"ends_at":"2032-12-04T21:30:00-08:00","sales_open_at":"2026-12-04T19:30:00Z","sales_close_at":"2032-12-05T03:30:00Z","prices":{"standard":1450},"booking_fee_minor":150,
		"refund":{"hours":24,"percent":80}`),
		"Idempotency-Key", "k1")
	in.token = b.joinOrganizer("olga")
	got := b.do(t, in)
	require.Equal(t, http.StatusCreated, got.status, string(got.body))
	require.Equal(t, "/organizer/events/"+eventID, got.header.Get("Location"))
	start := time.Date(2032, 12, 5, 3, 30, 0, 0, time.UTC)
	require.Equal(t, boxoffice.NewEvent{
		TitleID: titleID, VenueID: venueID, PlanHash: planHash, Name: "Ghost", StartsAt: start, EndsAt: start.Add(2 * time.Hour),
		SalesOpenAt: time.Date(2026, 12, 4, 19, 30, 0, 0, time.UTC), SalesCloseAt: start, Currency: "USD", Prices: map[string]int64{"standard": 1450}, BookingFeeMinor: 150,
		Refund: boxoffice.RefundPolicy{Hours: 24, Percent: 80},
	}, b.organizers.event)
	require.Equal(t, "k1", b.organizers.by.Key.Key)
	require.Equal(t, "POST /events", b.organizers.by.Key.Route)
}

func TestAChangeSaysOnlyWhatItNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := request{method: "PATCH", path: "/events/" + eventID, body: `{"ends_at":"2032-12-04T21:30:00-08:00"}`, token: b.joinOrganizer("olga")}
	require.Equal(t, http.StatusOK, b.do(t, in).status)
	ends := time.Date(2032, 12, 5, 5, 30, 0, 0, time.UTC)
	require.Equal(t, boxoffice.EventChange{EndsAt: &ends}, b.organizers.change)

	for body, refund := range map[string]boxoffice.RefundPolicy{
		`{"refund":null}`: {}, `{"refund":{"hours":0,"percent":100}}`: {Percent: 100}, `{"refund":{"percent":80,"hours":24}}`: {Hours: 24, Percent: 80},
	} {
		in.body = body
		require.Equal(t, http.StatusOK, b.do(t, in).status, body)
		require.Equal(t, boxoffice.EventChange{Refund: &refund}, b.organizers.change)
	}
}

func TestBuyersSeeOnWhatTerms(t *testing.T) {
	t.Parallel()
	require.Nil(t, viewEvent(boxoffice.Event{}).Refund)
	require.Equal(t, &RefundPolicy{Hours: 2, Percent: 100}, viewEvent(boxoffice.Event{Refund: boxoffice.RefundPolicy{Hours: 2, Percent: 100}}).Refund)
}

func TestADraftTellsHowToPublishIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.joinOrganizer("olga")
	var draft, published OwnEvent
	b.do(t, request{method: "GET", path: "/organizer/events/" + eventID, token: token}).json(&draft)
	require.Equal(t, "/events/"+eventID+"/publish", draft.Links.Publish)
	b.do(t, request{method: "POST", path: draft.Links.Publish, token: token}).json(&published)
	require.Empty(t, published.Links.Publish)
}

func TestTheGuestListIsAFileThatNoSpreadsheetRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seat := boxoffice.Ticket{Section: "Stalls", Row: "-C", Number: 12, Category: "standard", PriceMinor: 1450}
	for _, name := range []string{`=cmd|'/c calc'!A1`, "+1", "-1", "@SUM(1)", "\tx", "＝1", `quo"te, and comma`, "line\r\nbreak", "ada"} {
		b.organizers.guests = append(b.organizers.guests, boxoffice.Guest{
			Reference: "7KQ2M9XD", Username: name, Email: "ada@example.com", Ticket: seat, Currency: "USD", BookedAt: time.Unix(0, 0),
		})
	}
	got := b.do(t, request{method: "GET", path: "/events/" + eventID + "/guests.csv", token: b.joinOrganizer("olga")})
	require.Equal(t, "text/csv; charset=utf-8", got.header.Get("Content-Type"))
	require.Equal(t, `attachment; filename="guests-`+eventID+`.csv"`, got.header.Get("Content-Disposition"))
	require.Equal(t, "private, no-store", got.header.Get("Cache-Control"))
	lines, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 10)
	require.Equal(t, []string{"7KQ2M9XD", "ada", "ada@example.com", "Stalls", "'-C", "12", "standard", "false", "14.50", "USD", "1970-01-01T00:00:00Z"}, lines[9])
	for _, line := range lines {
		for _, cell := range line {
			require.NotContains(t, "=+-@\t＝", string([]rune(cell + " ")[0]), cell)
		}
	}
	b.organizers.err = boxoffice.Errorf(boxoffice.CodeUnavailable, "The database is away.")
	b.do(t, request{method: "GET", path: "/events/" + eventID + "/guests.csv", token: b.joinOrganizer("olga")}).problem(503, "unavailable")
}

func TestOnlyOrganizersPutOnEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, r := range b.routes() {
		if r.access != organizer {
			continue
		}
		in := exampleOf(r.method, r.path)
		b.do(t, in).problem(http.StatusUnauthorized, "unauthenticated")
		in.token = b.users.join("ada")
		b.do(t, in).problem(http.StatusForbidden, "forbidden")
		in.token = b.joinOrganizer("olga")
		require.Less(t, b.do(t, in).status, 300, r.path)
	}
}

func TestAPlanMayBeLargerThanOtherBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := jsonOf("/venues/"+venueID+"/seat-plans", strings.Repeat(" ", maxPlanBody))
	in.token = b.joinOrganizer("olga")
	require.Equal(t, http.StatusCreated, b.do(t, in).status)
	require.Len(t, b.organizers.plan, maxPlanBody)
	in.body += " "
	b.do(t, in).problem(http.StatusRequestEntityTooLarge, "too-large")
}
