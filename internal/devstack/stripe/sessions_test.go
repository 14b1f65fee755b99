package stripe

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSession_CreateAndRetrieve(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expires := time.Now().Add(35 * time.Minute).Unix()
	made := b.newSession("customer_email", "ann@example.com", "expires_at", strconv.FormatInt(expires, 10))

	id := made.str("id")
	require.Regexp(t, `^cs_test_[A-Za-z0-9]{50,}$`, id)
	require.Equal(t, b.sim.URL+"/c/pay/"+id, made.str("url"))
	require.Equal(t, "open", made.str("status"))
	require.Equal(t, "unpaid", made.str("payment_status"))
	require.Equal(t, "usd", made.str("currency"), "currencies are answered in lower case")
	require.EqualValues(t, orderTotal, made.num("amount_total"))
	require.Equal(t, "attempt-1", made.str("client_reference_id"))
	require.Equal(t, "b-1", made.str("metadata.booking_id"))
	require.Equal(t, expires, made.num("expires_at"))
	require.Equal(t, "ann@example.com", made.str("customer_details.email"))
	require.Contains(t, made.str("success_url"), "{CHECKOUT_SESSION_ID}", "the template is answered as it came")
	require.Nil(t, made.at("payment_intent"), "none before somebody tries to pay")
	require.Regexp(t, `^req_`, made.header.Get("Request-Id"))
	require.Equal(t, APIVersion, made.header.Get("Stripe-Version"))

	got := b.get("/v1/checkout/sessions/" + id)
	require.Equal(t, made.body, got.body)
	items := b.get("/v1/checkout/sessions/" + id + "/line_items")
	require.Len(t, items.data(), 2)
	require.EqualValues(t, 2100, items.num("data.1.amount_total"))
	require.Equal(t, "Circle, row B", items.str("data.1.description"))
	require.Equal(t, items.data(), b.get("/v1/checkout/sessions/"+id+"?expand[]=line_items").at("line_items.data"))
}

func TestSession_RefusesWrongParameters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }
	for name, tc := range map[string]struct {
		change      []string
		code, param string
		message     string
	}{
		"unknown":              {[]string{"colour", "red"}, "parameter_unknown", "colour", "Received unknown parameter: colour"},
		"unknown, nested":      {[]string{"line_items[0][colour]", "red"}, "parameter_unknown", "line_items[0][colour]", "unknown parameter"},
		"no success_url":       {[]string{"success_url", ""}, "parameter_missing", "success_url", "Missing required param: success_url."},
		"no mode":              {[]string{"mode", ""}, "parameter_missing", "mode", ""},
		"mode of subscription": {[]string{"mode", "subscription"}, "", "mode", ""},
		"odd mode":             {[]string{"mode", "gift"}, "", "mode", "must be one of"},
		"no quantity":          {[]string{"line_items[0][quantity]", ""}, "parameter_missing", "line_items[0][quantity]", ""},
		"quantity zero":        {[]string{"line_items[0][quantity]", "0"}, "parameter_invalid_integer", "line_items[0][quantity]", ""},
		"quantity a word":      {[]string{"line_items[0][quantity]", "two"}, "parameter_invalid_integer", "line_items[0][quantity]", "Invalid integer: two"},
		"no name":              {[]string{"line_items[0][price_data][product_data][name]", ""}, "parameter_missing", "line_items[0][price_data][product_data]", ""},
		"negative amount":      {[]string{"line_items[0][price_data][unit_amount]", "-1"}, "parameter_invalid_integer", "line_items[0][price_data][unit_amount]", ""},
		"fraction":             {[]string{"line_items[0][price_data][unit_amount]", "1.5"}, "parameter_invalid_integer", "line_items[0][price_data][unit_amount]", ""},
		"too much":             {[]string{"line_items[0][price_data][unit_amount]", "99999999"}, "amount_too_large", "line_items", ""},
		"too much to multiply": {[]string{"line_items[0][price_data][unit_amount]", "9223372036854775807"}, "amount_too_large", "line_items[0][price_data]", ""},
		"two currencies":       {[]string{"line_items[1][price_data][currency]", "eur"}, "", "line_items[1][price_data]", "same currency"},
		"odd currency":         {[]string{"line_items[0][price_data][currency]", "dollar"}, "", "line_items[0][price_data][currency]", "Invalid currency"},
		"relative URL":         {[]string{"success_url", "/done"}, "url_invalid", "success_url", "Not a valid URL"},
		"script URL":           {[]string{"cancel_url", "javascript:alert(1)"}, "url_invalid", "cancel_url", ""},
		"bad e-mail":           {[]string{"customer_email", "ann"}, "email_invalid", "customer_email", ""},
		"bank debit":           {[]string{"payment_method_types[]", "sepa_debit"}, "", "payment_method_types", ""},
		"expires too soon":     {[]string{"expires_at", in(29 * time.Minute)}, "", "expires_at", "at least 30 minutes"},
		"expires too late":     {[]string{"expires_at", in(24*time.Hour + time.Minute)}, "", "expires_at", "less than 24 hours"},
		"expires never":        {[]string{"expires_at", "soon"}, "parameter_invalid_integer", "expires_at", ""},
		"long metadata":        {[]string{"metadata[k]", strings.Repeat("x", 501)}, "", "metadata[k]", "500 characters"},
		"long metadata key":    {[]string{"metadata[" + strings.Repeat("k", 41) + "]", "v"}, "", "metadata", "under 40"},
		"expansion":            {[]string{"expand[0]", "customer"}, "", "expand[0]", "cannot be expanded (customer)"},
		"text for an object":   {[]string{"payment_intent_data", "x", "payment_intent_data[metadata][booking_id]", ""}, "", "payment_intent_data", "Invalid object"},
		"a price":              {[]string{"line_items[0][price]", "price_1"}, "resource_missing", "line_items[0][price]", "No such price"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.post("/v1/checkout/sessions", order(tc.change...))
			require.GreaterOrEqual(t, got.status, 400, got.raw)
			require.Less(t, got.status, 500)
			require.Equal(t, "invalid_request_error", got.str("error.type"))
			require.Equal(t, tc.code, got.str("error.code"), got.raw)
			require.Equal(t, tc.param, got.str("error.param"), got.raw)
			require.Contains(t, got.str("error.message"), tc.message)
		})
	}
}

