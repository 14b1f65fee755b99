package workflows_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
)

// library is Postgres and a search server in memory, as the building of an index sees them.
type library struct {
	boxoffice.SearchOutbox
	mu             sync.Mutex
	events         int                        // their IDs are numbers of three digits
	collections    map[string]map[string]bool // what is in them, by name
	live, building string
	searched       string
	snapshots      int
	waiting        []int // rows of the outbox, question by question
	claimed        int   // now
	faults         map[string]fault
	tries          map[string]int
}

func newLibrary(events int) *library {
	return &library{
		events: events, live: "events-0", searched: "events-0", collections: map[string]map[string]bool{"events-0": {}},
		faults: map[string]fault{}, tries: map[string]int{},
	}
}

func (l *library) steps() *activities.Search {
	return &activities.Search{Builds: l, Index: l, Logger: slog.New(slog.DiscardHandler), PageEvents: 600}
}

// try is at the begin of every call: it fails where a test wants that.
func (l *library) try(call string) (func(), error) {
	l.mu.Lock()
	l.tries[call]++
	if f := l.faults[call]; f != nil {
		if err := f(l.tries[call]); err != nil {
			l.mu.Unlock()
			return func() {}, err
		}
	}
	return l.mu.Unlock, nil
}

func (l *library) ClaimChanges(context.Context, int, time.Duration) (boxoffice.SearchClaim, error) {
	return boxoffice.SearchClaim{}, nil
}
func (l *library) SampleSeats(context.Context) (int, error) { return 0, nil }

func (l *library) Live(context.Context) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live, nil
}

func (l *library) BeginBuild(_ context.Context, collection string) (int, error) {
	unlock, err := l.try("BeginBuild")
	defer unlock()
	if err == nil {
		l.building = collection
	}
	return l.events, err
}

func (l *library) ClaimPage(_ context.Context, after string, limit int, _ time.Duration) (boxoffice.SearchClaim, string, error) {
	unlock, err := l.try("ClaimPage")
	defer unlock()
	claim, last := boxoffice.SearchClaim{}, ""
	if err != nil {
		return claim, last, err
	}
	first := 0
	if after != "" {
		first, _ = strconv.Atoi(after)
		first++
	}
	for n := first; n < min(first+limit, l.events); n++ {
		last = strconv.Itoa(10_000 + n)[1:]
		claim.Entries = append(claim.Entries, boxoffice.SearchEntry{Event: boxoffice.Event{ID: last}, Findable: true})
	}
	l.claimed += len(claim.Entries)
	return claim, last, nil
}

func (l *library) FinishPage(_ context.Context, claim boxoffice.SearchClaim, _ map[string]error) error {
	unlock, err := l.try("FinishPage")
	defer unlock()
	l.claimed -= len(claim.Entries)
	return err
}

func (l *library) Waiting(context.Context, int64) (int, int64, error) {
	unlock, err := l.try("Waiting")
	defer unlock()
	if len(l.waiting) == 0 {
		return 0, 7, err
	}
	rows := l.waiting[0]
	l.waiting = l.waiting[1:]
	return rows, 7, err
}

func (l *library) EndBuild(_ context.Context, collection string) error {
	unlock, err := l.try("EndBuild")
	defer unlock()
	if err == nil {
		l.live, l.building = collection, ""
	}
	return err
}

func (l *library) AbandonBuild(context.Context, string) error {
	unlock, err := l.try("AbandonBuild")
	defer unlock()
	l.building = ""
	return err
}

func (l *library) Create(_ context.Context, collection string) error {
	unlock, err := l.try("Create")
	defer unlock()
	if err == nil && l.collections[collection] == nil {
		l.collections[collection] = map[string]bool{}
	}
	return err
}

func (l *library) Write(_ context.Context, collection string, entries []boxoffice.SearchEntry) (map[string]error, error) {
	unlock, err := l.try("Write")
	defer unlock()
	for _, e := range entries {
		if err == nil {
			l.collections[collection][e.Event.ID] = true
		}
	}
	return nil, err
}

func (l *library) GoLive(_ context.Context, collection string) error {
	unlock, err := l.try("GoLive")
	defer unlock()
	if err == nil {
		l.searched = collection
	}
	return err
}

func (l *library) Snapshot(context.Context) error {
	unlock, err := l.try("Snapshot")
	defer unlock()
	l.snapshots++
	return err
}

func (l *library) Size(context.Context) (int, error) {
	unlock, err := l.try("Size")
	defer unlock()
	return 0, err
}

func (l *library) ForgetLive(context.Context) error {
	unlock, err := l.try("ForgetLive")
	defer unlock()
	l.live = ""
	return err
}

func (l *library) DropAllBut(_ context.Context, keep ...string) error {
	unlock, err := l.try("DropAllBut")
	defer unlock()
	for name := range l.collections {
		if err == nil && name != keep[0] {
			delete(l.collections, name)
		}
	}
	return err
}

func (l *library) DropPast(context.Context, string, time.Time) (int, error) { return 0, nil }

