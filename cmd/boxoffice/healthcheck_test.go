package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A health check succeeds with a success alone, and tells an answer that is none.
func TestHealthcheck(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprintln(w, "postgres does not answer")
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	ask := func(path string, timeout time.Duration) error {
		return (&healthcheckCommand{URL: server.URL + path, Timeout: timeout}).Run(t.Context())
	}

	require.NoError(t, ask("/readyz", time.Minute))
	require.EqualError(t, ask("/away", time.Minute), server.URL+"/away answers 503 Service Unavailable: postgres does not answer")
	require.ErrorContains(t, ask("/nothing", time.Minute), "answers 404")
	require.ErrorContains(t, ask("/slow", 20*time.Millisecond), "deadline exceeded")
	server.Close()
	require.ErrorContains(t, ask("/readyz", time.Minute), "refused")
}
