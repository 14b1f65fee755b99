package api

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

const waitedFor = "/bookings/" + bookingID

// waiting makes the request of a buyer who has looked at their booking, and waits for it to go on.
func (b *bundle) waiting(t *testing.T, token, path, prefer string) request {
	t.Helper()
	seen := b.do(t, request{method: "GET", path: path, token: token})
	require.Equal(t, http.StatusOK, seen.status, string(seen.body))
	return request{method: "GET", path: path, token: token, headers: []string{"If-None-Match", seen.header.Get("ETag"), "Prefer", prefer}}
}

// begin makes a request in the background, once there is room for it to wait.
func (b *bundle) begin(t *testing.T, in request) <-chan result {
	t.Helper()
	before := b.streams.waiting()
	answered := make(chan result, 1)
	go func() { answered <- b.do(t, in) }()
	require.Eventually(t, func() bool { return b.streams.waiting() > before }, 20*time.Second, time.Millisecond, "the request waits")
	return answered
}

// waiting gives how many streams and requests are open.
func (s *streams) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

func TestWaiting_TellsHowTheBookingGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := b.waiting(t, b.users.join("ada"), waitedFor, "wait=20")
	answer := b.begin(t, in)
	require.Empty(t, answer, "nothing has changed")
	b.bookings.paid.Store(true)
	got := <-answer
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, "wait=20", got.header.Get("Preference-Applied"))
	var booking Booking
	got.json(&booking)
	require.EqualValues(t, "paid", booking.Payment)
	require.Zero(t, b.streams.waiting())

	got = b.do(t, in)
	require.Equal(t, http.StatusOK, got.status, "what has changed since is told at once")
	require.Empty(t, got.header.Get("Preference-Applied"))
}

func TestWaiting_EndsAfterItsTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, b.waiting(t, b.users.join("ada"), waitedFor, "respond-async, wait=6"))
	require.Equal(t, http.StatusNotModified, got.status)
	require.Equal(t, "wait=6", got.header.Get("Preference-Applied"))
	require.Empty(t, got.body)
	b.requireMetric(t, `boxoffice_http_request_duration_seconds_bucket{method="GET",route="/bookings/{id}",le="5"} 2`)
}

func TestWaiting_WhileTooManyWaitTheAnswerComesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Limits = Limits{StreamsByUser: 1, Streams: 2} })
	ada := b.waiting(t, b.users.join("ada"), waitedFor, "wait=20")
	b.begin(t, ada)
	got := b.do(t, ada)
	require.Equal(t, http.StatusNotModified, got.status)
	require.Empty(t, got.header.Get("Preference-Applied"))

	b.begin(t, b.waiting(t, b.users.join("grace"), waitedFor, "wait=20"))
	got = b.do(t, b.waiting(t, b.users.join("eve"), waitedFor, "wait=20"))
	require.Equal(t, http.StatusNotModified, got.status)
	require.Empty(t, got.header.Get("Preference-Applied"), "of all together there are as many as there may be")
	b.bookings.paid.Store(true)
}

func TestWaiting_ForSomebodyElsesBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := b.waiting(t, b.users.join("ada"), waitedFor, "wait=20")
	in.path = "/bookings/" + otherID
	b.do(t, in).problem(http.StatusNotFound, "not-found")
	in.path, in.token = waitedFor, "nobody's"
	b.do(t, in).problem(http.StatusUnauthorized, "unauthenticated")
}

func TestWaiting_EndsWithTheProcess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, stop, done := serve(t, b)
	answer := b.begin(t, b.waiting(t, b.users.join("ada"), waitedFor, "wait=20"))
	stop()
	require.NoError(t, <-done)
	got := <-answer
	require.Equal(t, http.StatusNotModified, got.status)
	require.Empty(t, got.header.Get("Preference-Applied"))
}

// Who waits outlives the time in which an answer must be written, and that which a request may take.
func TestWaiting_OutlivesTheTimeoutsOfAnAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.RequestTimeout = time.Second })
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: b.Handler(), WriteTimeout: time.Second, ReadTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	in := b.waiting(t, b.users.join("ada"), waitedFor, "wait=20")
	time.AfterFunc(3*time.Second, func() { b.bookings.paid.Store(true) })
	response, err := b.send(t.Context(), "http://"+listener.Addr().String(), in)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
}

func TestWaiting_WhoLeavesMakesRoom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	address, _, _ := serve(t, b)
	in := b.waiting(t, b.users.join("ada"), waitedFor, "wait=20")
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		response, err := b.send(ctx, address, in)
		if err == nil {
			_ = response.Body.Close()
		}
		gone <- err
	}()
	require.Eventually(t, func() bool { return b.streams.waiting() == 1 }, 20*time.Second, time.Millisecond)
	leave()
	require.ErrorIs(t, <-gone, context.Canceled)
	require.Eventually(t, func() bool { return b.streams.waiting() == 0 }, 15*time.Second, time.Millisecond, "before the wait is over")
}

// send makes a request over the network, on a connection of its own.
func (b *bundle) send(ctx context.Context, address string, in request) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, in.method, address+in.path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+in.token)
	for i := 0; i+1 < len(in.headers); i += 2 {
		r.Header.Set(in.headers[i], in.headers[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return client.Do(r)
}

func TestWaiting_OverTheStore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, token := h.person(t, "ada", boxoffice.RoleBuyer)
	booking := h.holdFor(t, ada.ID, h.tickets[0])
	path := "/bookings/" + booking.ID
	answer := h.begin(t, h.waiting(t, token, path, "wait=20"))
	h.exec(t, `INSERT INTO payment_attempts (id, booking_id, parameters, amount_minor, currency, expires_at)
		SELECT id, id, '{}', amount_minor, currency, boxoffice_now() + interval '1 hour' FROM bookings WHERE id = $1`, booking.ID)
	got := <-answer
	require.Equal(t, http.StatusOK, got.status)
	var paying Booking
	got.json(&paying)
	require.EqualValues(t, "open", paying.Payment)

	answer = h.begin(t, h.waiting(t, token, path, "wait=20"))
	h.exec(t, `UPDATE bookings SET status = 'cancelled' WHERE id = $1`, booking.ID)
	got = <-answer
	var over Booking
	got.json(&over)
	require.EqualValues(t, "cancelled", over.Status)
}

func TestPreferredWait(t *testing.T) {
	t.Parallel()
	for text, expected := range map[string]time.Duration{
		"wait=20": 20 * time.Second, "Wait = 3": 3 * time.Second, "respond-async, wait=4": 4 * time.Second, "wait=0": 0,
		"wait=3600": longestWait, "wait=99999999999": 0, "wait=-1": 0, "wait": 0, "wait=soon": 0, "waiting=5": 0, "": 0,
	} {
		require.Equal(t, expected, preferredWait(http.Header{"Prefer": {text}}), text)
	}
	require.Equal(t, 2*time.Second, preferredWait(http.Header{"Prefer": {"return=minimal", "wait=2"}}))
}
