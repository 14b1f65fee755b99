package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// as makes a request of another method.
func as(method string, in request) request {
	in.method = method
	return in
}

// wrongTitles are titles and venues that cannot be.
func wrongTitles() []refusal {
	var all []refusal
	for _, c := range [][2]string{
		{`"name":""`, "name"}, {`"name":"   "`, "name"}, {`"name":"two\nlines"`, "name"}, {`"name":"\u0007"`, "name"}, {`"name":"a\u2028b"`, "name"},
		{`"name":"\u200b\u200b"`, "name"}, {`"name":"` + strings.Repeat("x", 201) + `"`, "name"}, {`"kind":"Film"`, "kind"}, {`"kind":"film; DROP"`, "kind"},
		{`"kind":""`, "kind"}, {`"year":1799`, "year"}, {`"year":2201`, "year"}, {`"year":-1`, "year"}, {`"year":1e9`, "year"}, {`"year":"1990"`, "year"},
		{`"runtime_minutes":-1`, "runtime_minutes"}, {`"runtime_minutes":1441`, "runtime_minutes"}, {`"genre":"` + strings.Repeat("g", 101) + `"`, "genre"},
		{`"rating":"` + strings.Repeat("r", 21) + `"`, "rating"}, {`"director":"a\r\nBcc: x"`, "director"}, {`"name":null`, "name"}, {`"owner_id":"` + otherID + `"`, "owner_id"},
		{`"id":"` + otherID + `"`, "id"}, {`"score":9`, "score"}, {`"name":"\u0000"`, "name"}, {`"name":"\ud800"`, "name"},
	} {
		all = append(all, invalid("change a title: "+c[0], as("PATCH", jsonOf("/titles/"+titleID, "{"+c[0]+"}")), c[1]))
	}
	for _, c := range [][2]string{
		{`"state":"ca"`, "state"}, {`"state":"CAL"`, "state"}, {`"lat":90.1`, "lat"}, {`"lat":"39"`, "lat"}, {`"lon":-180.5`, "lon"}, {`"lon":1e999`, "lon"},
		{`"city":""`, "city"}, {`"name":""`, "name"}, {`"time_zone":"Europe/Berlin"`, "time_zone"},
	} {
		all = append(all, invalid("change a venue: "+c[0], as("PATCH", jsonOf("/venues/"+venueID, "{"+c[0]+"}")), c[1]))
	}
	for _, zone := range []string{"", "Local", "PST8", "America/Chico", "../../etc/passwd", "/etc/localtime", "UTC+8", strings.Repeat("a/", 200)} {
		body := `{"name":"El Rey","city":"Chico","state":"CA","time_zone":"` + zone + `","lat":39.73,"lon":-121.84}`
		all = append(all, invalid("zone "+zone[:min(len(zone), 20)], jsonOf("/venues", body), "time_zone"))
	}
	return append(all,
		invalid("a title of nothing", jsonOf("/titles", `{}`), "kind", "name"),
		invalid("a venue of nothing", jsonOf("/venues", `{}`), "city", "lat", "lon", "name", "state", "time_zone"),
		malformed("a title that is no JSON", jsonOf("/titles", `{`)),
		refusal{"a title as a form", jsonOf("/titles", `name=x`, "Content-Type", "text/plain"), 415, "unsupported-media", nil},
		refusal{"too large a title", jsonOf("/titles", `{"name":"`+strings.Repeat("x", maxBody)+`"}`), 413, "too-large", nil},
		refusal{"an unknown title", as("PATCH", jsonOf("/titles/"+otherID, `{"name":"x"}`)), 404, "not-found", nil},
		refusal{"an unknown venue", as("PATCH", jsonOf("/venues/"+otherID, `{"name":"x"}`)), 404, "not-found", nil},
	)
}

// wrongPosters are no pictures, or not ones to show.
func wrongPosters() []refusal {
	put := func(path, body, kind string) request { return as("PUT", jsonOf(path, body, "Content-Type", kind)) }
	to := "/titles/" + titleID + "/poster"
	return []refusal{
		invalid("a poster of text", put(to, "<svg onload=alert(1)>", "image/png"), "body"), invalid("half a poster", put(to, somePoster()[:50], "image/png"), "body"),
		{"a vector", put(to, "<svg/>", "image/svg+xml"), 415, "unsupported-media", nil}, {"a poster as JSON", put(to, `{}`, "application/json"), 415, "unsupported-media", nil},
		{"a poster as a form", put(to, somePoster(), "multipart/form-data; boundary=x"), 415, "unsupported-media", nil},
		{"too large a poster", put(to, strings.Repeat("x", maxPosterBody+1), "image/png"), 413, "too-large", nil},
		{"a poster of nothing", put("/titles/"+otherID+"/poster", somePoster(), "image/png"), 404, "not-found", nil},
		{"no poster of nothing", request{method: "DELETE", path: "/titles/" + otherID + "/poster"}, 404, "not-found", nil},
		{"an unknown image", request{method: "GET", path: "/posters/" + planHash}, 404, "not-found", nil},
		{"an image by a path", request{method: "GET", path: "/posters/..%2ftickets%2f" + bookingID}, 404, "not-found", nil},
	}
}

