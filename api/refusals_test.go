package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/boxoffice/boxoffice"
)

// TestNothingOfABadInputIsWritten sends every bad input that there is to a server over the real store, and holds the whole
// database before and after each against each other.
func TestNothingOfABadInputIsWritten(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, token := h.person(t, "ada", boxoffice.RoleBuyer)
	groups := append(statelessRefusals(), h.wrongSeats(t, ada), h.closedBookings(t, ada), h.othersBookings(t), h.deadSessions(t), wrongCursors(h.event), h.wrongWebhooks(), takenNames(), deadTokens())
	before, count := h.rows(t), 0
	for _, group := range groups {
		for _, bad := range group {
			count++
			t.Run(bad.name, func(t *testing.T) {
				if bad.in.token == "" {
					bad.in.token = token
				}
				got := h.do(t, h.rename(bad.in))
				require.ElementsMatch(t, bad.fields, fieldNames(got.problem(bad.status, bad.code)), string(got.body))
				require.Equal(t, before, h.rows(t), "something was written")
			})
		}
	}
	t.Logf("%d bad inputs", count)
}

// rename puts the names that this house has in place of those of the fakes.
func (h *house) rename(in request) request {
	names := strings.NewReplacer(eventID, h.event, titleID, h.title, venueID, h.venue)
	in.path, in.body = names.Replace(in.path), names.Replace(in.body)
	in.body = strings.ReplaceAll(in.body, ticketID, h.tickets[0])
	in.body = strings.ReplaceAll(in.body, strings.ToUpper(ticketID), strings.ToUpper(h.tickets[0]))
	return in
}

func idsOf(ids ...string) string {
	list, _ := json.Marshal(ids)
	return string(list)
}

// wrongSeats cannot be held, for reasons that the database knows.
func (h *house) wrongSeats(t *testing.T, ada boxoffice.User) []refusal {
	t.Helper()
	_, elsewhere := h.addEvent(t, 2)
	off := func(change string) string {
		event, tickets := h.addEvent(t, 1)
		h.exec(t, `UPDATE events SET `+change+` WHERE id = $1`, event)
		return idsOf(tickets[0])
	}
	open, mine := h.addEvent(t, 3)
	eve, _ := h.person(t, "eve", boxoffice.RoleBuyer)
	h.holdFor(t, ada.ID, mine[0])
	h.holdFor(t, eve.ID, mine[1])
	blocked, seats := h.addEvent(t, 1)
	h.exec(t, `UPDATE tickets SET state = 'blocked' WHERE event_id = $1`, blocked)
	unprocessable := func(name, body string) refusal {
		return refusal{name, jsonOf("/book", body), http.StatusUnprocessableEntity, "not-on-sale", nil}
	}
	taken := func(name, body string) refusal {
		return refusal{name, jsonOf("/book", body), http.StatusConflict, "seats-taken", nil}
	}
	require.NotEmpty(t, open)
	return []refusal{
		invalid("too many seats", jsonOf("/book", idsOf(h.tickets[:11]...)), "body"),
		invalid("seats of two events", jsonOf("/book", idsOf(h.tickets[0], elsewhere[0])), "body"),
		{"an unknown seat", jsonOf("/book", idsOf(uuid.NewString())), 404, "not-found", nil},
		{"an unknown seat beside a free one", jsonOf("/book", idsOf(h.tickets[0], uuid.NewString())), 404, "not-found", nil},
		{"an event for a seat", jsonOf("/book", idsOf(h.event)), 404, "not-found", nil},
		{"the best of an unknown event", jsonOf("/events/"+uuid.NewString()+"/book-best", `{"count":1}`), 404, "not-found", nil},
		invalid("too many of the best", jsonOf("/events/"+h.event+"/book-best", `{"count":11}`), "count"),
		{"the best of a category that is not", jsonOf("/events/"+h.event+"/book-best", `{"count":1,"category":"gold"}`), http.StatusConflict, "not-together", nil},
		{"wheelchairs' spaces where there are none", jsonOf("/events/"+h.event+"/book-best", `{"count":2,"accessible":1,"split":true}`), http.StatusConflict, "not-together", nil},
		unprocessable("a draft", off(`status = 'draft'`)),
		unprocessable("a cancelled event", off(`status = 'cancelled'`)),
		unprocessable("a past event", off(`status = 'past'`)),
		unprocessable("an event not yet open", off(`sales_open_at = now() + interval '1 hour'`)),
		unprocessable("an event whose sale is over", off(`sales_close_at = now() - interval '1 minute'`)),
		taken("a seat held by another", idsOf(mine[1])),
		taken("a free seat with a held one", idsOf(mine[2], mine[1])),
		taken("a seat that I hold", idsOf(mine[0])),
		taken("a blocked seat", idsOf(seats[0])),
		{"a second open booking", jsonOf("/book", idsOf(mine[2])), http.StatusConflict, "open-booking-exists", nil},
	}
}

