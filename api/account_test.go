package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

const newPassword = "staple of a battery"

// mailed gives the token that the newest mail of a kind carries to a user, as the worker would make it.
func (h *house) mailed(t *testing.T, kind boxoffice.AccountMailKind, userID string) string {
	t.Helper()
	var mailID string
	require.NoError(t, h.base.Pool.QueryRow(t.Context(),
		`SELECT id FROM account_mails WHERE kind = $1 AND status = 'queued' ORDER BY id DESC LIMIT 1`, string(kind)).Scan(&mailID))
	token := boxoffice.NewToken()
	require.NoError(t, h.db.Users().IssueToken(t.Context(), mailID, userID, boxoffice.HashToken(token)))
	return token
}

func (h *house) status(t *testing.T, in request) int {
	t.Helper()
	return h.do(t, in).status
}

func (h *house) alive(t *testing.T, token string) bool {
	t.Helper()
	return h.status(t, request{method: "GET", path: "/me", token: token}) == http.StatusOK
}

func passwordChange(token, current, next string) request {
	in := jsonOf("/me/password", `{"current_password":"`+current+`","new_password":"`+next+`"}`)
	in.token = token
	return in
}

func TestChangingThePasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, here := h.person(t, "ada", boxoffice.RoleBuyer)
	there := h.session(t, ada.ID)
	require.Equal(t, http.StatusNoContent, h.status(t, passwordChange(here, goodPassword, newPassword)))
	require.True(t, h.alive(t, here))
	require.False(t, h.alive(t, there))
	h.do(t, logInAs("ada", goodPassword)).problem(401, "unauthenticated")
	require.Equal(t, http.StatusOK, h.status(t, logInAs("ada", newPassword)))
	h.do(t, passwordChange(here, goodPassword, "another staple")).problem(422, "invalid")
}

func TestAResetWorksOnceAndEndsAllSessions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, here := h.person(t, "ada", boxoffice.RoleBuyer)
	asked := h.do(t, jsonOf("/password-resets", `{"email":"ADA@example.com"}`))
	require.Equal(t, http.StatusAccepted, asked.status)
	require.Empty(t, asked.body)
	token := h.mailed(t, boxoffice.MailReset, ada.ID)
	reset := func(token, password string) result {
		return h.do(t, jsonOf("/password-resets/confirm", `{"token":"`+token+`","new_password":"`+password+`"}`))
	}
	require.Equal(t, []string{"new_password"}, fieldNames(reset(token, "Password1").problem(422, "invalid")), "a mistake leaves the token as it is")
	require.Equal(t, []string{"new_password"}, fieldNames(reset(token, "ada").problem(422, "invalid")))
	done := reset(token, newPassword)
	require.Equal(t, http.StatusNoContent, done.status)
	require.Empty(t, done.header.Get("Set-Cookie"), "a mailed link opens no session")
	require.False(t, h.alive(t, here))
	require.Equal(t, []string{"token"}, fieldNames(reset(token, newPassword).problem(422, "invalid")))
	require.Equal(t, http.StatusOK, h.status(t, logInAs("ada", newPassword)))
}

// Nobody learns from the answer to a reset whether there is an account: neither from what it says, nor from what it asks of
// the database, nor from how long it takes.
func TestAResetOfAnUnknownAddressLooksLikeAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.person(t, "ada", boxoffice.RoleBuyer)
	ask := func(email string) (answer http.Header, statements map[string]int64, took time.Duration) {
		before := h.statements(t)
		start := time.Now()
		got := h.do(t, jsonOf("/password-resets", `{"email":"`+email+`"}`))
		took = time.Since(start)
		require.Equal(t, http.StatusAccepted, got.status)
		require.Empty(t, got.body)
		got.header.Del("X-Request-ID")
		statements = map[string]int64{}
		for statement, runs := range h.statements(t) {
			if n := runs - before[statement]; n > 0 {
				statements[statement] = n
			}
		}
		return got.header, statements, took
	}
	ask("somebody@example.com") // prepares the statements
	known, whatKnown, _ := ask("ada@example.com")
	unknown, whatUnknown, _ := ask("nobody@example.com")
	require.Equal(t, unknown, known)
	require.NotEmpty(t, whatKnown)
	require.Equal(t, whatUnknown, whatKnown)
	var ofKnown, ofUnknown []time.Duration
	for range 100 {
		_, _, took := ask("ada@example.com")
		ofKnown = append(ofKnown, took)
		_, _, took = ask("nobody@example.com")
		ofUnknown = append(ofUnknown, took)
	}
	slices.Sort(ofKnown)
	slices.Sort(ofUnknown)
	t.Logf("median of 100: known %s, unknown %s", ofKnown[50], ofUnknown[50])
	require.Less(t, max(ofKnown[50], ofUnknown[50]), 2*min(ofKnown[50], ofUnknown[50]))
}

