package serving_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/serving"
)

func admin(t *testing.T, checks map[string]func(context.Context) error, profiling bool) (r *serving.Readiness, get func(path string) (int, string), logs *strings.Builder) {
	t.Helper()
	logs = &strings.Builder{}
	log := slog.New(slog.NewTextHandler(logs, nil))
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "curtains_total", Help: "Curtains."}))
	r = serving.NewReadiness(checks, log)
	handler := serving.AdminHandler(serving.AdminOptions{Registry: registry, Readiness: r, Logger: log, Profiling: profiling})
	return r, func(path string) (int, string) {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return recorder.Code, recorder.Body.String()
	}, logs
}

func TestAdminHandler(t *testing.T) {
	t.Parallel()
	_, get, _ := admin(t, map[string]func(context.Context) error{"postgres": func(context.Context) error { return nil }}, false)
	for path, want := range map[string]string{"/healthz": `{"status":"ok"}`, "/readyz": `{"status":"ok"}`, "/metrics": "curtains_total 0"} {
		status, body := get(path)
		require.Equal(t, http.StatusOK, status, path)
		require.Contains(t, body, want)
	}
	status, _ := get("/debug/pprof/")
	require.Equal(t, http.StatusNotFound, status, "profiles are served when asked for")
	_, get, _ = admin(t, nil, true)
	status, _ = get("/debug/pprof/cmdline")
	require.Equal(t, http.StatusOK, status)
}

func TestReadiness_NamesWhatIsDownAndLogsWhy(t *testing.T) {
	t.Parallel()
	calls := 0
	_, get, logs := admin(t, map[string]func(context.Context) error{
		"postgres": func(context.Context) error { calls++; return errors.New("refused by 10.0.0.7") },
		"temporal": func(context.Context) error { return nil },
	}, false)
	for range 2 {
		status, body := get("/readyz")
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.JSONEq(t, `{"status":"unavailable","detail":"A dependency does not answer.","down":["postgres"]}`, body)
	}
	require.Contains(t, logs.String(), "10.0.0.7")
	require.Equal(t, 1, calls, "an answer is shared for a moment")
	status, _ := get("/healthz")
	require.Equal(t, http.StatusOK, status, "a lost database restarts no process")
}

// A process that is to end says so before it stops to answer.
func TestServe_Drains(t *testing.T) {
	t.Parallel()
	r, get, _ := admin(t, nil, false)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- serving.Serve(ctx, listener, http.NotFoundHandler(), serving.Options{
			Logger: slog.New(slog.DiscardHandler), WriteTimeout: time.Second, Drain: r.Drain, ShutdownTimeout: time.Second,
		})
	}()
	status, _ := get("/readyz")
	require.Equal(t, http.StatusOK, status)
	stop()
	require.NoError(t, <-done)
	status, body := get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "shutting down")
}
