package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

const why = `"reason":"The projector broke."`

// supportBodies are bodies that support's acts accept, by route.
func supportBodies() map[string]string {
	return map[string]string{
		"POST /support/bookings/{id}/extend":             `{` + why + `,"minutes":10}`,
		"POST /support/bookings/{id}/release":            `{` + why + `}`,
		"POST /support/bookings/{id}/cancel":             `{` + why + `}`,
		"POST /support/bookings/{id}/refund":             `{` + why + `,"amount_minor":500}`,
		"POST /support/bookings/{id}/settle-refund":      `{` + why + `,"payment_id":"` + otherID + `","n":1}`,
		"POST /support/bookings/{id}/retry-refund":       `{` + why + `,"payment_id":"` + otherID + `"}`,
		"POST /support/bookings/{id}/refunded-otherwise": `{` + why + `,"payment_id":"` + otherID + `","reference":"SEPA 42"}`,
		"POST /support/bookings/{id}/resend":             `{` + why + `,"email":"other@example.com"}`,
		"POST /support/bookings/{id}/retry":              `{` + why + `}`,
		"POST /support/tasks/{id}/close":                 `{` + why + `}`,
	}
}

// supportAsk makes an act of support.
func supportAsk(action, body string) request {
	return jsonOf("/support/bookings/"+bookingID+"/"+action, body, "Idempotency-Key", "k1")
}

// joinStaff opens a session of somebody who helps buyers.
func (b *bundle) joinStaff(name string) string {
	token := b.users.join(name)
	b.users.setRole(name, boxoffice.RoleSupport)
	return token
}

func TestSupportActsReachTheService(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.joinStaff("anna")
	for _, c := range []struct {
		in   request
		with any
	}{
		{supportAsk("extend", `{`+why+`,"minutes":10}`), 10 * time.Minute},
		{supportAsk("release", `{`+why+`}`), nil},
		{supportAsk("cancel", `{`+why+`}`), boxoffice.SupportTerms{}},
		{supportAsk("cancel", `{`+why+`,"ticket_ids":["`+strings.ToUpper(ticketID)+`"],"keep_percent":20}`), boxoffice.SupportTerms{TicketIDs: []string{ticketID}, KeepPercent: 20}},
		{supportAsk("refund", `{`+why+`,"amount_minor":500}`), int64(500)},
		{supportAsk("settle-refund", `{`+why+`,"payment_id":"`+otherID+`","n":2}`), []any{boxoffice.RefundRef{PaymentID: otherID, N: 2}, []string(nil)}},
		{supportAsk("settle-refund", `{`+why+`,"payment_id":"`+otherID+`","n":1,"ticket_ids":["`+ticketID+`"]}`), []any{boxoffice.RefundRef{PaymentID: otherID, N: 1}, []string{ticketID}}},
		{supportAsk("retry-refund", `{`+why+`,"payment_id":"`+otherID+`"}`), otherID},
		{supportAsk("refunded-otherwise", `{`+why+`,"payment_id":"`+otherID+`","reference":"SEPA 42"}`), []string{otherID, "SEPA 42"}},
		{supportAsk("resend", `{`+why+`,"email":"other@example.com"}`), "other@example.com"},
		{supportAsk("resend", `{`+why+`}`), ""},
		{supportAsk("retry", `{`+why+`}`), nil},
	} {
		c.in.token = token
		var said SupportDone
		b.do(t, c.in).json(&said)
		require.Equal(t, "It is done.", said.Done, c.in.path)
		require.Equal(t, c.with, b.support.with, c.in.path)
		require.Equal(t, []any{bookingID, "anna", true, "The projector broke."},
			[]any{b.support.act.BookingID, b.support.act.Actor, b.support.act.Verified, b.support.act.Reason})
		anna := b.users.users["anna"]
		require.Equal(t, []any{"support:" + anna.ID + ":k1", anna.ID}, []any{b.support.act.Key, b.support.act.ActorID}, "a key is its user's")
	}
}

// A key stands for all of a request: another body, another booking, or another act is another one.
func TestTheKeyOfAnActStandsForAllOfIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.joinStaff("anna")
	requests := map[string]string{}
	for _, in := range []request{
		supportAsk("release", `{`+why+`}`), supportAsk("retry", `{`+why+`}`), supportAsk("release", `{"reason":"Another."}`),
		jsonOf("/support/bookings/"+otherID+"/release", `{`+why+`}`, "Idempotency-Key", "k1"),
	} {
		in.token = token
		require.Equal(t, http.StatusOK, b.do(t, in).status)
		require.NotContains(t, requests, string(b.support.act.Request), in.path)
		requests[string(b.support.act.Request)] = in.path
	}
}

