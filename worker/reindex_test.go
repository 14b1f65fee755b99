package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
)

// steps runs the steps of a reindex over the line, outside of a workflow.
func (l *line) steps(chunk int) (*testsuite.TestActivityEnvironment, *activities.Search) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	a := &activities.Search{Builds: l.Relay.Builds, Index: l.index, Logger: slog.New(slog.DiscardHandler), ChunkEvents: chunk, PageEvents: 10 * chunk}
	env.RegisterActivity(a)
	return env, a
}

// loadAll loads page after page, as the workflow does.
func loadAll(t *testing.T, env *testsuite.TestActivityEnvironment, a *activities.Search, page activities.LoadPage) {
	t.Helper()
	for !page.End {
		page.Loaded = 0
		value, err := env.ExecuteActivity(a.LoadEvents, page)
		require.NoError(t, err)
		require.NoError(t, value.Get(&page))
	}
}

// While an index is built anew, events change and change, and searches go on. None of them fails or comes up empty, and in the
// end the new index says of each event what Postgres says.
func TestReindex_WithEditsAndSearchesMeanwhile(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	l.Relay.Every, l.Relay.Batch = 5*time.Millisecond, 10
	const events = 60
	ids := make([]string, events)
	for n := range ids {
		ids[n] = l.addEvent(t, fmt.Sprint("Ghost ", n))
	}
	l.once(t)
	require.Len(t, l.found(t), events)
	l.start(t, 2)
	during, stop := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	for e := range 2 {
		busy.Go(func() {
			for n := 0; during.Err() == nil; n++ {
				event := ids[(n*7+e)%(events-10)] // ten stay as they are
				if n%5 == 4 {
					l.edit(t, event, `status = CASE status WHEN 'on_sale' THEN 'draft' ELSE 'on_sale' END::event_status`)
				} else {
					l.edit(t, event, `name = $2`, fmt.Sprint("Ghost ", e, "/", n))
				}
			}
		})
	}
	searches := 0
	busy.Go(func() {
		for ; during.Err() == nil; searches++ {
			result, err := l.finder.Search(context.Background(), boxoffice.SearchQuery{Text: "ghost", Page: 1, PerPage: 1})
			if err != nil || result.Found < 10 {
				t.Errorf("a search finds %d events: %v", result.Found, err)
			}
		}
	})

	env, a := l.steps(3)
	for round := range 3 {
		collection := fmt.Sprint("events-round-", round)
		_, err := env.ExecuteActivity(a.BeginReindex, collection)
		require.NoError(t, err)
		loadAll(t, env, a, activities.LoadPage{Collection: collection})
		_, err = env.ExecuteActivity(a.AwaitChanges)
		require.NoError(t, err)
		_, err = env.ExecuteActivity(a.GoLive, collection)
		require.NoError(t, err)
		_, err = env.ExecuteActivity(a.DropOldIndexes, collection)
		require.NoError(t, err)
	}
	stop()
	busy.Wait()
	l.eventually(t, 30*time.Second, func() bool { return l.waiting(t) == 0 })
	require.Equal(t, l.onSale(t), l.found(t))
	t.Logf("%d searches meanwhile", searches)
}

// onSale gives what Postgres has, as found gives what the index has.
func (l *line) onSale(t *testing.T) map[string]string {
	t.Helper()
	names := map[string]string{}
	rows, err := l.base.Pool.Query(t.Context(), `SELECT id::text, name FROM events WHERE status = 'on_sale'`)
	require.NoError(t, err)
	for rows.Next() {
		var id, name string
		require.NoError(t, rows.Scan(&id, &name))
		names[id] = name
	}
	require.NoError(t, rows.Err())
	return names
}

// A change that comes behind the page of its event is in the new index as well.
func TestReindex_AChangeBehindItsPage(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	event, gone := l.addEvent(t, "Ghost"), l.addEvent(t, "Alien")
	l.once(t)
	env, a := l.steps(10)
	_, err := env.ExecuteActivity(a.BeginReindex, "events-2")
	require.NoError(t, err)
	loadAll(t, env, a, activities.LoadPage{Collection: "events-2"})
	l.edit(t, event, `name = 'Ghost, with the director'`)
	l.edit(t, gone, `status = 'cancelled'`)
	l.once(t)
	_, err = env.ExecuteActivity(a.GoLive, "events-2")
	require.NoError(t, err)
	require.Equal(t, map[string]string{event: "Ghost, with the director"}, l.found(t))
}

// A load that was killed half-way goes on from its heartbeat, and what the dead one had claimed comes by the relay.
func TestReindex_AKilledLoadGoesOn(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	for n := range 12 {
		l.addEvent(t, fmt.Sprint("Ghost ", n))
	}
	l.once(t)
	env, a := l.steps(3)
	_, err := env.ExecuteActivity(a.BeginReindex, "events-2")
	require.NoError(t, err)

	// The first worker loads two chunks, claims the third, and dies.
	done := activities.LoadPage{Collection: "events-2"}
	for range 2 {
		claim, last, err := l.Relay.Builds.ClaimPage(t.Context(), done.After, 3, relayClaim)
		require.NoError(t, err)
		_, err = l.index.Write(t.Context(), "events-2", claim.Entries)
		require.NoError(t, err)
		require.NoError(t, l.Relay.Builds.FinishPage(t.Context(), claim, nil))
		done.After, done.Loaded = last, done.Loaded+3
	}
	_, _, err = l.Relay.Builds.ClaimPage(t.Context(), done.After, 3, relayClaim)
	require.NoError(t, err)

	l.index.writes = 0
	env.SetHeartbeatDetails(done)
	value, err := env.ExecuteActivity(a.LoadEvents, activities.LoadPage{Collection: "events-2"})
	require.NoError(t, err)
	require.NoError(t, value.Get(&done))
	require.True(t, done.End)
	require.Equal(t, 9, done.Loaded, "six before, three of the last chunk")
	require.Equal(t, 2, l.index.writes, "the first two chunks are not written again")
	require.Equal(t, 3, l.waiting(t), "those that the dead one has claimed")
	l.base.AdvanceClock(t, relayClaim+time.Second)
	l.once(t)
	_, err = env.ExecuteActivity(a.GoLive, "events-2")
	require.NoError(t, err)
	_, err = env.ExecuteActivity(a.DropOldIndexes, "events-2")
	require.NoError(t, err)
	require.Len(t, l.found(t), 12)
}
