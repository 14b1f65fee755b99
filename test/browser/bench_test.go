package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
)

// BenchmarkClient prints how the client does on a phone and on a desktop, next to its bars: web/bench says what and how. Its
// figures are those of a machine on which nothing else runs.
func BenchmarkClient(b *testing.B) {
	require.NoError(b, isBuilt(), "build the client: make web")
	chromium, err := findChromium()
	require.NoError(b, err)
	unlimited := []string{"BOXOFFICE_UNLIMITED_ADDRESSES=127.0.0.1,::1", "BOXOFFICE_STREAMS=5000"}
	s, err := stack.StartShared("web-bench", stack.Seeded, unlimited...)
	require.NoError(b, err)
	const promoter, password = "promoter", "correct horse battery"
	require.NoError(b, buyer.New(s.Env["BOXOFFICE_URL"], stack.Transport).SignUp(b.Context(), promoter, password, ""))
	_, complaint, code := stack.RunProgram(b, []string{"DATABASE_URL=" + s.Env["DATABASE_URL"]}, "role", promoter, "organizer")
	require.Zero(b, code, complaint)
	run := exec.CommandContext(b.Context(), "node", "node_modules/vitest/vitest.mjs", "run", "--config", "bench/vitest.config.ts")
	run.Dir = client
	run.Env = append(os.Environ(), "BOXOFFICE_URL="+s.Env["BOXOFFICE_URL"], "CHROMIUM="+chromium, "NO_COLOR=1",
		"PROMOTER="+promoter, "PROMOTER_PASSWORD="+password, "PLANS="+samplePlans(b))
	run.Stdout, run.Stderr, run.WaitDelay = os.Stdout, os.Stderr, 10*time.Second
	require.NoError(b, run.Run())
}

// samplePlans writes the sample halls, and gives the folder where they are.
func samplePlans(b *testing.B) (folder string) {
	b.Helper()
	folder = b.TempDir()
	for _, hall := range []string{"cinema", "theatre", "arena", "large-arena"} {
		plan, complaint, code := stack.RunProgram(b, nil, "seatplan", "sample", hall)
		require.Zero(b, code, complaint)
		require.NoError(b, os.WriteFile(filepath.Join(folder, hall+".json"), []byte(plan), 0o600))
	}
	return folder
}