func TestAPreviewOfACancellationNeedsNoKeyAndDoesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := jsonOf("/support/bookings/"+bookingID+"/cancel?preview=true", `{`+why+`,"keep_percent":20}`)
	in.token = b.joinStaff("anna")
	var quote CancellationQuote
	b.do(t, in).json(&quote)
	require.Equal(t, CancellationQuote{RefundMinor: 1160, FeeMinor: 290, Currency: "USD"}, quote)
	require.Equal(t, boxoffice.SupportTerms{KeepPercent: 20}, b.support.quoted)
	require.Zero(t, b.support.act)
}

func TestFindingReachesTheService(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.joinStaff("anna")
	got := b.do(t, request{method: "GET", path: "/support/bookings?q=Stalls%20C%2012&event=" + strings.ToUpper(eventID) + "&cursor=c&limit=7", token: token})
	require.Equal(t, boxoffice.BookingQuery{Text: "Stalls C 12", EventID: eventID, Cursor: "c", Limit: 7}, b.support.query)
	require.Equal(t, "anna", b.support.reader.Username)
	var page FoundBookingPage
	got.json(&page)
	require.Equal(t, "more", page.Next)
	require.Equal(t, FoundBuyer{ID: otherID, Username: "ada", Email: "ada@example.com"}, page.Bookings[0].Buyer)
	require.NotContains(t, string(got.body), "argon2id")
	require.Equal(t, "no-store", got.header.Get("Cache-Control"))

	b.do(t, request{method: "GET", path: "/support/tasks?kind=dispute&state=closed&cursor=c&limit=7", token: token})
	require.Equal(t, boxoffice.TaskQuery{Kind: boxoffice.TaskDispute, Closed: true, Cursor: "c", Limit: 7}, b.support.tasks)
	b.do(t, request{method: "GET", path: "/support/tasks", token: token})
	require.Equal(t, boxoffice.TaskQuery{Limit: 50}, b.support.tasks)
}

// Every field of a case is told: what is absent is what the contract calls optional.
func TestACaseIsToldInFull(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, request{method: "GET", path: "/support/bookings/" + bookingID, token: b.joinStaff("anna")})
	var whole map[string]any
	got.json(&whole)
	doc, _ := spec(t)
	for name := range doc.Components.Schemas["SupportCase"].Value.Properties {
		require.NotEmpty(t, whole[name], name)
	}
	require.Equal(t, map[string]any{"captured_minor": 2900.0, "refunded_minor": 500.0, "to_go_back_minor": 200.0, "currency": "USD"}, whole["money"],
		"of a payment that may yet buy the seats nothing is to go back")
	require.Equal(t, "no-store", got.header.Get("Cache-Control"))
	require.NotContains(t, string(got.body), "a secret of ours")
	var typed SupportCase
	got.json(&typed)
	again, err := json.Marshal(typed)
	require.NoError(t, err)
	require.JSONEq(t, string(got.body), string(again))
	require.Equal(t, SupportPaymentSettledAsOpen, typed.Payments[1].SettledAs)
}

func TestSupportIsToldWhatTheServiceRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.support.err = boxoffice.Errorf(boxoffice.CodeForbidden, "This booking is your own.")
	token := b.joinStaff("anna")
	for _, r := range b.routes() {
		if r.service != ServiceSupport {
			continue
		}
		in := exampleOf(r.method, r.path)
		in.token = token
		b.do(t, in).problem(http.StatusForbidden, "forbidden")
	}
}

