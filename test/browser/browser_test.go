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

const (
	briefTests = "expiry.test.ts"   // of holds that end while somebody watches: on a system where that takes seconds
	openTests  = "stranger.test.ts" // of who looks without a session: on a system that lets them
)

// TestTheClientInABrowser runs web/browser against systems of its own. What they buy there is audited at the end.
func TestTheClientInABrowser(t *testing.T) {
	t.Parallel()
	require.NoError(t, isBuilt(), "build the client: make web")
	chromium, err := findChromium()
	require.NoError(t, err)
	usual := stack.Of(t, func() (*stack.System, error) { return stack.StartShared("browser", stack.Seeded) })
	usual.Disturb() // tickets that are given back have a run more, which the audit does not count
	t.Run("usual", func(t *testing.T) {
		runClientTests(t, usual, chromium, "--exclude", "**/"+briefTests, "--exclude", "**/"+openTests)
	})
	brief := stack.Of(t, func() (*stack.System, error) {
		return stack.StartShared("browser-brief", stack.Seeded, "BOXOFFICE_HOLD_DURATION=20s", "BOXOFFICE_CHECKOUT_MINIMUM=0s",
			"BOXOFFICE_PUBLIC_BROWSING=true")
	})
	t.Run("brief holds, open to all", func(t *testing.T) { runClientTests(t, brief, chromium, briefTests, openTests) })
}

// runClientTests runs those that args choose, one file after the other.
func runClientTests(t *testing.T, s *stack.System, chromium string, args ...string) {
	t.Helper()
	args = append([]string{"node_modules/vitest/vitest.mjs", "run", "--config", "browser/vitest.config.ts"}, args...)
	run := exec.CommandContext(t.Context(), "node", args...)
	run.Dir = client
	run.Env = append(os.Environ(), "BOXOFFICE_URL="+s.Env["BOXOFFICE_URL"], "STRIPE_API_BASE="+s.Stripe(), "CHROMIUM="+chromium,
		"PLANS="+samplePlans(t), "NO_COLOR=1")
	run.WaitDelay = 10 * time.Second
	out, err := run.CombinedOutput()
	t.Logf("%s", out)
	require.NoError(t, err)
}

// samplePlans writes the sample halls, and gives the folder where they are.
func samplePlans(t testing.TB) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for _, hall := range []string{"cinema", "theatre", "arena", "large-arena"} {
		plan, complaint, code := stack.RunProgram(t, nil, "seatplan", "sample", hall)
		require.Zero(t, code, complaint)
		require.NoError(t, os.WriteFile(filepath.Join(folder, hall+".json"), []byte(plan), 0o600))
	}
	return folder
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
