package workflows

import (
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"go.temporal.io/sdk/workflow"
)

// ReindexWorkflowID is the ID of the one workflow that builds the search index anew.
const ReindexWorkflowID = "reindex"

// QueryReindexProgress answers with a boxoffice.ReindexProgress.
const QueryReindexProgress = "progress"

// searchSteps names the activities. It stays nil: only its methods' names are used.
var searchSteps *activities.Search

// bulkLoad is a step that takes minutes and says by its heartbeat how far it is. A worker that dies is missed after half a
// minute, and another goes on from there.
func bulkLoad() kind {
	return kind{queue: QueueBulk, try: time.Hour, heartbeat: 30 * time.Second, retry: backoff(time.Second, 30*time.Second)}
}

// searchCall asks the search server and the database for something short.
func searchCall() kind {
	return kind{queue: QueueBulk, try: 2 * time.Minute, retry: backoff(time.Second, 30*time.Second)}
}

// snapshotPatience is how long a snapshot is tried. Without one the index is there all the same.
const snapshotPatience = 2 * time.Minute

// reindexRun is the state of one rebuild.
type reindexRun struct{ boxoffice.ReindexProgress }

// Reindex builds the search index anew, from Postgres, beside the one that is searched, and puts it in that one's place
// without a gap. Changes made meanwhile are in it: relays write to both. It gives the number of events that it loaded.
func Reindex(ctx workflow.Context) (events int, err error) {
	r := &reindexRun{}
	r.Collection = "events-" + workflow.GetInfo(ctx).WorkflowExecution.RunID
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryReindexProgress, func() (boxoffice.ReindexProgress, error) {
		return r.ReindexProgress, nil
	}, workflow.QueryHandlerOptions{Description: "How far the index is built"}); err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			r.abandon(ctx)
		}
	}()
	if err := r.begin(ctx); err != nil {
		return 0, err
	}
	if err := r.loadAll(ctx); err != nil {
		return 0, err
	}
	if err := r.step(ctx, bulkLoad(), "Wait for the changes made meanwhile", searchSteps.AwaitChanges); err != nil {
		return 0, err
	}
	if err := r.step(ctx, searchCall(), "Let searches use the new index", searchSteps.GoLive, r.Collection); err != nil {
		return 0, err
	}
	return r.Loaded, r.tidy(ctx)
}

// step takes a step that gives nothing, and shows it in the progress.
func (r *reindexRun) step(ctx workflow.Context, k kind, summary string, activity any, args ...any) error {
	r.Step = summary
	return workflow.ExecuteActivity(k.regular(ctx, summary), activity, args...).Get(ctx, nil)
}

func (r *reindexRun) begin(ctx workflow.Context) error {
	r.Step = "Make a new index"
	return workflow.ExecuteActivity(searchCall().regular(ctx, r.Step), searchSteps.BeginReindex, r.Collection).Get(ctx, &r.Total)
}

// loadAll loads page after page, so that the progress is seen and the history says how far a page came.
func (r *reindexRun) loadAll(ctx workflow.Context) error {
	r.Step = "Load the events"
	for page := (activities.LoadPage{Collection: r.Collection}); !page.End; r.Loaded += page.Loaded {
		page.Loaded = 0
		if err := workflow.ExecuteActivity(bulkLoad().regular(ctx, r.Step), searchSteps.LoadEvents, page).Get(ctx, &page); err != nil {
			return err
		}
	}
	return nil
}

// tidy comes after the index is live: nothing in it undoes that.
func (r *reindexRun) tidy(ctx workflow.Context) error {
	snapshot := searchCall()
	snapshot.patient = snapshotPatience
	if err := r.step(ctx, snapshot, "Keep a snapshot", searchSteps.SnapshotIndex); err != nil {
		workflow.GetLogger(ctx).Warn("the search server made no snapshot: after a restart it will need a while", "error", err)
	}
	err := r.step(ctx, searchCall(), "Drop the old index", searchSteps.DropOldIndexes, r.Collection)
	r.Step = "Done"
	return err
}

// abandon undoes what a build that failed, or was cancelled, has left. What is live already stays.
func (r *reindexRun) abandon(ctx workflow.Context) {
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if err := r.step(ctx, searchCall(), "Give the new index up", searchSteps.AbandonReindex, r.Collection); err != nil {
		workflow.GetLogger(ctx).Error("a build of the search index was not given up", "error", err)
	}
}
