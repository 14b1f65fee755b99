package api

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func TestWritesByCookieFromAnotherOriginAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	cookie := []string{"Cookie", "boxoffice=" + token}
	for _, r := range append(b.routes(), b.pages()...) {
		for _, origin := range [][]string{
			{"Origin", "https://evil.test"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site", "Origin", "http://other.box.test"},
		} {
			if r.method == http.MethodGet || r.access == machine {
				continue
			}
			in := exampleOf(r.method, r.path)
			in.headers = append(append([]string{}, cookie...), origin...)
			got := b.do(t, in)
			require.Equal(t, http.StatusForbidden, got.status, r.path)
			require.Empty(t, got.header.Get("Set-Cookie"))
		}
	}
	require.Nil(t, b.bookings.hold.TicketIDs)

	in := exampleOf("POST", "/book")
	in.headers = append(slices.Clone(cookie), "Origin", "https://evil.test")
	b.do(t, in).problem(http.StatusForbidden, "cross-origin")
	for _, origin := range [][]string{{"Origin", "http://box.test"}, {"Sec-Fetch-Site", "same-origin"}, {}} {
		in.headers = append(append([]string{}, cookie...), origin...)
		require.Equal(t, http.StatusCreated, b.do(t, in).status)
	}
}

func TestABearerTokenMayComeFromAnywhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := exampleOf("POST", "/book")
	in.token, in.headers = b.users.join("ada"), []string{"Origin", "https://app.test"}
	got := b.do(t, in)
	require.Equal(t, http.StatusCreated, got.status)
	require.Empty(t, got.header.Get("Access-Control-Allow-Origin"))
}

func TestHSTSGoesWithTLS(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://box.test": "max-age=31536000; includeSubDomains", "http://box.test": "",
	} {
		b := setup(t, func(o *Options) { o.BaseURL = base })
		for _, r := range append(b.routes(), b.pages()...) {
			in := exampleOf(r.method, r.path)
			require.Equal(t, want, b.do(t, in).header.Get("Strict-Transport-Security"), r.path)
		}
	}
}

func TestPersonalAnswersAreNotStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	for _, r := range b.routes() {
		in := exampleOf(r.method, r.path)
		in.token = token
		if r.access == member {
			require.Contains(t, b.do(t, in).header.Get("Cache-Control"), "no-store", r.path)
		}
	}
}

// What cannot be asked is not allowed: without the database there is neither a session nor a booking.
func TestWithoutTheDatabaseNothingIsAllowed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, token := h.person(t, "ada", boxoffice.RoleBuyer)
	h.db.Close()
	for _, r := range h.routes() {
		if r.access == machine || r.path == "/logout" || r.path == "/openapi.yaml" {
			continue
		}
		in := exampleOf(r.method, r.path)
		in.token = token
		got := h.do(t, in)
		got.problem(http.StatusServiceUnavailable, "unavailable")
		require.NotEmpty(t, got.header.Get("Retry-After"), r.path)
	}
}

func TestSQLInAParameterIsData(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, token := h.person(t, "ada", boxoffice.RoleBuyer)
	before := h.rows(t)
	for _, city := range []string{"' OR '1'='1", "Chico'; DROP TABLE bookings; --", `\'; SELECT 1; --`, "%", "_____", "Chico\x1f"} {
		var page EventPage
		h.do(t, request{method: "GET", path: "/events?city=" + url.QueryEscape(city), token: token}).json(&page)
		require.Empty(t, page.Events, city)
	}
	h.do(t, logInAs("ada' OR '1'='1", goodPassword)).problem(http.StatusUnauthorized, "unauthenticated")
	require.Equal(t, before, h.rows(t))
}

// No other site's script reads an answer, whatever it asks: there is no header that lets it.
func TestNoPreflightIsAllowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, r := range b.routes() {
		in := request{method: "OPTIONS", path: example(r.path), headers: []string{
			"Origin", "https://evil.test", "Access-Control-Request-Method", r.method, "Access-Control-Request-Headers", "authorization",
		}}
		b.do(t, in).problem(http.StatusMethodNotAllowed, "method-not-allowed") // and see held for the headers
	}
}

func TestNoRouteAnswersTRACE(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, r := range append(b.routes(), b.pages()...) {
		got := b.do(t, request{method: "TRACE", path: example(r.path), headers: []string{"Cookie", "boxoffice=secret"}})
		require.Equal(t, http.StatusMethodNotAllowed, got.status, r.path)
		require.NotContains(t, string(got.body), "secret")
	}
}

func TestLogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(t, request{method: "POST", path: "/signup", body: credentials("ada", goodPassword)})
	var session Session
	b.do(t, request{method: "POST", path: "/login", body: credentials("ada", goodPassword)}).json(&session)
	b.do(t, request{
		method: "GET", path: "/events?cursor=SECRET", token: session.Token,
		headers: []string{"X-Request-ID", "forged", "Cookie", "boxoffice=" + session.Token},
	})
	logged := b.logs.String()
	require.Contains(t, logged, `"route":"/events"`)
	require.Contains(t, logged, `"user_id":"`+session.User.ID)
	for _, secret := range []string{goodPassword, session.Token, "SECRET", "forged", "argon2"} {
		require.NotContains(t, logged, secret)
	}
}

func TestOnlyPlacesOnOurOriginAreAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for place, ours := range map[string]bool{
		"/app": true, "/app/bookings/1?x=1#y": true, "http://box.test/app": true, "http://box.test": true,
		"https://box.test/": false, "http://box.test:81/": false, "http://box.test@evil.test/": false, "//evil.test": false,
		"/\\evil.test": false, "\\/evil.test": false, "/\t/evil.test": false, "http:box.test": false, "javascript:alert(1)": false,
		"app": false, "http://u:p@box.test/": false, "http://evil.test/http://box.test": false, "": false,
	} {
		_, got := b.onOurOrigin(place)
		require.Equal(t, ours, got, place)
	}
}
