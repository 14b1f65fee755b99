package chaos

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

// A booking that the database lost is refused at the last look: that is noted, and the next one is looked at.
func TestLookBack_NotesARefusal(t *testing.T) {
	t.Parallel()
	office := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bookings/lost" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, err := w.Write([]byte(`{"status": "expired"}`))
		require.NoError(t, err)
	}))
	defer office.Close()
	r := &run{o: Options{URL: office.URL}}
	c := newClient(r, 0, "")
	c.records = []*Record{{Booking: "lost"}, {Booking: "known"}}
	require.NoError(t, c.lookBack(t.Context()))
	require.Contains(t, c.records[0].Refusal, "404")
	require.Empty(t, c.records[1].Refusal)
	require.Equal(t, boxoffice.BookingExpired, c.records[1].last())
	require.Equal(t, 1, r.answers.seen["404 Not Found"])
}

// Where nobody can say what is left to be done, the run still gives its report.
func TestRun_ReportsThoughNothingWasCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		report, err := Run(t.Context(), Options{
			Open:     func(context.Context) (int, error) { return 0, errors.New("away") },
			Books:    func(context.Context) (Books, error) { return Books{Stuck: []string{"a"}}, nil },
			Indexed:  func(context.Context) (int, error) { return 0, nil },
			Logger:   slog.New(slog.DiscardHandler),
			Progress: func(int, int) {},
		})
		require.NoError(t, err)
		require.Equal(t, 1, report.StuckSeats)
		require.ErrorContains(t, report.Verdict(), "away")
	})
}
