package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/devstack/postgres"
)

// A server that is ended at once has every commit when it is started again, and its standby, where there is one, catches up
// with what was committed before and after.
func TestAbort_CommitsSurviveAndTheStandbyFollows(t *testing.T) {
	t.Parallel()
	quick := map[string]string{"wal_retrieve_retry_interval": "100ms"}
	dir := folder(t)
	primary := start(t, postgres.Options{Dir: dir})
	execute(t, primary, "CREATE TABLE told (n int)")
	standby := start(t, postgres.Options{StandbyOf: primary.URL, Settings: quick})
	execute(t, primary, "INSERT INTO told VALUES (1)")
	require.NoError(t, primary.Abort())
	select {
	case <-primary.Done():
	default:
		require.Fail(t, "it runs")
	}
	require.Error(t, primary.Wait(), "it was not asked to end in order")

	back := start(t, postgres.Options{Dir: dir, Port: primary.Port})
	execute(t, back, "INSERT INTO told VALUES (2)")
	require.NoError(t, back.AwaitInStep(t.Context()))
	require.Eventually(t, func() bool { return number(t, standby, "SELECT count(*) FROM told") == 2 }, patience, 10*time.Millisecond)
	require.NoError(t, standby.Stop())
	soon, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.Error(t, back.AwaitInStep(soon), "its standby is away")
}
