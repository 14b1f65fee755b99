package mail_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/mail"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

func TestAMessageArrivesWhole(t *testing.T) {
	t.Parallel()
	server := startServer(t, false, nil)
	sent := time.Date(2026, time.November, 24, 9, 0, 0, 0, time.UTC)
	sender := senderTo(t, "smtp://"+server.addr+"?tls=none", func(o *mail.SenderOptions) { o.Now = func() time.Time { return sent } })
	binary := bytes.Repeat([]byte{0, '\r', '\n', '.', '\n', 0xff, '\r'}, 5000)
	m := someMessage()
	m.Subject = "Your tickets: Đêm Ωμέγα Жук 🎭, Fri 27 Nov 19:30"
	m.Text = "Zoë,\n.\n..a dot\n" + strings.Repeat("long line ", 300) + "\n"
	m.Attachments = []boxoffice.MailAttachment{
		{Name: "tickets-K7QP2M9X.pdf", ContentType: "application/pdf", Content: binary},
		{Name: "event-K7QP2M9X.ics", ContentType: "text/calendar; charset=utf-8; method=PUBLISH", Content: []byte("BEGIN:VCALENDAR\r\n")},
	}
	require.NoError(t, sender.Send(t.Context(), m))

	received := server.messages()
	require.Len(t, received, 1)
	require.Equal(t, "tickets@example.com", received[0].from)
	require.Equal(t, "ada@example.org", received[0].to)
	header, parts := read(t, received[0].content)
	subject, err := header.Subject()
	require.NoError(t, err)
	require.Equal(t, m.Subject, subject)
	for name, expected := range map[string]string{
		"Message-ID": "<019ab333-0000-7000-8000-000000000001@example.com>", "From": `"Chico Box Office" <tickets@example.com>`,
		"Reply-To": "<help@example.com>", "To": "<ada@example.org>", "Auto-Submitted": "auto-generated",
	} {
		require.Equal(t, expected, header.Get(name), name)
	}
	date, err := header.Date()
	require.NoError(t, err)
	require.True(t, date.Equal(sent))
	require.Len(t, parts, 4)
	require.Equal(t, "text/plain", parts[0].contentType)
	require.Equal(t, m.Text, strings.ReplaceAll(string(parts[0].content), "\r\n", "\n"))
	require.Equal(t, part{"text/html", "", []byte(m.HTML)}, parts[1])
	require.Equal(t, part{"application/pdf", "tickets-K7QP2M9X.pdf", binary}, parts[2])
	require.Equal(t, part{"text/calendar", "event-K7QP2M9X.ics", []byte("BEGIN:VCALENDAR\r\n")}, parts[3])
}

func TestARepeatHasTheSameMessageID(t *testing.T) {
	t.Parallel()
	server := startServer(t, false, nil)
	sender := senderTo(t, "smtp://"+server.addr+"?tls=none", nil)
	m := someMessage()
	m.ID = "mail 1\r\nBcc: eve@example.com"
	require.NoError(t, sender.Send(t.Context(), m))
	require.NoError(t, sender.Send(t.Context(), m))
	first, _ := read(t, server.messages()[0].content)
	second, _ := read(t, server.messages()[1].content)
	require.Regexp(t, `^<[0-9a-f]{32}@example\.com>$`, first.Get("Message-ID"))
	require.Equal(t, first.Get("Message-ID"), second.Get("Message-ID"))
	require.Empty(t, first.Get("Bcc"))
}

func TestTLSAndLogin(t *testing.T) {
	t.Parallel()
	plain, encrypted := startServer(t, false, nil), startServer(t, true, nil)
	for url, code := range map[string]boxoffice.Code{
		"smtp://box:p%40ss%2Fword@" + plain.addr + "?ca=" + plain.ca:                   "",
		"smtp://box:p%40ss%2Fword@" + plain.addr + "?tls=opportunistic&ca=" + plain.ca: "",
		"smtps://box:p%40ss%2Fword@" + encrypted.addr + "?ca=" + encrypted.ca:          "",
		"smtp://" + plain.addr:                                 boxoffice.CodeUnavailable, // a certificate that nobody vouches for
		"smtps://" + encrypted.addr:                            boxoffice.CodeUnavailable,
		"smtp://box:wrong@" + plain.addr + "?ca=" + plain.ca:   boxoffice.CodeUnavailable,
		"smtp://box:p%40ss%2Fword@" + plain.addr + "?tls=none": boxoffice.CodeUnavailable, // would show the password
		"smtps://" + plain.addr + "?ca=" + plain.ca:            boxoffice.CodeUnavailable,
	} {
		err := senderTo(t, url, func(o *mail.SenderOptions) { o.Timeout = 5 * time.Second }).Send(t.Context(), someMessage())
		require.Equal(t, code, boxoffice.CodeOf(err), "%s: %v", url, err)
	}
	require.Len(t, plain.messages(), 2)
	require.Len(t, encrypted.messages(), 1)
	require.Equal(t, "box", plain.messages()[0].user)
}

