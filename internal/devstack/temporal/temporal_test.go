package temporal_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
	devtemporal "github.com/boxoffice/boxoffice/internal/devstack/temporal"
)

const (
	patience = 60 * time.Second
	queue    = "test"
)

var bookingID = temporal.NewSearchAttributeKeyKeyword("BookingId")

func TestStart_ServesWorkflowsAndTheUI(t *testing.T) {
	t.Parallel()
	s := start(t, devtemporal.Options{SearchAttributes: map[string]string{"BookingId": "Keyword", "Seats": "Int"}})
	require.Equal(t, devtemporal.DefaultRetention, retention(t, s))
	for _, url := range []string{s.UIURL, s.MetricsURL} {
		answer, err := http.Get(url)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, url)
	}
	c := dial(t, s)
	serve(t, c)
	run := begin(t, c, "one")
	finish(t, c, run)
}

func TestKill_WorkflowGoesOnWithTheNextStart(t *testing.T) {
	t.Parallel()
	opts := devtemporal.Options{Dir: t.TempDir(), SearchAttributes: map[string]string{"BookingId": "Keyword"}}
	s := start(t, opts)
	c := dial(t, s)
	run := begin(t, c, "before-the-crash")
	c.Close()
	require.NoError(t, s.Kill())

	opts.SearchAttributes = map[string]string{"BookingId": "Keyword", "BookingStatus": "Keyword"}
	opts.Retention = 7 * 24 * time.Hour
	again := start(t, opts)
	require.Equal(t, opts.Retention, retention(t, again), "an existing namespace gets the new retention")
	c = dial(t, again)
	serve(t, c)
	finish(t, c, run)
	begin(t, c, "after-the-crash", temporal.NewSearchAttributeKeyKeyword("BookingStatus").ValueSet("held"))
	require.Eventually(t, func() bool { return found(t, c, "BookingStatus = 'held'") == 1 }, patience, 50*time.Millisecond,
		"an attribute added by the second start can be searched")
	require.Equal(t, 1, found(t, c, "BookingId = 'before-the-crash'"), "one of the first start too")
}

func TestStop_LeavesNothingOfATemporaryServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := devtemporal.Start(ctx, devtemporal.Options{})
	require.NoError(t, err)
	cancel()
	require.NoError(t, s.Wait())
	require.NoDirExists(t, filepath.Dir(s.LogFile))
	require.NoError(t, proc.CheckPort(s.Address))
}

func TestStart_RefusesAnAttributeOfAnotherType(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, devtemporal.Options{Dir: dir, SearchAttributes: map[string]string{"BookingId": "Keyword"}})
	_, err := devtemporal.Start(t.Context(), devtemporal.Options{Dir: dir})
	require.ErrorIs(t, err, proc.ErrLocked, "one server a folder")
	require.NoError(t, s.Stop())
	_, err = devtemporal.Start(t.Context(), devtemporal.Options{Dir: dir, SearchAttributes: map[string]string{"BookingId": "Int"}})
	require.ErrorContains(t, err, "BookingId is registered as Keyword, not Int")
}

func TestStart_MakesAHalfMadeDatabaseAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "temporal.db"), nil, 0o600))
	start(t, devtemporal.Options{Dir: dir})
}

func TestStart_NamesThePortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	for _, opts := range []devtemporal.Options{{Port: port}, {UIPort: port}, {MetricsPort: port}} {
		_, err = devtemporal.Start(t.Context(), opts)
		var inUse *proc.PortInUseError
		require.ErrorAs(t, err, &inUse)
		require.ErrorContains(t, err, "port "+strconv.Itoa(port))
	}
	require.NoError(t, l.Close())
}

func TestStart_TellsWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	_, err := devtemporal.Start(t.Context(), devtemporal.Options{LogLevel: "shouting"})
	require.ErrorContains(t, err, "shouting")
}

// A port that was free when the server chose it may be another's when it listens. What it says then is far from the end of
// its log: the start is tried again.
func TestStart_TriesAgainWhereAnInnerPortIsTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bin := filepath.Join(dir, "temporal")
	require.NoError(t, os.WriteFile(bin, []byte(`#!/bin/sh
echo started >> "`+dir+`/starts"
echo "Failed to start gRPC listener: address already in use"
seq 1 5000
exit 2
`), 0o755))
	_, err := devtemporal.Start(t.Context(), devtemporal.Options{Bin: bin})
	require.ErrorContains(t, err, "5000")
	starts, err := os.ReadFile(filepath.Join(dir, "starts"))
	require.NoError(t, err)
	require.Equal(t, 3, bytes.Count(starts, []byte("started")))
}

func start(t *testing.T, o devtemporal.Options) *devtemporal.Server {
	t.Helper()
	s, err := devtemporal.Start(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() }) // a test that cares about the end looks at it itself
	return s
}

func dial(t *testing.T, s *devtemporal.Server) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{
		HostPort: s.Address, Namespace: s.Namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// waitForSignal is a workflow that ends with the value of a signal.
func waitForSignal(ctx workflow.Context) (string, error) {
	var value string
	workflow.GetSignalChannel(ctx, "finish").Receive(ctx, &value)
	return value, nil
}

func begin(t *testing.T, c client.Client, id string, more ...temporal.SearchAttributeUpdate) client.WorkflowRun {
	t.Helper()
	attributes := temporal.NewSearchAttributes(append(more, bookingID.ValueSet(id))...)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: queue, TypedSearchAttributes: attributes,
	}, waitForSignal)
	require.NoError(t, err)
	return run
}

func serve(t *testing.T, c client.Client) {
	t.Helper()
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflow(waitForSignal)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

func finish(t *testing.T, c client.Client, run client.WorkflowRun) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, c.SignalWorkflow(ctx, run.GetID(), run.GetRunID(), "finish", "well"))
	var got string
	require.NoError(t, c.GetWorkflow(ctx, run.GetID(), run.GetRunID()).Get(ctx, &got))
	require.Equal(t, "well", got)
}

func found(t *testing.T, c client.Client, query string) int {
	t.Helper()
	answer, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
	require.NoError(t, err)
	return len(answer.GetExecutions())
}

func retention(t *testing.T, s *devtemporal.Server) time.Duration {
	t.Helper()
	answer, err := dial(t, s).WorkflowService().DescribeNamespace(t.Context(),
		&workflowservice.DescribeNamespaceRequest{Namespace: s.Namespace})
	require.NoError(t, err)
	return answer.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
}
