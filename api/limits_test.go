package api

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// behind makes a server that believes the addresses that tests make up.
func behind(o *Options) { o.TrustedProxies = []string{"192.0.2.0/24"} }

func from(address string, in request) request {
	in.headers = append([]string{"X-Forwarded-For", address}, in.headers...)
	return in
}

func logInAs(name, password string) request { return jsonOf("/login", credentials(name, password)) }

// requireWait asserts that an answer says to come back later, but not much.
func requireWait(t *testing.T, got result, most time.Duration) {
	t.Helper()
	got.problem(http.StatusTooManyRequests, "rate-limited")
	seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Positive(t, seconds)
	require.LessOrEqual(t, time.Duration(seconds)*time.Second, most)
}

func TestEveryRouteIsLimitedByAddress(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Limits.PerAddress = Rate{Requests: 1, Per: time.Hour} }, behind)
	for i, r := range append(append(b.routes(), b.pages()...), route{method: "GET", path: "/nothing"}) {
		t.Run(r.method+" "+r.path, func(t *testing.T) {
			in := from("198.51.100."+strconv.Itoa(i), exampleOf(r.method, r.path))
			first := b.do(t, in)
			require.NotEqual(t, http.StatusTooManyRequests, first.status)
			second := b.do(t, in)
			if r.access == machine {
				require.Equal(t, first.status, second.status, "a probe or a webhook is refused")
				return
			}
			require.Equal(t, http.StatusTooManyRequests, second.status)
			require.NotEmpty(t, second.header.Get("Retry-After"))
		})
	}
}

func TestUsersAreLimitedWhereverTheyAre_AndStaffIsNot(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Limits.PerUser = Rate{Requests: 2, Per: time.Hour} }, behind)
	for role, last := range map[boxoffice.Role]int{
		boxoffice.RoleBuyer: 429, boxoffice.RoleOrganizer: 429, boxoffice.RoleSupport: 200, boxoffice.RoleAdmin: 200,
	} {
		token := b.users.join(string(role))
		b.users.setRole(string(role), role)
		var got result
		for i := range 3 {
			got = b.do(t, from(fmt.Sprintf("198.51.100.%d", i), request{method: "GET", path: "/me", token: token}))
			if i < 2 {
				require.Equal(t, http.StatusOK, got.status)
			}
		}
		require.Equal(t, last, got.status, role)
		if last == 429 {
			requireWait(t, got, time.Hour)
		}
	}
}

func TestAddressesThatAreNamedAreNotCounted(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) {
		o.Limits.PerAddress, o.Limits.LoginPerAddress = Rate{Requests: 1, Per: time.Hour}, Rate{Requests: 1, Per: time.Hour}
		o.Unlimited = []string{"198.51.100.7", "2001:db8::/32"}
	}, behind)
	for address, want := range map[string]int{"198.51.100.7": 401, "2001:db8:9::1": 401, "198.51.100.8": 429} {
		var got result
		for range 3 {
			got = b.do(t, from(address, logInAs("nobody", "wrong horse")))
		}
		require.Equal(t, want, got.status, address)
	}
	_, err := New(Options{
		Users: b.users, Accounts: b.accounts, Services: []string{"users"}, BaseURL: "http://box.test", Logger: b.log, Unlimited: []string{"everywhere"},
	})
	require.ErrorContains(t, err, "everywhere")
}

func TestLoginsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Limits.LoginPerAddress = Rate{Requests: 3, Per: time.Hour} }, behind)
	for i := range 3 {
		b.do(t, from("198.51.100.1", logInAs("user"+strconv.Itoa(i), "wrong horse"))).problem(401, "unauthenticated")
	}
	requireWait(t, b.do(t, from("198.51.100.1", logInAs("eve", "wrong horse"))), 20*time.Minute)
	b.do(t, from("198.51.100.2", logInAs("eve", "wrong horse"))).problem(401, "unauthenticated")
}

// A guesser with a hundred addresses gets ten tries of an account, and one an address after that. Its owner gets in all
// the while, from anywhere, and does not thereby give the guesser new tries.
func TestADistributedGuesserIsSlowedAndTheOwnerIsNotLockedOut(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Limits.PerAddress = Rate{Requests: -1} }, behind)
	b.do(t, jsonOf("/signup", credentials("ada", goodPassword)))
	tried := 0
	guess := func(address string) result {
		got := b.do(t, from(address, logInAs("aDa", "wrong horse")))
		if got.status == http.StatusUnauthorized {
			tried++
		}
		return got
	}
	for i := range 20 {
		guess("198.51.100." + strconv.Itoa(i%5))
	}
	require.Equal(t, 10+5, tried, "ten of the account's, and one of each address")
	requireWait(t, guess("198.51.100.0"), 5*time.Minute)

	for range 3 {
		require.Equal(t, http.StatusOK, b.do(t, from("203.0.113.1", logInAs("ada", goodPassword))).status)
	}
	requireWait(t, guess("198.51.100.1"), 5*time.Minute)
	b.do(t, from("203.0.113.2", logInAs("ada", "wrong horse"))).problem(401, "unauthenticated")
	requireWait(t, b.do(t, from("203.0.113.2", logInAs("ada", goodPassword))), 5*time.Minute) // a mistake costs minutes
}

func TestALoginThatSucceedsClearsTheCount(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) {
		o.Limits.LoginPerAccount, o.Limits.LoginPerPair = Rate{Requests: 2, Per: time.Hour}, Rate{Requests: 1, Per: time.Hour}
	})
	b.do(t, jsonOf("/signup", credentials("ada", goodPassword)))
	for range 3 {
		b.do(t, logInAs("ada", "wrong horse")).problem(401, "unauthenticated")
		require.Equal(t, http.StatusOK, b.do(t, logInAs("ada", goodPassword)).status)
	}
}

func TestSignUpsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Limits.SignUpPerAddress = Rate{Requests: 1, Per: time.Hour} })
	require.Equal(t, 201, b.do(t, from("198.51.100.1", jsonOf("/signup", credentials("ada", goodPassword)))).status)
	// A client cannot make up its address.
	requireWait(t, b.do(t, from("198.51.100.2", jsonOf("/signup", credentials("eve", goodPassword)))), time.Hour)
}

func TestATrustedProxyNamesTheClient(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Limits.SignUpPerAddress = Rate{Requests: 1, Per: time.Hour} }, behind)
	var statuses []int
	for i, address := range []string{
		"198.51.100.1", "198.51.100.1", "2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:3::1",
		"203.0.113.9, 198.51.100.1", // what a client wrote itself stands left of what the proxy saw
	} {
		statuses = append(statuses, b.do(t, from(address, jsonOf("/signup", credentials("ada"+strconv.Itoa(i), goodPassword)))).status)
	}
	require.Equal(t, []int{201, 429, 201, 429, 201, 429}, statuses)
}
