package smtp

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	netsmtp "net/smtp"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// bundle is a running sink, and a client that knows nothing but SMTP and HTTP.
type bundle struct {
	t    *testing.T
	sink *Server
	dir  string
}

func setup(t *testing.T, change ...func(*Options)) *bundle {
	t.Helper()
	b := &bundle{t: t, dir: t.TempDir()}
	b.start(change...)
	return b
}

func (b *bundle) start(change ...func(*Options)) {
	b.t.Helper()
	o := Options{Dir: b.dir, Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	sink, err := Start(b.t.Context(), o)
	require.NoError(b.t, err)
	b.sink = sink
	b.t.Cleanup(func() { require.NoError(b.t, sink.Stop()) })
}

func (b *bundle) address() string { return strings.TrimPrefix(b.sink.SMTPURL, "smtp://") }

func (b *bundle) try(raw string, to ...string) error {
	auth := netsmtp.PlainAuth("", "shop", "any password", "127.0.0.1")
	return netsmtp.SendMail(b.address(), auth, "shop@example.com", to, []byte(strings.ReplaceAll(raw, "\n", "\r\n")))
}

func (b *bundle) send(raw string, to ...string) {
	b.t.Helper()
	require.NoError(b.t, b.try(raw, to...))
}

func (b *bundle) request(method, path, body string) (int, http.Header, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.sink.URL+path, strings.NewReader(body))
	require.NoError(b.t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	raw, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	require.NoError(b.t, res.Body.Close())
	return res.StatusCode, res.Header, string(raw)
}

func (b *bundle) text(path string) string {
	b.t.Helper()
	status, _, body := b.request(http.MethodGet, path, "")
	require.Equal(b.t, http.StatusOK, status, body)
	return body
}

func (b *bundle) into(path string, v any) {
	b.t.Helper()
	decoder := json.NewDecoder(strings.NewReader(b.text(path)))
	decoder.DisallowUnknownFields()
	require.NoError(b.t, decoder.Decode(v))
}

func (b *bundle) messages(path string) summaries {
	b.t.Helper()
	var list summaries
	b.into(path, &list)
	return list
}

func (b *bundle) search(query string) summaries {
	b.t.Helper()
	return b.messages("/api/v1/search?query=" + url.QueryEscape(query))
}

var pdf = []byte("%PDF-1.4\n\x00\xff binary \r\n\n bytes\n%%EOF")

// ticketMail is what a box office sends: text and HTML, a picture within, a PDF and a calendar file.
func ticketMail() string {
	encoded := base64.StdEncoding.EncodeToString(pdf)
	return `From: "Box office" <shop@example.com>
To: =?utf-8?q?Zo=C3=AB?= <zoe@example.com>
Cc: bob@example.com
Reply-To: help@example.com
Subject: =?utf-8?q?Your_tickets_for_=E2=80=9CGhost=E2=80=9D?=
Message-ID: <m1@example.com>
Date: Tue, 02 Jan 2024 15:04:05 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=mixed

--mixed
Content-Type: multipart/related; boundary=related

--related
Content-Type: multipart/alternative; boundary=alt

--alt
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Row A, seat 1. Caf=E9 opens at six.

--alt
Content-Type: text/html; charset=utf-8

<p>Row <b>A</b></p><script>alert(1)</script><img src="cid:logo@x">
--alt
Content-Type: text/calendar; method=PUBLISH

BEGIN:VCALENDAR
END:VCALENDAR
--alt--
--related
Content-Type: image/png; name=logo.png
Content-Disposition: inline
Content-ID: <logo@x>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--related--
--mixed
Content-Type: application/pdf
Content-Disposition: attachment; filename="../../tickets 1.pdf"
Content-Transfer-Encoding: base64

` + encoded + `
--mixed--
`
}

func TestSink_TakesAWholeTicketMailApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send(ticketMail(), "zoe@example.com", "bob@example.com", "archive@example.com")

	list := b.messages("/api/v1/messages")
	require.Equal(t, 1, list.Total)
	require.Equal(t, 1, list.Unread)
	require.Equal(t, 1, list.MessagesCount)
	s := list.Messages[0]
	require.Equal(t, "Your tickets for “Ghost”", s.Subject)
	require.Equal(t, "Box office", s.From.Name)
	require.Equal(t, "Zoë", s.To[0].Name)
	require.Equal(t, "bob@example.com", s.Cc[0].Address)
	require.Equal(t, "archive@example.com", s.Bcc[0].Address, "named by no header")
	require.Equal(t, "help@example.com", s.ReplyTo[0].Address)
	require.Equal(t, "m1@example.com", s.MessageID)
	require.Equal(t, "shop", s.Username)
	require.Equal(t, 1, s.Attachments)
	require.Equal(t, "Row A, seat 1. Café opens at six.", s.Snippet)

	var d details
	b.into("/api/v1/message/latest", &d)
	require.Equal(t, s.ID, d.ID)
	require.Contains(t, d.Text, "Café opens at six.")
	require.Contains(t, d.HTML, "<b>A</b>")
	require.Equal(t, "shop@example.com", d.ReturnPath)
	require.Equal(t, int64(1704204245), d.Date.Unix())
	require.Len(t, d.Attachments, 1)
	file := d.Attachments[0]
	require.Equal(t, "tickets 1.pdf", file.FileName, "a file name leads nowhere else")
	require.Equal(t, "application/pdf", file.ContentType)
	require.Equal(t, len(pdf), file.Size)
	require.Len(t, d.Inline, 2)

	status, header, body := b.request(http.MethodGet, "/api/v1/message/"+d.ID+"/part/"+file.PartID, "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, string(pdf), body)
	require.Equal(t, "application/pdf", header.Get("Content-Type"))
	require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	require.Contains(t, b.text("/api/v1/message/latest/raw"), "boundary=mixed")
	var headers map[string][]string
	b.into("/api/v1/message/latest/headers", &headers)
	require.Equal(t, []string{"bob@example.com"}, headers["Cc"])
	require.Zero(t, b.messages("/api/v1/messages").Unread, "whoever fetched it has read it")
}

func TestSink_KeepsMailOverARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 3 {
		b.send(fmt.Sprintf("Subject: number %d\n\nbody\n", i), "ann@example.com")
	}
	b.text("/api/v1/message/latest")
	before := b.messages("/api/v1/messages")
	require.Equal(t, []string{"number 2", "number 1", "number 0"}, subjects(before))
	require.NoError(t, b.sink.Stop())
	require.NoError(t, os.WriteFile(filepath.Join(b.dir, "0half.new"), []byte("Subject: half"), 0o600), "what a killed process leaves")
	b.start()
	require.Equal(t, before, b.messages("/api/v1/messages"))
	require.NoFileExists(t, filepath.Join(b.dir, "0half.new"))
	b.send("Subject: number 3\n\nbody\n", "ann@example.com")
	require.Equal(t, "number 3", b.messages("/api/v1/messages").Messages[0].Subject)
}

