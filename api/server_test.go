package api

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serve runs a server on a port of its own until the test or stop ends it; done gives what Run returned.
func serve(t *testing.T, b *bundle) (address string, stop context.CancelFunc, done <-chan error) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx, listener) }()
	t.Cleanup(stop)
	return "http://" + listener.Addr().String(), stop, ended
}

func get(t *testing.T, method, address, token string) (int, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body), response.Body.Close()
}

func TestShutdownLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.bookings.block, b.bookings.entered = make(chan struct{}), make(chan struct{})
	token := b.users.join("ada")
	address, stop, done := serve(t, b)
	status := make(chan int, 1)
	go func() {
		got, _, err := get(t, "GET", address+"/bookings/"+bookingID, token)
		if err != nil {
			got = -1
		}
		status <- got
	}()
	<-b.bookings.entered
	stop()
	require.Eventually(t, func() bool {
		_, _, err := get(t, "GET", address+"/healthz", "")
		return err != nil // the listener is closed
	}, 5*time.Second, time.Millisecond)
	require.Empty(t, done)
	close(b.bookings.block)
	require.Equal(t, http.StatusOK, <-status)
	require.NoError(t, <-done)
}

func TestShutdownDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.ShutdownTimeout = 10 * time.Millisecond; o.RequestTimeout = 2 * time.Second })
	b.bookings.block, b.bookings.entered = make(chan struct{}), make(chan struct{})
	token := b.users.join("ada")
	address, stop, done := serve(t, b)
	failed := make(chan error, 1)
	go func() {
		_, _, err := get(t, "GET", address+"/bookings/"+bookingID, token)
		failed <- err
	}()
	<-b.bookings.entered
	stop()
	require.ErrorIs(t, <-done, context.DeadlineExceeded)
	require.Error(t, <-failed)
}

func TestADrainingProcessIsNotReady(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.DrainDelay = 300 * time.Millisecond })
	address, stop, done := serve(t, b)
	status, _, err := get(t, "GET", address+"/readyz", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	stop()
	require.Eventually(t, func() bool {
		status, _, err := get(t, "GET", address+"/readyz", "")
		return err == nil && status == http.StatusServiceUnavailable
	}, 5*time.Second, time.Millisecond)
	require.NoError(t, <-done)
}

func TestAServerWhoseListenerFailsSaysSo(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	require.ErrorIs(t, setup(t).Run(t.Context(), listener), net.ErrClosed)
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	t.Parallel()
	address, stop, done := serve(t, setup(t))
	status, body, err := get(t, "HEAD", address+"/healthz", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Empty(t, body)
	stop()
	require.NoError(t, <-done)
}

func TestMetricsLiveOnTheAdminHandlerOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do(t, request{method: "GET", path: "/bookings/" + bookingID, token: b.users.join("ada")})
	b.do(t, request{method: "GET", path: "/wp-admin"})
	b.do(t, request{method: "BREW", path: "/coffee"})
	admin := func(path string) (int, string) {
		recorder := httptest.NewRecorder()
		b.AdminHandler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return recorder.Code, recorder.Body.String()
	}
	status, text := admin("/metrics")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, `boxoffice_http_requests_total{method="GET",route="/bookings/{id}",status="200"} 1`)
	require.Contains(t, text, `boxoffice_http_requests_total{method="GET",route="unmatched",status="404"} 1`)
	require.Contains(t, text, `boxoffice_http_requests_total{method="other",route="unmatched",status="404"} 1`)
	require.Contains(t, text, "go_goroutines")
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/debug/pprof/": 404, "/me": 404} {
		got, _ := admin(path)
		require.Equal(t, want, got, path)
	}
}

func TestProfilesAreServedWhenAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Profiling = true })
	recorder := httptest.NewRecorder()
	b.AdminHandler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/debug/pprof/cmdline", nil))
	require.Equal(t, http.StatusOK, recorder.Code)
}

func TestWrongOptionsAreNamed(t *testing.T) {
	t.Parallel()
	_, err := New(Options{
		BaseURL: "tickets.example/app", Services: []string{"bookings", "search", "mail"}, Limits: Limits{LoginPerAddress: Rate{Requests: 5}},
	})
	for _, name := range []string{"Users", "Logger", "Search", "Catalogue", "Bookings", "mail", "tickets.example/app", "LoginPerAddress"} {
		require.ErrorContains(t, err, name)
	}
	b := setup(t)
	_, err = New(Options{
		Users: b.users, Accounts: b.accounts, Services: []string{"users"}, BaseURL: "http://box.test", Logger: slog.Default(), TrustedProxies: []string{"x"},
	})
	require.ErrorContains(t, err, "TrustedProxies")
}

func TestTwoServersMayShareARegistry(t *testing.T) {
	t.Parallel()
	first := setup(t)
	setup(t, func(o *Options) { o.Registry = first.opts.Registry })
}
