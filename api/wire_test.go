package api

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// exchange writes bytes to a server's port as no HTTP client of ours would, and reads all answers until it closes.
func exchange(t *testing.T, address, raw string) []*http.Response {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(address, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, raw)
	require.NoError(t, err)
	var answers []*http.Response
	for reader := bufio.NewReader(conn); ; {
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return answers
		}
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		answer.Body = io.NopCloser(bytes.NewReader(body))
		answers = append(answers, answer)
	}
}

func statusesOf(answers []*http.Response) (statuses []int) {
	for _, a := range answers {
		statuses = append(statuses, a.StatusCode)
	}
	return statuses
}

// raw writes a request by hand; it asks the server to close afterwards.
func raw(method, path, token string, headers ...string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: box.test\r\nAuthorization: Bearer %s\r\nConnection: close\r\n%s\r\n",
		method, path, token, strings.Join(append(headers, ""), "\r\n"))
}

func chunked(parts ...string) string {
	var text strings.Builder
	for _, part := range append(parts, "") {
		fmt.Fprintf(&text, "%x\r\n%s\r\n", len(part), part)
	}
	return text.String()
}

const (
	isJSON    = "Content-Type: application/json"
	isChunked = "Transfer-Encoding: chunked"
)

// A body may come in chunks, without a length: it is read and bounded like any other.
func TestBodiesWithoutALength(t *testing.T) {
	t.Parallel()
	b := setup(t)
	address, _, _ := serve(t, b)
	token := b.users.join("ada")
	checkout := "/bookings/" + bookingID + "/checkout"
	for name, test := range map[string]struct {
		request string
		want    int
	}{
		"seats":            {raw("POST", "/book", token, isJSON, isChunked) + chunked(`["`+ticketID, `"]`), 201},
		"nothing":          {raw("POST", checkout, token, isChunked) + chunked(), 200},
		"an object":        {raw("POST", checkout, token, isJSON, isChunked) + chunked(`{"email":"ada@`, `example.com"}`), 200},
		"one without type": {raw("POST", checkout, token, isChunked) + chunked(`{"email":"ada@example.com"}`), 415},
		"too much":         {raw("POST", "/book", token, isJSON, isChunked) + chunked(strings.Repeat(" ", maxBody), "[]"), 413},
		"a broken chunk":   {raw("POST", "/book", token, isJSON, isChunked) + "zz\r\n[]\r\n0\r\n\r\n", 400},
		"seats for extend": {raw("POST", "/bookings/"+bookingID+"/extend", token, isJSON, isChunked) + chunked(`[1]`), 422},
	} {
		answers := exchange(t, address, test.request)
		require.Equal(t, []int{test.want}, statusesOf(answers), name)
	}
}

// Where two headers say two lengths, what is behind one of them could pass as another's request. None is answered.
func TestNoRequestIsSmuggled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	address, _, _ := serve(t, b)
	token := b.users.join("ada")
	hidden := "GET /healthz HTTP/1.1\r\nHost: box.test\r\n\r\n"
	body := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", 2, "[]")
	open := func(headers ...string) string { // without asking to close
		return strings.Replace(raw("POST", "/book", token, append(headers, isJSON)...), "Connection: close\r\n", "", 1)
	}
	for name, request := range map[string]string{
		"two lengths":                 open("Content-Length: 2", "Content-Length: 40") + "[]" + hidden,
		"a length that is none":       open("Content-Length: +2") + "[]" + hidden,
		"an unknown coding":           open("Transfer-Encoding: xchunked") + body + hidden,
		"a coding behind white space": open("Transfer-Encoding : chunked") + body + hidden,
		"a coding that is folded":     open("Transfer-Encoding:\r\n chunked", "Content-Length: 2") + "[]" + hidden,
		"a line feed in a name":       open("X: y\nTransfer-Encoding: chunked\r\nZ\x00: 1") + body + hidden,
	} {
		answers := exchange(t, address, request)
		require.Len(t, answers, 1, name)
		require.GreaterOrEqual(t, answers[0].StatusCode, 400, name)
	}
	// Both a length and chunks: the chunks count (RFC 9112, section 6.3), and the connection ends.
	answers := exchange(t, address, open("Content-Length: 4", isChunked)+body+hidden)
	require.Equal(t, []int{422}, statusesOf(answers)[:1])
	require.LessOrEqual(t, len(answers), 2)
}

func TestWhatIsNoRequestIsRefusedByTheServer(t *testing.T) {
	t.Parallel()
	address, _, _ := serve(t, setup(t))
	for request, want := range map[string]int{
		"GET /healthz HTTP/1.1\r\n\r\n":                                                                                   400, // no Host
		"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n":                                                             400,
		"GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n":                                                                        505,
		"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n":                                                           400,
		"GET /" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n":                                            431,
		"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n":                              431,
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 64) + "\r\n\r\n":                          400, // TLS
		"TRACE /healthz HTTP/1.1\r\nHost: a\r\nCookie: boxoffice=secret\r\nConnection: close\r\n\r\n":                     405,
		"CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\nConnection: close\r\n\r\n":                              404,
		"GET http://evil.test/me HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: evil.test\r\nConnection: close\r\n\r\n": 401,
	} {
		answers := exchange(t, address, request)
		require.Equal(t, []int{want}, statusesOf(answers), "%.60q", request)
		body, err := io.ReadAll(answers[0].Body)
		require.NoError(t, err)
		require.NotContains(t, string(body)+fmt.Sprint(answers[0].Header), "evil.test")
		require.NotContains(t, string(body), "secret", "TRACE gives cookies back")
	}
}
