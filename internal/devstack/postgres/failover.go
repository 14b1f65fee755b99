package postgres

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// AwaitInStep returns when the server's standby has all that it has, and each commit waits for it: what takes over now loses
// nothing.
func (s *Server) AwaitInStep(ctx context.Context) error { return keepInStep(ctx, s.URL) }

// Abort ends the server by an immediate shutdown: every session is cut off, nothing is written, and the next Start in the folder
// recovers as from a crash. It returns when the server is gone.
func (s *Server) Abort() error {
	if err := syscall.Kill(s.process.PID(), syscall.SIGQUIT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("abort the server: %w", err)
	}
	<-s.done
	return nil
}
