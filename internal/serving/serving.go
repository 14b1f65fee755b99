// Package serving is what all processes that listen have in common: the bounds of connections, draining, readiness, and
// the port that only operators reach. Prometheus' client is its one dependency.
package serving

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The bounds of a connection.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// Options say how a handler is served. Logger and WriteTimeout are required.
type Options struct {
	Logger       *slog.Logger
	WriteTimeout time.Duration // for a whole answer, from the end of the request's header

	Drain           func()        // called when the end begins: from then on the process should say that it is not ready
	DrainDelay      time.Duration // from there to the closing of the listener, for load balancers to notice
	Closing         func()        // called when the listener closes: requests that would not end by themselves should end now
	ShutdownTimeout time.Duration // for the requests under way; 0: they are broken off
}

// Serve serves the handler on the listener until ctx ends, and then drains: the listener closes after DrainDelay, and the
// requests under way have ShutdownTimeout to end. It returns nil when all of them did.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, o Options) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: o.WriteTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	if o.Drain != nil {
		o.Drain()
	}
	server.SetKeepAlivesEnabled(false)
	delay := time.NewTimer(o.DrainDelay)
	defer delay.Stop()
	<-delay.C
	if o.Closing != nil {
		server.RegisterOnShutdown(o.Closing)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.ShutdownTimeout)
	defer cancel()
	err := server.Shutdown(last)
	if err != nil {
		err = errors.Join(fmt.Errorf("drain %s: %w", listener.Addr(), err), server.Close())
	}
	if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}