func subjects(list summaries) []string {
	all := make([]string, len(list.Messages))
	for i, m := range list.Messages {
		all[i] = m.Subject
	}
	return all
}

func TestSink_KeepsNoMoreThanItsMaximum(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.MaxMessages = 2 })
	for i := range 4 {
		b.send(fmt.Sprintf("Subject: %d\n\nx\n", i), "a@example.com")
	}
	require.Equal(t, []string{"3", "2"}, subjects(b.messages("/api/v1/messages")))
	files, err := os.ReadDir(b.dir)
	require.NoError(t, err)
	require.Len(t, files, 4)
}

func TestSink_TakesManyAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var all sync.WaitGroup
	failures := make(chan error, 200)
	for i := range 20 {
		all.Go(func() {
			for n := range 10 {
				failures <- b.try(fmt.Sprintf("Subject: %d-%d\n\nx\n", i, n), "a@example.com")
			}
		})
	}
	all.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}
	list := b.messages("/api/v1/messages?limit=500")
	require.Equal(t, 200, list.Count)
	require.IsDecreasing(t, ids(list), "newest first")
}

func ids(list summaries) []string {
	all := make([]string, len(list.Messages))
	for i, m := range list.Messages {
		all[i] = m.ID
	}
	return all
}

func TestSearch_FindsMail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send("From: a@shop.example\nTo: Ann <ann@example.com>\nSubject: Your tickets\n\n"+strings.Repeat("filler ", 60)+"needle\n", "ann@example.com")
	b.send("From: a@shop.example\nTo: bob@example.com\nSubject: Refund done\n\nMoney is back.\n", "bob@example.com")
	b.send(ticketMail(), "zoe@example.com")
	for query, want := range map[string][]string{
		"to:ann@example.com":          {"Your tickets"},
		"to:ANN":                      {"Your tickets"},
		"subject:tickets":             {"Your tickets for “Ghost”", "Your tickets"},
		`subject:"refund done"`:       {"Refund done"},
		"needle":                      {"Your tickets"},
		"money back":                  {"Refund done"},
		`"money back"`:                {},
		"to:example.com -refund":      {"Your tickets for “Ghost”", "Your tickets"},
		"from:shop.example !to:ann":   {"Refund done"},
		"has:attachment":              {"Your tickets for “Ghost”"},
		"cc:bob":                      {"Your tickets for “Ghost”"},
		"addressed:bob":               {"Your tickets for “Ghost”", "Refund done"},
		"message-id:<m1@example.com>": {"Your tickets for “Ghost”"},
		"is:read":                     {},
		"café":                        {"Your tickets for “Ghost”"},
		"alert":                       {},
	} {
		got := b.search(query)
		require.Equal(t, want, subjects(got), query)
		require.Equal(t, len(want), got.MessagesCount, query)
		require.Equal(t, 3, got.Total, query)
	}
	status, _, _ := b.request(http.MethodGet, "/api/v1/search", "")
	require.Equal(t, http.StatusBadRequest, status)
}

