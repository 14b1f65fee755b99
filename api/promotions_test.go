package api

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

const promotionPath = "/bookings/" + bookingID + "/promotion"

// addPromotion makes a code of an organizer's, a quarter off, and gives its ID.
func (h *house) addPromotion(t *testing.T, owner string) string {
	t.Helper()
	id := uuid.NewString()
	h.exec(t, `INSERT INTO promotions (id, owner_id, code, percent) SELECT $1, id, $3, 25 FROM users WHERE username = $2`,
		id, owner, "C-"+strings.ToUpper(id[24:]))
	return id
}

// wrongCodes are put into a booking in a way that needs no database to be wrong.
func wrongCodes() []refusal {
	var all []refusal
	for _, code := range []string{
		``, `ab`, strings.Repeat("x", 33), `two words`, `CODE\u0000`, `\u0000`, `ſpring`, `КОД`, `SPRING_25`, `' OR 1=1--`, `%`, `<b>`, `🎟🎟🎟`, `SPRING\u202e25`,
	} {
		all = append(all, invalid("code "+code, jsonOf(promotionPath, `{"code":"`+code+`"}`), "code"))
	}
	return append(all,
		invalid("no code", jsonOf(promotionPath, `{}`), "code"), invalid("a null for a code", jsonOf(promotionPath, `{"code":null}`), "code"),
		invalid("codes", jsonOf(promotionPath, `{"code":["SPRING-25"]}`), "code"), invalid("a number for a code", jsonOf(promotionPath, `{"code":125}`), "code"),
		invalid("a code with a discount", jsonOf(promotionPath, `{"code":"SPRING-25","percent":100}`), "percent"),
		invalid("a bare code", jsonOf(promotionPath, `"SPRING-25"`), "body"),
		invalid("a code, a key in two words", jsonOf(promotionPath, `{"code":"SPRING-25"}`, "Idempotency-Key", "two words"), "Idempotency-Key"),
		invalid("a body without a code's removal", as("DELETE", jsonOf(promotionPath, `{"code":"SPRING-25"}`)), "body"),
		malformed("a code cut off", jsonOf(promotionPath, `{"code"`)),
		refusal{"a code as a form", jsonOf(promotionPath, "code=x", "Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported-media", nil},
		refusal{"a code for no booking", jsonOf("/bookings/"+otherID+"/promotion", `{"code":"SPRING-25"}`), 404, "not-found", nil},
		refusal{"a code for no UUID", jsonOf("/bookings/x/promotion", `{"code":"SPRING-25"}`), 404, "not-found", nil},
		refusal{"no code of no booking", as("DELETE", jsonOf("/bookings/"+otherID+"/promotion", "")), 404, "not-found", nil},
	)
}

// wrongPromotions cannot be made by who has an event.
func wrongPromotions(event string) []refusal {
	var all []refusal
	for _, c := range [][2]string{
		{`"code":"ab","percent":10`, "code"}, {`"code":"SPRING 25","percent":10`, "code"}, {`"code":"ſ-25","percent":10`, "code"}, {`"code":"\u0000\u0000\u0000","percent":10`, "code"},
		{`"percent":10`, "code"}, {`"code":"abc"`, "percent"}, {`"code":"abc","percent":0`, "percent"}, {`"code":"abc","percent":101`, "percent"}, {`"code":"abc","percent":-1`, "percent"},
		{`"code":"abc","percent":12.5`, "percent"}, {`"code":"abc","percent":99999999999999999999`, "percent"}, {`"code":"abc","percent":10,"amount_minor":5,"currency":"USD"`, "percent"},
		{`"code":"abc","amount_minor":5`, "currency"}, {`"code":"abc","amount_minor":5,"currency":"usd"`, "currency"}, {`"code":"abc","amount_minor":5,"currency":"ZZZ"`, "currency"},
		{`"code":"abc","percent":5,"currency":"USD"`, "currency"}, {`"code":"abc","amount_minor":-5,"currency":"USD"`, "amount_minor"},
		{`"code":"abc","amount_minor":10000001,"currency":"USD"`, "amount_minor"}, {`"code":"abc","amount_minor":9223372036854775807,"currency":"USD"`, "amount_minor"},
		{`"code":"abc","percent":10,"uses":-1`, "uses"}, {`"code":"abc","percent":10,"uses":1000001`, "uses"}, {`"code":"abc","percent":10,"uses":"10"`, "uses"},
		{`"code":"abc","percent":10,"uses_per_user":-1`, "uses_per_user"}, {`"code":"abc","percent":10,"uses_per_user":2147483648`, "uses_per_user"},
		{`"code":"abc","percent":10,"min_tickets":101`, "min_tickets"}, {`"code":"abc","percent":10,"min_tickets":-1`, "min_tickets"},
		{`"code":"abc","percent":10,"valid_from":"tomorrow"`, "valid_from"}, {`"code":"abc","percent":10,"valid_from":"9999-01-01T00:00:00Z"`, "valid_from"},
		{`"code":"abc","percent":10,"valid_until":"2001-01-01T00:00:00Z"`, "valid_until"}, {`"code":"abc","percent":10,"valid_until":"9999-01-01T00:00:00Z"`, "valid_until"},
		{`"code":"abc","percent":10,"event_ids":["x"]`, "event_ids[0]"}, {`"code":"abc","percent":10,"event_ids":["` + event + `","` + event + `"]`, "event_ids[1]"},
		{`"code":"abc","percent":10,"event_ids":["` + event + `","` + otherID + `"]`, "event_ids[1]"}, {`"code":"abc","percent":10,"event_ids":"` + event + `"`, "event_ids"},
		{`"code":"abc","percent":10,"owner_id":"` + otherID + `"`, "owner_id"}, {`"code":"abc","percent":10,"active":false`, "active"},
	} {
		all = append(all, invalid("promotion: "+c[0], jsonOf("/promotions", "{"+c[0]+"}"), c[1]))
	}
	many := strings.Repeat(`"`+event+`",`, boxoffice.MaxPromotionEvents) + `"` + event + `"`
	for _, q := range [][2]string{{"limit=0", "limit"}, {"q=%00", "q"}, {"cursor=x", "cursor"}, {"q=" + strings.Repeat("q", 101), "q"}} {
		all = append(all, invalid("promotions, "+q[0], request{method: "GET", path: "/organizer/promotions?" + q[0]}, q[1]))
	}
	return append(all,
		malformed("a promotion cut off", jsonOf("/promotions", `{"code"`)),
		refusal{"for too many events", jsonOf("/promotions", `{"code":"abc","percent":10,"event_ids":[`+many+`]}`), 422, "invalid", tooManyTwice()},
		refusal{"an unknown promotion", as("PATCH", jsonOf("/promotions/"+otherID, `{"active":false}`)), 404, "not-found", nil},
		refusal{"no promotion", request{method: "GET", path: "/promotions/x"}, 404, "not-found", nil},
	)
}

// tooManyTwice are the first complaints about a hundred times the same event.
func tooManyTwice() (fields []string) {
	for i := 1; i <= maxComplaints; i++ {
		fields = append(fields, "event_ids["+strconv.Itoa(i)+"]")
	}
	return fields
}

func TestAPromotionIsReadFromItsRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.joinOrganizer("olga")
	send := func(in request) result { in.token = token; return b.do(t, in) }
	got := send(jsonOf("/promotions", `{"code":"spring-25","amount_minor":500,"currency":"USD","uses":100,"uses_per_user":1,"min_tickets":2,
		"event_ids":["`+strings.ToUpper(eventID)+`"],"valid_from":"2026-12-04T19:30:00-08:00","valid_until":"2026-12-05T19:30:00Z"}`, "Idempotency-Key", "k"))
	require.Equal(t, http.StatusCreated, got.status, string(got.body))
	require.Equal(t, "/promotions/"+promotionID, got.header.Get("Location"))
	require.Equal(t, boxoffice.Promotion{
		Code: "spring-25", Discount: boxoffice.Discount{AmountMinor: 500, Currency: "USD"},
		Terms: boxoffice.PromotionTerms{
			Uses: 100, UsesPerUser: 1, MinTickets: 2, EventIDs: []string{eventID}, Active: true,
			ValidFrom: time.Date(2026, 12, 5, 3, 30, 0, 0, time.UTC), ValidUntil: time.Date(2026, 12, 5, 19, 30, 0, 0, time.UTC),
		},
	}, b.organizers.made)
	require.Equal(t, "POST /promotions", b.organizers.by.Key.Route)
	var view Promotion
	got.json(&view)
	require.Equal(t, []any{"SPRING-25", 25, 100, 1, 2, map[string]int64{"USD": 725}}, []any{view.Code, view.Percent, view.Uses, view.Used.Held, view.Used.Sold, view.Used.GivenMinor})

	require.Equal(t, http.StatusOK, send(as("PATCH", jsonOf("/promotions/"+promotionID, `{"active":false,"uses":0}`))).status)
	off, none := false, 0
	require.Equal(t, boxoffice.PromotionChange{Active: &off, Uses: &none}, b.organizers.terms, "what is left out stays")
	require.Equal(t, http.StatusOK, send(as("PATCH", jsonOf("/promotions/"+promotionID, `{"event_ids":[],"valid_until":""}`))).status)
	require.Empty(t, *b.organizers.terms.EventIDs)
	require.True(t, b.organizers.terms.ValidUntil.IsZero())
	send(as("PATCH", jsonOf("/promotions/"+promotionID, `{"valid_from":""}`))).problem(422, "invalid")
	send(request{method: "GET", path: "/organizer/promotions?q=spring&limit=7"})
	require.Equal(t, []any{"spring", 7}, []any{b.organizers.page.Search, b.organizers.page.Limit})
}

