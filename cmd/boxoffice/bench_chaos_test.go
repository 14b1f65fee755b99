package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBenchChaos_AKillOfEachKindAtLeast(t *testing.T) {
	t.Parallel()
	s := &chaosSystem{servers: &chaosServers{}}
	require.Len(t, s.kills(), leastKills)
	command := benchChaosCommand{Kills: leastKills, Buyers: 1}
	require.NoError(t, command.Validate())
	command.Kills--
	require.ErrorContains(t, command.Validate(), "--kills")
}

// A process that is killed while it is stopped was not stopped for as long as it should: what runs in its place never was.
func TestPauses_CutShortByAKill(t *testing.T) {
	t.Parallel()
	s := &chaosSystem{benchSystem: &benchSystem{env: map[string]string{"BOXOFFICE_STATE_DIR": t.TempDir()}}}
	for _, pause := range s.pauses(0) {
		name := strings.TrimPrefix(pause.Kind, "pause-")
		first := recordChild(t, s, name)
		require.NoError(t, pause.Strike(t.Context()))
		require.False(t, pause.CutShort())
		require.NoError(t, s.killChild(t.Context(), name))
		require.Error(t, first.Wait())
		recordChild(t, s, name)
		require.True(t, pause.CutShort())
		require.NoError(t, pause.Mend(t.Context()), "the stopped one is gone")
	}
}

// recordChild starts a process that lasts, as the child of boxoffice dev with that name.
func recordChild(t *testing.T, s *chaosSystem, name string) *exec.Cmd {
	t.Helper()
	child := exec.CommandContext(t.Context(), "sleep", "600")
	require.NoError(t, child.Start())
	require.NoError(t, os.MkdirAll(filepath.Dir(s.pidFile(name)), 0o700))
	require.NoError(t, os.WriteFile(s.pidFile(name), fmt.Appendf(nil, `{"pid": %d}`, child.Process.Pid), 0o600))
	return child
}