// closedBookings are ada's own, and at their end, or not where the act would need them to be.
func (h *house) closedBookings(t *testing.T, ada boxoffice.User) []refusal {
	t.Helper()
	in := func(change string) string {
		_, tickets := h.addEvent(t, 1)
		booking := h.holdFor(t, ada.ID, tickets[0])
		if change != "" {
			h.exec(t, `UPDATE tickets SET state = 'available', held_until = NULL, booking_id = NULL WHERE booking_id = $1`, booking.ID)
			h.exec(t, `UPDATE bookings SET `+change+` WHERE id = $1`, booking.ID)
		}
		return "/bookings/" + booking.ID
	}
	held, expired, cancelled := in(""), in(`status = 'expired'`), in(`status = 'cancelled'`)
	late := in(`hold_expires_at = boxoffice_now() - interval '1 second'`)
	conflict := func(path, code string) refusal {
		method := http.MethodPost
		if strings.Contains(path, ".") {
			method = http.MethodGet
		}
		return refusal{path[strings.LastIndex(path, "/"):] + " " + code, request{method: method, path: path}, http.StatusConflict, code, nil}
	}
	all := []refusal{
		conflict(held+"/resend", "not-ready"), conflict(held+"/tickets.pdf", "not-ready"), conflict(held+"/calendar.ics", "not-ready"),
		conflict(held+"/tickets/"+uuid.NewString()+"/qr.png", "not-ready"),
		conflict(late+"/extend", "deadline-passed"), conflict(late+"/checkout", "deadline-passed"),
	}
	for _, closed := range []string{expired, cancelled} {
		all = append(all, conflict(closed+"/extend", "booking-closed"), conflict(closed+"/checkout", "booking-closed"),
			conflict(closed+"/resend", "not-ready"), conflict(closed+"/tickets.pdf", "not-ready"))
	}
	return append(all, conflict(expired+"/cancel", "booking-closed"))
}

// bookingRoutes are all that lead to one booking.
func bookingRoutes(bookingID, ticketID string) []request {
	at := "/bookings/" + bookingID
	return []request{
		{method: "GET", path: at}, {method: "POST", path: at + "/checkout"}, {method: "POST", path: at + "/checkout", body: `{}`},
		{method: "PATCH", path: at + "/seats", body: `{"remove":["` + ticketID + `"]}`},
		{method: "POST", path: at + "/extend"}, {method: "POST", path: at + "/cancel"},
		{method: "POST", path: at + "/cancel", headers: []string{"Idempotency-Key", "k"}},
		{method: "POST", path: at + "/cancel", body: `{"ticket_ids":["` + ticketID + `"]}`}, {method: "POST", path: at + "/cancel?preview=true"},
		{method: "POST", path: at + "/promotion", body: `{"code":"SPRING-25"}`}, {method: "DELETE", path: at + "/promotion"},
		{method: "POST", path: at + "/resend"}, {method: "POST", path: at + "/resend", body: `{"email":"x@example.com"}`},
		{method: "GET", path: at + "/tickets.pdf"}, {method: "GET", path: at + "/calendar.ics"},
		{method: "GET", path: at + "/tickets/" + ticketID + "/qr.png"},
	}
}

// othersBookings are real, and somebody else's.
func (h *house) othersBookings(t *testing.T) []refusal {
	t.Helper()
	mallory, _ := h.person(t, "mallory", boxoffice.RoleBuyer)
	_, tickets := h.addEvent(t, 1)
	booking := h.holdFor(t, mallory.ID, tickets[0])
	var all []refusal
	for _, in := range bookingRoutes(booking.ID, tickets[0]) {
		all = append(all, refusal{"another's " + in.method + " " + in.path[strings.LastIndex(in.path, "/"):], in, 404, "not-found", nil})
	}
	return all
}