// wrongActs are acts of support that need no database to be wrong.
func wrongActs() []refusal {
	long := strings.Repeat("x", 201)
	bare := func(action, body string) request { return jsonOf("/support/bookings/"+bookingID+"/"+action, body) }
	all := []refusal{
		invalid("an act without a key", bare("release", `{`+why+`}`), "Idempotency-Key"),
		invalid("a key in two words", jsonOf("/support/bookings/"+bookingID+"/retry", `{`+why+`}`, "Idempotency-Key", "two words"), "Idempotency-Key"),
		invalid("an extension by nothing", supportAsk("extend", `{`+why+`,"minutes":0}`), "minutes"),
		invalid("an extension by an hour", supportAsk("extend", `{`+why+`,"minutes":60}`), "minutes"),
		invalid("an extension by a half", supportAsk("extend", `{`+why+`,"minutes":1.5}`), "minutes"),
		invalid("an extension without a length", supportAsk("extend", `{`+why+`}`), "minutes"),
		invalid("an extension for another", supportAsk("extend", `{`+why+`,"minutes":5,"actor":"otto"}`), "actor"),
		invalid("a refund of nothing", supportAsk("refund", `{`+why+`,"amount_minor":0}`), "amount_minor"),
		invalid("a refund of less", supportAsk("refund", `{`+why+`,"amount_minor":-1}`), "amount_minor"),
		invalid("a refund of cents", supportAsk("refund", `{`+why+`,"amount_minor":0.5}`), "amount_minor"),
		invalid("a refund out of range", supportAsk("refund", `{`+why+`,"amount_minor":1e30}`), "amount_minor"),
		invalid("a refund in words", supportAsk("refund", `{`+why+`,"amount_minor":"all"}`), "amount_minor"),
		invalid("settling a refund of no payment", supportAsk("settle-refund", `{`+why+`,"payment_id":"p","n":1}`), "payment_id"),
		invalid("settling refund 0", supportAsk("settle-refund", `{`+why+`,"payment_id":"`+otherID+`","n":0}`), "n"),
		invalid("settling for no ticket", supportAsk("settle-refund", `{`+why+`,"payment_id":"`+otherID+`","n":1,"ticket_ids":["x"]}`), "ticket_ids[0]"),
		invalid("a refund of no payment again", supportAsk("retry-refund", `{`+why+`,"payment_id":""}`), "payment_id"),
		invalid("paid otherwise without a reference", supportAsk("refunded-otherwise", `{`+why+`,"payment_id":"`+otherID+`","reference":""}`), "reference"),
		invalid("a reference of two lines", supportAsk("refunded-otherwise", `{`+why+`,"payment_id":"`+otherID+`","reference":"a\nb"}`), "reference"),
		invalid("keeping all", supportAsk("cancel", `{`+why+`,"keep_percent":100}`), "keep_percent"),
		invalid("keeping less than nothing", supportAsk("cancel", `{`+why+`,"keep_percent":-1}`), "keep_percent"),
		invalid("cancelling no ticket", supportAsk("cancel", `{`+why+`,"ticket_ids":[]}`), "ticket_ids"),
		invalid("cancelling what is no ticket", supportAsk("cancel", `{`+why+`,"ticket_ids":["x"]}`), "ticket_ids[0]"),
		invalid("cancelling a ticket twice", supportAsk("cancel", `{`+why+`,"ticket_ids":["`+ticketID+`","`+ticketID+`"]}`), "ticket_ids[1]"),
		invalid("a preview of a kind", jsonOf("/support/bookings/"+bookingID+"/cancel?preview=maybe", `{`+why+`}`), "preview"),
		invalid("a preview of too much", jsonOf("/support/bookings/"+bookingID+"/cancel?preview=true", `{`+why+`,"keep_percent":200}`), "keep_percent"),
		invalid("tickets to no address", supportAsk("resend", `{`+why+`,"email":"ada"}`), "email"),
		invalid("tickets to two", supportAsk("resend", `{`+why+`,"email":"a@b.c,d@e.f"}`), "email"),
		malformed("an act without a body", supportAsk("retry", ` `)),
		{"an act that there is not", supportAsk("delete", `{`+why+`}`), 404, "not-found", nil},
		{"an act on no UUID", jsonOf("/support/bookings/x/retry", `{`+why+`}`, "Idempotency-Key", "k"), 404, "not-found", nil},
		{"too large an act", supportAsk("retry", `{"reason":"`+strings.Repeat("x", 64<<10)+`"}`), 413, "too-large", nil},
		{"an act as a form", jsonOf("/support/bookings/"+bookingID+"/retry", "reason=x", "Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported-media", nil},
		invalid("a task closed without a reason", jsonOf("/support/tasks/"+taskID+"/close", `{}`, "Idempotency-Key", "k"), "reason"),
		invalid("a task closed by a key in two words", jsonOf("/support/tasks/"+taskID+"/close", `{`+why+`}`, "Idempotency-Key", "a b"), "Idempotency-Key"),
		{"a task of no UUID", request{method: "GET", path: "/support/tasks/1"}, 404, "not-found", nil},
		{"an unknown task", request{method: "GET", path: "/support/tasks/" + otherID}, 404, "not-found", nil},
		{"an unknown booking's case", request{method: "GET", path: "/support/bookings/" + otherID}, 404, "not-found", nil},
	}
	for _, action := range []string{"extend", "release", "cancel", "refund", "resend", "retry"} {
		rest := map[string]string{"extend": `,"minutes":5`, "refund": `,"amount_minor":5`}[action]
		for what, reason := range map[string]string{"no": "", "a blank": "  ", "two lines of": `a\nb`, "an endless": long, "a turned": `a\u2028b`} {
			all = append(all, invalid(action+" for "+what+" reason", supportAsk(action, `{"reason":"`+reason+`"`+rest+`}`), "reason"))
		}
		all = append(all, invalid(action+" without a reason", supportAsk(action, `{`+strings.TrimPrefix(rest, ",")+`}`), "reason"))
	}
	for _, q := range [][2]string{
		{"bookings?q=" + strings.Repeat("q", 255), "q"}, {"bookings?q=a%00b", "q"}, {"bookings?q=a&q=b", "q"}, {"bookings?q=a&event=x", "event"},
		{"bookings?q=a&limit=0", "limit"}, {"bookings?q=a&limit=101", "limit"}, {"tasks?kind=all", "kind"}, {"tasks?state=done", "state"}, {"tasks?limit=x", "limit"},
	} {
		all = append(all, invalid("GET "+q[0][:min(len(q[0]), 30)]+" "+q[1], request{method: "GET", path: "/support/" + q[0]}, q[1]))
	}
	return all
}

// wrongOfRows are acts that only the store can refuse.
func wrongOfRows() []refusal {
	return []refusal{
		invalid("to look for nothing", request{method: "GET", path: "/support/bookings"}, "q"),
		invalid("to look for a blank", request{method: "GET", path: "/support/bookings?q=%20"}, "q"),
		invalid("to look for a seat without a number", request{method: "GET", path: "/support/bookings?q=Stalls&event=" + eventID}, "q"),
		invalid("to go on at no cursor", request{method: "GET", path: "/support/bookings?q=ada&cursor=x"}, "cursor"),
		invalid("to go on at no task", request{method: "GET", path: "/support/tasks?cursor=x"}, "cursor"),
		invalid("to keep a share of a hold", supportAsk("cancel", `{`+why+`,"keep_percent":5}`), "keep_percent"),
		invalid("to cancel a ticket of a hold", supportAsk("cancel", `{`+why+`,"ticket_ids":["`+ticketID+`"]}`), "ticket_ids"),
		{"to give back what nobody paid", supportAsk("refund", `{`+why+`,"amount_minor":5}`), 409, "booking-closed", nil},
		{"to mail tickets that are not there", supportAsk("resend", `{`+why+`}`), 409, "not-ready", nil},
		{"to close no task", jsonOf("/support/tasks/"+otherID+"/close", `{`+why+`}`, "Idempotency-Key", "k"), 404, "not-found", nil},
		{"to help nobody", jsonOf("/support/bookings/"+otherID+"/release", `{`+why+`}`, "Idempotency-Key", "k"), 404, "not-found", nil},
	}
}

func TestWrongActsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.joinStaff("anna")
	for _, bad := range wrongActs() {
		t.Run(bad.name, func(t *testing.T) {
			t.Parallel()
			bad.in.token = token
			require.ElementsMatch(t, bad.fields, fieldNames(b.do(t, bad.in).problem(bad.status, bad.code)))
		})
	}
}