func TestSession_RefusesAnEmptyParameter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := order()
	form.Set("success_url", "")
	got := b.post("/v1/checkout/sessions", form)
	require.Equal(t, "parameter_invalid_empty", got.str("error.code"))
	require.Contains(t, got.str("error.message"), "cannot be unset")
}

func TestSession_ExpireOnlyWhileOpen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.newSession().str("id")
	done := b.post("/v1/checkout/sessions/"+id+"/expire", nil)
	require.Equal(t, http.StatusOK, done.status)
	require.Equal(t, "expired", done.str("status"))
	require.Nil(t, done.at("url"))

	again := b.post("/v1/checkout/sessions/"+id+"/expire", nil)
	require.Equal(t, http.StatusBadRequest, again.status)
	require.Equal(t, "invalid_request_error", again.str("error.type"))
	require.Equal(t, "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `expired`.",
		again.str("error.message"))

	paidID := b.paidSession("4242424242424242").str("id")
	require.Contains(t, b.post("/v1/checkout/sessions/"+paidID+"/expire", nil).str("error.message"), "status of `complete`")

	unknown := b.post("/v1/checkout/sessions/cs_test_none/expire", nil)
	require.Equal(t, http.StatusNotFound, unknown.status)
	require.Equal(t, "resource_missing", unknown.str("error.code"))
	require.Equal(t, "session", unknown.str("error.param"))
}

func TestSession_ExpiresByItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.newSession("expires_at", strconv.FormatInt(time.Now().Add(31*time.Minute).Unix(), 10)).str("id")
	b.advance(30 * time.Minute)
	require.Equal(t, "open", b.get("/v1/checkout/sessions/"+id).str("status"))
	b.advance(2 * time.Minute)
	require.Equal(t, "expired", b.get("/v1/checkout/sessions/"+id).str("status"))
	events := b.get("/v1/events?type=checkout.session.expired")
	require.Len(t, events.data(), 1)
	require.Equal(t, id, events.str("data.0.data.object.id"))
	require.Nil(t, events.at("data.0.request.id"), "nobody asked for it")
	require.Equal(t, http.StatusGone, b.get("/c/pay/"+id).status)
	require.Equal(t, http.StatusGone, b.payPage(id, "4242424242424242").status)
}

