package api

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

const goodPassword = "correct horse battery"

func credentials(username, password string) string {
	return `{"username":"` + username + `","password":"` + password + `"}`
}

func TestSignUpLogInMeLogOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	signUp := `{"username":"Ada","password":"` + goodPassword + `","email":"ada@example.com","location":"Coeur d’Alene, ID"}`
	created := b.do(t, request{method: "POST", path: "/signup", body: signUp})
	require.Equal(t, http.StatusCreated, created.status)
	require.Empty(t, created.header.Get("Set-Cookie"))
	require.NotContains(t, string(created.body), "argon2")
	b.do(t, request{method: "POST", path: "/signup", body: credentials("aDA", goodPassword)}).problem(409, "username-taken")

	var session Session
	b.do(t, request{method: "POST", path: "/login", body: credentials("ada", goodPassword)}).json(&session)
	require.Equal(t, "Ada", session.User.Username)
	require.WithinDuration(t, time.Now().Add(7*24*time.Hour), session.ExpiresAt, time.Minute)

	var me User
	b.do(t, request{method: "GET", path: "/me", token: session.Token}).json(&me)
	require.Equal(t, session.User, me)
	require.Equal(t, "Coeur d’Alene, ID", me.Location)

	for range 2 {
		out := b.do(t, request{method: "POST", path: "/logout", token: session.Token})
		require.Equal(t, http.StatusNoContent, out.status)
		require.Equal(t, "boxoffice=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", out.header.Get("Set-Cookie"))
	}
	b.do(t, request{method: "GET", path: "/me", token: session.Token}).problem(401, "unauthenticated")
}

func TestPasswordsAreStoredAsArgon2id(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(t, request{method: "POST", path: "/signup", body: credentials("ada", goodPassword)})
	stored := b.users.users["ada"].PasswordHash
	for _, hash := range []string{stored, nobodysHash} {
		params, _, _, err := argon2id.DecodeHash(hash)
		require.NoError(t, err)
		require.Equal(t, hashing, *params)
	}
	require.NotEqual(t, stored, nobodysHash)
}

func TestAnAccentIsTheSameHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(t, request{method: "POST", path: "/signup", body: credentials("ada", `caf\u00e9 au lait`)})
	require.Equal(t, 200, b.do(t, request{method: "POST", path: "/login", body: credentials("ada", `cafe\u0301 au lait`)}).status)
}

// Long ones, other alphabets and sentences are passwords: all of each counts.
func TestPasswordsOfAllLengthsAndLettersWork(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Limits = unlimited })
	for i, password := range []string{
		"eightchr", strings.Repeat("horse ", 11)[:64], strings.Repeat("horse ", 11)[:65], strings.Repeat("staple", 43)[:256],
		strings.Repeat("🎟🐴", 128), "пароль из слов", "密碼密碼密碼密馬", " spaces around ", "only lower case letters", `quote\" and \\ backslash`,
	} {
		name := "user" + strconv.Itoa(i)
		require.Equal(t, http.StatusCreated, b.do(t, jsonOf("/signup", credentials(name, password))).status, password)
		require.Equal(t, http.StatusOK, b.do(t, logInAs(name, password)).status, password)
		runes := []rune(password)
		b.do(t, logInAs(name, string(runes[:len(runes)-1])+"?")).problem(401, "unauthenticated")
	}
}

func TestAWrongNameAndAWrongPasswordLookAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(t, request{method: "POST", path: "/signup", body: credentials("ada", goodPassword)})
	wrong := b.do(t, request{method: "POST", path: "/login", body: credentials("ada", "wrong horse")}).problem(401, "unauthenticated")
	for _, name := range []string{"nobody", "no such name!", strings.Repeat("x", 200)} {
		unknown := b.do(t, request{method: "POST", path: "/login", body: credentials(name, "wrong horse")}).problem(401, "unauthenticated")
		wrong.RequestID, unknown.RequestID = "", ""
		require.Equal(t, wrong, unknown)
	}
}

func TestEachLoginHasANewTokenAndEndsTheOldOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(t, request{method: "POST", path: "/signup", body: credentials("ada", goodPassword)})
	var first, second Session
	b.do(t, request{method: "POST", path: "/login", body: credentials("ada", goodPassword)}).json(&first)
	b.do(t, request{
		method: "POST", path: "/login", body: credentials("ada", goodPassword), headers: []string{"Cookie", "boxoffice=" + first.Token},
	}).json(&second)
	require.NotEqual(t, first.Token, second.Token)
	b.do(t, request{method: "GET", path: "/me", token: first.Token}).problem(401, "unauthenticated")
	require.Equal(t, 200, b.do(t, request{method: "GET", path: "/me", token: second.Token}).status)
}

// The password is set anew between its check and the session.
func TestALoginThatIsOvertakenIsRefusedAsAWrongOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(t, request{method: "POST", path: "/signup", body: credentials("ada", goodPassword)})
	b.users.overtaken = true
	late := b.do(t, logInAs("ada", goodPassword)).problem(http.StatusUnauthorized, "unauthenticated")
	wrong := b.do(t, logInAs("ada", "wrong horse")).problem(http.StatusUnauthorized, "unauthenticated")
	late.RequestID, wrong.RequestID = "", ""
	require.Equal(t, wrong, late)
}

func TestCookieFlags(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"http://box.test":  `^boxoffice=[A-Za-z0-9_-]{43}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax$`,
		"https://box.test": `^__Host-boxoffice=[A-Za-z0-9_-]{43}; Path=/; Max-Age=604800; HttpOnly; Secure; SameSite=Lax$`,
	} {
		b := setup(t, func(o *Options) { o.BaseURL = base })
		b.do(t, request{method: "POST", path: "/signup", body: credentials("ada", goodPassword)})
		got := b.do(t, request{method: "POST", path: "/login", body: credentials("ada", goodPassword)})
		require.Regexp(t, want, got.header.Get("Set-Cookie"))
		cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
		require.Equal(t, 200, b.do(t, request{method: "GET", path: "/me", headers: []string{"Cookie", cookie}}).status)
	}
}

func TestCredentialsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	for _, header := range []string{"Basic " + token, "Bearer", "Bearer  ", "Bearer x", "Bearer " + token + "x", token} {
		b.do(t, request{method: "GET", path: "/me", headers: []string{"Authorization", header}}).problem(401, "unauthenticated")
	}
	// A header that is wrong is not made good by a cookie.
	b.do(t, request{
		method: "GET", path: "/me", headers: []string{"Authorization", "Bearer x", "Cookie", "boxoffice=" + token},
	}).problem(401, "unauthenticated")
	require.Equal(t, 200, b.do(t, request{method: "GET", path: "/me", headers: []string{"Authorization", "bearer " + token}}).status)
}

func TestLogOutTellsWhenTheSessionLivesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	b.users.err = boxoffice.Errorf(boxoffice.CodeUnavailable, "The database is away.")
	got := b.do(t, request{method: "POST", path: "/logout", token: token})
	got.problem(503, "unavailable")
	require.Contains(t, got.header.Get("Set-Cookie"), "Max-Age=0")
}

func TestFewPasswordsAreHashedAtOneTime(t *testing.T) {
	t.Parallel()
	p := newPasswords(1)
	require.NoError(t, p.enter(t.Context()))
	var waiting sync.WaitGroup
	waiting.Go(func() {
		_, err := p.hash(t.Context(), goodPassword)
		require.NoError(t, err)
	})
	require.False(t, p.slots.TryAcquire(1))
	p.slots.Release(1)
	waiting.Wait()
	require.True(t, p.slots.TryAcquire(1))
}