// wrongPlans are seat plans that no hall has. The reader of plans has tests of its own; here they come over HTTP.
func wrongPlans() []refusal {
	to := "/venues/" + venueID + "/seat-plans"
	twice := strings.Replace(smallPlan("x", 2), `"number":2`, `"number":1`, 1)
	near := strings.Replace(smallPlan("x", 2), `"x":155`, `"x":101`, 1)
	unknown := strings.Replace(smallPlan("x", 1), `"category":"standard"`, `"category":"gold"`, 1)
	return []refusal{
		invalid("the same seat twice", jsonOf(to, twice), "sections[0].rows[0].seats[1].number"),
		invalid("seats on each other", jsonOf(to, near), "sections[0].rows[0].seats[1]"),
		invalid("an unknown category", jsonOf(to, unknown), "sections[0].rows[0].seats[0].category"),
		invalid("a plan of nothing", jsonOf(to, `{}`), "categories", "format", "height", "name", "sections", "stage", "width"),
		invalid("a list", jsonOf(to, `[]`), "plan"),
		{"no JSON", jsonOf(to, `{"format":1`), 400, "malformed", []string{"line 1, column 11"}},
		{"no body", jsonOf(to, " "), 400, "malformed", []string{"line 1, column 1"}},
		{"another type", jsonOf(to, smallPlan("x", 1), "Content-Type", "image/svg+xml"), 415, "unsupported-media", nil},
		{"an unknown venue", jsonOf("/venues/"+otherID+"/seat-plans", smallPlan("x", 1)), 404, "not-found", nil},
		{"too large a plan", jsonOf(to, strings.Repeat(" ", maxPlanBody+1)), 413, "too-large", nil},
	}
}

// wrongEvents are events that cannot be made.
func wrongEvents() []refusal {
	starts, prices := `"starts_at":"2032-12-04T19:30:00-08:00"`, `"prices":{"standard":1450}`
	var all []refusal
	for _, c := range [][2]string{
		{prices + `,"starts_at":"tomorrow"`, "starts_at"}, {prices + `,"starts_at":""`, "starts_at"}, {prices + `,"starts_at":"2032-12-04"`, "starts_at"},
		{prices + `,"starts_at":"2032-12-04T19:30:00"`, "starts_at"}, {prices + `,"starts_at":"1066-10-14T09:00:00Z"`, "starts_at"}, {prices, "starts_at"},
		{prices + `,"starts_at":"9999-12-04T19:30:00Z"`, "starts_at"}, {prices + `,"starts_at":1`, "starts_at"},
		{starts + "," + prices + `,"orphan_rule":"forbid"`, "orphan_rule"}, {starts + "," + prices + `,"orphan_rule":null`, "orphan_rule"},
		{starts + "," + prices + `,"refund":{"hours":24}`, "refund.percent"}, {starts + "," + prices + `,"refund":{"hours":0,"percent":0}`, "refund.percent"},
		{starts + "," + prices + `,"refund":{"hours":-1,"percent":80}`, "refund.hours"}, {starts + "," + prices + `,"refund":{"hours":1,"percent":101}`, "refund.percent"},
		{starts + "," + prices + `,"refund":{"hours":1.5,"percent":80}`, "refund.hours"}, {starts + "," + prices + `,"refund":"24h"`, "refund"},
		{prices + "," + starts + `,"ends_at":"2032-12-04T19:30:00-08:00"`, "ends_at"}, {prices + "," + starts + `,"ends_at":"2033-12-04T19:30:00-08:00"`, "ends_at"},
		{prices + "," + starts + `,"sales_open_at":"2032-12-05T19:30:00Z"`, "sales_close_at"}, {prices + "," + starts + `,"sales_close_at":"2032-12-06T19:30:00Z"`, "sales_close_at"},
		{prices + "," + starts + `,"sales_close_at":"2001-12-06T19:30:00Z"`, "sales_close_at"},
		{starts, "prices"}, {starts + `,"prices":{}`, "prices.standard"}, {starts + `,"prices":{"standard":-1}`, "prices.standard"},
		{starts + `,"prices":{"standard":10000001}`, "prices.standard"}, {starts + `,"prices":{"standard":14.5}`, "prices.standard"},
		{starts + `,"prices":{"standard":"1450"}`, "prices.standard"}, {starts + `,"prices":{"standard":null}`, "prices.standard"},
		{starts + `,"prices":{"standard":1,"gold":2}`, "prices.gold"}, {starts + `,"prices":[1450]`, "prices"}, {starts + `,"prices":{"standard":1e30}`, "prices.standard"},
		{starts + `,"prices":{"standard":1,"standard":2}`, "prices.standard"},
		{starts + "," + prices + `,"booking_fee_minor":-1`, "booking_fee_minor"}, {starts + "," + prices + `,"booking_fee_minor":1000001`, "booking_fee_minor"},
		{starts + "," + prices + `,"booking_fee_minor":1.5`, "booking_fee_minor"}, {starts + "," + prices + `,"booking_fee_minor":"150"`, "booking_fee_minor"},
		{starts + "," + prices + `,"booking_fee_minor":99999999999999999999`, "booking_fee_minor"}, {starts + "," + prices + `,"booking_fee_minor":null`, "booking_fee_minor"},
		{starts + "," + prices + `,"plan_hash":"` + planHash[:63] + `"`, "plan_hash"}, {starts + "," + prices + `,"plan_hash":"` + planHash + `"`, "plan_hash"},
		{starts + "," + prices + `,"name":"a\tb"`, "name"}, {starts + "," + prices + `,"status":"on_sale"`, "status"}, {starts + "," + prices + `,"seats":5`, "seats"},
	} {
		all = append(all, invalid("event: "+c[0], jsonOf("/events", newEventBody(c[0])), c[1]))
	}
	good := goodEventBody()
	return append(all,
		invalid("no currency", jsonOf("/events", strings.Replace(good, `"currency":"USD",`, "", 1)), "currency"),
		invalid("an unknown currency", jsonOf("/events", strings.Replace(good, "USD", "ZZZ", 1)), "currency"),
		invalid("a small currency", jsonOf("/events", strings.Replace(good, "USD", "usd", 1)), "currency"),
		invalid("an unknown title", jsonOf("/events", strings.Replace(good, titleID, otherID, 1)), "title_id"),
		invalid("an unknown venue", jsonOf("/events", strings.Replace(good, venueID, otherID, 1)), "venue_id"),
		invalid("IDs that are none", jsonOf("/events", strings.NewReplacer(titleID, "x", venueID, "y").Replace(good)), "title_id", "venue_id"),
	)
}