func TestSession_ListsInPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []string // newest first
	for range 5 {
		ids = append([]string{b.newSession().str("id")}, ids...)
	}
	page := func(query url.Values) ([]string, bool) {
		got := b.get("/v1/checkout/sessions?" + query.Encode())
		require.Equal(t, http.StatusOK, got.status, got.raw)
		page := make([]string, len(got.data()))
		for i, s := range got.data() {
			page[i], _ = at(s, "id").(string)
		}
		more, _ := got.at("has_more").(bool)
		return page, more
	}
	for name, tc := range map[string]struct {
		query url.Values
		want  []string
		more  bool
	}{
		"all":               {url.Values{}, ids, false},
		"first two":         {url.Values{"limit": {"2"}}, ids[:2], true},
		"exactly all":       {url.Values{"limit": {"5"}}, ids, false},
		"after the second":  {url.Values{"limit": {"2"}, "starting_after": {ids[1]}}, ids[2:4], true},
		"after the fourth":  {url.Values{"limit": {"2"}, "starting_after": {ids[3]}}, ids[4:], false},
		"before the fourth": {url.Values{"limit": {"2"}, "ending_before": {ids[3]}}, ids[1:3], true},
		"before the second": {url.Values{"limit": {"2"}, "ending_before": {ids[1]}}, ids[:1], false},
		"from the future":   {url.Values{"created[gt]": {strconv.FormatInt(time.Now().Unix()+60, 10)}}, []string{}, false},
		"of this minute":    {url.Values{"created[gte]": {strconv.FormatInt(time.Now().Unix()-60, 10)}, "status": {"open"}}, ids, false},
		"of the past":       {url.Values{"created[lt]": {strconv.FormatInt(time.Now().Unix()-60, 10)}}, []string{}, false},
		"complete":          {url.Values{"status": {"complete"}}, []string{}, false},
		"of no intent":      {url.Values{"payment_intent": {"pi_none"}}, []string{}, false},
	} {
		got, more := page(tc.query)
		require.Equal(t, tc.want, got, name)
		require.Equal(t, tc.more, more, name)
	}
	require.Equal(t, "limit", b.get("/v1/checkout/sessions?limit=101").str("error.param"))
	require.Equal(t, "starting_after", b.get("/v1/checkout/sessions?starting_after=cs_test_x").str("error.param"))
	require.Equal(t, "parameter_unknown", b.get("/v1/checkout/sessions?colour=red").str("error.code"))
}

func TestAPI_WantsATestKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic := func(key string) string {
		r, _ := http.NewRequest(http.MethodGet, "http://x", nil)
		r.SetBasicAuth(key, "")
		return r.Header.Get("Authorization")
	}
	for name, tc := range map[string]struct {
		header  string
		status  int
		message string
	}{
		"bearer":      {"Bearer sk_test_123", 200, ""},
		"basic":       {basic("sk_test_123"), 200, ""},
		"none":        {"", 401, "You did not provide an API key."},
		"odd scheme":  {"Digest x", 401, "You did not provide an API key."},
		"live key":    {"Bearer sk_live_1234567890", 401, "Invalid API Key provided: sk_live_******7890"},
		"public key":  {"Bearer pk_test_1234567890", 401, "Invalid API Key provided: pk_test_******7890"},
		"only prefix": {"Bearer sk_test_", 401, "Invalid API Key provided"},
	} {
		got := b.call(http.MethodGet, "/v1/balance", nil, http.Header{"Authorization": {tc.header}})
		require.Equal(t, tc.status, got.status, name)
		if tc.status == http.StatusUnauthorized {
			require.Equal(t, "invalid_request_error", got.str("error.type"), name)
			require.Contains(t, got.str("error.message"), tc.message, name)
		}
	}
}

func TestAPI_UnknownThings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, param := range map[string]string{
		"/v1/checkout/sessions/cs_x": "session", "/v1/payment_intents/pi_x": "intent", "/v1/charges/ch_x": "id", "/v1/refunds/re_x": "id",
		"/v1/events/evt_x": "id", "/v1/disputes/dp_x": "id",
	} {
		got := b.get(path)
		require.Equal(t, http.StatusNotFound, got.status, path)
		require.Equal(t, "resource_missing", got.str("error.code"), path)
		require.Equal(t, param, got.str("error.param"), path)
		require.Contains(t, got.str("error.message"), "No such ", path)
	}
	got := b.get("/v1/customers")
	require.Equal(t, http.StatusNotFound, got.status)
	require.Contains(t, got.str("error.message"), "Unrecognized request URL (GET: /v1/customers)")
	large := b.post("/v1/refunds", url.Values{"reason": {strings.Repeat("x", maxBody)}})
	require.Equal(t, http.StatusRequestEntityTooLarge, large.status)
}
