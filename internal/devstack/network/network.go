// Package network stands between the program and one of its servers, so that it can be slow, silent, cut or closed. toxiproxy is
// its one dependency.
package network

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Link is the way to a server. Its methods are for one goroutine at a time.
type Link struct{ proxy *toxiproxy.Proxy }

// Open listens at an address, host:port (port 0 takes a free one), and leads to a server at another, which need not be there
// yet.
func Open(name, listen, upstream string) (*Link, error) {
	host := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &Link{proxy: toxiproxy.NewProxy(host, name, listen, upstream)}
	return l, l.proxy.Start()
}

// Address is the host:port where the link begins. It stays the same while the link is open.
func (l *Link) Address() string { return l.proxy.Listen }

// Close ends the link, and the connections on it. Closing twice is harmless.
func (l *Link) Close() { l.proxy.Stop() }

// Delay lets each answer come later, on open connections and on new ones.
func (l *Link) Delay(by time.Duration) error {
	return l.breakBy("latency", fmt.Sprintf(`{"latency": %d}`, by.Milliseconds()))
}

// Stall lets no answer through and closes nothing: to the program the server seems to think. When the network is whole
// again, the connections that were stalled are lost.
func (l *Link) Stall() error { return l.breakBy("timeout", `{"timeout": 0}`) }

func (l *Link) breakBy(kind, attributes string) error {
	_, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"type": %q, "attributes": %s}`, kind, attributes)))
	return err
}

// Cut closes the open connections. New ones get through.
func (l *Link) Cut() error {
	l.proxy.Stop()
	return l.proxy.Start()
}

// Refuse closes the open connections, and lets none be opened.
func (l *Link) Refuse() { l.proxy.Stop() }

// Mend makes the network whole again. Doing so twice is harmless.
func (l *Link) Mend(ctx context.Context) error {
	l.proxy.Toxics.ResetToxics(ctx)
	if err := l.proxy.Start(); !errors.Is(err, toxiproxy.ErrProxyAlreadyStarted) {
		return err
	}
	return nil
}
