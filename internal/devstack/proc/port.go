package proc

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// PortInUseError says that a server cannot listen because another does. A caller that knows the flag for this port adds
// its name to the message.
type PortInUseError struct {
	Addr string // host:port
}

func (e *PortInUseError) Error() string {
	host, port, err := net.SplitHostPort(e.Addr)
	if err != nil {
		return "address " + e.Addr + " is already in use"
	}
	return "port " + port + " on " + host + " is already in use by another program"
}

// FreePort is a TCP port on 127.0.0.1 that nobody listens on now. Another may take it before the caller does: a caller
// that starts a server on it must be ready to try another.
func FreePort() (int, error) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	address, err := netip.ParseAddrPort(l.Addr().String())
	if err := errors.Join(err, l.Close()); err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return int(address.Port()), nil
}

// CheckPort returns nil if one can listen on addr (host:port) now, and a *PortInUseError if another listens there.
func CheckPort(addr string) error {
	l, err := net.Listen("tcp", addr) //nolint:noctx // it returns at once
	if errors.Is(err, syscall.EADDRINUSE) {
		return &PortInUseError{Addr: addr}
	}
	if err != nil {
		return fmt.Errorf("check port: %w", err)
	}
	if err := l.Close(); err != nil {
		return fmt.Errorf("check port: %w", err)
	}
	return nil
}