// wrongChanges are of an event that is on sale.
func wrongChanges() []refusal {
	patch := func(body string) request { return as("PATCH", jsonOf("/events/"+eventID, body)) }
	prices := func(body string) request { return as("PUT", jsonOf("/events/"+eventID+"/prices", body)) }
	many := `{"ticket_ids":["` + strings.Repeat(ticketID+`","`, boxoffice.MaxSeatsAtOnce) + ticketID + `"]}`
	all := []refusal{
		invalid("more than all back", patch(`{"refund":{"hours":9000,"percent":200}}`), "refund.hours", "refund.percent"),
		invalid("a fee below nothing", patch(`{"booking_fee_minor":-1}`), "booking_fee_minor"), invalid("a fee beyond all", patch(`{"booking_fee_minor":1000001}`), "booking_fee_minor"),
		invalid("no number for a fee", patch(`{"booking_fee_minor":null}`), "booking_fee_minor"),
		invalid("a policy of something else", patch(`{"refund":{"hours":2,"percent":80,"kept":20}}`), "refund.kept"),
		invalid("a rule that is none", patch(`{"orphan_rule":"forbid"}`), "orphan_rule"), invalid("an empty rule", patch(`{"orphan_rule":""}`), "orphan_rule"),
		invalid("a start in no form", patch(`{"starts_at":"soon"}`), "starts_at"), invalid("an empty end", patch(`{"ends_at":""}`), "ends_at"),
		invalid("an end before the start", patch(`{"ends_at":"2001-01-01T00:00:00Z"}`), "ends_at", "sales_close_at"),
		invalid("a closing after the end", patch(`{"sales_close_at":"2090-01-01T00:00:00Z"}`), "sales_close_at"),
		invalid("an unknown plan", patch(`{"plan_hash":"`+planHash+`"}`), "plan_hash"), invalid("a plan that is no hash", patch(`{"plan_hash":"x"}`), "plan_hash"),
		invalid("prices without a plan", patch(`{"prices":{"standard":1}}`), "prices"), invalid("another owner", patch(`{"owner_id":"`+otherID+`"}`), "owner_id"),
		invalid("another status", patch(`{"status":"on_sale"}`), "status"), invalid("no name", patch(`{"name":""}`), "name"), invalid("a null", patch(`{"name":null}`), "name"),
		invalid("no prices", prices(`{"prices":{}}`), "prices"), invalid("a price below nothing", prices(`{"prices":{"standard":-5}}`), "prices.standard"),
		invalid("an unknown category", prices(`{"prices":{"gold":5}}`), "prices.gold"),
		{"to delete what is on sale", request{method: "DELETE", path: "/events/" + eventID}, 409, "event-state", nil},
		invalid("to publish with words", jsonOf("/events/"+eventID+"/publish", `{"at":"once"}`), "body"),
	}
	for _, act := range []string{"block", "release"} {
		seats := func(body string) request { return jsonOf("/events/"+eventID+"/seats/"+act, body) }
		all = append(all,
			invalid(act+" no seat", seats(`{"ticket_ids":[]}`), "ticket_ids"), invalid(act+" the same seat", seats(`{"ticket_ids":["`+ticketID+`","`+ticketID+`"]}`), "ticket_ids[1]"),
			invalid(act+" no ID", seats(`{"ticket_ids":["x"]}`), "ticket_ids[0]"), invalid(act+" too many", seats(many), "ticket_ids"),
			invalid(act+" a bare list", seats(`["`+ticketID+`"]`), "body"),
			refusal{act + " an unknown seat", seats(`{"ticket_ids":["` + otherID + `"]}`), 404, "not-found", nil},
		)
	}
	for _, q := range [][2]string{{"status=sold_out", "status"}, {"limit=0", "limit"}, {"q=%00", "q"}, {"q=" + strings.Repeat("q", 101), "q"}, {"cursor=x", "cursor"}} {
		all = append(all, invalid("my events, "+q[0], request{method: "GET", path: "/organizer/events?" + q[0]}, q[1]))
		if q[1] != "status" {
			all = append(all, invalid("titles, "+q[0], request{method: "GET", path: "/organizer/titles?" + q[0]}, q[1]))
			all = append(all, invalid("venues, "+q[0], request{method: "GET", path: "/organizer/venues?" + q[0]}, q[1]))
		}
	}
	return all
}

