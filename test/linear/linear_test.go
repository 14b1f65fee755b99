package linear

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/internal/pause"
	"github.com/boxoffice/boxoffice/test/stack"
)

var runTime = flag.Duration("linear.for", time.Minute, "how long clients do things that are judged")

const (
	clients      = 12
	namesAMinute = 30 // of each client: one for each hold whose answer gets lost
	holdTime     = 3 * time.Second
	// checkPatience is for the search of an order, which takes a second where there is one.
	checkPatience = 2 * time.Minute
)

// For a minute clients want the same few seats, while the API and Postgres are killed again and again. All that they were told
// must be right in one order of what they did.
func TestSeats_AreLinearizable(t *testing.T) {
	s, err := stack.StartShared("linear", stack.Seeded, "BOXOFFICE_HOLD_DURATION="+holdTime.String(),
		"BOXOFFICE_HOLD_EXTENSION="+holdTime.String(), "BOXOFFICE_CHECKOUT_MINIMUM=0s", "BOXOFFICE_MAX_OPEN_BOOKINGS=1000")
	require.NoError(t, err)
	s.Disturb()
	seed := rand.Uint64()
	h := newHall(t, s, 1+2*int(runTime.Minutes()))
	r := &record{began: time.Now(), lost: map[string]porcupine.Operation{}}
	buying, stop := context.WithTimeout(t.Context(), *runTime)
	defer stop()
	var crowd errgroup.Group
	names := s.Customers(t, clients*namesAMinute*(1+int(runTime.Minutes())))
	for i := range clients {
		c := &client{number: i, choose: rand.New(rand.NewPCG(seed, uint64(i))), hall: h, record: r}
		for n := i; n < len(names); n += clients {
			c.spare = append(c.spare, names[n])
		}
		require.NoError(t, c.becomeAnother())
		crowd.Go(func() error { return c.buy(buying) })
	}
	kills := killInTurn(buying, s, rand.New(rand.NewPCG(seed, clients)))
	require.NoError(t, crowd.Wait())
	s.AwaitReady(t)
	s.AwaitSettled(t, 3*time.Minute)
	found := lookAtAll(t, s, h, r)
	t.Logf("seed %d: %d kills; %v; %d holds got lost, of which %d had their effect", seed, kills, r.count(), len(r.lost), found)
	requireLinearizable(t, r.history)
	requireBusy(t, r, kills)
}

// killInTurn kills the API or Postgres every few seconds, until ctx ends, and gives how often.
func killInTurn(ctx context.Context, s *stack.System, choose *rand.Rand) (kills int) {
	for pause.For(ctx, 3*time.Second+time.Duration(choose.Int64N(int64(4*time.Second)))) {
		child := []string{"api", "api", "postgres"}[choose.IntN(3)]
		if s.TryKill(child, syscall.SIGKILL) == nil { // else it is just being started again
			kills++
		}
	}
	return kills
}

// requireLinearizable asserts that there is an order in which every answer is right. Where there is none, it draws what it
// found into a page that the failure names.
func requireLinearizable(t *testing.T, history []porcupine.Operation) {
	t.Helper()
	began := time.Now()
	result, info := porcupine.CheckOperationsVerbose(model, history, checkPatience)
	t.Logf("%d calls judged in %s", len(history), time.Since(began).Round(time.Millisecond))
	if result == porcupine.Ok {
		return
	}
	page := filepath.Join(os.TempDir(), "boxoffice-linear-"+time.Now().Format("150405.000")+".html")
	require.NoError(t, porcupine.VisualizePath(model, info, page))
	require.Equal(t, porcupine.Ok, result, "there is no order in which every answer is right: see %s", page)
}

// requireBusy asserts that the run put the promises to the test. It is little, since the machine may be busy with other things.
func requireBusy(t *testing.T, r *record, kills int) {
	t.Helper()
	counts := r.count()
	minutes := runTime.Minutes()
	require.Greater(t, float64(kills), 2*minutes, "kills")
	require.Greater(t, float64(len(r.lost)), 2*minutes, "lost holds")
	for _, least := range []struct {
		what act
		how  verdict
		n    float64
	}{{hold, done, 15}, {hold, refused, 15}, {extend, done, 2}, {release, done, 5}, {confirm, done, 2}} {
		require.GreaterOrEqual(t, float64(counts[least.what][least.how]), least.n*minutes, "%s, %d", least.what, least.how)
	}
}
