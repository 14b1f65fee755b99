package temporal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// BinEnv names the program temporal, as Options.Bin does.
const BinEnv = "BOXOFFICE_TEMPORAL_BIN"

// cliPackage is what is built, cliModule what it is part of.
const (
	cliModule  = "github.com/temporalio/cli"
	cliPackage = cliModule + "/cmd/temporal"
)

// ErrNoProgram says that the program temporal was neither found nor could be built.
var ErrNoProgram = errors.New("no program temporal")

// Find returns the program temporal: Options.Bin or BOXOFFICE_TEMPORAL_BIN, which must do; else that on PATH; else one
// that is built from the tools module, in the version pinned there, and kept in proc.CacheDir. A build takes 3 to 4 minutes
// on two cores. Error: ErrNoProgram.
func Find(ctx context.Context, opts Options) (string, error) {
	opts = withDefaults(opts)
	named := opts.Bin
	if named == "" {
		named = os.Getenv(BinEnv)
	}
	if named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("%w where %s or the options say: %w", ErrNoProgram, BinEnv, err)
		}
		return filepath.Abs(path)
	}
	if path, err := exec.LookPath("temporal"); err == nil {
		return filepath.Abs(path)
	}
	cache, err := proc.CacheDir()
	if err != nil {
		return "", err
	}
	b := builder{tools: opts.ToolsDir, cache: cache, goCommand: "go", progress: opts.Progress}
	path, err := b.built(ctx)
	if err != nil {
		return "", fmt.Errorf("%w on PATH, and building it failed (or set %s): %w", ErrNoProgram, BinEnv, err)
	}
	return path, nil
}

// builder holds where to build, so that a test can say so.
type builder struct {
	tools, cache string
	goCommand    string
	progress     func(string)
}

// built returns the cached program of the pinned version, building it if it is not there. Two processes that do so at once
// wait for each other.
func (b builder) built(ctx context.Context) (string, error) {
	if b.tools == "" {
		dir, err := os.Getwd()
		if err != nil {
			return "", fmt.Errorf("find the tools module: %w", err)
		}
		if b.tools, err = findTools(dir); err != nil {
			return "", err
		}
	}
	version, err := pinnedVersion(filepath.Join(b.tools, "go.mod"))
	if err != nil {
		return "", err
	}
	target := filepath.Join(b.cache, "temporal-"+version)
	lock, err := proc.Lock(ctx, target+".lock")
	if err != nil {
		return "", err
	}
	if _, err = os.Stat(target); errors.Is(err, os.ErrNotExist) {
		err = b.build(ctx, version, target)
	}
	if err := errors.Join(err, lock.Unlock()); err != nil {
		return "", err
	}
	return target, nil
}

// build compiles under another name and renames when complete, so that a build that was cut off leaves no program.
func (b builder) build(ctx context.Context, version, target string) error {
	tmp := target + ".new"
	args := []string{
		"build", "-ldflags", "-X " + cliModule + "/temporalcli.Version=" + strings.TrimPrefix(version, "v"),
		"-o", tmp, cliPackage,
	}
	command := fmt.Sprintf("cd %s && go build -o %s %s", b.tools, target, cliPackage)
	goCommand, err := exec.LookPath(b.goCommand)
	if err != nil {
		return fmt.Errorf("go is not found, which would build it by: %s: %w", command, err)
	}
	b.progress("Building the Temporal server " + version + " (3 to 4 minutes on two cores); this happens once")
	err = proc.Run(ctx, proc.Options{
		Name: command, Path: goCommand, Args: args, Dir: b.tools, Env: append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly"),
	})
	if err != nil {
		if rm := os.Remove(tmp); rm != nil && !errors.Is(rm, os.ErrNotExist) {
			err = errors.Join(err, rm)
		}
		return err
	}
	if err := os.Rename(tmp, target); err != nil {
		return fmt.Errorf("keep the built program: %w", err)
	}
	return nil
}

// findTools is the folder tools with a module that pins Temporal's command line, in dir or the nearest folder above it.
func findTools(dir string) (string, error) {
	for at := dir; ; at = filepath.Dir(at) {
		tools := filepath.Join(at, "tools")
		if _, err := pinnedVersion(filepath.Join(tools, "go.mod")); err == nil {
			return tools, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("there is no tools/go.mod that pins %s in %s or above it: run in the source tree, or install the Temporal command line",
				cliModule, dir)
		}
	}
}

var pinPattern = regexp.MustCompile(`(?m)^\s*(?:require\s+)?` + regexp.QuoteMeta(cliModule) + `\s+(v\S+)`)

// pinnedVersion is the version of Temporal's command line that a go.mod asks for.
func pinnedVersion(goMod string) (string, error) {
	b, err := os.ReadFile(goMod)
	if err != nil {
		return "", fmt.Errorf("read the pinned version: %w", err)
	}
	m := pinPattern.FindSubmatch(b)
	if m == nil {
		return "", fmt.Errorf("%s does not pin %s", goMod, cliModule)
	}
	return string(m[1]), nil
}