// TestNothingOfAWrongActIsWritten sends them to a server over the real store, with those that only it can refuse.
func TestNothingOfAWrongActIsWritten(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, _ := h.person(t, "ada", boxoffice.RoleBuyer)
	_, token := h.person(t, "anna", boxoffice.RoleSupport)
	booking := h.holdFor(t, ada.ID, h.tickets[0])
	before := h.rows(t)
	for _, bad := range append(wrongActs(), wrongOfRows()...) {
		bad.in.token = token
		bad.in.path = strings.ReplaceAll(bad.in.path, bookingID, booking.ID)
		got := h.do(t, bad.in)
		require.ElementsMatch(t, bad.fields, fieldNames(got.problem(bad.status, bad.code)), bad.name+": "+string(got.body))
		require.Equal(t, before, h.rows(t), bad.name)
	}
}

// Who helps a booking of their own is refused, by whatever act.
func TestNobodyHelpsTheirOwnBooking(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, token := h.person(t, "anna", boxoffice.RoleSupport)
	booking := h.holdFor(t, anna.ID, h.tickets[0])
	for route := range supportBodies() {
		action, of := strings.CutPrefix(route, "POST /support/bookings/{id}/")
		if !of || action == "retry" { // whose first question is Temporal's, which is away here
			continue
		}
		in := exampleOf("POST", "/support/bookings/{id}/"+action)
		in.path, in.token = strings.ReplaceAll(in.path, bookingID, booking.ID), token
		before := h.rows(t)
		h.do(t, in).problem(http.StatusForbidden, "forbidden")
		require.Equal(t, before, h.rows(t), action)
	}
}