// deadSessions are tokens that were good once, or never.
func (h *house) deadSessions(t *testing.T) []refusal {
	t.Helper()
	late, expired := h.person(t, "late", boxoffice.RoleBuyer)
	h.exec(t, `UPDATE sessions SET expires_at = boxoffice_now() - interval '1 second' WHERE user_id = $1`, late.ID)
	lazy, idle := h.person(t, "lazy", boxoffice.RoleBuyer)
	h.exec(t, `UPDATE sessions SET last_seen = boxoffice_now() - interval '25 hours' WHERE user_id = $1`, lazy.ID)
	banned, disabled := h.person(t, "banned", boxoffice.RoleBuyer)
	h.exec(t, `UPDATE users SET disabled_at = boxoffice_now() WHERE id = $1`, banned.ID)
	_, revoked := h.person(t, "revoked", boxoffice.RoleBuyer)
	require.NoError(t, h.db.Users().DeleteSession(t.Context(), boxoffice.HashToken(revoked)))
	var all []refusal
	for name, token := range map[string]string{
		"expired": expired, "idle": idle, "of a disabled user": disabled, "revoked": revoked, "forged": boxoffice.NewToken(), "of another shape": "x",
		"as a query": strings.Repeat("a", 43) + "?", "endless": strings.Repeat("a", 4000),
	} {
		for _, in := range []request{{method: "GET", path: "/me"}, jsonOf("/book", idsOf(h.tickets[0]))} {
			in.token = token
			all = append(all, refusal{"session " + name + " " + in.path, in, 401, "unauthenticated", nil})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	return all
}

// wrongCursors are none that an answer gave: the letters are those of a cursor, what they say is not.
func wrongCursors(event string) []refusal {
	var all []refusal
	for name, text := range map[string]string{
		"of no base64": "%25", "of one": encoded("17"), "of a word": encoded("x " + event), "of no ID": encoded("17 x"),
		"after all days": encoded("9223372036854775807 " + event), "with NUL": encoded(`{"s":"a\u0000","n":1}`), "of SQL": encoded("' OR 1=1 --"),
		"of a huge number": encoded(`{"s":"a","n":4294967296}`), "of braces": encoded("2026-12-01T18:00:00Z {" + event + "}x"),
	} {
		for _, path := range []string{"/events", "/events/" + event, "/bookings"} {
			all = append(all, invalid("cursor "+name+" on "+path, request{method: "GET", path: path + "?cursor=" + text}, "cursor"))
		}
	}
	return all
}

// wrongWebhooks are not Stripe's, or not an event.
func (h *house) wrongWebhooks() []refusal {
	signed := func(body, secret string, at time.Time) request {
		s := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(body), Secret: secret, Timestamp: at})
		return jsonOf("/webhooks/stripe", body, "Stripe-Signature", s.Header)
	}
	event := `{"id":"evt_1","type":"checkout.session.completed","api_version":"2023-10-16","data":{"object":{}}}`
	forged := func(name string, in request) refusal {
		return refusal{"webhook " + name, in, 400, "bad-signature", nil}
	}
	changed := signed(event, webhookSecret, time.Now())
	changed.body = strings.Replace(event, "evt_1", "evt_2", 1)
	return []refusal{
		forged("without a signature", jsonOf("/webhooks/stripe", event)),
		forged("with another's", signed(event, "whsec_other", time.Now())),
		forged("changed", changed),
		forged("of yesterday", signed(event, webhookSecret, time.Now().Add(-24*time.Hour))),
		forged("of tomorrow", signed(event, webhookSecret, time.Now().Add(24*time.Hour))),
		forged("signed with nonsense", jsonOf("/webhooks/stripe", event, "Stripe-Signature", "t=,v1=,=,\x01")),
		malformed("webhook that is no JSON", signed("x", webhookSecret, time.Now())),
		malformed("webhook that is no event", signed(`{"id":7}`, webhookSecret, time.Now())),
		malformed("webhook that is empty", signed("", webhookSecret, time.Now())),
		malformed("webhook of a number without end", signed(strings.Replace(event, "{}", "1e200000", 1), webhookSecret, time.Now())),
		malformed("webhook nested too deeply", signed(strings.Repeat("[", 20_000), webhookSecret, time.Now())),
		{"webhook too large", jsonOf("/webhooks/stripe", strings.Repeat("x", 256<<10+1), "Stripe-Signature", "x"), 413, "too-large", nil},
	}
}

