package api

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// lines reads the log of a bundle.
func (b *bundle) lines(t *testing.T) (lines []map[string]any) {
	t.Helper()
	for line := range strings.Lines(b.logs.String()) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		lines = append(lines, fields)
	}
	return lines
}

// What is logged on behalf of a request, wherever, carries its ID and the booking that it is about.
func TestLogLinesNameTheirRequestAndBooking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	booked := b.do(t, request{method: "POST", path: "/book", body: `["` + ticketID + `"]`, token: token})
	b.bookings.err = boxoffice.Errorf(boxoffice.CodeInternal, "broken")
	failed := b.do(t, request{method: "POST", path: "/bookings/" + strings.ToUpper(bookingID) + "/checkout", token: token})
	var named []any
	for _, line := range b.lines(t) {
		named = append(named, line["msg"], line["request_id"], line["booking"])
	}
	require.Equal(t, []any{
		"request", booked.header.Get("X-Request-ID"), bookingID,
		"request failed", failed.header.Get("X-Request-ID"), bookingID,
		"request", failed.header.Get("X-Request-ID"), bookingID,
	}, named)
}

// The store's and the service's lines go through the same handler, with attributes and groups of their own.
func TestRequestIDsStayWithDerivedLoggers(t *testing.T) {
	t.Parallel()
	logs := &safeBuffer{}
	logger := slog.New(RequestIDs(RequestIDs(slog.NewJSONHandler(logs, nil)))).With("process", "api")
	logger.InfoContext(withRequestID(t.Context(), "r1"), "hello")
	logger.InfoContext(t.Context(), "nobody asked")
	logger.WithGroup("g").InfoContext(withRequestID(t.Context(), "r2"), "hello")
	require.Equal(t, 1, strings.Count(logs.String(), `"request_id":"r1"`))
	require.Equal(t, 1, strings.Count(logs.String(), "r2"))
	require.Equal(t, 2, strings.Count(logs.String(), "request_id"))
}

// Whatever a client puts where, it writes no line of its own into the log, and no text of its own into a line.
func TestClientsDoNotWriteTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token := b.users.join("ada")
	evil := "\n{\"level\":\"INFO\",\"msg\":\"logged in as root\"}\x1b[31m"
	escaped := "%0a%7b%22msg%22:%22root%22%7d"
	for _, in := range []request{
		{method: "GET", path: "/" + escaped}, {method: "GET", path: "/bookings/" + escaped, token: token},
		{method: "GET", path: "/events?city=" + escaped, token: token}, {method: "GET", path: "/app/" + escaped},
		{method: "ROOT", path: "/me"}, jsonOf("/login", `{"username":"root\nroot","password":"root"}`),
		{method: "GET", path: "/me", token: token, headers: []string{"User-Agent", evil, "Referer", evil, "X-Request-ID", evil, "X-Forwarded-For", evil}},
		jsonOf("/webhooks/stripe", `{"root":1}`, "Stripe-Signature", evil),
	} {
		before := len(b.lines(t))
		b.do(t, in)
		require.Len(t, b.lines(t), before+1, "%s %s", in.method, in.path)
	}
	require.NotContains(t, b.logs.String(), "root")
	require.NotContains(t, b.logs.String(), "ROOT")
}
