package api

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// event is one server-sent event as it came.
type event struct{ id, kind, data string }

// reader reads a stream as EventSource does.
type reader struct {
	response *http.Response
	lines    *bufio.Scanner
	leave    context.CancelFunc
}

const streamPath = "/events/" + eventID + "/seats/stream"

// connect opens a stream at a server's address.
func connect(t *testing.T, address, token, path, last string) *reader {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	t.Cleanup(leave)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+path, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("Last-Event-ID", last)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	return &reader{response: response, lines: bufio.NewScanner(response.Body), leave: leave}
}

// next gives the next event; none when the stream has ended.
func (r *reader) next() (e event, ok bool) {
	for r.lines.Scan() {
		name, value, _ := strings.Cut(r.lines.Text(), ": ")
		switch name {
		case "id":
			e.id = value
		case "event":
			e.kind = value
		case "data":
			e.data = value
		case "":
			if e != (event{}) {
				return e, true
			}
		}
	}
	return e, false
}

func (r *reader) require(t *testing.T, kind, data string) event {
	t.Helper()
	e, ok := r.next()
	require.True(t, ok, "the stream ended")
	require.Equal(t, kind, e.kind)
	require.JSONEq(t, data, e.data)
	return e
}

// tells reports whether the metrics have a line.
func (b *bundle) tells(line string) bool {
	recorder := httptest.NewRecorder()
	b.AdminHandler().ServeHTTP(recorder, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/metrics", nil))
	return strings.Contains("\n"+recorder.Body.String(), "\n"+line+"\n")
}

func (b *bundle) requireMetric(t *testing.T, line string) {
	t.Helper()
	require.True(t, b.tells(line), line)
}

func longStreams(o *Options) { o.StreamLife = time.Hour }

func TestStream_TellsWhatChanges(t *testing.T) {
	t.Parallel()
	b := setup(t, longStreams)
	address, stop, done := serve(t, b)
	token := b.users.join("ada")
	r := connect(t, address, token, streamPath, "")
	require.Equal(t, http.StatusOK, r.response.StatusCode)
	require.Equal(t, "text/event-stream", r.response.Header.Get("Content-Type"))
	require.Equal(t, "no", r.response.Header.Get("X-Accel-Buffering"))
	require.Equal(t, "no-store", r.response.Header.Get("Cache-Control"))
	require.Empty(t, r.response.Header.Get("Content-Encoding"))
	first := r.require(t, "seats", `{"layout":"`+layout+`","states":"aa"}`)
	b.catalogue.sold.Store(true)
	sold := r.require(t, "changes", `{"sold":[1]}`)

	back := connect(t, address, token, streamPath, first.id)
	require.Equal(t, sold, back.require(t, "changes", `{"sold":[1]}`), "who comes back is told what came since")
	b.requireMetric(t, "boxoffice_seat_streams 2")
	back.leave()
	require.Eventually(t, func() bool { return b.tells("boxoffice_seat_streams 1") }, 20*time.Second, time.Millisecond, "who leaves is noticed")

	stop()
	_, ok := r.next()
	require.False(t, ok, "the end of the process ends the stream")
	require.NoError(t, <-done, "and the stream does not keep the process from ending")
	b.requireMetric(t, "boxoffice_seat_streams 0")
	b.requireMetric(t, "boxoffice_seat_streams_dropped_total 0")
	b.requireMetric(t, "boxoffice_seat_stream_delay_seconds_count 2")
	b.requireMetric(t, `boxoffice_seat_polls_total{outcome="failed"} 0`)
}

// A stream outlives the time in which an answer must be read, and that in which a request must be sent.
func TestStream_OutlivesTheTimeoutsOfAnAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, longStreams, func(o *Options) { o.RequestTimeout = 2 * time.Second })
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: b.Handler(), WriteTimeout: time.Second, ReadTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	r := connect(t, "http://"+listener.Addr().String(), b.users.join("ada"), streamPath, "")
	r.require(t, "seats", `{"layout":"`+layout+`","states":"aa"}`)
	time.AfterFunc(3*time.Second, func() { b.catalogue.sold.Store(true) })
	r.require(t, "changes", `{"sold":[1]}`)
}

func TestStream_EndsAfterItsLife(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, request{method: "GET", path: streamPath, token: b.users.join("ada")})
	require.Equal(t, http.StatusOK, got.status)
	require.True(t, strings.HasPrefix(string(got.body), "retry: 2000\n\nid: "), string(got.body))
}