func TestCodesThatAUserTriesAreLimited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	try := func(token, code string) result {
		in := jsonOf(promotionPath, `{"code":"`+code+`"}`)
		in.token = token
		return b.do(t, in)
	}
	b.bookings.refusal = boxoffice.Errorf(boxoffice.CodePromotionRefused, "There is no such code.")
	for range 10 {
		try(token, "GUESS").problem(http.StatusConflict, "promotion-refused")
	}
	try(token, "x").problem(http.StatusUnprocessableEntity, "invalid")
	b.bookings.code = boxoffice.PromotionRequest{}
	requireWait(t, try(token, "GUESS"), time.Minute)
	require.Empty(t, b.bookings.code, "the store is not asked")
	b.bookings.refusal = nil
	require.Equal(t, http.StatusOK, try(b.users.join("eve"), "GUESS").status, "another user may")
}

// TestACodeChangesWhatABookingCosts puts a code in and takes it out over the real store.
func TestACodeChangesWhatABookingCosts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.person(t, "olga", boxoffice.RoleOrganizer)
	h.giveTo(t, "olga")
	h.exec(t, `UPDATE events SET booking_fee_minor = 150, refund_hours = 2, refund_percent = 80 WHERE id = $1`, h.event)
	h.exec(t, `INSERT INTO promotions (id, owner_id, code, percent) SELECT gen_random_uuid(), owner_id, 'SPRING-25', 25 FROM events WHERE id = $1`, h.event)
	ada, token := h.person(t, "ada", boxoffice.RoleBuyer)
	path := "/bookings/" + h.holdFor(t, ada.ID, h.tickets[:2]...).ID
	do := func(in request) result { in.token = token; return h.do(t, in) }
	costs := func(got result) (b Booking) {
		t.Helper()
		require.Equal(t, http.StatusOK, got.status, string(got.body))
		got.json(&b)
		return b
	}
	put := func(code string) result { return do(jsonOf(path+"/promotion", `{"code":"`+code+`"}`)) }
	full := costs(do(request{method: "GET", path: path}))
	require.Equal(t, []int64{3200, 300, 0}, []int64{full.AmountMinor, full.FeeMinor, full.DiscountMinor})
	require.NotEmpty(t, full.Links.Promotion)
	require.Contains(t, string(put("<b>no").body), boxoffice.WrongPromotionCode)
	require.Contains(t, put("winter").problem(http.StatusConflict, "promotion-refused").Detail, "There is no such code for this booking")

	less := costs(put(" spring-25 "))
	require.Equal(t, []int64{2475, 300, 725}, []int64{less.AmountMinor, less.FeeMinor, less.DiscountMinor})
	require.Equal(t, "SPRING-25", less.Promotion)
	again := costs(do(request{method: "DELETE", path: path + "/promotion"}))
	require.Equal(t, full.AmountMinor, again.AmountMinor)
	require.Empty(t, again.Promotion)
	h.exec(t, `UPDATE bookings SET status = 'expired', next_check_at = NULL WHERE user_id = $1`, ada.ID)
	require.Empty(t, costs(do(request{method: "GET", path: path})).Links.Promotion)
	put("spring-25").problem(http.StatusConflict, "booking-closed")
}
