package smtp

import (
	"context"
	"net/http"
	netsmtp "net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSMTP_AnnouncesWhatItTakes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, err := netsmtp.Dial(b.address())
	require.NoError(t, err)
	for name, want := range map[string]string{"SIZE": "26214400", "AUTH": "PLAIN", "SMTPUTF8": "", "8BITMIME": ""} {
		ok, value := c.Extension(name)
		require.True(t, ok, name)
		require.Equal(t, want, value, name)
	}
	// Without authentication, and with addresses outside ASCII.
	require.NoError(t, c.Mail("zoë@example.com"))
	require.NoError(t, c.Rcpt("ärger@example.com"))
	w, err := c.Data()
	require.NoError(t, err)
	_, err = w.Write([]byte("Subject: grüße\r\n\r\nÄ\r\n"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, c.Quit())
	m := b.messages("/api/v1/messages").Messages[0]
	require.Equal(t, "grüße", m.Subject)
	require.Equal(t, "ärger@example.com", m.Bcc[0].Address)
}

func TestSMTP_RefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	const most = 64 << 10
	b := setup(t, func(o *Options) { o.MaxBytes = most })
	line := strings.Repeat("x", 1000) + "\r\n"
	c, err := netsmtp.Dial(b.address())
	require.NoError(t, err)
	require.NoError(t, c.Mail("a@example.com"))
	require.NoError(t, c.Rcpt("b@example.com"))
	w, err := c.Data()
	require.NoError(t, err)
	for range most/len(line) + 10 {
		if _, err = w.Write([]byte(line)); err != nil {
			break
		}
	}
	if err == nil {
		err = w.Close()
	}
	var reply *textproto.Error
	require.ErrorAs(t, err, &reply)
	require.Equal(t, 552, reply.Code)
	require.NoError(t, c.Close())
	require.Zero(t, b.messages("/api/v1/messages").Total)
	b.send("Subject: small\n\nx\n", "a@example.com")
	require.Equal(t, 1, b.messages("/api/v1/messages").Total)
}

func TestSink_ShowsBrokenMailAsFarAsItCan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, raw := range map[string]string{
		"no blank line":     "Subject: a\n",
		"only a body":       "\nhello\n",
		"no end of parts":   "Subject: c\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nhalf",
		"no boundary":       "Subject: d\nContent-Type: multipart/mixed\n\nx\n",
		"odd charset":       "Subject: e\nContent-Type: text/plain; charset=klingon\n\nx\n",
		"odd encoding":      "Subject: f\nContent-Transfer-Encoding: rot13\n\nx\n",
		"bad base64":        "Subject: g\nContent-Transfer-Encoding: base64\n\n!!!\n",
		"bad UTF-8":         "Subject: h \xff\n\n\xff\xfe\n",
		"odd type":          "Subject: i\nContent-Type: ;;;\n\nx\n",
		"odd address":       "From: nobody at all\nTo: ,,,\nSubject: j\n\nx\n",
		"deep":              "Subject: k\nContent-Type: multipart/mixed; boundary=x\n\n" + strings.Repeat("--x\nContent-Type: text/plain\n\ny\n", 2*maxParts) + "--x--\n",
		"header in a value": "Subject: l\nContent-Disposition: attachment; filename=\"a\\\"b\r\n\n.txt\"\n\nx\n",
	} {
		b.send(raw, "a@example.com")
		status, _, body := b.request(http.MethodGet, "/api/v1/message/latest", "")
		require.Equal(t, http.StatusOK, status, "%s: %s", name, body)
		status, _, _ = b.request(http.MethodGet, "/view/latest", "")
		require.Equal(t, http.StatusOK, status, name)
	}
	require.Equal(t, 12, b.messages("/api/v1/messages").Total)
	require.Equal(t, []string{"half"}, texts(b, "subject:c"))
}

func texts(b *bundle, query string) []string {
	found := b.search(query).Messages
	all := make([]string, len(found))
	for i, m := range found {
		var d details
		b.into("/api/v1/message/"+m.ID, &d)
		all[i] = strings.TrimSpace(d.Text)
	}
	return all
}

func TestFault_RejectsLosesAndDelays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	order := func(body string) int {
		status, _, _ := b.request(http.MethodPost, "/_sim/faults", body)
		return status
	}
	mail := "Subject: x\n\ny\n"
	require.Equal(t, http.StatusCreated, order(`{"kind":"reject","status":550,"n":1,"recipient":"Bad@example.com"}`))
	require.Equal(t, http.StatusCreated, order(`{"kind":"drop","n":1,"recipient":"lost@example.com"}`))
	require.Equal(t, http.StatusCreated, order(`{"kind":"delay","delay_ms":1,"n":1,"recipient":"slow@example.com"}`))
	b.send(mail, "good@example.com")
	var reply *textproto.Error
	require.ErrorAs(t, b.try(mail, "bad@example.com"), &reply)
	require.Equal(t, 550, reply.Code)
	b.send(mail, "bad@example.com")
	b.send(mail, "lost@example.com")
	b.send(mail, "slow@example.com")
	require.Equal(t, 3, b.messages("/api/v1/messages").Total, "all but the rejected and the lost one")

	require.Equal(t, http.StatusCreated, order(`{"kind":"reject"}`))
	require.ErrorAs(t, b.try(mail, "a@example.com"), &reply)
	require.Equal(t, 451, reply.Code)
	require.Contains(t, b.text("/_sim/faults"), `"hits":1`)
	status, _, _ := b.request(http.MethodDelete, "/_sim/faults", "")
	require.Equal(t, http.StatusNoContent, status)
	b.send(mail, "a@example.com")
	for _, body := range []string{`{"kind":"rain"}`, `{"kind":"reject","status":200}`, `{"kind":"drop","share":2}`, `{`, `{"colour":1}`} {
		require.Equal(t, http.StatusBadRequest, order(body), body)
	}
}

func TestStart_RefusesWhatIsTakenAndStopsWithItsContext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := Start(t.Context(), Options{Dir: t.TempDir(), Addr: b.address()})
	require.ErrorContains(t, err, b.address())
	web := strings.TrimPrefix(b.sink.URL, "http://")
	_, err = Start(t.Context(), Options{Dir: t.TempDir(), HTTPAddr: web})
	require.ErrorContains(t, err, web)
	_, err = Start(t.Context(), Options{})
	require.ErrorContains(t, err, "Dir")

	ctx, cancel := context.WithCancel(t.Context())
	sink, err := Start(ctx, Options{Dir: t.TempDir(), Now: time.Now})
	require.NoError(t, err)
	require.NotNil(t, sink.Handler())
	cancel()
	require.NoError(t, sink.Wait())
	_, err = netsmtp.Dial(strings.TrimPrefix(sink.SMTPURL, "smtp://"))
	require.Error(t, err)
}

// A client that keeps its connection open must not keep the sink from ending.
func TestStop_CutsIdleConnections(t *testing.T) {
	t.Parallel()
	sink, err := Start(t.Context(), Options{Dir: t.TempDir()})
	require.NoError(t, err)
	c, err := netsmtp.Dial(strings.TrimPrefix(sink.SMTPURL, "smtp://"))
	require.NoError(t, err)
	begin := time.Now()
	require.NoError(t, sink.Stop())
	require.Less(t, time.Since(begin), 10*time.Second)
	require.Error(t, c.Noop())
}
