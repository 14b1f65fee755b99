package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		`{"username":"ada","password":"correct horse"}`, `{"username":"\u0000"}`, `{"a":{"a":[[[[]]]]}}`,
		`{"username":1e999}`, "", "[", "\xff", `{"username":"\ud800","password":"\ud83c\udfab"}`, `{"username":"\ufffd","password":"�"}`,
		`["` + ticketID + `"]`, "\ufeff{}", `{"username":"\\ud800","password":"x"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in SignUpRequest
		err := decodeJSON(body, &in)
		if err != nil {
			require.Contains(t, []boxoffice.Code{boxoffice.CodeMalformed, boxoffice.CodeInvalid}, boxoffice.CodeOf(err))
			return
		}
		require.True(t, utf8.ValidString(in.Username+in.Password+in.Email+in.Location))
		require.NotContains(t, in.Username+in.Password+in.Email+in.Location, "\x00")
		if strings.ContainsRune(in.Username+in.Password+in.Email+in.Location, utf8.RuneError) {
			require.Regexp(t, `(?i)\\ufffd|\x{fffd}`, string(body), "a character was replaced")
		}
		again, err := json.Marshal(in)
		require.NoError(t, err)
		var same SignUpRequest
		require.NoError(t, decodeJSON(again, &same))
		require.Equal(t, in, same)
	})
}

func FuzzQuery(f *testing.F) {
	f.Add("limit=5&cursor=abc", "key")
	f.Add("limit=%00&cursor=a&cursor=b&from=2026-01-01", "\x00")
	f.Add("title="+titleID+"&to=0000-01-01T00:00:00Z;", strings.Repeat("k", 256))
	f.Fuzz(func(t *testing.T, raw, key string) {
		c := &gin.Context{Request: &http.Request{URL: &url.URL{RawQuery: raw}, Header: http.Header{"Idempotency-Key": {key}}}}
		q := newQuery(c)
		id, from, cursor, limit := q.id("title"), q.time("from"), q.cursor(), q.limit()
		if q.wrong.err() == nil {
			require.True(t, id == "" || uuidShape.MatchString(id))
			require.True(t, from.IsZero() || from.Year() > 0)
			require.NotContains(t, cursor, "\x00")
			require.True(t, limit >= 1 && limit <= maxPage)
		}
		got, err := idempotencyKey(c, boxoffice.User{}, routeBook, "", nil)
		if err == nil {
			require.Equal(t, key, got.Key)
			require.Less(t, len(key), 256)
			require.NotEmpty(t, key)
		}
	})
}

func FuzzPlacesOnOurOrigin(f *testing.F) {
	b, err := parseOrigin("https://box.test")
	require.NoError(f, err)
	s := &Server{base: b}
	for _, seed := range []string{
		"/app", "//evil", `/\evil`, "https://box.test@evil/", "https://box.test.evil/", "javascript:alert(1)", "/\t/evil",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, place string) {
		address, ours := s.onOurOrigin(place)
		if !ours {
			return
		}
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.Equal(t, "https", u.Scheme)
		require.Equal(t, "box.test", u.Host)
		rest := strings.TrimPrefix(address, b.String())
		require.True(t, rest == "" || strings.ContainsAny(rest[:1], "/?#"), address)
	})
}
