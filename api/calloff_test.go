package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

var _ boxoffice.CancellationService = (*fakeCallOffs)(nil)

// fakeCallOffs says of every event that it is called off.
type fakeCallOffs struct {
	by       boxoffice.By
	req      boxoffice.CallOffRequest
	who      boxoffice.Overseer
	steering boxoffice.RefundSteering
	progress boxoffice.RefundProgress
	err      error
}

func (f *fakeCallOffs) answer(id string) boxoffice.EventCancellation {
	p := f.progress
	if p.State == "" {
		p = boxoffice.RefundProgress{State: boxoffice.RefundsRunning, PerSecond: 5, Total: 10, Refunded: 4, Released: 3, Failed: 2, Waiting: 1}
	}
	return boxoffice.EventCancellation{EventID: id, Reason: "The singer is ill.", CancelledAt: time.Unix(1, 0), Progress: p}
}

func (f *fakeCallOffs) QuoteCallOff(_ context.Context, by boxoffice.By, req boxoffice.CallOffRequest) (boxoffice.CallOffQuote, error) {
	f.by, f.req = by, req
	return boxoffice.CallOffQuote{Bookings: 3, Tickets: 5, Holds: 1, Refund: boxoffice.Money{Minor: 7250, Currency: "USD"}}, f.err
}

func (f *fakeCallOffs) CallOff(_ context.Context, by boxoffice.By, req boxoffice.CallOffRequest) (boxoffice.EventCancellation, error) {
	f.by, f.req = by, req
	return f.answer(req.EventID), f.err
}

func (f *fakeCallOffs) EventCancellation(_ context.Context, who boxoffice.Overseer, id string) (boxoffice.EventCancellation, error) {
	f.who = who
	return f.answer(id), f.err
}

func (f *fakeCallOffs) SteerRefunds(_ context.Context, who boxoffice.Overseer, id string, to boxoffice.RefundSteering) (boxoffice.EventCancellation, error) {
	f.who, f.steering = who, to
	return f.answer(id), f.err
}

func TestCallOff_ReadsItsRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := jsonOf("/events/"+eventID+"/cancel", `{"name":"Ghost","reason":"The singer is ill."}`, "Idempotency-Key", "k1")
	in.token = b.joinOrganizer("olga")
	got := b.do(t, in)
	require.Equal(t, http.StatusAccepted, got.status, string(got.body))
	require.Equal(t, "/events/"+eventID+"/cancellation", got.header.Get("Location"))
	require.Equal(t, boxoffice.CallOffRequest{EventID: eventID, Name: "Ghost", Reason: "The singer is ill."}, b.callOffs.req)
	require.Equal(t, "k1", b.callOffs.by.Key.Key)
	require.Equal(t, "POST /events/{id}/cancel", b.callOffs.by.Key.Route)
	require.JSONEq(t, `{"event_id":"`+eventID+`","reason":"The singer is ill.","cancelled_at":"1970-01-01T00:00:01Z","state":"running","per_second":5,
		"total":10,"refunded":4,"released":3,"failed":2,"waiting":1,"links":{"self":"/events/`+eventID+`/cancellation","event":"/events/`+eventID+`",
		"pause":"/events/`+eventID+`/cancellation/pause","throttle":"/events/`+eventID+`/cancellation/throttle"}}`, string(got.body))
	in.path += "?preview=true"
	got = b.do(t, in)
	require.Equal(t, http.StatusOK, got.status)
	require.JSONEq(t, `{"bookings":3,"tickets":5,"holds":1,"refund_minor":7250,"currency":"USD"}`, string(got.body))
}

func TestSteering_ReadsItsRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.joinOrganizer("olga")
	yes, no, rate := true, false, 10
	for path, want := range map[string]boxoffice.RefundSteering{"pause": {Pause: &yes}, "resume": {Pause: &no}, "throttle": {PerSecond: &rate}} {
		in := exampleOf("POST", "/events/{id}/cancellation/"+path)
		in.token = token
		require.Equal(t, http.StatusOK, b.do(t, in).status)
		require.Equal(t, want, b.callOffs.steering)
		require.False(t, b.callOffs.who.Staff)
	}
	b.callOffs.progress = boxoffice.RefundProgress{State: boxoffice.RefundsPaused, PausedReason: boxoffice.PausedByBalance, PerSecond: 5}
	got := b.do(t, request{method: "GET", path: "/events/" + eventID + "/cancellation", token: token})
	require.Contains(t, string(got.body), `"paused_reason":"balance"`)
	require.Contains(t, string(got.body), `"resume":`)
	require.NotContains(t, string(got.body), `"pause":`)
}

