package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/internal/devstack/typesense"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// finder is a system whose search server, and whose way to it, are the tests'.
type finder struct {
	*stack.System
	way  *stack.Proxy
	addr string

	server *typesense.Server
}

const searchKey = "a-key-of-the-tests"

// finding is that system. Tests of it run one after the other, and leave the server there and the network whole.
var finding = sync.OnceValues(func() (*finder, error) {
	f := &finder{addr: "127.0.0.1:0"}
	if err := f.serve(); err != nil {
		return nil, err
	}
	var err error
	if f.way, err = stack.NewProxy("typesense", f.addr); err != nil {
		return nil, err
	}
	f.System, err = stack.StartShared("finding", stack.Seeded, "TYPESENSE_URL=http://"+f.way.Address(), "TYPESENSE_API_KEY="+searchKey,
		"BOXOFFICE_INDEX_MISSING=2s")
	if f.System != nil {
		f.System.Beside(f.stop)
	}
	return f, err
})

// serve starts a search server without a memory at the finder's address.
func (f *finder) serve() error {
	server, err := typesense.Start(context.Background(), typesense.Options{Addr: f.addr, APIKey: searchKey, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	f.server, f.addr = server, strings.TrimPrefix(server.URL, "http://")
	return nil
}

// stop ends the server and the way to it.
func (f *finder) stop() error {
	f.way.Stop()
	return f.server.Stop()
}

func findingOf(t *testing.T) *finder {
	t.Helper()
	f, err := finding()
	require.NoError(t, err)
	stack.Of(t, func() (*stack.System, error) { return f.System, nil })
	f.awaitFound(t, f.Customer(t), "q=", func(page found) bool { return page.Found == f.onSale(t) })
	return f
}

// found is what a search finds.
type found struct {
	Found  int `json:"found"`
	Events []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"events"`
}

func (f *finder) onSale(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, f.DB.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE status = 'on_sale' AND sales_close_at > boxoffice_now()`).Scan(&n))
	return n
}

func (f *finder) awaitFound(t *testing.T, c stack.Customer, query string, wanted func(found) bool) time.Duration {
	t.Helper()
	began := time.Now()
	stack.Eventually(t, 90*time.Second, func() error {
		var page found
		if err := c.Call(t.Context(), http.MethodGet, "/search?"+query, nil, &page); err != nil {
			return err
		}
		if !wanted(page) {
			return fmt.Errorf("%s finds %+v", query, page)
		}
		return nil
	})
	return time.Since(began)
}

// rename changes an event as whoever changes it does: with its row of the outbox, in one transaction.
func (f *finder) rename(t *testing.T, event, name string) {
	t.Helper()
	_, err := f.DB.Exec(t.Context(), `WITH e AS (UPDATE events SET name = $2 WHERE id = $1 RETURNING id) INSERT INTO search_outbox (event_id) SELECT id FROM e`, event, name)
	require.NoError(t, err)
}

// named tells whether a search for a name finds one event, under that name.
func (f *finder) named(name string) (query string, wanted func(found) bool) {
	return "q=" + url.QueryEscape(name), func(page found) bool {
		return page.Found >= 1 && page.Events[0].Name == name
	}
}

// searchFails asserts that a search is answered 503 with Retry-After at once.
func (f *finder) searchFails(t *testing.T, c stack.Customer) {
	t.Helper()
	var answer buyer.Answer
	stack.AtOnce(t, "the search", func() {
		var err error
		answer, err = c.Ask(t.Context(), http.MethodGet, "/search?q=ghost", "", nil)
		require.NoError(t, err)
	})
	stack.RequireTryAgain(t, answer)
}

// While the search server refuses, or takes connections and never answers, /search is 503 within a second, and nothing else
// notices: seats are held, paid and ticketed, events can be changed. When it is back the index catches up by itself.
func TestSearchAway_OnlySearchNotices(t *testing.T) {
	f := findingOf(t)
	c := f.Customer(t)
	for name, leave := range map[string]func(*stack.Proxy, *testing.T){
		"refuses": (*stack.Proxy).Refuse, "is silent": (*stack.Proxy).Stall,
	} {
		t.Run(name, func(t *testing.T) {
			event, other := f.Showing(t), f.Showing(t)
			pairs := f.Pairs(t, event, 1)
			leave(f.way, t)
			for range 7 { // until the breaker is open, and then
				f.searchFails(t, c)
			}
			f.rename(t, other, "Changed while search "+name)
			buying := f.Customer(t)
			booking := buying.BookAtOnce(t, pairs[0])
			buying.PayFor(t, booking.ID)
			buying.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
			require.NoError(t, c.Call(t.Context(), http.MethodGet, "/events", nil, &struct{}{}))
			f.searchFails(t, c)

			f.way.Mend(t)
			query, wanted := f.named("Changed while search " + name)
			t.Logf("found %s after it was back", f.awaitFound(t, c, query, wanted).Round(100*time.Millisecond))
			f.RequireSoldOnce(t, buying, booking)
		})
	}
}

