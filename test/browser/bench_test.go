package browser

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/test/stack"
)

// BenchmarkClient prints how the client does on a phone and on a desktop, next to its bars: web/bench says what and how. Its
// figures are those of a machine on which nothing else runs.
func BenchmarkClient(b *testing.B) {
	require.NoError(b, isBuilt(), "build the client: make web")
	chromium, err := findChromium()
	require.NoError(b, err)
	unlimited := []string{"BOXOFFICE_UNLIMITED_ADDRESSES=127.0.0.1,::1", "BOXOFFICE_STREAMS_BY_USER=-1"}
	s, err := stack.StartShared("web-bench", stack.Seeded, unlimited...)
	require.NoError(b, err)
	run := exec.CommandContext(b.Context(), "node", "node_modules/vitest/vitest.mjs", "run", "--config", "bench/vitest.config.ts")
	run.Dir = client
	run.Env = append(os.Environ(), "BOXOFFICE_URL="+s.Env["BOXOFFICE_URL"], "CHROMIUM="+chromium, "NO_COLOR=1",
		"PLANS="+samplePlans(b))
	run.Stdout, run.Stderr, run.WaitDelay = os.Stdout, os.Stderr, 10*time.Second
	require.NoError(b, run.Run())
}
