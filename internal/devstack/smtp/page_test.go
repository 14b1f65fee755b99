package smtp

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPage_EscapesWhatMailSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send("From: \"<b>x\" <a@example.com>\nTo: zoe@example.com\nSubject: <script>alert(1)</script>\n\n<img src=x onerror=alert(2)>\n", "zoe@example.com")
	inbox := b.text("/")
	require.Contains(t, inbox, "&lt;script&gt;alert(1)")
	require.NotContains(t, inbox, "<script")
	require.NotContains(t, inbox, "<img")
	require.Contains(t, b.text("/?q="+url.QueryEscape(`"><script>`)), "Nothing matches")
	require.NotContains(t, b.text("/?q="+url.QueryEscape(`"><script>`)), "<script")

	b.send(ticketMail(), "zoe@example.com")
	id := b.messages("/api/v1/messages").Messages[0].ID
	status, header, page := b.request(http.MethodGet, "/view/"+id, "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, page, "<iframe sandbox ")
	_, frame, ok := strings.Cut(page, `srcdoc="`)
	require.True(t, ok)
	frame, _, ok = strings.Cut(frame, `"`)
	require.True(t, ok)
	require.Contains(t, html.UnescapeString(frame), `<script>alert(1)</script>`, "kept as it is, to be shown without rights")
	require.Contains(t, html.UnescapeString(frame), `src="data:image/png;base64,`)
	require.NotContains(t, strings.ReplaceAll(page, frame, ""), "<script")
	require.Contains(t, page, `download="tickets 1.pdf"`)

	_, header, _ = b.request(http.MethodGet, "/view/"+id+".html", "")
	require.Contains(t, header.Get("Content-Security-Policy"), "sandbox")
	require.Contains(t, b.text("/view/"+id+".txt"), "Row A, seat 1.")
}

func TestPage_NeverServesMarkupOfAnAttachment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send("Subject: x\nMIME-Version: 1.0\nContent-Type: text/html; name=a.html\nContent-Disposition: attachment\n\n<script>alert(1)</script>\n", "a@example.com")
	status, header, _ := b.request(http.MethodGet, "/api/v1/message/latest/part/1", "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "application/octet-stream", header.Get("Content-Type"))
	require.Contains(t, header.Get("Content-Disposition"), "attachment")
}

func TestPage_RefusesToDeleteForOtherSites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.send("Subject: x\n\ny\n", "a@example.com")
	post := func(site string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.sink.URL+"/delete", strings.NewReader("all=yes"))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", site)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	require.Equal(t, http.StatusForbidden, post("cross-site"))
	require.Equal(t, 1, b.messages("/api/v1/messages").Total)
	require.Equal(t, http.StatusOK, post("same-origin"))
	require.Zero(t, b.messages("/api/v1/messages").Total)
}
