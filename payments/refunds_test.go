package payments_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

const (
	refundPath  = "POST /v1/refunds"
	refundsPath = "GET /v1/refunds"
)

func refundOf(intent string, n int) boxoffice.Refund {
	return boxoffice.Refund{
		PaymentID: "payment-1", N: n, PaymentIntent: intent, Amount: boxoffice.Money{Minor: 1050, Currency: "USD"}, State: boxoffice.RefundPending,
		Reason: "event cancelled",
	}
}

func refundJSON(id, status, n string) string {
	return `{"id":"` + id + `","object":"refund","amount":1050,"currency":"usd","payment_intent":"pi_1","status":"` + status + `",
		"failure_reason":null,"metadata":{"payment_id":"payment-1","n":"` + n + `"}}`
}

func listJSON(items ...string) answer {
	return answer{status: 200, body: `{"object":"list","has_more":false,"data":[` + strings.Join(items, ",") + `]}`}
}

func TestRefundSortsAnswers(t *testing.T) {
	t.Parallel()
	none, ours := listJSON(), listJSON(refundJSON("re_2", "succeeded", "2"), refundJSON("re_1", "succeeded", "1"))
	others := listJSON(refundJSON("re_2", "succeeded", "2"), `{"id":"re_hand","status":"succeeded"}`)
	refuse := func(code string) answer { return answer{status: 400, body: problem("invalid_request_error", code, "")} }
	broken := answer{status: 500, body: problem("api_error", "", "")}
	stored := answer{status: 500, header: map[string]string{"Idempotent-Replayed": "true"}, body: problem("api_error", "", "")}
	cases := map[string]struct {
		lists  []answer
		create answer
		code   boxoffice.Code
		posts  int
	}{
		"made":                        {[]answer{none}, answer{status: 200, body: refundJSON("re_1", "succeeded", "1")}, "", 1},
		"beside another one":          {[]answer{others}, answer{status: 200, body: refundJSON("re_1", "succeeded", "1")}, "", 1},
		"there already":               {[]answer{ours}, broken, "", 0},
		"refunded, by us":             {[]answer{none, ours}, refuse("charge_already_refunded"), "", 1},
		"refunded, by hand":           {[]answer{others}, refuse("charge_already_refunded"), boxoffice.CodeProviderDeclined, 1},
		"disputed":                    {[]answer{none}, refuse("charge_disputed"), boxoffice.CodeProviderUnknown, 1},
		"disputed, in other words":    {[]answer{none}, refuse("refund_disputed_payment"), boxoffice.CodeProviderUnknown, 1},
		"too much":                    {[]answer{none}, refuse(""), boxoffice.CodeProviderDeclined, 1},
		"balance too low":             {[]answer{none}, refuse("balance_insufficient"), boxoffice.CodeBalanceInsufficient, 1},
		"balance too low, then made":  {[]answer{none, ours}, refuse("balance_insufficient"), "", 1},
		"balance too low, replayed":   {[]answer{none}, answer{status: 400, header: map[string]string{"Idempotent-Replayed": "true"}, body: problem("invalid_request_error", "balance_insufficient", "")}, boxoffice.CodeNoRefund, 1},
		"wrong key":                   {[]answer{none}, answer{status: 401, body: problem("invalid_request_error", "", "")}, boxoffice.CodeProviderUnknown, 1},
		"first 500":                   {[]answer{none}, broken, boxoffice.CodeProviderUnknown, 1},
		"stored 500, made":            {[]answer{none, ours}, stored, "", 1},
		"stored 500, not made":        {[]answer{none}, stored, boxoffice.CodeNoRefund, 1},
		"stored 500, beside another":  {[]answer{others}, stored, boxoffice.CodeNoRefund, 1},
		"stored 500, and no list":     {[]answer{none, broken}, stored, boxoffice.CodeProviderUnknown, 1},
		"key in use":                  {[]answer{none}, answer{status: 409, body: problem("idempotency_error", "idempotency_key_in_use", "")}, boxoffice.CodeProviderUnknown, 3},
		"stored 503":                  {[]answer{none}, answer{status: 503, header: map[string]string{"Idempotent-Replayed": "true"}, body: problem("api_error", "", "")}, boxoffice.CodeNoRefund, 3},
		"the list is not known":       {[]answer{broken}, broken, boxoffice.CodeProviderUnknown, 0},
		"rate limit":                  {[]answer{none}, answer{status: 429, body: problem("invalid_request_error", "rate_limit", "")}, boxoffice.CodeProviderUnknown, 1},
		"an answer without a refund":  {[]answer{none}, answer{status: 200, body: "{}"}, boxoffice.CodeProviderUnknown, 1},
		"a list with a hole in it":    {[]answer{listJSON("null")}, broken, boxoffice.CodeProviderUnknown, 0},
		"refused, and then no answer": {[]answer{none, broken}, refuse("charge_already_refunded"), boxoffice.CodeProviderUnknown, 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newCanned(t, map[string][]answer{refundsPath: tc.lists, refundPath: {tc.create}})
			client, log := newClient(t, server.URL)
			got, err := client.Refund(t.Context(), refundOf("pi_1", 1))
			require.Equal(t, tc.code, codeOf(t, err), "%v", err)
			requireNothingPrivate(t, log.String())
			require.Len(t, server.requests("POST"), tc.posts)
			if tc.code == "" {
				require.Equal(t, boxoffice.ProviderRefund{
					ID: "re_1", PaymentIntent: "pi_1", State: boxoffice.RefundSucceeded, Amount: boxoffice.Money{Minor: 1050, Currency: "USD"},
					PaymentID: "payment-1", N: 1,
				}, got)
			}
		})
	}
}