func TestAPI_PagesReadsAndDeletes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 5 {
		b.send(fmt.Sprintf("Subject: %d\n\nx\n", i), "a@example.com")
	}
	require.Equal(t, []string{"3", "2"}, subjects(b.messages("/api/v1/messages?start=1&limit=2")))
	require.Empty(t, b.messages("/api/v1/messages?start=9").Messages)
	all := b.messages("/api/v1/messages")

	status, _, _ := b.request(http.MethodPut, "/api/v1/messages", `{"Read":true,"IDs":["`+all.Messages[0].ID+`"]}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 4, b.messages("/api/v1/messages").Unread)
	status, _, _ = b.request(http.MethodDelete, "/api/v1/messages", `{"IDs":["`+all.Messages[0].ID+`","unknown"]}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 4, b.messages("/api/v1/messages").Total)
	status, _, _ = b.request(http.MethodDelete, "/api/v1/search?query=subject:3", "")
	require.Equal(t, http.StatusOK, status)
	status, _, _ = b.request(http.MethodDelete, "/api/v1/messages", `{"IDs":`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, 3, b.messages("/api/v1/messages").Total)
	status, _, _ = b.request(http.MethodDelete, "/api/v1/messages", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, b.text("/api/v1/messages"), `"messages":[]`)
	files, err := os.ReadDir(b.dir)
	require.NoError(t, err)
	require.Empty(t, files)
}

func TestAPI_UnknownMessages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{
		"/api/v1/message/latest", "/api/v1/message/x", "/api/v1/message/x/raw", "/api/v1/message/x/headers", "/api/v1/message/x/part/1", "/view/x",
	} {
		status, _, _ := b.request(http.MethodGet, path, "")
		require.Equal(t, http.StatusNotFound, status, path)
	}
	b.send("Subject: a\n\nb\n", "a@example.com")
	status, _, _ := b.request(http.MethodGet, "/api/v1/message/latest/part/7", "")
	require.Equal(t, http.StatusNotFound, status)
	require.Equal(t, "ok", b.text("/livez"))
	require.Equal(t, "ok", b.text("/readyz"))
}
