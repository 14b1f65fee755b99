package mail_test

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/mail"
	"github.com/emersion/go-message"
	gomessage "github.com/emersion/go-message/mail"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// mailServer is an SMTP server that keeps what it is sent and answers as a test wishes.
type mailServer struct {
	addr string
	ca   string // file with the certificate, for servers with TLS

	rcpt, data func() error // answers to RCPT and to DATA's end; nil takes everything

	mu       sync.Mutex
	received []envelope
}

type envelope struct {
	from, to, user string
	content        []byte
}

type session struct {
	server *mailServer
	envelope
}

// startServer serves SMTP on a free port, or SMTP over TLS when implicit, until the test's end.
func startServer(t *testing.T, implicit bool, configure func(*mailServer)) *mailServer {
	t.Helper()
	m := &mailServer{}
	if configure != nil {
		configure(m)
	}
	certified := httptest.NewTLSServer(nil) // lends its certificate for 127.0.0.1 and localhost's like
	t.Cleanup(certified.Close)
	m.ca = filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw})
	require.NoError(t, os.WriteFile(m.ca, certificate, 0o600))

	server := smtp.NewServer(m)
	server.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are meant to fail
	server.EnableSMTPUTF8 = true
	server.TLSConfig = &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m.addr = listener.Addr().String()
	if implicit {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.NoError(t, <-done)
	})
	return m
}

func (m *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &session{server: m}, nil
}

func (m *mailServer) messages() []envelope {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]envelope(nil), m.received...)
}

func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "p@ss/word" {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Reset() {}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if s.server.rcpt != nil {
		return s.server.rcpt()
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.content = content
	if s.server.data != nil {
		if err := s.server.data(); err != nil {
			return err
		}
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.received = append(s.server.received, s.envelope)
	return nil
}

func senderTo(t *testing.T, url string, change func(*mail.SenderOptions)) *mail.Sender {
	t.Helper()
	options := mail.SenderOptions{URL: url, From: "Chico Box Office <tickets@example.com>", ReplyTo: "help@example.com"}
	if change != nil {
		change(&options)
	}
	sender, err := mail.NewSender(options)
	require.NoError(t, err)
	return sender
}

// part is one leaf of a received message.
type part struct {
	contentType string
	name        string // of an attachment
	content     []byte
}

// read takes a message apart as a mail program would.
func read(t *testing.T, content []byte) (gomessage.Header, []part) {
	t.Helper()
	entity, err := message.Read(bytes.NewReader(content))
	require.NoError(t, err)
	reader := gomessage.NewReader(entity)
	var parts []part
	for {
		next, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return reader.Header, parts
		}
		require.NoError(t, err)
		body, err := io.ReadAll(next.Body)
		require.NoError(t, err)
		switch header := next.Header.(type) {
		case *gomessage.InlineHeader:
			contentType, _, err := header.ContentType()
			require.NoError(t, err)
			parts = append(parts, part{contentType: contentType, content: body})
		case *gomessage.AttachmentHeader:
			contentType, _, err := header.ContentType()
			require.NoError(t, err)
			name, err := header.Filename()
			require.NoError(t, err)
			parts = append(parts, part{contentType: contentType, name: name, content: body})
		}
	}
}

func someMessage() boxoffice.MailMessage {
	return boxoffice.MailMessage{
		ID: "019ab333-0000-7000-8000-000000000001", To: "ada@example.org", Subject: "Hello", Text: "Hello.\n", HTML: "<p>Hello.</p>",
	}
}
