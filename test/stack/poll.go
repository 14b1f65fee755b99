package stack

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fatal is an error that no patience helps.
type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

// poll asks until there is no error, the error is fatal, or ctx ends. A check that the end interrupted says nothing: the one
// before it does.
func poll(ctx context.Context, check func() error) error {
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		err := check()
		if _, hopeless := errors.AsType[fatal](err); err == nil || hopeless {
			return err
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; the last: %w", ctx.Err(), last)
		case <-tick.C:
		}
	}
}

// Eventually is poll with a patience, in a test.
func Eventually(t *testing.T, patience time.Duration, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, poll(ctx, check))
}

// AtOnce asserts that nobody waited for a server that is away: those that wait do so for ten seconds and more.
func AtOnce(t *testing.T, what string, do func()) {
	t.Helper()
	began := time.Now()
	do()
	took := time.Since(began)
	require.Less(t, took, 3*time.Second, what)
	t.Logf("%s: %s", what, took.Round(time.Millisecond))
}