func TestRefusalsAreToldFromTroubles(t *testing.T) {
	t.Parallel()
	answer := func(code int) func() error {
		return func() error {
			return &smtp.SMTPError{Code: code, Message: "as the test wishes, <" + strings.ToUpper(someMessage().To) + ">"}
		}
	}
	for _, c := range []struct {
		rcpt, data int
		expected   boxoffice.Code
	}{
		{550, 0, boxoffice.CodeMailRejected}, {451, 0, boxoffice.CodeUnavailable}, {0, 550, boxoffice.CodeMailRejected},
		{0, 552, boxoffice.CodeMailRejected}, {0, 451, boxoffice.CodeUnavailable}, {0, 0, ""},
	} {
		server := startServer(t, false, func(m *mailServer) {
			if c.rcpt != 0 {
				m.rcpt = answer(c.rcpt)
			}
			if c.data != 0 {
				m.data = answer(c.data)
			}
		})
		err := senderTo(t, "smtp://"+server.addr+"?tls=none", nil).Send(t.Context(), someMessage())
		require.Equal(t, c.expected, boxoffice.CodeOf(err), "%+v: %v", c, err)
		if err != nil {
			require.Contains(t, err.Error(), "as the test wishes, <(recipient)>", "support must see what the server said")
			require.NotContains(t, strings.ToLower(err.Error()), someMessage().To, "errors are logged")
		}
	}
}

// listen accepts one connection after the other and lets serve talk; connections are closed at the test's end.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var talking sync.WaitGroup
	talking.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			talking.Go(func() {
				defer connection.Close()
				serve(connection)
			})
		}
	})
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		talking.Wait()
	})
	return listener.Addr().String()
}

// hang reads until the other side is gone.
func hang(connection net.Conn) {
	buffer := make([]byte, 1024)
	for {
		if _, err := connection.Read(buffer); err != nil {
			return
		}
	}
}

func TestAServerThatHangsIsLeft(t *testing.T) {
	t.Parallel()
	silent := listen(t, hang)
	halfway := listen(t, func(c net.Conn) {
		if _, err := fmt.Fprint(c, "220 hello\r\n"); err == nil {
			hang(c)
		}
	})
	closed := listen(t, func(net.Conn) {})
	for _, addr := range []string{silent, halfway, closed} {
		sender := senderTo(t, "smtp://"+addr+"?tls=none", func(o *mail.SenderOptions) { o.Timeout = 200 * time.Millisecond })
		began := time.Now()
		err := sender.Send(t.Context(), someMessage())
		require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err))
		require.Less(t, time.Since(began), 5*time.Second)

		patient := senderTo(t, "smtp://"+addr+"?tls=none", func(o *mail.SenderOptions) { o.Timeout = time.Minute })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err = patient.Send(ctx, someMessage())
		cancel()
		require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err))
		require.Less(t, time.Since(began), 10*time.Second)
	}
}

func TestAMessageThatWasTakenIsSentWhateverFollows(t *testing.T) {
	t.Parallel()
	addr := listen(t, func(c net.Conn) { // takes the message, then hangs at QUIT
		answers := []string{"220 hello", "250 hello", "250 from", "250 to", "354 go on"}
		buffer := make([]byte, 4096)
		for _, answer := range answers {
			if _, err := fmt.Fprint(c, answer+"\r\n"); err != nil {
				return
			}
			if answer == "354 go on" {
				break
			}
			if _, err := c.Read(buffer); err != nil {
				return
			}
		}
		var got strings.Builder
		for !strings.Contains(got.String(), "\r\n.\r\n") {
			n, err := c.Read(buffer)
			if err != nil {
				return
			}
			got.Write(buffer[:n])
		}
		if _, err := fmt.Fprint(c, "250 taken\r\n"); err == nil {
			hang(c)
		}
	})
	sender := senderTo(t, "smtp://"+addr+"?tls=none", nil)
	require.NoError(t, sender.Send(t.Context(), someMessage()))
}

