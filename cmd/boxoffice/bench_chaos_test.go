package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
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

func TestBenchChaos_FivePaidBookingsAKillAtLeast(t *testing.T) {
	t.Parallel()
	for asked, want := range map[int]int{0: 500, 10: 500, 600: 600} {
		require.Equal(t, want, (&benchChaosCommand{Kills: 100, Bookings: asked}).leastBookings())
	}
}

// A fault made of several has hit when each has, and webhooks are out of order only where there are two.
func TestHits_OfTheRarest(t *testing.T) {
	t.Parallel()
	for faults, want := range map[string]int{
		`{"kind": "error", "hits": 5}, {"kind": "error_after", "hits": 2}`: 2,
		`{"kind": "repeat", "hits": 0}, {"kind": "twin", "hits": 7}`:       0,
		`{"kind": "reorder", "hits": 1}`:                                   0,
		`{"kind": "reorder", "hits": 2}`:                                   1,
		`{"kind": "reorder", "hits": 0}`:                                   0,
	} {
		simulator := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, err := fmt.Fprintf(w, `{"faults": [%s]}`, faults)
			require.NoError(t, err)
		}))
		n, err := hits(t.Context(), simulator.URL)
		require.NoError(t, err)
		require.Equal(t, want, n, faults)
		simulator.Close()
	}
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
