package postgres_test

import (
	"crypto/sha256"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// openDB gives a test its own database and a store's pool on it.
func openDB(t testing.TB) (*testdb.DB, *postgres.DB) {
	t.Helper()
	base := testdb.New(t)
	db, err := postgres.Open(t.Context(), base.URL, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return base, db
}

const passwordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA"

func createUser(t testing.TB, db *postgres.DB, username string) boxoffice.User {
	t.Helper()
	u, err := db.Users().CreateUser(t.Context(), boxoffice.User{Username: username, PasswordHash: passwordHash})
	require.NoError(t, err)
	return u
}

func tokenHash(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func sessionOfUser(userID, token string) boxoffice.Session {
	return boxoffice.Session{UserID: userID, TokenHash: tokenHash(token)}
}

func TestCreateUser_OK(t *testing.T) {
	t.Parallel()
	_, db := openDB(t)
	want := boxoffice.User{
		Username: "Alice", PasswordHash: passwordHash, Email: "alice@example.com", Location: "Chico, CA", Role: boxoffice.RoleSupport,
	}
	created, err := db.Users().CreateUser(t.Context(), want)
	require.NoError(t, err)
	require.Equal(t, uuid.Version(7), uuid.MustParse(created.ID).Version())
	require.WithinDuration(t, time.Now(), created.CreatedAt, time.Minute)
	want.ID, want.CreatedAt = created.ID, created.CreatedAt
	require.Equal(t, want, created)
	for _, name := range []string{"Alice", "alice", "ALICE"} {
		found, err := db.Users().UserByUsername(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, want, found, "found by %s, the name as it was typed", name)
	}
}

func TestCreateUser_IsABuyerByDefaultAndNeedsNoAddress(t *testing.T) {
	t.Parallel()
	base, db := openDB(t)
	u := createUser(t, db, "bob")
	require.Equal(t, boxoffice.RoleBuyer, u.Role)
	var absent bool
	require.NoError(t, base.Pool.QueryRow(t.Context(), `SELECT email IS NULL AND location IS NULL FROM users`).Scan(&absent))
	require.True(t, absent)
}

func TestCreateUser_ErrUsernameTaken_OfManyAtOnceOneWins(t *testing.T) {
	t.Parallel()
	_, db := openDB(t)
	names := []string{"alice", "Alice", "ALICE", "aLiCe"}
	errs := make([]error, 16)
	var wait sync.WaitGroup
	for i := range errs {
		wait.Go(func() {
			_, errs[i] = db.Users().CreateUser(t.Context(), boxoffice.User{Username: names[i%len(names)], PasswordHash: passwordHash})
		})
	}
	wait.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.Equal(t, boxoffice.CodeUsernameTaken, boxoffice.CodeOf(err), "%v", err)
	}
	require.Equal(t, 1, won)
}

func TestUserByUsername_ErrNotFound(t *testing.T) {
	t.Parallel()
	base, db := openDB(t)
	createUser(t, db, "gone")
	_, err := base.Pool.Exec(t.Context(), `UPDATE users SET disabled_at = boxoffice_now()`)
	require.NoError(t, err)
	for _, name := range []string{"nobody", "", "gone", "a\x00b", "a\xffb", "' OR true --"} {
		_, err := db.Users().UserByUsername(t.Context(), name)
		require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err), "%q: %v", name, err)
	}
}

