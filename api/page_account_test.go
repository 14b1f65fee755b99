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
		"/app/reset":  {url.Values{"token": {token}, "new_password": {newPassword}}, "Your password is set"},
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
			spent := b.visit(t, "POST", path, "", test.form)
			require.Equal(t, http.StatusUnprocessableEntity, spent.status)
			require.Contains(t, string(spent.body), "This link was used.")
			require.NotContains(t, string(spent.body), `action="`+path+`"`, "a form that cannot be sent")
			require.NotContains(t, string(spent.body), newPassword)

			b.accounts.err = boxoffice.Errorf(boxoffice.CodeUnavailable, "away")
			require.Equal(t, http.StatusServiceUnavailable, b.visit(t, "POST", path, "", test.form).status)
		})
	}
}

func TestAFormSaysWhatIsWrongWithItsFieldsBesideThem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		path string
		form url.Values
		name string // of the field
		says string
	}{
		{"/app/forgot", url.Values{"email": {"<ada>"}}, "email", "not an e-mail address"},
		{"/app/reset", url.Values{"token": {strings.Repeat("t", 43)}, "new_password": {"short"}}, "new_password", "8 characters"},
	} {
		got := setup(t).visit(t, "POST", test.path, "", test.form)
		require.Equal(t, http.StatusUnprocessableEntity, got.status)
		page := string(got.body)
		require.Regexp(t, `<input id="`+test.name+`"[^>]* aria-describedby="[^"]*\b`+test.name+`-mistake"[^>]* aria-invalid="true"`, page)
		require.Regexp(t, `id="`+test.name+`-mistake">[^<]*`+test.says, page)
		require.Equal(t, 1, strings.Count(page, "aria-invalid"), "what is right is not marked")
		require.Contains(t, page, `role="alert"`)
		require.NotContains(t, page, "see errors")
	}
}

func TestFormsAreReadAsStrictlyAsJSON(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := strings.Repeat("t", 43)
	for _, path := range []string{"/app/forgot", "/app/reset", "/app/email"} {
		for body, status := range map[string]int{
			"username=ada&password=%ff": 400, "username=ada&password=a%00": 400, "username=%zz": 400, "a;b": 400,
			"username=ada&username=eve": 400, "password=x&password=y": 400, "token=" + token + "&token=" + token: 400,
			"password=" + strings.Repeat("x", maxBody): 413,
		} {
			got := b.do(t, jsonOf(path, body, "Content-Type", "application/x-www-form-urlencoded"))
			require.Equal(t, status, got.status, "%s %.40s", path, body)
			require.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"))
		}
		require.Equal(t, http.StatusUnsupportedMediaType, b.do(t, jsonOf(path, `{}`)).status)
	}
	require.Zero(t, b.accounts.acts.Load())
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
