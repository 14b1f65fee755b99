package payments_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/stretchr/testify/require"
)

const (
	createPath = "POST /v1/checkout/sessions"
	listPath   = "GET /v1/checkout/sessions"
	getPath    = "GET /v1/checkout/sessions/cs_1"
	expirePath = "POST /v1/checkout/sessions/cs_1/expire"
)

func sessionJSON(status, paid string) string {
	return `{"id":"cs_1","object":"checkout.session","client_reference_id":"attempt-1","status":"` + status + `","payment_status":"` + paid + `",
		"amount_total":3550,"currency":"usd","expires_at":1800000000,"livemode":false,"payment_intent":"pi_1","url":"https://pay.example/cs_1",
		"customer_email":"given@example.com","customer_details":{"email":"` + buyer + `"}}`
}

func TestCreateSessionSortsAnswers(t *testing.T) {
	t.Parallel()
	replayed := map[string]string{"Idempotent-Replayed": "true"}
	cases := map[string]struct {
		answers []answer
		want    boxoffice.Code
		wait    time.Duration
	}{
		"made":                     {[]answer{{status: 200, body: sessionJSON("open", "unpaid")}}, "", 0},
		"first 500":                {[]answer{{status: 500, body: problem("api_error", "", "")}}, boxoffice.CodeProviderUnknown, 0},
		"replayed 500":             {[]answer{{status: 500, header: replayed, body: problem("api_error", "", "")}}, boxoffice.CodeNoSession, 0},
		"503 throughout":           {[]answer{{status: 503, body: problem("api_error", "", "")}}, boxoffice.CodeProviderUnknown, 0},
		"502 of a proxy":           {[]answer{{status: 502, body: "<html>" + private}}, boxoffice.CodeProviderUnknown, 0},
		"403 of a proxy":           {[]answer{{status: 403, body: "<html>" + private}}, boxoffice.CodeProviderUnknown, 0},
		"error without an error":   {[]answer{{status: 400, body: `{"email":"` + buyer + `"}`}}, boxoffice.CodeProviderUnknown, 0},
		"200 that is no JSON":      {[]answer{{status: 200, body: "<html>" + private}}, boxoffice.CodeProviderUnknown, 0},
		"200 without a session":    {[]answer{{status: 200, body: "{}"}}, boxoffice.CodeProviderUnknown, 0},
		"redirect":                 {[]answer{{status: 302, header: map[string]string{"Location": "/elsewhere"}, body: ""}}, boxoffice.CodeProviderUnknown, 0},
		"cut twice, then made":     {[]answer{{cut: true}, {cut: true}, {status: 200, body: sessionJSON("open", "unpaid")}}, "", 0},
		"key in use throughout":    {[]answer{{status: 409, body: problem("idempotency_error", "idempotency_key_in_use", "")}}, boxoffice.CodeProviderUnknown, time.Second},
		"rate limit":               {[]answer{{status: 429, body: problem("invalid_request_error", "rate_limit", "")}}, boxoffice.CodeProviderUnknown, 2 * time.Second},
		"rate limit with a time":   {[]answer{{status: 429, header: map[string]string{"Retry-After": "7"}, body: problem("invalid_request_error", "rate_limit", "")}}, boxoffice.CodeProviderUnknown, 7 * time.Second},
		"rate limit for a day":     {[]answer{{status: 429, header: map[string]string{"Retry-After": "86400"}, body: problem("invalid_request_error", "rate_limit", "")}}, boxoffice.CodeProviderUnknown, time.Minute},
		"lock timeout throughout":  {[]answer{{status: 429, body: problem("invalid_request_error", "lock_timeout", "")}}, boxoffice.CodeProviderUnknown, 2 * time.Second},
		"other parameters":         {[]answer{{status: 400, body: problem("idempotency_error", "", "")}}, boxoffice.CodeNoSession, 0},
		"expiry too near":          {[]answer{{status: 400, body: problem("invalid_request_error", "", "expires_at")}}, boxoffice.CodeNoSession, 0},
		"wrong parameter":          {[]answer{{status: 400, body: problem("invalid_request_error", "email_invalid", "customer_email")}}, boxoffice.CodeProviderDeclined, 0},
		"wrong key":                {[]answer{{status: 401, body: problem("invalid_request_error", "", "")}}, boxoffice.CodeProviderDeclined, 0},
		"key without that right":   {[]answer{{status: 403, body: problem("invalid_request_error", "", "")}}, boxoffice.CodeProviderDeclined, 0},
		"request timed out (408)":  {[]answer{{status: 408, body: problem("api_error", "", "")}}, boxoffice.CodeProviderUnknown, 0},
		"a status of another time": {[]answer{{status: 200, body: sessionJSON("paused", "unpaid")}}, boxoffice.CodeProviderUnknown, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newCanned(t, map[string][]answer{createPath: tc.answers})
			client, log := newClient(t, server.URL)
			_, err := client.CreateSession(t.Context(), order("attempt-1"))
			require.Equal(t, tc.want, codeOf(t, err), "%v", err)
			requireNothingPrivate(t, log.String())
			if err != nil {
				var known *boxoffice.Error
				require.ErrorAs(t, err, &known)
				require.Equal(t, tc.wait, known.RetryAfter)
			}
			for _, r := range server.requests("POST") {
				require.Equal(t, "checkout:attempt-1", r.key, "a retry under another key could make a second page")
			}
		})
	}
}

