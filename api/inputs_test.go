package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBadBodiesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Limits.SignUpPerAddress = Rate{Requests: -1} })
	signUp := func(extra string) string { return `{"username":"ada","password":"correct horse battery"` + extra + `}` }
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for name, test := range map[string]struct {
		path, body string
		status     int
		code       string
		fields     []string
	}{
		"empty":             {"/signup", " ", 400, "malformed", nil},
		"not JSON":          {"/signup", `{"username"`, 400, "malformed", nil},
		"trailing data":     {"/signup", signUp("") + `{}`, 400, "malformed", nil},
		"not UTF-8":         {"/signup", signUp(",\"email\":\"\xff\""), 400, "malformed", nil},
		"nested too deeply": {"/signup", signUp(`,"email":` + deep), 400, "malformed", nil},
		"too large":         {"/signup", signUp(`,"email":"` + strings.Repeat("a", 64<<10) + `"`), 413, "too-large", nil},
		"null":              {"/signup", `null`, 422, "invalid", []string{"body"}},
		"an array":          {"/signup", `[]`, 422, "invalid", []string{"body"}},
		"missing fields":    {"/signup", `{}`, 422, "invalid", []string{"password", "username"}},
		"unknown field":     {"/signup", signUp(`,"role":"admin"`), 422, "invalid", []string{"role"}},
		"another case":      {"/signup", signUp(`,"Email":"a@b.c"`), 422, "invalid", []string{"Email"}},
		"twice":             {"/signup", signUp(`,"username":"eve"`), 422, "invalid", []string{"username"}},
		"wrong type":        {"/signup", signUp(`,"email":7,"location":{}`), 422, "invalid", []string{"email", "location"}},
		"null field":        {"/signup", signUp(`,"email":null`), 422, "invalid", []string{"email"}},
		"NUL":               {"/signup", signUp(`,"location":"Chi\u0000co, CA"`), 422, "invalid", []string{"location"}},
		"short name":        {"/signup", `{"username":"ab","password":"correct horse"}`, 422, "invalid", []string{"username"}},
		"long name":         {"/signup", `{"username":"` + strings.Repeat("a", 41) + `","password":"correct horse"}`, 422, "invalid", []string{"username"}},
		"name with a space": {"/signup", `{"username":"a da","password":"correct horse"}`, 422, "invalid", []string{"username"}},
		"name with a dot":   {"/signup", `{"username":".ada","password":"correct horse"}`, 422, "invalid", []string{"username"}},
		"short password":    {"/signup", `{"username":"ada","password":"7 chars"}`, 422, "invalid", []string{"password"}},
		"known password":    {"/signup", `{"username":"ada","password":"Password1"}`, 422, "invalid", []string{"password"}},
		"same as username":  {"/signup", `{"username":"adalovelace","password":"AdaLovelace"}`, 422, "invalid", []string{"password"}},
		"one character":     {"/signup", `{"username":"ada","password":"éééééééé"}`, 422, "invalid", []string{"password"}},
		"long password":     {"/signup", `{"username":"ada","password":"` + strings.Repeat("ab", 129) + `"}`, 422, "invalid", []string{"password"}},
		"e-mail":            {"/signup", signUp(`,"email":"Ada <ada@example.com>"`), 422, "invalid", []string{"email"}},
		"mail header":       {"/signup", signUp(`,"email":"a@b.c\r\nBcc: x@y.z"`), 422, "invalid", []string{"email"}},
		"location":          {"/signup", signUp(`,"location":"Chico"`), 422, "invalid", []string{"location"}},
		"no credentials":    {"/login", `{"username":"","password":""}`, 422, "invalid", []string{"username", "password"}},
		"no tickets":        {"/book", `[]`, 422, "invalid", []string{"body"}},
		"an object":         {"/reserve", `{"tickets":[]}`, 422, "invalid", []string{"body"}},
		"not a UUID":        {"/book/", `["` + ticketID + `","x"]`, 422, "invalid", []string{"[1]"}},
		"a number":          {"/book", `[5]`, 422, "invalid", []string{"[0]"}},
		"the same ticket":   {"/book", `["` + ticketID + `","` + strings.ToUpper(ticketID) + `"]`, 422, "invalid", []string{"[1]"}},
		"price":             {"/bookings/" + bookingID + "/extend", `{"price_minor":0}`, 422, "invalid", []string{"body"}},
		"pay to elsewhere": {
			"/bookings/" + bookingID + "/checkout", `{"email":"x","success_url":"https://evil.test/","cancel_url":"//evil.test"}`,
			422, "invalid", []string{"email", "success_url", "cancel_url"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.do(t, request{method: "POST", path: test.path, body: test.body, token: b.users.join("user-" + name[:1])})
			require.ElementsMatch(t, test.fields, fieldNames(got.problem(test.status, test.code)), string(got.body))
		})
	}
}

func TestBodiesOfAnotherMediaTypeAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"} {
		in := exampleOf("POST", "/signup")
		in.headers = []string{"Content-Type", kind}
		b.do(t, in).problem(http.StatusUnsupportedMediaType, "unsupported-media")
	}
	in := exampleOf("POST", "/signup")
	in.headers = []string{"Content-Encoding", "gzip"}
	b.do(t, in).problem(http.StatusUnsupportedMediaType, "unsupported-media")
}

func TestBadParametersAreNamed(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.PublicBrowsing = true })
	token := b.users.join("ada")
	for query, field := range map[string]string{
		"/events?limit=0":                                    "limit",
		"/events?limit=101":                                  "limit",
		"/events?limit=-1":                                   "limit",
		"/events?limit=ten":                                  "limit",
		"/events?limit=99999999999999999999":                 "limit",
		"/bookings?limit=101":                                "limit",
		"/events?limit=5&limit=6":                            "limit",
		"/events?city=a&city=b":                              "city",
		"/events?city=%00":                                   "city",
		"/events?city=%ff":                                   "city",
		"/events?city=" + strings.Repeat("x", 101):           "city",
		"/events?title=' OR 1=1--":                           "title",
		"/events?from=tomorrow":                              "from",
		"/events?from=2026-12-02&to=2026-12-01":              "to",
		"/events?city=%zz":                                   "query",
		"/events/" + eventID + "?cursor=a&cursor=b":          "cursor",
		"/bookings?cursor=" + strings.Repeat("x", 513):       "cursor",
		"/events?title=" + strings.Repeat("a", 37) + "&x=1;": "title",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			path, raw, _ := strings.Cut(query, "?")
			if strings.Contains(raw, " ") {
				raw = "title=" + url.QueryEscape(strings.TrimPrefix(raw, "title="))
			}
			got := b.do(t, request{method: "GET", path: path + "?" + raw, token: token})
			require.Contains(t, fieldNames(got.problem(http.StatusUnprocessableEntity, "invalid")), field)
		})
	}
}

func TestParametersReachTheCatalogue(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.PublicBrowsing = true })
	path := "/events?city=Chico&title=" + strings.ToUpper(titleID) +
		"&from=2026-12-01&to=2026-12-02T10:00:00-08:00&limit=7&cursor=c&unknown=1"
	require.Equal(t, http.StatusOK, b.do(t, request{method: "GET", path: path}).status)
	got := b.catalogue.filter
	require.Equal(t, "Chico", got.City)
	require.Equal(t, titleID, got.TitleID)
	require.Equal(t, "2026-12-01T00:00:00Z", got.From.Format("2006-01-02T15:04:05Z07:00"))
	require.Equal(t, "2026-12-02T18:00:00Z", got.To.Format("2006-01-02T15:04:05Z07:00"))
	require.Equal(t, 7, got.Limit)
	require.Equal(t, "c", got.Cursor)
}

func TestPathsThatNameNothingAre404(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	for _, path := range []string{
		"/nothing", "/events/1", "/events/" + otherID, "/events/..%2f..%2fetc", "/titles/x", "/titles/" + otherID,
		"/bookings/" + otherID, "/bookings/" + bookingID + "%00", "/bookings/{" + bookingID + "}", "/bookings/urn:uuid:" + bookingID,
		"/bookings/" + bookingID + "/tickets/x/qr.png", "/seat-plans/" + strings.ToUpper(planHash), "/seat-plans/x",
		"/events/", "/me/", "/metrics", "/debug/pprof/",
	} {
		b.do(t, request{method: "GET", path: path, token: token}).problem(http.StatusNotFound, "not-found")
	}
	unknown := b.do(t, request{method: "GET", path: "/bookings/" + otherID, token: token})
	require.NotContains(t, string(unknown.body), otherID)
}

func TestMethodsThatAPathLacksAre405(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, request{method: "DELETE", path: "/book"})
	got.problem(http.StatusMethodNotAllowed, "method-not-allowed")
	require.Equal(t, "POST", got.header.Get("Allow"))
	b.do(t, request{method: "TRACE", path: "/me"}).problem(http.StatusMethodNotAllowed, "method-not-allowed")
}

func TestABodyOfExactlyTheLimitIsRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	webhook := func(size int) result {
		return b.do(t, request{
			method: "POST", path: "/webhooks/stripe", body: strings.Repeat("x", size), headers: []string{"Stripe-Signature", "good"},
		})
	}
	require.Equal(t, http.StatusOK, webhook(maxWebhookBody).status)
	require.Len(t, b.bookings.payload, maxWebhookBody)
	webhook(maxWebhookBody+1).problem(http.StatusRequestEntityTooLarge, "too-large")
	body := `["` + ticketID + `"]`
	padded := body + strings.Repeat(" ", maxBody-len(body))
	token := b.users.join("ada")
	require.Equal(t, http.StatusCreated, b.do(t, request{method: "POST", path: "/book", body: padded, token: token}).status)
	b.do(t, request{method: "POST", path: "/book", body: padded + " ", token: token}).problem(413, "too-large")
}
