package stack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Commits is a way to Postgres on which the answer to a COMMIT can get lost: the server has committed, and the program
// never hears of it. It reads the frontend/backend protocol, version 3, without TLS.
type Commits struct {
	listener net.Listener
	upstream string

	mu   sync.Mutex
	lose []string // pieces of SQL, each of a transaction whose answer is still to get lost
}

// NewCommits listens on a free port, and leads to a Postgres at host:port until Close.
func NewCommits(upstream string) (*Commits, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &Commits{listener: listener, upstream: upstream}
	go c.serve()
	return c, nil
}

// Address is the host:port where it listens.
func (c *Commits) Address() string { return c.listener.Addr().String() }

// Close takes no new connections.
func (c *Commits) Close() error { return c.listener.Close() }

// LoseAnswers loses, for each piece of SQL, the answer to the COMMIT of the next transaction with a statement that has it,
// and the connection with it. At the test's end no more get lost.
func (c *Commits) LoseAnswers(t *testing.T, sql ...string) {
	t.Helper()
	set := func(sql []string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.lose = sql
	}
	t.Cleanup(func() { set(nil) })
	set(sql)
}

// AwaitLost waits until all of these answers were lost.
func (c *Commits) AwaitLost(t *testing.T) {
	t.Helper()
	Eventually(t, 30*time.Second, func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.lose) > 0 {
			return fmt.Errorf("no answer was lost to a transaction with %q", c.lose)
		}
		return nil
	})
}

// loses decides about the answer to a transaction's COMMIT.
func (c *Commits) loses(transaction string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.lose, func(sql string) bool { return strings.Contains(transaction, sql) })
	if i >= 0 {
		c.lose = slices.Delete(slices.Clone(c.lose), i, i+1)
	}
	return i >= 0
}

func (c *Commits) serve() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.upstream)
		if err != nil {
			_ = client.Close()
			continue
		}
		s := &pgSession{client: client, server: server, prepared: map[string]string{}, loses: c.loses}
		go s.relay(s.fromClient)
		go s.relay(s.fromServer)
	}
}

// pgSession is a connection, and what its transaction has said so far.
type pgSession struct {
	client, server net.Conn
	loses          func(transaction string) bool

	mu          sync.Mutex
	prepared    map[string]string // SQL by the statement's name
	transaction strings.Builder
}

// relay ends both ways when one has ended.
func (s *pgSession) relay(way func() error) {
	_ = way() // a network says nothing
	_ = s.client.Close()
	_ = s.server.Close()
}

func (s *pgSession) fromClient() error {
	startup := make([]byte, 4) // the one message that has no type
	if _, err := io.ReadFull(s.client, startup); err != nil {
		return err
	}
	if _, err := s.server.Write(startup); err != nil {
		return err
	}
	if _, err := io.CopyN(s.server, s.client, int64(binary.BigEndian.Uint32(startup))-4); err != nil {
		return err
	}
	return eachMessage(s.client, func(message []byte) error {
		s.hear(message[0], message[5:])
		_, err := s.server.Write(message)
		return err
	})
}

// hear notes the SQL of a message.
func (s *pgSession) hear(kind byte, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, rest, _ := bytes.Cut(body, []byte{0})
	second, _, _ := bytes.Cut(rest, []byte{0})
	switch kind {
	case 'Q': // a query: its SQL
		if strings.EqualFold(string(first), "begin") {
			s.transaction.Reset()
		}
		s.transaction.Write(first)
	case 'P': // a statement to prepare: its name, its SQL
		s.prepared[string(first)] = string(second)
	case 'B': // a statement to run: the portal's name, the statement's
		s.transaction.WriteString(s.prepared[string(second)])
	}
}

func (s *pgSession) fromServer() error {
	return eachMessage(s.server, func(message []byte) error {
		if message[0] == 'C' && string(message[5:]) == "COMMIT\x00" {
			s.mu.Lock()
			transaction := s.transaction.String()
			s.mu.Unlock()
			if s.loses(transaction) {
				return io.ErrClosedPipe
			}
		}
		_, err := s.client.Write(message)
		return err
	})
}

// eachMessage gives each message whole: its type, its length in four bytes that count themselves, its body.
func eachMessage(from io.Reader, do func(message []byte) error) error {
	for {
		message := make([]byte, 5)
		if _, err := io.ReadFull(from, message); err != nil {
			return err
		}
		length := int(binary.BigEndian.Uint32(message[1:]))
		message = append(message, make([]byte, length-4)...)
		if _, err := io.ReadFull(from, message[5:]); err != nil {
			return err
		}
		if err := do(message); err != nil {
			return err
		}
	}
}
