package api

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// visit asks for a page, or posts a form to it, with the session's cookie.
func (b *bundle) visit(t *testing.T, method, path, token string, form url.Values) result {
	t.Helper()
	in := request{method: method, path: path, body: form.Encode(), headers: []string{
		"Content-Type", "application/x-www-form-urlencoded", "Origin", "http://box.test",
	}}
	if token != "" {
		in.headers = append(in.headers, "Cookie", "boxoffice="+token)
	}
	return b.do(t, in)
}

func TestTheRootLeadsToTheApp(t *testing.T) {
	t.Parallel()
	got := setup(t).visit(t, "GET", "/", "", nil)
	require.Equal(t, http.StatusFound, got.status)
	require.Equal(t, "/app", got.header.Get("Location"))
}

func TestPagesEscapeWhatTheyShow(t *testing.T) {
	t.Parallel()
	got := setup(t, func(o *Options) { o.Name = `<b>Hall</b>` }).visit(t, "POST", "/app/forgot", "", url.Values{"email": {`"><script>`}})
	require.Equal(t, http.StatusUnprocessableEntity, got.status)
	require.Contains(t, string(got.body), "&lt;b&gt;Hall&lt;/b&gt;")
	require.Contains(t, string(got.body), `value="&#34;&gt;&lt;script&gt;"`, "what was typed is there to be mended")
	require.NotContains(t, string(got.body), "<script")
	require.NotContains(t, string(got.body), "style=")
	require.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"))
	require.Equal(t, "no-store", got.header.Get("Cache-Control"))
	require.Equal(t, "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
		got.header.Get("Content-Security-Policy"))
	require.Equal(t, http.StatusOK, setup(t).visit(t, "GET", "/app/style.css", "", nil).status)
}

func TestPeopleWhoAreLostGetAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for in, status := range map[[2]string]int{
		{"GET", "/app/nothing"}: 404, {"GET", "/app/titles"}: 404, {"POST", "/app/nothing"}: 404, {"PUT", "/app/login"}: 405, {"POST", "/app/login"}: 405,
		{"POST", "/app/bookings/" + bookingID}: 405, {"POST", "/app/bookings/" + bookingID + "/cancel"}: 404, {"GET", "/app/bookings/" + bookingID + "/return"}: 404,
	} {
		got := b.visit(t, in[0], in[1], "", nil)
		require.Equal(t, status, got.status, in)
		require.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"))
		require.Contains(t, string(got.body), `href="/app"`)
	}
	b.do(t, request{method: "GET", path: "/application"}).problem(http.StatusNotFound, "not-found")
}