func TestRefundNamesItsRow(t *testing.T) {
	t.Parallel()
	server := newCanned(t, map[string][]answer{refundsPath: {listJSON()}, refundPath: {{status: 200, body: refundJSON("re_1", "pending", "1")}}})
	client, _ := newClient(t, server.URL)
	_, err := client.Refund(t.Context(), refundOf("pi_1", 1))
	require.NoError(t, err)
	calls := server.requests("POST")
	require.Len(t, calls, 1)
	require.Equal(t, "refund:payment-1:1", calls[0].key)
	form, err := url.ParseQuery(calls[0].body)
	require.NoError(t, err)
	require.Equal(t, url.Values{
		"payment_intent": {"pi_1"}, "amount": {"1050"}, "reason": {"requested_by_customer"}, "metadata[payment_id]": {"payment-1"}, "metadata[n]": {"1"},
	}, form)
}

func TestRefundReadsEveryStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]boxoffice.RefundState{
		"pending": boxoffice.RefundPending, "requires_action": boxoffice.RefundPending, "succeeded": boxoffice.RefundSucceeded,
		"failed": boxoffice.RefundFailed, "canceled": boxoffice.RefundFailed, "of another time": "",
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			server := newCanned(t, map[string][]answer{"GET /v1/refunds/re_1": {{status: 200, body: refundJSON("re_1", status, "1")}}})
			client, _ := newClient(t, server.URL)
			r := refundOf("pi_1", 1)
			r.ProviderID = "re_1"
			got, err := client.Refund(t.Context(), r)
			require.Empty(t, server.requests("POST"), "a refund that has an ID is only asked about")
			if want == "" {
				require.Equal(t, boxoffice.CodeProviderUnknown, codeOf(t, err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, want, got.State)
			require.Equal(t, want == boxoffice.RefundFailed, got.Failure != "")
		})
	}
}

func TestRefundThatStripeLostIsUnknown(t *testing.T) {
	t.Parallel()
	server := newCanned(t, map[string][]answer{"GET /v1/refunds/re_1": {{status: 404, body: problem("invalid_request_error", "resource_missing", "id")}}})
	client, _ := newClient(t, server.URL)
	r := refundOf("pi_1", 1)
	r.ProviderID = "re_1"
	_, err := client.Refund(t.Context(), r)
	require.Equal(t, boxoffice.CodeProviderUnknown, codeOf(t, err))
}

func TestRefundOfNothingAsksNobody(t *testing.T) {
	t.Parallel()
	server := newCanned(t, nil)
	client, _ := newClient(t, server.URL)
	free := refundOf("pi_1", 1)
	free.Amount.Minor = 0
	for _, r := range []boxoffice.Refund{refundOf("", 1), refundOf("pi_1", 0), free} {
		_, err := client.Refund(t.Context(), r)
		require.Equal(t, boxoffice.CodeProviderDeclined, codeOf(t, err))
	}
	require.Empty(t, server.requests("GET"))
}
