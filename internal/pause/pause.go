// Package pause waits for a time, or for the end of what it waits in. It depends on the standard library alone.
package pause

import (
	"context"
	"time"
)

// For waits, and reports false when ctx ended first.
func For(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
