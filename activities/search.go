package activities

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/boxoffice/boxoffice"
	"go.temporal.io/sdk/activity"
)

// Search are the steps by which the search index is built anew. Workflows hold a nil *Search for the names of its methods;
// workers register one whose fields are all set.
type Search struct {
	Builds boxoffice.SearchBuilds
	Index  boxoffice.SearchIndex
	Logger *slog.Logger

	PageEvents  int // that one activity loads; 5,000 if zero
	ChunkEvents int // that are read and written at once; 500 if zero
}

// The standard sizes of a load, and how long a chunk may be claimed.
const (
	pageEvents  = 5000
	chunkEvents = 500
	loadClaim   = time.Minute
)

// BeginReindex makes the collection and notes that it is being built, so that relays write changes to it, too. Where the
// server has lost the live one, they write to the new one alone: they would else wait for what does not come back. It gives
// the number of events to come.
func (a *Search) BeginReindex(ctx context.Context, collection string) (events int, err error) {
	if err := a.Index.Create(ctx, collection); err != nil {
		return 0, a.done(ctx, err)
	}
	if events, err = a.Builds.BeginBuild(ctx, collection); err != nil {
		return 0, a.done(ctx, err)
	}
	if _, err := a.Index.Size(ctx); boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
		return events, a.done(ctx, a.Builds.ForgetLive(ctx))
	}
	return events, nil
}

// LoadPage says from where a page is loaded, and what has been loaded of it.
type LoadPage struct {
	Collection string `json:"collection"`
	After      string `json:"after"`  // the last event before it; empty at the begin
	Loaded     int    `json:"loaded"` // events, by this activity
	End        bool   `json:"end"`    // there are no more
}

// LoadEvents loads events into a collection in the order of their IDs. How far it has come is in its heartbeat, from which a
// repeat goes on.
func (a *Search) LoadEvents(ctx context.Context, page LoadPage) (LoadPage, error) {
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &page); err != nil {
			return page, a.done(ctx, err)
		}
	}
	for page.Loaded < cmp.Or(a.PageEvents, pageEvents) && !page.End {
		if err := ctx.Err(); err != nil {
			return page, err
		}
		if err := a.load(ctx, &page); err != nil {
			return page, a.done(ctx, notYet(ctx, err))
		}
		activity.RecordHeartbeat(ctx, page)
	}
	return page, nil
}

func (a *Search) load(ctx context.Context, page *LoadPage) error {
	claim, last, err := a.Builds.ClaimPage(ctx, page.After, cmp.Or(a.ChunkEvents, chunkEvents), loadClaim)
	if err != nil {
		return err
	}
	if last == "" {
		page.End = true
		return nil
	}
	refused, err := a.Index.Write(ctx, page.Collection, claim.Entries)
	// What was claimed is given back in any case, and at a shutdown, too: relays would wait for it.
	giveBack, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if finishErr := a.Builds.FinishPage(giveBack, claim, refused); err == nil {
		err = finishErr
	}
	if err == nil {
		page.After, page.Loaded = last, page.Loaded+len(claim.Entries)
	}
	return err
}

// believedAfter is at which try a collection that is not there is believed to be gone: a server that was restarted takes its
// time to know its collections again.
const believedAfter = 6

func notYet(ctx context.Context, err error) error {
	if boxoffice.CodeOf(err) == boxoffice.CodeNotFound && activity.GetInfo(ctx).Attempt < believedAfter {
		return boxoffice.WrapError(boxoffice.CodeUnavailable, err, "The search server does not have the collection (yet).")
	}
	return err
}

// drainPatience is how long AwaitChanges waits at most: changes that come too late are written after all, a moment later.
const drainPatience = 20 * time.Second

// AwaitChanges waits until relays have written what was in the outbox when it began. What they cannot write in time is
// left to come later.
func (a *Search) AwaitChanges(ctx context.Context) error {
	_, last, err := a.Builds.Waiting(ctx, 0)
	if err != nil {
		return a.done(ctx, err)
	}
	patience, cancel := context.WithTimeout(ctx, drainPatience)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for last > 0 {
		activity.RecordHeartbeat(ctx)
		waiting, _, err := a.Builds.Waiting(ctx, last)
		if err != nil || waiting == 0 {
			return a.done(ctx, err)
		}
		select {
		case <-patience.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// GoLive lets searches and relays use the collection. CodeFenced when another build has taken its place.
func (a *Search) GoLive(ctx context.Context, collection string) error {
	if err := a.Builds.EndBuild(ctx, collection); err != nil {
		return a.done(ctx, err)
	}
	return a.done(ctx, a.Index.GoLive(ctx, collection))
}

// SnapshotIndex has the search server keep what it has, so that it is quickly there again after a restart.
func (a *Search) SnapshotIndex(ctx context.Context) error {
	return a.done(ctx, a.Index.Snapshot(ctx))
}

// DropOldIndexes removes every collection of ours but this one.
func (a *Search) DropOldIndexes(ctx context.Context, collection string) error {
	return a.done(ctx, a.Index.DropAllBut(ctx, collection))
}

// AbandonReindex ends a build that comes to nothing, and removes what it made.
func (a *Search) AbandonReindex(ctx context.Context, collection string) error {
	if err := a.Builds.AbandonBuild(ctx, collection); err != nil {
		return a.done(ctx, err)
	}
	live, err := a.Builds.Live(ctx)
	if err != nil || live == "" {
		return a.done(ctx, err)
	}
	return a.done(ctx, a.Index.DropAllBut(ctx, live))
}

// done logs what went wrong, with its cause, counts it, and translates it.
func (a *Search) done(ctx context.Context, err error) error {
	if err != nil {
		info := activity.GetInfo(ctx)
		a.Logger.WarnContext(ctx, "a step of the reindex failed", "step", info.ActivityType.Name, "attempt", info.Attempt, "error", err)
		count(ctx, boxoffice.CounterStepsFailed, "code", string(boxoffice.CodeOf(err)))
	}
	return ToTemporal(err)
}
