package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func TestTheLinksOfMailsLeadToForms(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("t", 43)
	for path, test := range map[string]struct {
		form url.Values
		says string // that it is done
	}{
		"/app/forgot": {url.Values{"email": {"ada@example.com"}}, "a link is on its way there"},
		"/app/reset":  {url.Values{"token": {token}, "password": {newPassword}}, "Your password is set"},
		"/app/email":  {url.Values{"token": {token}}, "Your address is confirmed"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			shown := b.visit(t, "GET", path+"?token="+token, "", nil)
			require.Equal(t, http.StatusOK, shown.status)
			require.Contains(t, string(shown.body), `action="`+path+`"`)
			require.Equal(t, test.form.Has("token"), strings.Contains(string(shown.body), token))
			require.Equal(t, "no-store", shown.header.Get("Cache-Control"))
			require.Zero(t, b.accounts.acts.Load(), "opening a link, as programs that read mail do, changes nothing")
			require.NotContains(t, b.logs.String(), token)

			done := b.visit(t, "POST", path, "", test.form)
			require.Equal(t, http.StatusOK, done.status)
			require.Contains(t, string(done.body), test.says)
			require.EqualValues(t, 1, b.accounts.acts.Load())

			b.accounts.err = boxoffice.InvalidField("token", "This link was used.")
			again := b.visit(t, "POST", path, "", test.form)
			require.Equal(t, http.StatusUnprocessableEntity, again.status)
			require.Contains(t, string(again.body), "This link was used.")
			require.Contains(t, string(again.body), `action="`+path+`"`)
			require.NotContains(t, string(again.body), newPassword)

			b.accounts.err = boxoffice.Errorf(boxoffice.CodeUnavailable, "away")
			require.Equal(t, http.StatusServiceUnavailable, b.visit(t, "POST", path, "", test.form).status)
		})
	}
}

func TestALinkThatIsIncompleteSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, query := range []string{"", "?token=", "?token=short", "?token=" + strings.Repeat("%22%3E", 10)} {
		for _, path := range []string{"/app/reset", "/app/email"} {
			got := b.visit(t, "GET", path+query, "", nil)
			require.Equal(t, http.StatusNotFound, got.status)
			require.Contains(t, string(got.body), "incomplete")
		}
	}
}

func TestTheLogInPageLeadsToTheReset(t *testing.T) {
	t.Parallel()
	require.Contains(t, string(setup(t).visit(t, "GET", "/app", "", nil).body), `href="/app/forgot"`)
}
