package api

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
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