func TestStream_OfNoEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	b.do(t, request{method: "GET", path: "/events/" + otherID + "/seats/stream", token: token}).problem(http.StatusNotFound, "not-found")
	b.catalogue.err = boxoffice.Errorf(boxoffice.CodeUnavailable, "The database is away.")
	b.do(t, request{method: "GET", path: streamPath, token: token}).problem(http.StatusServiceUnavailable, "unavailable")
}

func TestStream_Limits(t *testing.T) {
	t.Parallel()
	b := setup(t, longStreams, func(o *Options) { o.Limits = Limits{StreamsByUser: 1, StreamsByAddress: 2, Streams: 2} })
	address, _, _ := serve(t, b)
	ada, grace, eve := b.users.join("ada"), b.users.join("grace"), b.users.join("eve")
	first := connect(t, address, ada, streamPath, "")
	again := connect(t, address, ada, streamPath, "")
	require.Equal(t, http.StatusTooManyRequests, again.response.StatusCode)
	require.Equal(t, "15", again.response.Header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, connect(t, address, grace, streamPath, "").response.StatusCode)
	full := connect(t, address, eve, streamPath, "")
	require.Equal(t, http.StatusServiceUnavailable, full.response.StatusCode)
	first.leave()
	require.Eventually(t, func() bool {
		return connect(t, address, eve, streamPath, "").response.StatusCode == http.StatusOK
	}, 20*time.Second, 50*time.Millisecond, "a place that was left is free again")

	b = setup(t, longStreams, func(o *Options) { o.Limits = Limits{StreamsByAddress: 1} })
	address, _, _ = serve(t, b)
	require.Equal(t, http.StatusOK, connect(t, address, b.users.join("ada"), streamPath, "").response.StatusCode)
	require.Equal(t, http.StatusTooManyRequests, connect(t, address, b.users.join("grace"), streamPath, "").response.StatusCode)
}

func TestStream_ASlowReaderIsDropped(t *testing.T) {
	t.Parallel()
	b := setup(t, longStreams)
	b.slowReader, b.catalogue.seats = time.Second, 1<<20
	address, _, _ := serve(t, b)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(address, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	tcp, ok := conn.(*net.TCPConn)
	require.True(t, ok)
	require.NoError(t, tcp.SetReadBuffer(4096))
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: box.test\r\nAuthorization: Bearer %s\r\n\r\n", streamPath, b.users.join("ada"))
	require.NoError(t, err)
	flip := time.NewTicker(50 * time.Millisecond)
	defer flip.Stop()
	require.Eventually(t, func() bool {
		<-flip.C
		b.catalogue.sold.Store(!b.catalogue.sold.Load())
		return b.tells("boxoffice_seat_streams_dropped_total 1") && b.tells("boxoffice_seat_streams 0")
	}, 60*time.Second, time.Millisecond)
}

// What the database holds is what a stream says, also where a hold ends and nobody writes it.
func TestStream_OverTheStore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, longStreams)
	ada, token := h.person(t, "ada", boxoffice.RoleBuyer)
	address, _, _ := serve(t, h.bundle)
	r := connect(t, address, token, "/events/"+h.event+"/seats/stream", "")
	first, ok := r.next()
	require.True(t, ok)
	require.Contains(t, first.data, strings.Repeat("a", 30))
	var seats SeatColumns
	h.do(t, request{method: "GET", path: "/events/" + h.event + "/seats", token: token}).json(&seats)
	require.Equal(t, h.tickets[7], seats.TicketIDs[7])
	var m SeatMap
	h.do(t, request{method: "GET", path: "/events/" + h.event + "/seat-map", token: token}).json(&m)
	for _, layout := range []string{seats.Layout, m.Layout} {
		require.Contains(t, first.data, layout, "the map says the same of its seats")
	}
	h.holdFor(t, ada.ID, h.tickets[7])
	r.require(t, "changes", `{"held":[7]}`)
	h.exec(t, `UPDATE tickets SET held_until = boxoffice_now() + interval '1 second' WHERE id = $1`, h.tickets[7])
	r.require(t, "changes", `{"available":[7]}`)
}

// A gateway ends what is silent: a stream of nothing says that it is there.
func TestStream_IsNeverSilent(t *testing.T) {
	t.Parallel()
	require.Equal(t, ": still here\n\n", string(framesOf(nil)[0]))
	b := setup(t, longStreams)
	b.silence = 10 * time.Millisecond
	address, _, _ := serve(t, b)
	r := connect(t, address, b.users.join("ada"), streamPath, "")
	for signs := 0; signs < 3; {
		require.True(t, r.lines.Scan())
		if r.lines.Text() == ": still here" {
			signs++
		}
	}
}