func TestCreateSessionIsTheSameCallEveryTime(t *testing.T) {
	t.Parallel()
	server := newCanned(t, map[string][]answer{createPath: {{status: 200, body: sessionJSON("open", "unpaid")}}})
	client, _ := newClient(t, server.URL)
	p := order("attempt-1")
	for range 20 {
		_, err := client.CreateSession(t.Context(), p)
		require.NoError(t, err)
	}
	calls := server.requests("POST")
	require.Len(t, calls, 20)
	for _, r := range calls {
		require.Equal(t, calls[0], r)
	}
	require.Equal(t, "2023-10-16", calls[0].version)
	require.Equal(t, "Bearer "+testKey, calls[0].auth)
	form, err := url.ParseQuery(calls[0].body)
	require.NoError(t, err)
	for name, want := range map[string]string{
		"mode": "payment", "payment_method_types[0]": "card", "client_reference_id": "attempt-1", "customer_email": buyer,
		"metadata[booking_id]": "booking-1", "metadata[attempt_id]": "attempt-1", "metadata[reference]": "K7Q2M9",
		"payment_intent_data[metadata][booking_id]": "booking-1", "payment_intent_data[metadata][attempt_id]": "attempt-1",
		"payment_intent_data[metadata][reference]": "K7Q2M9", "line_items[1][price_data][currency]": "usd",
		"line_items[1][price_data][unit_amount]": "1050", "line_items[1][quantity]": "1",
		"line_items[1][price_data][product_data][name]": "Ghost, Circle B 2",
		"success_url": "https://tickets.example/done?s={CHECKOUT_SESSION_ID}", "cancel_url": "https://tickets.example/back",
	} {
		require.Equal(t, want, form.Get(name), name)
	}
	require.NotEmpty(t, form.Get("expires_at"))
}

func TestCreateSessionAsksNobody(t *testing.T) {
	t.Parallel()
	server := newCanned(t, nil)
	client, _ := newClient(t, server.URL)
	wrong := order("attempt-1")
	wrong.AmountMinor++
	_, err := client.CreateSession(t.Context(), wrong)
	require.Equal(t, boxoffice.CodeProviderDeclined, codeOf(t, err), "with lines that do not sum to the amount")
	require.Empty(t, server.requests("POST"))
}

