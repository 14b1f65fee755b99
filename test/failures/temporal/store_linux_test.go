package temporal

import (
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// Temporal's disk is full: it can write nothing any more. Nobody waits for it, money keeps its seats, and when there is room
// again every booking comes to its end, without anybody's hand. (Only Linux can take a running process's room away.)
func TestTemporalDiskFull_NobodyWaitsAndAllSettlesAfter(t *testing.T) {
	t.Parallel()
	s := stack.Own(t, "full", stack.Seeded, brief(4*time.Second)...)
	early, held := waiting(t, s)
	freeDisk := s.FillDisk(t)
	sold := sellWithout(t, s)
	webhookAtOnce(t, s, sold.paid)
	canceller, cancelled := cancelAtOnce(t, s)
	early.PayFor(t, held.ID)
	early.AwaitPaid(t, held.ID)
	stalled, err := early.Booking(t.Context(), held.ID)
	require.NoError(t, err)
	require.Equal(t, "held", stalled.Status, "is the disk full at all?")

	freeDisk()
	back := time.Now()
	sold.settle(t)
	early.AwaitEnd(t, 90*time.Second, held.ID, "completed")
	canceller.AwaitEnd(t, 90*time.Second, cancelled.ID, "cancelled")
	s.AwaitSettled(t, 90*time.Second)
	t.Logf("all settled %s after there was room again", time.Since(back).Round(100*time.Millisecond))
}
