package browser

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { os.Exit(stack.Main(m)) }

// client is where the web client is, and its tests.
const client = "../../web"

// TestTheClientInABrowser runs web/browser against a system of its own. What they buy there is audited at the end.
func TestTheClientInABrowser(t *testing.T) {
	t.Parallel()
	require.NoError(t, isBuilt(), "build the client: make web")
	chromium, err := findChromium()
	require.NoError(t, err)
	s := stack.Of(t, func() (*stack.System, error) { return stack.StartShared("browser", stack.Seeded) })
	run := exec.CommandContext(t.Context(), "node", "node_modules/vitest/vitest.mjs", "run", "--config", "browser/vitest.config.ts")
	run.Dir = client
	run.Env = append(os.Environ(), "BOXOFFICE_URL="+s.Env["BOXOFFICE_URL"], "CHROMIUM="+chromium, "NO_COLOR=1")
	run.WaitDelay = 10 * time.Second
	out, err := run.CombinedOutput()
	t.Logf("%s", out)
	require.NoError(t, err)
}

// isBuilt tells whether the program has the client of these sources.
func isBuilt() error {
	built, err := os.Stat(filepath.Join(client, "dist", "index.html"))
	if err != nil {
		return err
	}
	return filepath.WalkDir(filepath.Join(client, "src"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path, ".gen.") || strings.Contains(path, ".test.") {
			return err
		}
		source, err := entry.Info()
		if err == nil && source.ModTime().After(built.ModTime()) {
			err = errors.New(path + " is newer than what was built of it")
		}
		return err
	})
}

// findChromium finds the browser: CHROMIUM, or one on PATH or where macOS has it.
func findChromium() (string, error) {
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	if runtime.GOOS == "darwin" {
		names = append(names, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium")
	}
	if named := os.Getenv("CHROMIUM"); named != "" {
		names = []string{named}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium: install it (Debian: apt-get install chromium), or name another by CHROMIUM=/path")
}