func TestAnAddressIsTheAccountsOnceItIsConfirmed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, here := h.person(t, "ada", boxoffice.RoleBuyer)
	ask := jsonOf("/me/email", `{"email":"new@example.com","password":"`+goodPassword+`"}`)
	ask.token = here
	require.Equal(t, http.StatusAccepted, h.status(t, ask))
	email := func() string {
		var me User
		h.do(t, request{method: "GET", path: "/me", token: here}).json(&me)
		return me.Email
	}
	require.Equal(t, "ada@example.com", email())
	confirm := jsonOf("/email-confirmations", `{"token":"`+h.mailed(t, boxoffice.MailConfirmEmail, ada.ID)+`"}`)
	require.Equal(t, http.StatusNoContent, h.status(t, confirm))
	require.Equal(t, "new@example.com", email())
	require.Equal(t, []string{"token"}, fieldNames(h.do(t, confirm).problem(422, "invalid")))
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.person(t, "eve", boxoffice.RoleBuyer)
	_, eve := h.person(t, "mallory", boxoffice.RoleBuyer)
	_, _ = h.person(t, "ada", boxoffice.RoleBuyer)
	logIn := func(agent string) string {
		in := logInAs("ada", goodPassword)
		in.headers = []string{"User-Agent", agent}
		var session Session
		h.do(t, in).json(&session)
		return session.Token
	}
	phone := logIn("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1")
	here := logIn("curl/8.5.0")
	var all OpenSessions
	got := h.do(t, request{method: "GET", path: "/me/sessions", token: here})
	got.json(&all)
	require.Len(t, all.Sessions, 3)
	for _, token := range []string{phone, here} {
		require.NotContains(t, string(got.body), token)
	}
	devices := map[string]OpenSession{}
	for _, session := range all.Sessions {
		devices[session.Device] = session
	}
	require.True(t, devices["curl"].Current)
	require.False(t, devices["Safari on iPhone"].Current)

	end := func(token, id string) result {
		return h.do(t, request{method: "DELETE", path: "/me/sessions/" + id, token: token})
	}
	end(eve, devices["curl"].ID).problem(404, "not-found")
	require.True(t, h.alive(t, here))
	require.Equal(t, http.StatusNoContent, end(here, devices["Safari on iPhone"].ID).status)
	require.False(t, h.alive(t, phone))
	end(here, devices["Safari on iPhone"].ID).problem(404, "not-found")

	require.Equal(t, http.StatusNoContent, h.status(t, request{method: "DELETE", path: "/me/sessions", token: here}))
	h.do(t, request{method: "GET", path: "/me/sessions", token: here}).json(&all)
	require.Len(t, all.Sessions, 1)
	require.True(t, all.Sessions[0].Current)
}

// A session alone is not enough to take an account over, and its holder cannot guess the password without end.
func TestTheOldPasswordIsAskedForAndNotGuessed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *Options) {
		o.Limits.LoginPerAccount, o.Limits.LoginPerPair = Rate{3, time.Hour}, Rate{1, time.Hour}
	})
	_, thief := h.person(t, "ada", boxoffice.RoleBuyer)
	email := jsonOf("/me/email", `{"email":"thief@example.com","password":"wrong horse"}`)
	email.token = thief
	for range 2 {
		require.Equal(t, []string{"current_password"}, fieldNames(h.do(t, passwordChange(thief, "wrong horse", newPassword)).problem(422, "invalid")))
		require.Equal(t, []string{"password"}, fieldNames(h.do(t, email).problem(422, "invalid")))
	}
	requireWait(t, h.do(t, passwordChange(thief, goodPassword, newPassword)), time.Hour)
	requireWait(t, h.do(t, email), time.Hour)
	requireWait(t, h.do(t, logInAs("Ada", goodPassword)), time.Hour)
}

func TestMailsAreLimitedByAddressAndByAccount(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Limits.MailPerAddress = Rate{5, time.Hour} }, behind)
	ask := func(from_, email string) result {
		return b.do(t, from(from_, jsonOf("/password-resets", `{"email":"`+email+`"}`)))
	}
	for i, address := range []string{"198.51.100.1", "198.51.100.2", "198.51.100.3"} {
		require.Equal(t, http.StatusAccepted, ask(address, strings.ToUpper("ada@example.com"[:i])+"ada@example.com"[i:]).status)
	}
	requireWait(t, ask("198.51.100.4", "ada@example.com"), 10*time.Minute)
	for _, name := range []string{"b", "c", "d", "e"} {
		require.Equal(t, http.StatusAccepted, ask("198.51.100.1", name+"@example.com").status)
	}
	requireWait(t, ask("198.51.100.1", "f@example.com"), 12*time.Minute)
	guess := from("198.51.100.1", jsonOf("/password-resets/confirm", `{"token":"`+strings.Repeat("t", 43)+`","new_password":"`+newPassword+`"}`))
	requireWait(t, b.do(t, guess), 12*time.Minute)
	requireWait(t, b.do(t, from("198.51.100.1", jsonOf("/email-confirmations", `{"token":"`+strings.Repeat("t", 43)+`"}`))), 12*time.Minute)
}

// A user cannot have mails sent to many strangers.
func TestNewAddressesAreLimitedByUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	var statuses []int
	for _, name := range []string{"a", "b", "c", "d"} {
		in := jsonOf("/me/email", `{"email":"`+name+`@example.com","password":"`+goodPassword+`"}`)
		in.token = token
		statuses = append(statuses, b.do(t, in).status)
	}
	require.Equal(t, []int{202, 202, 202, 429}, statuses)
}

func TestDevicesAreToldInOurOwnWords(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"": "", "x": "", "\x1b[31mred\nINFO": "", strings.Repeat("Firefox/", 9000): "Firefox",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                            "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0":     "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36":             "Chrome on Android",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":             "Safari on Mac",
		"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/138.0.0.0 Mobile/15E148 Safari/604.1": "Chrome on iPad",
		"Go-http-client/1.1": "a Go program",
	} {
		require.Equal(t, want, deviceOf(agent))
	}
}
