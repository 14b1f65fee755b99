package bookingwatch_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/bookingwatch"
)

var (
	held      = boxoffice.BookingProgress{Status: boxoffice.BookingHeld, Payment: boxoffice.PaymentOpen}
	paid      = boxoffice.BookingProgress{Status: boxoffice.BookingHeld, Payment: boxoffice.PaymentPaid}
	completed = boxoffice.BookingProgress{Status: boxoffice.BookingCompleted, Payment: boxoffice.PaymentPaid}
)

// table is the bookings, and what it was asked.
type table struct {
	mu    sync.Mutex
	rows  map[string]boxoffice.BookingProgress
	err   error
	asked [][]string
}

func (t *table) Progress(_ context.Context, ids []string) (map[string]boxoffice.BookingProgress, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = append(t.asked, slices.Sorted(slices.Values(ids)))
	return maps.Clone(t.rows), t.err
}

func (t *table) set(change func(t *table)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(t)
}

// polls gives how often it was asked, and what for the last time.
func (t *table) polls() (times int, last []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.asked) == 0 {
		return 0, nil
	}
	return len(t.asked), t.asked[len(t.asked)-1]
}

func setup(t *testing.T) (*bookingwatch.Hub, *table) {
	t.Helper()
	rows := &table{rows: map[string]boxoffice.BookingProgress{"a": held, "b": held}}
	hub := bookingwatch.New(bookingwatch.Options{Source: rows, Every: time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(hub.Close)
	return hub, rows
}

func TestWait_LetsGoWhoseBookingGoesOn(t *testing.T) {
	t.Parallel()
	hub, rows := setup(t)
	var all errgroup.Group
	for range 3 {
		all.Go(func() error { return hub.Wait(t.Context(), "a", held) })
	}
	others, leave := context.WithCancel(t.Context())
	other := make(chan error, 1)
	go func() { other <- hub.Wait(others, "b", held) }()
	require.Eventually(t, func() bool {
		_, last := rows.polls()
		return slices.Equal([]string{"a", "b"}, last)
	}, 20*time.Second, time.Millisecond, "one query asks about both")
	rows.set(func(t *table) { t.rows["a"] = paid })
	require.NoError(t, all.Wait())
	require.Empty(t, other, "whose booking is as it was waits on")
	leave()
	require.ErrorIs(t, <-other, context.Canceled)
}

func TestWait_WhatWasMissedIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	hub, rows := setup(t)
	rows.set(func(t *table) { t.rows["a"] = completed })
	require.NoError(t, hub.Wait(t.Context(), "a", paid))
}

func TestWait_NobodyIsAskedForNobody(t *testing.T) {
	t.Parallel()
	hub, rows := setup(t)
	for range 3 { // the polling ends with the last one, and begins again with the next
		rows.set(func(t *table) { t.rows["a"] = paid })
		require.NoError(t, hub.Wait(t.Context(), "a", held))
		before, _ := rows.polls()
		require.Never(t, func() bool {
			now, _ := rows.polls()
			return now > before
		}, 50*time.Millisecond, 10*time.Millisecond)
	}
}

func TestWait_OutlivesPollsThatFail(t *testing.T) {
	t.Parallel()
	hub, rows := setup(t)
	rows.set(func(t *table) { t.err = errors.New("the database is away") })
	done := make(chan error, 1)
	go func() { done <- hub.Wait(t.Context(), "a", held) }()
	require.Eventually(t, func() bool { times, _ := rows.polls(); return times > 2 }, 20*time.Second, time.Millisecond)
	require.Empty(t, done)
	rows.set(func(t *table) { t.err, t.rows["a"] = nil, paid })
	require.NoError(t, <-done)
}

func TestClose_EndsTheWaiting(t *testing.T) {
	t.Parallel()
	hub, rows := setup(t)
	done := make(chan error, 1)
	go func() { done <- hub.Wait(t.Context(), "a", held) }()
	require.Eventually(t, func() bool { times, _ := rows.polls(); return times > 0 }, 20*time.Second, time.Millisecond)
	hub.Close()
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(<-done))
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(hub.Wait(t.Context(), "a", held)))
}