// What a buyer typed at the provider must not keep a webhook from being stored: a database takes neither NUL nor half a
// character.
func TestWebhooksOfOddTextsAreStored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i, odd := range []string{`\u0000`, `\ud800`, `\udfab\ud83c`, `\ud83c\udfab`} {
		body := fmt.Sprintf(`{"id":"evt_%d%s","type":"checkout.session.completed","api_version":"2023-10-16","data":{"object":{
			"id":"cs_%s","status":"complete","payment_status":"paid","mode":"payment","currency":"usd","amount_total":1450,
			"client_reference_id":"%s","customer_details":{"name":"%s","email":"%s@example.com"},"payment_intent":"pi_%s"}}}`, i, odd, odd, odd, odd, odd, odd)
		s := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(body), Secret: webhookSecret, Timestamp: time.Now()})
		got := h.do(t, jsonOf("/webhooks/stripe", body, "Stripe-Signature", s.Header))
		require.Equal(t, http.StatusOK, got.status, "%s: %s", odd, got.body)
		var stored int
		require.NoError(t, h.base.Pool.QueryRow(t.Context(), `SELECT count(*) FROM webhook_inbox`).Scan(&stored))
		require.Equal(t, i+1, stored)
	}
}

// takenNames are usernames that somebody has, in another case.
func takenNames() []refusal {
	var all []refusal
	for _, name := range []string{"ada", "Ada", "ADA", "aDa"} {
		all = append(all, refusal{"taken " + name, jsonOf("/signup", credentials(name, goodPassword)), http.StatusConflict, "username-taken", nil})
	}
	return all
}

// deadTokens are those of mails that never were, and sessions that are somebody else's.
func deadTokens() []refusal {
	var all []refusal
	for name, token := range map[string]string{"forged": boxoffice.NewToken(), "short": "x", "empty": "", "endless": strings.Repeat("t", 5000)} {
		all = append(all,
			invalid("reset token "+name, jsonOf("/password-resets/confirm", `{"token":"`+token+`","new_password":"`+newPassword+`"}`), "token"),
			invalid("address token "+name, jsonOf("/email-confirmations", `{"token":"`+token+`"}`), "token"))
	}
	return append(all, refusal{"an unknown session", request{method: "DELETE", path: "/me/sessions/" + otherID}, 404, "not-found", nil})
}

// A booking of somebody else and one that there is not are told alike, cost the database alike, and take alike.
func TestAnothersBookingIsToldLikeAnUnknownOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, _ := h.person(t, "ada", boxoffice.RoleBuyer)
	_, eve := h.person(t, "eve", boxoffice.RoleBuyer)
	booking := h.holdFor(t, ada.ID, h.tickets[0])
	real, unknown := bookingRoutes(booking.ID, h.tickets[0]), bookingRoutes(uuid.NewString(), uuid.NewString())
	ask := func(in request) (answer Problem, statements string, took time.Duration) {
		in.token = eve
		before := h.statements(t)
		start := time.Now()
		got := h.do(t, in)
		took = time.Since(start)
		answer = got.problem(http.StatusNotFound, "not-found")
		answer.RequestID = ""
		var ran []string
		for statement, runs := range h.statements(t) {
			if n := runs - before[statement]; n > 0 {
				ran = append(ran, fmt.Sprintf("%d × %s", n, strings.Join(strings.Fields(statement), " ")))
			}
		}
		slices.Sort(ran)
		return answer, strings.Join(ran, "\n"), took
	}
	for i := range real {
		name := real[i].method + " " + real[i].path[strings.LastIndex(real[i].path, "/"):]
		ask(unknown[i]) // prepares the statements
		theirs, whatTheirs, _ := ask(real[i])
		none, whatNone, _ := ask(unknown[i])
		require.Equal(t, none, theirs, name)
		require.NotEmpty(t, whatNone, name)
		require.Equal(t, whatNone, whatTheirs, "%s: the database is asked otherwise", name)
	}
	var timeReal, timeUnknown []time.Duration
	for range 200 {
		_, _, took := ask(real[0])
		timeReal = append(timeReal, took)
		_, _, took = ask(unknown[0])
		timeUnknown = append(timeUnknown, took)
	}
	slices.Sort(timeReal)
	slices.Sort(timeUnknown)
	median, other := timeReal[100], timeUnknown[100]
	t.Logf("median of 200: another's %s, unknown %s", median, other)
	require.Less(t, max(median, other), 2*min(median, other))
}
