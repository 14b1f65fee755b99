package main

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	devtemporal "github.com/boxoffice/boxoffice/internal/devstack/temporal"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/workflows"
)

// commands gives the commands of the program as a command line makes them, over a database of this test. Nothing but it and
// what the flags name is there to be reached.
func commands(t *testing.T, db *testdb.DB, command string, flags ...string) *cli {
	t.Helper()
	var c cli
	parser, err := kong.New(&c, kong.Name("boxoffice"))
	require.NoError(t, err)
	args := []string{
		command, "--database-url", db.URL, "--typesense-url", "http://127.0.0.1:1", "--typesense-api-key", "key", "--stripe-api-key", "sk_test_1", "--stripe-api-base", "http://127.0.0.1:1",
		"--stripe-webhook-secret", "whsec_1", "--ticket-signing-key", "k1:" + strings.Repeat("A", 43), "--blob-url", "file://" + t.TempDir(),
	}
	_, err = parser.Parse(append(args, flags...))
	require.NoError(t, err)
	return &c
}

func (s coreSettings) opened(t *testing.T) core {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	parts, err := s.open(t.Context(), logger)
	require.NoError(t, err)
	t.Cleanup(func() { parts.close(logger) })
	return parts
}

// metricName is a metric in a scrape or in the documentation.
var metricName = regexp.MustCompile(`\b(?:boxoffice|temporal)_[a-z_]+\b`)

// names gives the metrics that a text names; the parts of a histogram count as the histogram.
func names(text string) map[string]bool {
	found := map[string]bool{}
	for _, name := range metricName.FindAllString(text, -1) {
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, part)
		}
		found[name] = true
	}
	return found
}

// TestOperations_NamesWhatIsScraped runs the API and a worker with a real Temporal, in which a run stands still because no
// worker can read it. Every metric that the run book names is told by one of them, and the run book names every metric of
// ours that they tell.
func TestOperations_NamesWhatIsScraped(t *testing.T) {
	t.Parallel()
	temporal, err := devtemporal.Start(t.Context(), devtemporal.Options{SearchAttributes: workflows.SearchAttributeTypes()})
	require.NoError(t, err)
	db := testdb.New(t)
	worker := startWorker(t, db, temporal.Address)
	c, err := client.Dial(client.Options{HostPort: temporal.Address, Logger: quietly{}})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: workflows.QueueBooking}, "Unreadable")
	require.NoError(t, err)

	book, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	require.NoError(t, err)
	documented := names(string(book))
	require.Greater(t, len(documented), 15)
	told := names(scrapeAPI(t, db))
	require.Eventually(t, func() bool { // a task that fails, and pollers, are counted a moment later
		maps.Copy(told, names(fetch(t, worker+"/metrics")))
		return len(missing(documented, told)) == 0
	}, 30*time.Second, 50*time.Millisecond, "%v", missing(documented, told))
	maps.DeleteFunc(told, func(name string, _ bool) bool { return !strings.HasPrefix(name, "boxoffice_") })
	require.Empty(t, missing(told, documented), "told and not explained")
	require.Contains(t, fetch(t, worker+"/readyz"), `"ok"`)
}

// missing gives the names of a that b lacks.
func missing(a, b map[string]bool) []string {
	var lacking []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if !b[name] {
			lacking = append(lacking, name)
		}
	}
	return lacking
}

// startWorker runs a worker until the test ends, and gives its admin address.
func startWorker(t *testing.T, db *testdb.DB, temporal string) (admin string) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	command := commands(t, db, "worker", "--temporal-address", temporal, "--smtp-url", "smtp://127.0.0.1:1").Worker
	parts := command.opened(t)
	options, err := command.options(parts, logger)
	require.NoError(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- command.work(ctx, parts, options, listener) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return "http://" + listener.Addr().String()
}

// scrapeAPI gives what the API tells after a request.
func scrapeAPI(t *testing.T, db *testdb.DB) string {
	t.Helper()
	command := commands(t, db, "api").API
	server, err := command.server(command.opened(t), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(server.Close)
	recorder := httptest.NewRecorder()
	server.Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil))
	require.Equal(t, http.StatusOK, recorder.Code)
	recorder = httptest.NewRecorder()
	server.AdminHandler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	return recorder.Body.String()
}

func fetch(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	return string(body)
}

// quietly is a logger for a client of Temporal's.
type quietly struct{}

func (quietly) Debug(string, ...any) {}
func (quietly) Info(string, ...any)  {}
func (quietly) Warn(string, ...any)  {}
func (quietly) Error(string, ...any) {}