// A search server that hangs changes nothing for who holds seats.
func TestSearchAway_HoldsAreAsFast(t *testing.T) {
	f := findingOf(t)
	const buyers = 30
	hold := func() (p95 time.Duration) {
		crowd, pairs := f.Customers(t, buyers), f.Pairs(t, f.Showing(t), buyers)
		var took []time.Duration
		for i, c := range crowd {
			began := time.Now()
			_, err := c.Book(t.Context(), "", pairs[i]...)
			require.NoError(t, err)
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		return took[buyers*95/100]
	}
	hold() // warm
	with := hold()
	f.way.Stall(t)
	searching, stop := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	for range 4 {
		c := f.Customer(t)
		busy.Go(func() {
			for tick := time.NewTicker(50 * time.Millisecond); searching.Err() == nil; <-tick.C {
				_, _ = c.Ask(searching, http.MethodGet, "/search?q=ghost", "", nil)
			}
		})
	}
	without := hold()
	stop()
	busy.Wait()
	t.Logf("POST /book, p95 of %d: %s with a search server that answers, %s with one that hangs and four who search", buyers, with.Round(100*time.Microsecond), without.Round(100*time.Microsecond))
	require.Less(t, without, 800*time.Millisecond, "holds wait as long as searches do")
}

// A search server that has lost everything is no empty one: /search is 503 until the index is built anew, by itself.
func TestSearchWiped_TheIndexIsBuiltAnew(t *testing.T) {
	f := findingOf(t)
	c := f.Customer(t)
	require.NoError(t, f.server.Stop())
	require.NoError(t, f.serve())
	seen := map[int]bool{}
	took := f.awaitFound(t, c, "q=", func(page found) bool {
		seen[page.Found] = true
		return page.Found == f.onSale(t)
	})
	require.Len(t, seen, 1, "no search comes up empty, or with a part")
	t.Logf("all is found again %s after the server came back with nothing", took.Round(100*time.Millisecond))
}

// The worker is killed when an event is in the index and still in the outbox: nothing is lost, and nothing is there twice.
func TestKillWorker_BetweenTheIndexAndTheOutbox(t *testing.T) {
	f := findingOf(t)
	c, event := f.Customer(t), f.Showing(t)
	_, led := f.KillAt(t, "worker", "relay-indexed", func() error {
		_, err := f.DB.Exec(t.Context(), `WITH e AS (UPDATE events SET name = 'Written and not ticked off' WHERE id = $1 RETURNING id)
			INSERT INTO search_outbox (event_id) SELECT id FROM e`, event)
		return err
	})
	require.NoError(t, led)
	waiting := func() (rows int) {
		require.NoError(t, f.DB.QueryRow(t.Context(), `SELECT count(*) FROM search_outbox`).Scan(&rows))
		return rows
	}
	require.Positive(t, waiting())
	f.rename(t, event, "Written once more")
	_, err := f.DB.Exec(t.Context(), `UPDATE search_claims SET until = boxoffice_now()`) // the minute that the dead one's claim lasts
	require.NoError(t, err)
	query, wanted := f.named("Written once more")
	f.awaitFound(t, c, query, func(page found) bool { return wanted(page) && page.Events[0].ID == event })
	stack.Eventually(t, 30*time.Second, func() error {
		if n := waiting(); n > 0 {
			return fmt.Errorf("%d rows are left", n)
		}
		return nil
	})
	f.awaitFound(t, c, "q=", func(page found) bool { return page.Found == f.onSale(t) })
}

// The worker is killed while the index is built anew. Another goes on, and searches never fail or come up empty.
func TestKillWorker_WhileTheIndexIsBuilt(t *testing.T) {
	f := findingOf(t)
	c, event := f.Customer(t), f.Showing(t)
	ctx, stop := context.WithCancel(t.Context())
	var searching sync.WaitGroup
	searching.Go(func() {
		for ctx.Err() == nil {
			var page found
			if err := c.Call(ctx, http.MethodGet, "/search?per_page=1", nil, &page); (err != nil && !errors.Is(err, context.Canceled)) || err == nil && page.Found == 0 {
				t.Errorf("a search finds %d events: %v", page.Found, err)
			}
		}
	})
	settings := []string{"TEMPORAL_ADDRESS=" + f.Env["TEMPORAL_ADDRESS"]}
	f.KillAt(t, "worker", "worker-LoadEvents-after", func() error {
		_, complaint, code := stack.RunProgram(t, settings, "reindex", "--no-wait")
		if code != 0 {
			return errors.New(complaint)
		}
		return nil
	})
	killed := time.Now()
	f.rename(t, event, "Changed while the index was built")
	out, complaint, code := stack.RunProgram(t, settings, "reindex", "--json") // joins the one that is under way
	require.Zero(t, code, complaint)
	t.Logf("%s, %s after the kill\n%s", strings.TrimSpace(out), time.Since(killed).Round(100*time.Millisecond), complaint)
	require.Contains(t, complaint, "Load the events")
	query, wanted := f.named("Changed while the index was built")
	f.awaitFound(t, c, query, wanted)
	stop()
	searching.Wait()
	f.awaitFound(t, c, "q=", func(page found) bool { return page.Found == f.onSale(t) })
}
