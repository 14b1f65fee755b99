package worker

import (
	"context"
	"maps"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/metrics"
)

// PointIndexed names the failpoint at which events are in the search index, and still in the outbox.
const PointIndexed = "relay-indexed"

// How the relay paces itself. A claim outlasts the writes to two collections, so that nobody takes it over from a relay that
// is only slow.
const (
	relayClaim     = time.Minute
	relayPatience  = 45 * time.Second // for all that is done under one claim
	longestPause   = 10 * time.Second // between two tries while the search server is away
	missingForGood = time.Minute      // an index that is not there for as long will not come back by itself
	purgeEvery     = time.Hour
)

// Relay is what brings changes of events into the search index. Several workers may run one each.
type Relay struct {
	Outbox    boxoffice.SearchOutbox
	Builds    boxoffice.SearchBuilds
	Index     boxoffice.SearchIndex
	Reindexer boxoffice.Reindexer

	Every       time.Duration // between two looks at the outbox; 300 ms if zero
	SampleEvery time.Duration // between two looks for bookings that changed; 1 s if zero
	WatchEvery  time.Duration // between two looks whether the index is there; 5 s if zero
	MissingFor  time.Duration // how long it may be away until it is built anew; a minute if zero
	Batch       int           // events at once; 500 if zero
}

func (r Relay) withDefaults() Relay {
	for _, d := range []struct {
		field    *time.Duration
		standard time.Duration
	}{
		{&r.Every, 300 * time.Millisecond}, {&r.SampleEvery, time.Second}, {&r.WatchEvery, 5 * time.Second}, {&r.MissingFor, missingForGood},
	} {
		if *d.field == 0 {
			*d.field = d.standard
		}
	}
	if r.Batch == 0 {
		r.Batch = 500
	}
	return r
}

// relay brings changes into the index until ctx is done. While the search server is away it comes back ever later.
func (o Options) relay(ctx context.Context) {
	pause := o.Relay.Every
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		written, err := o.relayOnce(ctx)
		switch {
		case err != nil:
			pause = min(2*pause, longestPause)
			if ctx.Err() == nil {
				o.Logger.WarnContext(ctx, "the search index was not written; it is tried again", "in", pause.String(), "error", err)
			}
		case written == o.Relay.Batch:
			pause = time.Millisecond // there is more
		default:
			pause = o.Relay.Every
		}
		timer.Reset(pause)
	}
}

// relayOnce writes one batch of changes to the index, and tells of how many events they were. Where that fails they stay in
// the outbox.
func (o Options) relayOnce(ctx context.Context) (written int, err error) {
	r := o.Relay
	claim, err := r.Outbox.ClaimChanges(ctx, r.Batch, relayClaim)
	if err != nil || len(claim.Entries) == 0 {
		return 0, err
	}
	// What is claimed is brought to an end also at shutdown: it would else wait until the claim has run out.
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), relayPatience)
	defer cancel()
	refused, err := o.write(work, claim)
	if err != nil {
		o.Metrics.NotIndexed(metrics.IndexAway, 1)
		if releaseErr := r.Outbox.Release(work, claim); releaseErr != nil {
			o.Logger.WarnContext(work, "a claim on changes was not given back; it runs out by itself", "error", releaseErr)
		}
		return 0, err
	}
	if err := o.Failpoints.Reach(work, PointIndexed); err != nil {
		return 0, err
	}
	for event, why := range refused {
		o.Logger.ErrorContext(work, "the search server does not take an event", "event", event, "error", why)
	}
	o.Metrics.NotIndexed(metrics.IndexRefused, len(refused))
	o.Metrics.Indexed(len(claim.Entries) - len(refused))
	return len(claim.Entries), r.Outbox.FinishChanges(work, claim, refused)
}

// write writes a claim to every collection that it is for. Without any, there is nothing to be written yet.
func (o Options) write(ctx context.Context, claim boxoffice.SearchClaim) (map[string]error, error) {
	if len(claim.Collections) == 0 {
		return nil, boxoffice.Errorf(boxoffice.CodeUnavailable, "There is no search index yet.")
	}
	refused := map[string]error{}
	for _, collection := range claim.Collections {
		some, err := o.Relay.Index.Write(ctx, collection, claim.Entries)
		if err != nil {
			return nil, err
		}
		maps.Copy(refused, some)
	}
	return refused, nil
}

// sampleSeats has the seats of events counted anew whose bookings changed.
func (o Options) sampleSeats(ctx context.Context) {
	if _, err := o.Relay.Outbox.SampleSeats(ctx); err != nil {
		o.noStore(ctx, err)
	}
}

// watch sees to it that there is an index.
type watch struct {
	Options
	missing time.Time // since when; zero while it is there
	purged  time.Time
}

// look has an index built where there has never been one, or where it has been gone for a while: a server that was restarted
// knows its collections only after some seconds. It also drops what is over, now and then.
func (w *watch) look(ctx context.Context) {
	live, err := w.Relay.Builds.Live(ctx)
	if err != nil {
		w.noStore(ctx, err)
		return
	}
	_, err = w.Relay.Index.Size(ctx)
	switch {
	case live == "":
		w.reindex(ctx, "there is none yet")
	case err == nil:
		w.missing = time.Time{}
		w.purge(ctx, live)
	case boxoffice.CodeOf(err) != boxoffice.CodeNotFound: // away: it may well have its index
	case w.missing.IsZero():
		w.missing = time.Now()
	case time.Since(w.missing) >= w.Relay.MissingFor:
		w.missing = time.Time{}
		w.reindex(ctx, "the search server has lost it")
	}
}

func (w *watch) reindex(ctx context.Context, why string) {
	w.Logger.InfoContext(ctx, "the search index is built anew", "why", why)
	if err := w.Relay.Reindexer.StartReindex(ctx); err != nil {
		w.Logger.WarnContext(ctx, "the search index's build was not started; it is tried again", "error", err)
	}
}

func (w *watch) purge(ctx context.Context, live string) {
	if time.Since(w.purged) < purgeEvery {
		return
	}
	dropped, err := w.Relay.Index.DropPast(ctx, live, time.Now())
	if err != nil {
		w.Logger.WarnContext(ctx, "what is over was not dropped from the search index; it is tried again", "error", err)
		return
	}
	w.purged = time.Now()
	w.Logger.InfoContext(ctx, "dropped from the search index what is over", "events", dropped)
}