// Our clock may be wrong: a page is opened, refused and found by Stripe's.
func TestSessionsGoByStripesClock(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, off := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			client, _ := newClient(t, s.sim.URL, func(o *payments.Options) { o.Now = func() time.Time { return time.Now().Add(off) } })
			attempt := "attempt" + off.String()
			made, err := client.CreateSession(t.Context(), order(attempt))
			require.NoError(t, err)
			found, err := client.FindSession(t.Context(), attempt, time.Now().Add(off))
			require.NoError(t, err)
			require.Equal(t, made.ID, found.ID)
			late := order("late" + off.String())
			late.ExpiresAt = time.Now().Add(29 * time.Minute)
			_, err = client.CreateSession(t.Context(), late)
			require.Equal(t, boxoffice.CodeNoSession, codeOf(t, err))
		})
	}
}

func TestNoAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	server := newCanned(t, map[string][]answer{createPath: {{hang: true}}, getPath: {{hang: true}}, listPath: {{hang: true}}, expirePath: {{hang: true}}})
	client, _ := newClient(t, server.URL, func(o *payments.Options) { o.Timeout = 30 * time.Millisecond })
	calls := map[string]func(ctx context.Context) error{
		"create": func(ctx context.Context) error { _, err := client.CreateSession(ctx, order("a")); return err },
		"get":    func(ctx context.Context) error { _, err := client.Session(ctx, "cs_1"); return err },
		"find":   func(ctx context.Context) error { _, err := client.FindSession(ctx, "a", time.Now()); return err },
		"expire": func(ctx context.Context) error { _, err := client.ExpireSession(ctx, "cs_1"); return err },
		"refund": func(ctx context.Context) error { _, err := client.Refund(ctx, refundOf("pi_1", 1)); return err },
	}
	for name, call := range calls {
		t.Run(name+" cancelled", func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			err := call(ctx)
			require.Equal(t, boxoffice.CodeProviderUnknown, codeOf(t, err))
			require.ErrorIs(t, err, context.Canceled)
		})
		if name == "refund" { // its paths answer at once
			continue
		}
		t.Run(name+" timed out", func(t *testing.T) {
			t.Parallel()
			require.Equal(t, boxoffice.CodeProviderUnknown, codeOf(t, call(t.Context())))
		})
	}
}

func TestSessionReadsEverything(t *testing.T) {
	t.Parallel()
	noMail := strings.ReplaceAll(sessionJSON("open", "unpaid"), buyer, "")
	server := newCanned(t, map[string][]answer{getPath: {{status: 200, body: sessionJSON("complete", "paid")}, {status: 200, body: noMail},
		{status: 200, body: sessionJSON("complete", "no_payment_required")}}})
	client, _ := newClient(t, server.URL)
	paid, err := client.Session(t.Context(), "cs_1")
	require.NoError(t, err)
	require.Equal(t, boxoffice.PaymentSession{
		ID: "cs_1", AttemptID: "attempt-1", URL: "https://pay.example/cs_1", Status: boxoffice.SessionComplete, Paid: true, PaymentIntent: "pi_1",
		Amount: boxoffice.Money{Minor: 3550, Currency: "USD"}, Email: buyer, ExpiresAt: time.Unix(1800000000, 0).UTC(),
	}, paid)
	open, err := client.Session(t.Context(), "cs_1")
	require.NoError(t, err)
	require.Equal(t, "given@example.com", open.Email)
	require.False(t, open.Paid)
	free, err := client.Session(t.Context(), "cs_1")
	require.NoError(t, err)
	require.False(t, free.Paid)
}

func TestSessionTellsAbsentFromUnknown(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer answer
		want   boxoffice.Code
	}{
		"absent":    {answer{status: 404, body: problem("invalid_request_error", "resource_missing", "session")}, boxoffice.CodeNotFound},
		"no route":  {answer{status: 404, body: problem("invalid_request_error", "", "")}, boxoffice.CodeProviderUnknown},
		"wrong key": {answer{status: 401, body: problem("invalid_request_error", "", "")}, boxoffice.CodeProviderUnknown},
		"500":       {answer{status: 500, body: problem("api_error", "", "")}, boxoffice.CodeProviderUnknown},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := newClient(t, newCanned(t, map[string][]answer{getPath: {tc.answer}}).URL)
			_, err := client.Session(t.Context(), "cs_1")
			require.Equal(t, tc.want, codeOf(t, err))
		})
	}
}

