package payments_test

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

const (
	sessionPath   = "GET /v1/checkout/sessions/cs_1"
	refundOnePath = "GET /v1/refunds/re_1"
	disputePath   = "GET /v1/disputes/dp_1"
)

// lies is an event whose own words say that a page was paid, in another version of the API and with real money.
func lies(kind, objectID string) boxoffice.PaymentEvent {
	return boxoffice.PaymentEvent{
		ID: "evt_1", Type: kind, APIVersion: "2011-01-01", ObjectID: objectID, Live: true, Payload: []byte(`{"paid":true}`), Parked: "another version",
		Session: &boxoffice.PaymentSession{ID: objectID, AttemptID: "attempt-9", Status: boxoffice.SessionComplete, Paid: true},
	}
}

func TestEventNow(t *testing.T) {
	t.Parallel()
	ok := func(body string) []answer { return []answer{{status: 200, body: body}} }
	missing := []answer{{status: 404, body: problem("invalid_request_error", "resource_missing", "id")}}
	const completed, refunded = "checkout.session.completed", "charge.refund.updated"
	cases := map[string]struct {
		event   boxoffice.PaymentEvent
		answers map[string][]answer
		code    boxoffice.Code
		calls   int
	}{
		"a session": {lies(completed, "cs_1"), map[string][]answer{sessionPath: ok(sessionJSON("open", "unpaid"))}, "", 1},
		"a refund": {lies(refunded, "re_1"), map[string][]answer{
			refundOnePath: ok(refundJSON("re_1", "failed", "3")), refundsPath: {listJSON(refundJSON("re_1", "failed", "3"))},
		}, "", 2},
		"a refund of no page":          {lies(refunded, "re_1"), map[string][]answer{refundOnePath: ok(`{"id":"re_1","status":"succeeded"}`)}, "", 1},
		"a refunded charge":            {lies("charge.refunded", "ch_1"), map[string][]answer{refundsPath: {listJSON(refundJSON("re_1", "failed", "3"))}}, "", 1},
		"a charge that is not ours":    {lies("charge.refunded", "ch_1"), map[string][]answer{refundsPath: missing}, boxoffice.CodeNotFound, 1},
		"a charge without an ID":       {lies("charge.refunded", ""), nil, boxoffice.CodeNotFound, 0},
		"a dispute":                    {lies("charge.dispute.updated", "dp_1"), map[string][]answer{disputePath: ok(disputeJSON("lost", `"payment_intent":"pi_1"`))}, "", 1},
		"a dispute that is not ours":   {lies("charge.dispute.updated", "dp_1"), map[string][]answer{disputePath: missing}, boxoffice.CodeNotFound, 1},
		"a dispute without an ID":      {lies("charge.dispute.updated", ""), nil, boxoffice.CodeNotFound, 0},
		"a dispute of no payment":      {lies("charge.dispute.closed", "dp_1"), map[string][]answer{disputePath: ok(disputeJSON("lost", `"charge":"ch_1"`))}, boxoffice.CodeProviderUnknown, 1},
		"a dispute in a strange state": {lies("charge.dispute.closed", "dp_1"), map[string][]answer{disputePath: ok(disputeJSON("paused", `"payment_intent":"pi_1"`))}, boxoffice.CodeProviderUnknown, 1},
		"of another type":              {lies("customer.created", "cus_1"), nil, "", 0},
		"a session that is not ours":   {lies(completed, "cs_1"), map[string][]answer{sessionPath: missing}, boxoffice.CodeNotFound, 1},
		"a refund that is not ours":    {lies(refunded, "re_1"), map[string][]answer{refundOnePath: missing}, boxoffice.CodeNotFound, 1},
		"a session without an ID":      {lies(completed, ""), nil, boxoffice.CodeNotFound, 0},
		"a refund without an ID":       {lies(refunded, ""), nil, boxoffice.CodeNotFound, 0},
		"of the other mode":            {lies(completed, "cs_1"), map[string][]answer{sessionPath: ok(`{"id":"cs_1","status":"complete","payment_status":"paid","livemode":true}`)}, boxoffice.CodeProviderUnknown, 1},
		"another session than asked":   {lies(completed, "cs_1"), map[string][]answer{sessionPath: ok(`{"id":"cs_2","status":"complete","payment_status":"paid"}`)}, boxoffice.CodeProviderUnknown, 1},
		"no answer":                    {lies(completed, "cs_1"), map[string][]answer{sessionPath: {{status: 500, body: problem("api_error", "", "")}}}, boxoffice.CodeProviderUnknown, 3},
		"a wrong key":                  {lies(refunded, "re_1"), map[string][]answer{refundOnePath: {{status: 401, body: problem("invalid_request_error", "", "")}}}, boxoffice.CodeProviderUnknown, 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newCanned(t, tc.answers)
			client, _ := newClient(t, server.URL)
			got, err := client.EventNow(t.Context(), tc.event)
			require.Equal(t, tc.code, codeOf(t, err))
			require.Len(t, server.requests("GET"), tc.calls)
			for _, call := range server.requests("GET") {
				require.Equal(t, pinned, call.version, "asked at our own version")
				require.Equal(t, "Bearer "+testKey, call.auth, "and under our own key")
			}
			if err != nil {
				require.Nil(t, got.Session, "nothing of what the event said is left")
				return
			}
			require.Empty(t, got.Parked)
			require.False(t, got.Live)
			require.Equal(t, []string{"evt_1", tc.event.Type, tc.event.ObjectID}, []string{got.ID, got.Type, got.ObjectID})
		})
	}
}

