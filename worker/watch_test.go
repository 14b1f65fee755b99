package worker

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

// shelf is a store and a search server as a watch sees them.
type shelf struct {
	boxoffice.SearchBuilds
	boxoffice.SearchIndex
	live    string
	err     error
	sizeErr error
	begun   int
	dropped int
}

func (s *shelf) Live(context.Context) (string, error) { return s.live, s.err }
func (s *shelf) Size(context.Context) (int, error)    { return 0, s.sizeErr }
func (s *shelf) StartReindex(context.Context) error   { s.begun++; return s.err }
func (s *shelf) DropPast(context.Context, string, time.Time) (int, error) {
	s.dropped++
	return 0, nil
}

func watching(s *shelf) *watch {
	return &watch{Options: Options{
		Logger: slog.New(slog.DiscardHandler), Relay: Relay{Builds: s, Index: s, Reindexer: s, MissingFor: 50 * time.Millisecond},
	}.withDefaults()}
}

func TestWatch_BuildsTheFirstIndexAtOnce(t *testing.T) {
	t.Parallel()
	s := &shelf{sizeErr: boxoffice.Errorf(boxoffice.CodeNotFound, "none")}
	watching(s).look(t.Context())
	require.Equal(t, 1, s.begun)
}

// A server that was just restarted says for a while that it has no index: only who says so for long is believed.
func TestWatch_BuildsALostIndexAnew(t *testing.T) {
	t.Parallel()
	s := &shelf{live: "events-1", sizeErr: boxoffice.Errorf(boxoffice.CodeNotFound, "none")}
	w := watching(s)
	w.look(t.Context())
	require.Zero(t, s.begun)
	s.sizeErr = nil
	w.look(t.Context())
	require.True(t, w.missing.IsZero(), "it was there in between")
	s.sizeErr = boxoffice.Errorf(boxoffice.CodeNotFound, "none")
	require.Eventually(t, func() bool { w.look(t.Context()); return s.begun == 1 }, 5*time.Second, 5*time.Millisecond)
	w.look(t.Context())
	require.Equal(t, 1, s.begun, "it has its time to be built")
}

func TestWatch_LeavesAServerAloneThatIsAway(t *testing.T) {
	t.Parallel()
	s := &shelf{live: "events-1", sizeErr: boxoffice.Errorf(boxoffice.CodeUnavailable, "away")}
	w := watching(s)
	w.Relay.MissingFor = time.Nanosecond
	for range 3 {
		w.look(t.Context())
	}
	s.live, s.err = "", boxoffice.Errorf(boxoffice.CodeUnavailable, "the database is away")
	w.look(t.Context())
	require.Zero(t, s.begun)
}

func TestWatch_DropsWhatIsOverNowAndThen(t *testing.T) {
	t.Parallel()
	s := &shelf{live: "events-1"}
	w := watching(s)
	for range 3 {
		w.look(t.Context())
	}
	require.Equal(t, 1, s.dropped)
}