// wrongCallOffs are of an event that is on sale.
func wrongCallOffs() []refusal {
	off := func(body string) request { return jsonOf("/events/"+eventID+"/cancel", body) }
	throttle := func(body string) request { return jsonOf("/events/"+eventID+"/cancellation/throttle", body) }
	var all []refusal
	for _, query := range []string{"", "?preview=true"} {
		for body, field := range map[string]string{
			`{}`: "name", `{"name":""}`: "name", `{"name":"ghost"}`: "name", `{"name":"Ghost "}`: "name", `{"name":null}`: "name", `{"name":7}`: "name",
			`{"name":"Ghost","reason":"two\nlines"}`: "reason", `{"name":"Ghost","reason":"` + strings.Repeat("x", 501) + `"}`: "reason",
			`{"name":"Ghost","refund":false}`: "refund", `{"name":"Ghost","reason":"\u0000"}`: "reason",
		} {
			in := off(body)
			in.path += query
			all = append(all, invalid("to call off"+query+" "+body[:min(len(body), 60)], in, field))
		}
	}
	twice := off(`{"name":"Ghost"}`)
	twice.path += "?preview=perhaps"
	for _, body := range []string{`{}`, `{"per_second":0}`, `{"per_second":-1}`, `{"per_second":101}`, `{"per_second":1.5}`, `{"per_second":"5"}`, `{"per_second":null}`} {
		all = append(all, invalid("to throttle "+body, throttle(body), "per_second"))
	}
	return append(all,
		invalid("a preview that is none", twice, "preview"), malformed("to call off with no JSON", off(`{`)),
		invalid("to pause with words", jsonOf("/events/"+eventID+"/cancellation/pause", `{"why":"x"}`), "body"),
		refusal{"how far an event is that is on", request{method: "GET", path: "/events/" + eventID + "/cancellation"}, 404, "not-found", nil},
		refusal{"to resume an event that is on", request{method: "POST", path: "/events/" + eventID + "/cancellation/resume"}, 404, "not-found", nil},
	)
}

// callOff calls the event of the house off, past HTTP.
func (h *house) callOff(t *testing.T) {
	t.Helper()
	var owner, name string
	require.NoError(t, h.base.Pool.QueryRow(t.Context(), `SELECT owner_id, name FROM events WHERE id = $1`, h.event).Scan(&owner, &name))
	_, err := h.db.Cancellations().CallOff(t.Context(), boxoffice.By{UserID: owner}, boxoffice.CallOffRequest{EventID: h.event, Name: name})
	require.NoError(t, err)
}

// A preview writes nothing; the key makes two requests one; and the booking's buyer reads why it is ended.
func TestCallOff_OverTheStore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, buyer := h.person(t, "ada", boxoffice.RoleBuyer)
	_, token := h.person(t, "olga", boxoffice.RoleOrganizer)
	h.giveTo(t, "olga")
	booking := h.holdFor(t, ada.ID, h.tickets[0])
	off := jsonOf("/events/"+h.event+"/cancel", `{"name":"Ghost","reason":"The singer is ill."}`, "Idempotency-Key", "k1")
	off.token = token
	preview := off
	preview.path += "?preview=true"
	before := h.rows(t)
	got := h.do(t, preview)
	require.Equal(t, http.StatusOK, got.status, string(got.body))
	require.JSONEq(t, `{"bookings":0,"tickets":0,"holds":1,"refund_minor":0,"currency":"USD"}`, string(got.body))
	require.Equal(t, before, h.rows(t), "a preview writes")

	first, again := h.do(t, off), h.do(t, off)
	require.Equal(t, http.StatusAccepted, first.status, string(first.body))
	require.Equal(t, string(first.body), string(again.body))
	other := off
	other.body = `{"name":"Ghost"}`
	h.do(t, other).problem(http.StatusUnprocessableEntity, "idempotency-mismatch")
	event := h.do(t, request{method: "GET", path: "/events/" + h.event, token: buyer})
	require.Contains(t, string(event.body), `"status":"cancelled"`)

	_, err := h.db.Cancellations().GiveBack(t.Context(), booking.ID)
	require.NoError(t, err)
	got = h.do(t, request{method: "GET", path: "/bookings/" + booking.ID, token: buyer})
	require.Contains(t, string(got.body), `"reason":"The singer is ill."`)
	require.Contains(t, string(got.body), `"status":"cancelled"`)
}