func TestSession_EndsByTimeIdlenessRevocationAndDisabling(t *testing.T) {
	t.Parallel()
	const ttl, idle = 24 * time.Hour, 2 * time.Hour
	for name, end := range map[string]func(*testing.T, *testdb.DB, *postgres.DB){
		"absolute end": func(t *testing.T, base *testdb.DB, db *postgres.DB) {
			for range 23 { // in use all the time
				base.AdvanceClock(t, time.Hour)
				_, err := db.Users().UserBySession(t.Context(), tokenHash("token"), idle)
				require.NoError(t, err)
			}
			base.AdvanceClock(t, time.Hour)
		},
		"idle": func(t *testing.T, base *testdb.DB, _ *postgres.DB) { base.AdvanceClock(t, idle) },
		"revoked": func(t *testing.T, _ *testdb.DB, db *postgres.DB) {
			for range 2 { // twice is no error
				require.NoError(t, db.Users().DeleteSession(t.Context(), tokenHash("token")))
			}
		},
		"disabled": func(t *testing.T, base *testdb.DB, _ *postgres.DB) {
			_, err := base.Pool.Exec(t.Context(), `UPDATE users SET disabled_at = boxoffice_now()`)
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, db := openDB(t)
			u := createUser(t, db, "alice")
			expires, err := db.Users().CreateSession(t.Context(), sessionOfUser(u.ID, "token"), ttl)
			require.NoError(t, err)
			require.WithinDuration(t, time.Now().Add(ttl), expires, time.Minute)
			found, err := db.Users().UserBySession(t.Context(), tokenHash("token"), idle)
			require.NoError(t, err)
			require.Equal(t, u, found)
			end(t, base, db)
			_, err = db.Users().UserBySession(t.Context(), tokenHash("token"), idle)
			require.Equal(t, boxoffice.CodeUnauthenticated, boxoffice.CodeOf(err), "%v", err)
		})
	}
}

func TestCreateSession_ErrNotFound(t *testing.T) {
	t.Parallel()
	_, db := openDB(t)
	_, err := db.Users().CreateSession(t.Context(), sessionOfUser(uuid.NewString(), "token"), time.Hour)
	require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err))
}

func TestUserBySession_NotesTheUseOnceAMinute(t *testing.T) {
	t.Parallel()
	base, db := openDB(t)
	_, err := db.Users().CreateSession(t.Context(), sessionOfUser(createUser(t, db, "alice").ID, "token"), time.Hour)
	require.NoError(t, err)
	use := func() (version string) {
		_, err := db.Users().UserBySession(t.Context(), tokenHash("token"), time.Hour)
		require.NoError(t, err)
		// The row's place in the table changes with every write.
		require.NoError(t, base.Pool.QueryRow(t.Context(), `SELECT ctid::text FROM sessions`).Scan(&version))
		return version
	}
	fresh := use()
	base.AdvanceClock(t, 50*time.Second)
	require.Equal(t, fresh, use())
	base.AdvanceClock(t, 20*time.Second)
	noted := use()
	require.NotEqual(t, fresh, noted)
	require.Equal(t, noted, use())
	var late bool
	require.NoError(t, base.Pool.QueryRow(t.Context(), `SELECT last_seen > created_at + interval '1 minute' FROM sessions`).Scan(&late))
	require.True(t, late)
}

func TestExpiredSessionsAreDeleted(t *testing.T) {
	t.Parallel()
	base, db := openDB(t)
	users := db.Users()
	u := createUser(t, db, "alice")
	count := func() (n int) {
		require.NoError(t, base.Pool.QueryRow(t.Context(), `SELECT count(*) FROM sessions`).Scan(&n))
		return n
	}
	for i := range 25 {
		_, err := users.CreateSession(t.Context(), sessionOfUser(u.ID, strconv.Itoa(i)), time.Minute)
		require.NoError(t, err)
	}
	require.Equal(t, 25, count())
	base.AdvanceClock(t, time.Hour)
	_, err := users.CreateSession(t.Context(), sessionOfUser(u.ID, "alive"), time.Minute)
	require.NoError(t, err)
	require.Equal(t, 16, count(), "a login takes ten away")
	for _, want := range []int{12, 3, 0} {
		deleted, err := users.DeleteExpiredSessions(t.Context(), 12)
		require.NoError(t, err)
		require.Equal(t, want, deleted)
	}
	_, err = users.UserBySession(t.Context(), tokenHash("alive"), time.Hour)
	require.NoError(t, err)
}