func TestFindSessionReadsFurtherPages(t *testing.T) {
	t.Parallel()
	page := func(id, attempt, more string) answer {
		return answer{status: 200, body: `{"object":"list","has_more":` + more + `,"data":[{"id":"` + id + `","status":"open","client_reference_id":"` + attempt + `"}]}`}
	}
	pages := []answer{page("cs_3", "other", "true"), page("cs_2", "attempt-1", "true")}
	server := newCanned(t, map[string][]answer{listPath: pages})
	client, _ := newClient(t, server.URL)
	at := time.Unix(1790000000, 0)
	found, err := client.FindSession(t.Context(), "attempt-1", at)
	require.NoError(t, err)
	require.Equal(t, "cs_2", found.ID)
	asked := server.requests("GET")
	require.Len(t, asked, 2)
	query, err := url.ParseQuery(asked[1].query)
	require.NoError(t, err)
	require.Equal(t, url.Values{
		"created[gte]": {"1789999100"}, "created[lte]": {"1790000900"}, "limit": {"100"}, "starting_after": {"cs_3"},
	}, query)
}

func TestFindSessionNeverTakesAFailureForNone(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]answer{
		"500":       {status: 500, body: problem("api_error", "", "")},
		"400":       {status: 400, body: problem("invalid_request_error", "", "created")},
		"wrong key": {status: 401, body: problem("invalid_request_error", "", "")},
		"null":      {status: 200, body: `{"object":"list","has_more":true,"data":[null]}`},
		"no JSON":   {status: 200, body: private},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := newClient(t, newCanned(t, map[string][]answer{listPath: {a}}).URL)
			_, err := client.FindSession(t.Context(), "attempt-1", time.Now())
			require.Equal(t, boxoffice.CodeProviderUnknown, codeOf(t, err))
		})
	}
}

func TestExpireSessionGoesByTheSession(t *testing.T) {
	t.Parallel()
	refused := answer{status: 400, body: problem("invalid_request_error", "", "")}
	broken := answer{status: 500, body: problem("api_error", "", "")}
	session := func(status, paid string) answer { return answer{status: 200, body: sessionJSON(status, paid)} }
	cases := map[string]struct {
		expire, get answer
		want        boxoffice.SessionStatus
		code        boxoffice.Code
	}{
		"closed":                        {session("expired", "unpaid"), broken, boxoffice.SessionExpired, ""},
		"refused, the buyer was faster": {refused, session("complete", "paid"), boxoffice.SessionComplete, ""},
		"refused, expired already":      {refused, session("expired", "unpaid"), boxoffice.SessionExpired, ""},
		"refused, yet open":             {refused, session("open", "unpaid"), "", boxoffice.CodeProviderUnknown},
		"broken, but done":              {broken, session("expired", "unpaid"), boxoffice.SessionExpired, ""},
		"broken, not done":              {broken, session("open", "unpaid"), "", boxoffice.CodeProviderUnknown},
		"both broken":                   {broken, broken, "", boxoffice.CodeProviderUnknown},
		"no such session": {refused, answer{status: 404, body: problem("invalid_request_error", "resource_missing", "session")}, "",
			boxoffice.CodeProviderUnknown},
		"answered, yet open": {session("open", "unpaid"), session("open", "unpaid"), "", boxoffice.CodeProviderUnknown},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newCanned(t, map[string][]answer{expirePath: {tc.expire}, getPath: {tc.get}})
			client, _ := newClient(t, server.URL)
			got, err := client.ExpireSession(t.Context(), "cs_1")
			require.Equal(t, tc.code, codeOf(t, err))
			require.NotErrorIs(t, err, &boxoffice.Error{Code: boxoffice.CodeNotFound})
			require.Equal(t, tc.want, got.Status)
		})
	}
}