// What comes back is the object as it is now, whatever the event said of it.
func TestEventNow_IsTheObjectNow(t *testing.T) {
	t.Parallel()
	server := newCanned(t, map[string][]answer{
		sessionPath: {{status: 200, body: sessionJSON("open", "unpaid")}}, refundOnePath: {{status: 200, body: refundJSON("re_1", "failed", "3")}},
		refundsPath: {listJSON(refundJSON("re_1", "failed", "3"), `{"id":"re_hand","status":"succeeded","amount":50,"currency":"usd","payment_intent":"pi_1"}`)},
	})
	client, _ := newClient(t, server.URL)
	e, err := client.EventNow(t.Context(), lies("checkout.session.completed", "cs_1"))
	require.NoError(t, err)
	require.Equal(t, []any{"attempt-1", boxoffice.SessionOpen, false}, []any{e.Session.AttemptID, e.Session.Status, e.Session.Paid})
	require.Nil(t, e.Refund)
	e, err = client.EventNow(t.Context(), lies("charge.refund.updated", "re_1"))
	require.NoError(t, err)
	require.Nil(t, e.Session)
	require.Nil(t, e.Refund)
	hand := boxoffice.ProviderRefund{
		ID: "re_hand", PaymentIntent: "pi_1", State: boxoffice.RefundSucceeded, Amount: boxoffice.Money{Minor: 50, Currency: "USD"},
	}
	require.Len(t, e.Refunds, 2, "all of the payment's")
	require.Equal(t, []any{"payment-1", 3, boxoffice.RefundFailed}, []any{e.Refunds[0].PaymentID, e.Refunds[0].N, e.Refunds[0].State})
	require.Equal(t, hand, e.Refunds[1])
	all, err := client.RefundsOf(t.Context(), "pi_1")
	require.NoError(t, err)
	require.Equal(t, e.Refunds, all)
	_, err = client.RefundsOf(t.Context(), "")
	require.Equal(t, boxoffice.CodeProviderUnknown, codeOf(t, err), "not everybody's")
}

func disputeJSON(status, of string) string {
	return `{"id":"dp_1","object":"dispute","amount":1050,"currency":"usd","reason":"fraudulent","status":"` + status + `",` + of + `}`
}

func TestEventNow_Disputes(t *testing.T) {
	t.Parallel()
	for status, state := range map[string]boxoffice.DisputeState{
		"warning_needs_response": boxoffice.DisputeInquiry, "warning_under_review": boxoffice.DisputeInquiry, "warning_closed": boxoffice.DisputeWon,
		"needs_response": boxoffice.DisputeOpen, "under_review": boxoffice.DisputeOpen, "won": boxoffice.DisputeWon, "lost": boxoffice.DisputeLost,
	} {
		for _, of := range []string{`"payment_intent":"pi_1"`, `"charge":{"id":"ch_1","payment_intent":"pi_1"}`} {
			server := newCanned(t, map[string][]answer{disputePath: {{status: 200, body: disputeJSON(status, of)}}})
			client, _ := newClient(t, server.URL)
			e, err := client.EventNow(t.Context(), lies("charge.dispute.created", "dp_1"))
			require.NoError(t, err)
			require.Equal(t, &boxoffice.ProviderDispute{
				ID: "dp_1", PaymentIntent: "pi_1", State: state, Amount: boxoffice.Money{Minor: 1050, Currency: "USD"}, Reason: "fraudulent",
			}, e.Dispute, status)
		}
	}
}

// A webhook in another version, about a page that was paid, tells the same as one in ours once it was asked about.
func TestSimulatorEventNow(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.paid("4242424242424242")
	e := s.await("checkout.session.completed")
	parked := e
	parked.Session, parked.Parked, parked.APIVersion = nil, "another version", "2011-01-01"
	now, err := s.client.EventNow(t.Context(), parked)
	require.NoError(t, err)
	require.Equal(t, e.Session, now.Session)
	parked.ObjectID = "cs_test_absent"
	_, err = s.client.EventNow(t.Context(), parked)
	require.Equal(t, boxoffice.CodeNotFound, codeOf(t, err))
}

// Operators are to know whether a secret or a clock is wrong.
func TestVerifyWebhookTellsStaleFromForged(t *testing.T) {
	t.Parallel()
	body := eventJSON("charge.succeeded", pinned, "false", `{"id":"ch_1"}`)
	client := webhookClient(t, testKey, testSecret)
	for header, stale := range map[string]bool{
		signed(body, testSecret, noon.Add(-time.Hour)):      true,
		signed(body, testSecret, noon.Add(time.Hour)):       true,
		signed(body, "whsec_strange", noon.Add(-time.Hour)): false,
		signed(body, "whsec_strange", noon):                 false,
		"":                                                  false,
	} {
		_, err := client.VerifyWebhook([]byte(body), header)
		require.Equal(t, boxoffice.CodeBadSignature, codeOf(t, err))
		if stale {
			require.ErrorIs(t, err, boxoffice.ErrStaleWebhook, header)
		} else {
			require.NotErrorIs(t, err, boxoffice.ErrStaleWebhook, header)
		}
	}
}