// othersEvents are what another organizer may not touch.
func othersEvents(promotion string) []refusal {
	var all []refusal
	for _, in := range eventRoutes(eventID, promotion) {
		all = append(all, refusal{in.method + " " + in.path + " of another", in, 404, "not-found", nil})
	}
	return all
}

// eventRoutes are all that is done with one's own event and promotion.
func eventRoutes(id, promotion string) []request {
	var all []request
	for _, r := range (&Server{}).routes() {
		own := strings.HasPrefix(r.path, "/events/{id}") || strings.HasPrefix(r.path, "/organizer/events/{id}") || strings.HasPrefix(r.path, "/promotions/{id}")
		if own && (r.access == organizer || r.access == overseer) {
			in := exampleOf(r.method, r.path)
			in.path = strings.NewReplacer(eventID, id, promotionID, promotion).Replace(in.path)
			all = append(all, in)
		}
	}
	return all
}

// TestNothingOfABadChangeIsWritten sends every bad input of an organizer to a server over the real store.
func TestNothingOfABadChangeIsWritten(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, token := h.person(t, "olga", boxoffice.RoleOrganizer)
	_, other := h.person(t, "otto", boxoffice.RoleOrganizer)
	h.giveTo(t, "olga")
	count := 0
	for who, groups := range map[string][][]refusal{
		token: {wrongTitles(), wrongPosters(), wrongPlans(), wrongEvents(), wrongChanges(), wrongPromotions(h.event), wrongCallOffs()},
		other: {othersEvents(h.addPromotion(t, "olga"))},
	} {
		before := h.rows(t)
		for _, group := range groups {
			for _, bad := range group {
				count++
				t.Run(bad.name, func(t *testing.T) {
					bad.in.token = who
					got := h.do(t, h.rename(bad.in))
					require.ElementsMatch(t, bad.fields, fieldNames(got.problem(bad.status, bad.code)), string(got.body))
					require.Equal(t, before, h.rows(t), "something was written")
				})
			}
		}
	}
	t.Logf("%d bad inputs of organizers", count)
}

// TestAnothersEventIsToldLikeAnUnknownOne compares the answers word for word.
func TestAnothersEventIsToldLikeAnUnknownOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, other := h.person(t, "otto", boxoffice.RoleOrganizer)
	h.person(t, "otis", boxoffice.RoleOrganizer)
	theirs, unknown := eventRoutes(h.event, h.addPromotion(t, "otis")), eventRoutes(otherID, otherID)
	for i := range theirs {
		theirs[i].token, unknown[i].token = other, other
		a, b := h.do(t, h.rename(theirs[i])), h.do(t, h.rename(unknown[i]))
		p, q := a.problem(404, "not-found"), b.problem(404, "not-found")
		p.RequestID, q.RequestID = "", ""
		require.Equal(t, q, p, theirs[i].path)
	}
}
