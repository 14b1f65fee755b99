package smtp

import (
	"errors"
	"net"
	"sync"
)

// tracked is a listener that remembers its open connections, so that the end can cut those that clients leave open: go-smtp's
// Shutdown waits for them, and its Close does nothing once Shutdown was called.
type tracked struct {
	net.Listener

	mu     sync.Mutex
	open   map[*trackedConn]struct{}
	closed bool
}

type trackedConn struct {
	net.Conn
	owner *tracked
}

func track(l net.Listener) *tracked { return &tracked{Listener: l, open: map[*trackedConn]struct{}{}} }

// Accept waits for the next connection.
func (t *tracked) Accept() (net.Conn, error) {
	raw, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &trackedConn{raw, t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, errors.Join(net.ErrClosed, raw.Close())
	}
	t.open[c] = struct{}{}
	return c, nil
}

// Close closes the connection; doing so twice is harmless to the listener.
func (c *trackedConn) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.open, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}

// cut closes the listener and every connection that is still open.
func (t *tracked) cut() error {
	err := t.Listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for c := range t.open {
		err = errors.Join(err, c.Conn.Close())
	}
	clear(t.open)
	return err
}
