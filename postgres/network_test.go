package postgres_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/postgres"
)

// TestSilentNetwork_IsLeftSoon opens a pool's only connection into a network that swallows it. When the network is well
// again, the pool is so within seconds.
func TestSilentNetwork_IsLeftSoon(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	request := boxoffice.HoldRequest{UserID: h.addUser(t), TicketIDs: h.tickets}
	address, err := url.Parse(h.clock.URL)
	require.NoError(t, err)
	var silent atomic.Bool
	silent.Store(true)
	address.Host = network(t, address.Host, &silent)
	db, err := postgres.Open(t.Context(), address.String(), postgres.Options{MaxConns: 1})
	require.NoError(t, err)
	defer db.Close()
	impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, _, _, err = db.Bookings(houseRules).HoldSeats(impatient, request)
	requireCode(t, boxoffice.CodeUnavailable, err)

	silent.Store(false)
	patient, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, _, _, err = db.Bookings(houseRules).HoldSeats(patient, request)
	require.NoError(t, err)
}

// network leads to a server. A connection that is made while it is silent hears nothing, ever.
func network(t *testing.T, server string, silent *atomic.Bool) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		var swallowed []net.Conn // what nobody knows of any more is closed by Go
		for {
			client, err := listener.Accept()
			if err != nil {
				for _, conn := range swallowed {
					_ = conn.Close()
				}
				return
			}
			if silent.Load() {
				swallowed = append(swallowed, client)
				continue
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			go func() { _, _ = io.Copy(upstream, client); _ = upstream.Close() }()
			go func() { _, _ = io.Copy(client, upstream); _ = client.Close() }()
		}
	}()
	return listener.Addr().String()
}