func TestNoMoreConnectionsThanAllowed(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}, 20), make(chan struct{})
	server := startServer(t, false, func(m *mailServer) {
		m.data = func() error {
			entered <- struct{}{}
			<-release
			return nil
		}
	})
	sender := senderTo(t, "smtp://"+server.addr+"?tls=none", func(o *mail.SenderOptions) { o.MaxConnections = 2 })
	var sends sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		sends.Go(func() { errs <- sender.Send(t.Context(), someMessage()) })
	}
	<-entered
	<-entered // both connections are busy now
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(sender.Send(ctx, someMessage())), "there is no free connection")
	require.Empty(t, entered, "nobody else came through meanwhile")
	close(release)
	sends.Wait()
	for range 8 {
		require.NoError(t, <-errs)
	}
	require.Len(t, server.messages(), 8)
}

func TestNoHeaderCanBeInjected(t *testing.T) {
	t.Parallel()
	server := startServer(t, false, nil)
	sender := senderTo(t, "smtp://"+server.addr+"?tls=none", nil)
	for _, to := range []string{
		"", "ada", "ada@example.org\r\nBcc: eve@example.com", "ada@example.org, eve@example.com", "Ada <ada@example.org>",
		"ada@example.org>\r\nRCPT TO:<eve@example.com", "\"a\r\nb\"@example.org", "ada@example.org\n",
	} {
		m := someMessage()
		m.To = to
		err := sender.Send(t.Context(), m)
		require.Equal(t, boxoffice.CodeMailRejected, boxoffice.CodeOf(err), "%q", to)
	}
	m := someMessage()
	m.Subject = "Hello\r\nBcc: eve@example.com\r\n\r\nbody"
	m.Attachments = []boxoffice.MailAttachment{{Name: "a\r\nBcc: eve@example.com\".pdf", ContentType: "application/pdf", Content: []byte("x")}}
	require.NoError(t, sender.Send(t.Context(), m))
	received := server.messages()
	require.Len(t, received, 1)
	require.NotContains(t, string(received[0].content), "\nBcc:")
	header, parts := read(t, received[0].content)
	require.Empty(t, header.Get("Bcc"))
	subject, err := header.Subject()
	require.NoError(t, err)
	require.Equal(t, "Hello Bcc: eve@example.com body", subject)
	require.Len(t, parts, 3)

	m.ID = ""
	require.Equal(t, boxoffice.CodeInternal, boxoffice.CodeOf(sender.Send(t.Context(), m)))
}

func TestBadSettingsAreRefusedWithoutRepeatingThePassword(t *testing.T) {
	t.Parallel()
	good := mail.SenderOptions{URL: "smtp://localhost", From: "a@example.com"}
	for about, change := range map[string]func(*mail.SenderOptions){
		"scheme":    func(o *mail.SenderOptions) { o.URL = "http://box:hunter2@localhost" },
		"empty":     func(o *mail.SenderOptions) { o.URL = "" },
		"malformed": func(o *mail.SenderOptions) { o.URL = "smtp://box:hunter2/x@localhost" },
		"tls":       func(o *mail.SenderOptions) { o.URL = "smtp://box:hunter2@localhost?tls=maybe" },
		"tls twice": func(o *mail.SenderOptions) { o.URL = "smtps://box:hunter2@localhost?tls=none" },
		"parameter": func(o *mail.SenderOptions) { o.URL = "smtp://box:hunter2@localhost?retry=1" },
		"port":      func(o *mail.SenderOptions) { o.URL = "smtp://box:hunter2@localhost:99999" },
		"ca":        func(o *mail.SenderOptions) { o.URL = "smtp://box:hunter2@localhost?ca=/does/not/exist" },
		"from":      func(o *mail.SenderOptions) { o.From = "nobody" },
		"reply-to":  func(o *mail.SenderOptions) { o.ReplyTo = "nobody" },
		"negative":  func(o *mail.SenderOptions) { o.MaxConnections = -1 },
	} {
		options := good
		change(&options)
		_, err := mail.NewSender(options)
		require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), about)
		require.NotContains(t, err.Error(), "hunter2")
	}
	server, err := mail.ParseURL("smtps://box:hunter2@mail.example.com")
	require.NoError(t, err)
	require.Equal(t, "mail.example.com:465 mail.example.com:465", fmt.Sprintf("%v %#v", server, server))
}