// reindexed runs the workflow over a library, and gives the number of events and the steps that it took.
func reindexed(t *testing.T, l *library) (events int, steps []string, err error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet)
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(l.steps())
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.Attempt == 1 {
			steps = append(steps, info.ActivityType.Name)
		}
	})
	env.ExecuteWorkflow(workflows.Reindex)
	require.True(t, env.IsWorkflowCompleted())
	if err = env.GetWorkflowError(); err == nil {
		require.NoError(t, env.GetWorkflowResult(&events))
		progress, queryErr := env.QueryWorkflow(workflows.QueryReindexProgress)
		require.NoError(t, queryErr)
		var p boxoffice.ReindexProgress
		require.NoError(t, progress.Get(&p))
		require.Equal(t, boxoffice.ReindexProgress{Collection: l.live, Step: "Done", Loaded: l.events, Total: l.events}, p)
	}
	return events, steps, err
}

var (
	loaded = []string{"BeginReindex", "LoadEvents", "LoadEvents"} // two chunks a page
	built  = []string{"AwaitChanges", "GoLive", "SnapshotIndex", "DropOldIndexes"}
)

func TestReindex_OK(t *testing.T) {
	t.Parallel()
	l := newLibrary(1300)
	l.waiting = []int{3, 3, 2} // until the relays have written
	events, steps, err := reindexed(t, l)
	require.NoError(t, err)
	require.Equal(t, 1300, events)
	require.Equal(t, then(loaded, built...), steps)
	require.Len(t, l.collections, 1)
	require.Len(t, l.collections[l.live], 1300)
	require.Equal(t, l.live, l.searched)
	require.Equal(t, 1, l.snapshots)
	require.Empty(t, l.waiting)
	require.Zero(t, l.claimed)
}

// Each step fails for a moment, and the rebuild goes on; what was claimed is given back also where the write failed.
func TestReindex_GoesOnAfterFailures(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"Create", "BeginBuild", "ClaimPage", "Write", "FinishPage", "Waiting", "EndBuild", "GoLive", "Snapshot", "DropAllBut"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			l := newLibrary(1300)
			l.faults[call] = first(2, boxoffice.CodeUnavailable)
			_, _, err := reindexed(t, l)
			require.NoError(t, err)
			require.Len(t, l.collections[l.live], 1300)
			require.Zero(t, l.claimed)
		})
	}
}

// A rebuild that cannot be done leaves everything as it was.
func TestReindex_IsGivenUp(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		call  string
		code  boxoffice.Code
		steps []string
	}{
		{"Create", boxoffice.CodeInvalid, []string{"BeginReindex", "AbandonReindex"}},
		{"Write", boxoffice.CodeNotFound, []string{"BeginReindex", "LoadEvents", "AbandonReindex"}},
		{"EndBuild", boxoffice.CodeFenced, append(then(loaded), "AwaitChanges", "GoLive", "AbandonReindex")},
	} {
		t.Run(test.call, func(t *testing.T) {
			t.Parallel()
			l := newLibrary(1300)
			l.faults[test.call] = always(test.code)
			_, steps, err := reindexed(t, l)
			require.Error(t, err)
			require.Equal(t, test.steps, steps)
			require.Equal(t, "events-0", l.live)
			require.Equal(t, "events-0", l.searched)
			require.Empty(t, l.building)
			require.Len(t, l.collections, 1, "what was begun is gone")
			require.Contains(t, l.collections, "events-0")
			require.Zero(t, l.claimed)
		})
	}
}

// Where the live index is lost, relays are not held up by it.
func TestReindex_OfALostIndex(t *testing.T) {
	t.Parallel()
	l := newLibrary(10)
	l.faults["Size"] = always(boxoffice.CodeNotFound)
	l.faults["EndBuild"] = func(int) error {
		if l.live != "" {
			return boxoffice.Errorf(boxoffice.CodeFenced, "the lost one is still written to")
		}
		return nil
	}
	_, _, err := reindexed(t, l)
	require.NoError(t, err)
}

// A server that makes no snapshot has a new index all the same.
func TestReindex_WithoutASnapshot(t *testing.T) {
	t.Parallel()
	l := newLibrary(10)
	l.faults["Snapshot"] = always(boxoffice.CodeUnavailable)
	events, _, err := reindexed(t, l)
	require.NoError(t, err)
	require.Equal(t, 10, events)
	require.Len(t, l.collections, 1)
}

func TestHistoryOfAReindex(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	for _, name := range []string{"reindex", "reindex-given-up"} {
		l.library.mu.Lock()
		if name == "reindex-given-up" {
			l.library.faults["EndBuild"] = always(boxoffice.CodeFenced)
		}
		l.library.mu.Unlock()
		run, err := l.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: name, TaskQueue: workflows.QueueBulk}, workflows.Reindex)
		require.NoError(t, err)
		require.Equal(t, name == "reindex", run.Get(ctx, nil) == nil)
		keep(t, name, l.history(ctx, t, name))
	}
}
