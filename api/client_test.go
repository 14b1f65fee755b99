package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// builtClient is a client as a build leaves it.
func builtClient() fstest.MapFS {
	return fstest.MapFS{
		"index.html":            {Data: []byte(`<title>{{site}}</title><script src="/app/assets/index-a1.js"></script>`)},
		"assets/index-a1.js":    {Data: []byte(`"plain"`)},
		"assets/index-a1.js.br": {Data: []byte(`by brotli`)},
		"assets/index-a1.js.gz": {Data: []byte(`by gzip`)},
		"assets/icon.svg":       {Data: []byte(`<svg/>`)},
		"assets/icon-192.png":   {Data: []byte(`a picture`)},
		"manifest.webmanifest":  {Data: []byte(`{"name": "{{site}}"}`)},
		"sw.js":                 {Data: []byte(`self`)},
		"assets/notes.txt":      {Data: []byte(`no part of it`)},
	}
}

var clientRoutes = []string{
	"/app", "/app/login", "/app/signup", "/app/bookings", "/app/bookings/" + bookingID, "/app/titles/" + titleID, "/app/events/" + eventID,
}

// A link into the client opens it, logged in or not; what it then asks the API for is for the API to refuse.
func TestEveryRouteOfTheClientIsItsIndex(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Name = `Ada's <Hall>` })
	for _, path := range clientRoutes {
		got := b.visit(t, "GET", path+"?q=x", "", nil)
		require.Equal(t, http.StatusOK, got.status, path)
		require.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"))
		require.Contains(t, string(got.body), "<title>Ada&#39;s &lt;Hall&gt;</title>")
		require.Equal(t, "no-cache", got.header.Get("Cache-Control"))
		policy := got.header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'; script-src 'self'; style-src 'self';")
		require.NotContains(t, policy, "unsafe")
		require.NotContains(t, policy, "http", "nobody else's server")

		again := b.do(t, request{method: "GET", path: path, headers: []string{"If-None-Match", got.header.Get("ETag")}})
		require.Equal(t, http.StatusNotModified, again.status)
	}
}

// The same words in front of the API are its own business: programs get no page.
func TestPathsOfTheAPIAreNoPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range clientRoutes[1:] {
		got := b.do(t, request{method: "GET", path: strings.TrimPrefix(path, "/app"), headers: []string{"Accept", "text/html"}})
		require.NotEqual(t, http.StatusOK, got.status)
		require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
	}
}

func TestAssetsAreKeptAndComeCompressed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for accepted, want := range map[string][2]string{
		"gzip, deflate, br": {"br", "by brotli"}, "gzip": {"gzip", "by gzip"}, "": {"", `"plain"`}, "br;q=0, gzip;q=0": {"", `"plain"`},
	} {
		got := b.do(t, request{method: "GET", path: "/app/assets/index-a1.js", headers: []string{"Accept-Encoding", accepted}})
		require.Equal(t, http.StatusOK, got.status)
		require.Equal(t, want[0], got.header.Get("Content-Encoding"), accepted)
		require.Equal(t, want[1], string(got.body))
		require.Equal(t, "Accept-Encoding", got.header.Get("Vary"))
		require.Equal(t, "text/javascript; charset=utf-8", got.header.Get("Content-Type"))
		require.Equal(t, "public, max-age=31536000, immutable", got.header.Get("Cache-Control"))
	}
	require.Equal(t, "image/png", b.do(t, request{method: "GET", path: "/app/assets/icon-192.png"}).header.Get("Content-Type"))
	require.Equal(t, "image/svg+xml", b.do(t, request{method: "GET", path: "/app/assets/icon.svg"}).header.Get("Content-Type"))
	for _, name := range []string{"index-b2.js", "notes.txt", "index-a1.js.gz", "..%2findex.html", "%2e%2e"} {
		got := b.do(t, request{method: "GET", path: "/app/assets/" + name})
		require.Equal(t, http.StatusNotFound, got.status, name)
		require.Equal(t, "no-store", got.header.Get("Cache-Control"), "a file of the next release may be asked for while the old one answers")
	}
}

// What a browser keeps of a release it asks for anew each time, so that the next one is seen.
func TestTheClientIsInstallable(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.Name = `Ada's "<Hall>"` })
	manifest := b.do(t, request{method: "GET", path: "/app/manifest.webmanifest"})
	require.Equal(t, "application/manifest+json", manifest.header.Get("Content-Type"))
	var written struct{ Name string }
	require.NoError(t, json.Unmarshal(manifest.body, &written))
	require.Equal(t, `Ada's "<Hall>"`, written.Name)

	worker := b.do(t, request{method: "GET", path: "/app/sw.js"})
	require.Equal(t, "text/javascript; charset=utf-8", worker.header.Get("Content-Type"))
	require.Equal(t, "/app", worker.header.Get("Service-Worker-Allowed"), "its scope has no slash at its end")
	require.Equal(t, "self", string(worker.body))

	for path, got := range map[string]result{"/app/manifest.webmanifest": manifest, "/app/sw.js": worker} {
		require.Equal(t, "no-cache", got.header.Get("Cache-Control"))
		again := b.do(t, request{method: "GET", path: path, headers: []string{"If-None-Match", got.header.Get("ETag")}})
		require.Equal(t, http.StatusNotModified, again.status)
	}
	policy := b.visit(t, "GET", "/app", "", nil).header.Get("Content-Security-Policy")
	for _, part := range []string{"img-src 'self' blob:;", "worker-src 'self';", "manifest-src 'self';", "trusted-types worker"} {
		require.Contains(t, policy, part)
	}
}

func TestAClientThatLacksAFileDoesNotStart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"index.html", "manifest.webmanifest", "sw.js"} {
		files := builtClient()
		delete(files, name)
		_, err := readClient(files, "boxoffice")
		require.ErrorContains(t, err, name)
	}
}

// A page names what it needs, so that a browser fetches all of it at once; an ID is written into nothing unless it is one.
func TestPagesNameWhatTheyNeed(t *testing.T) {
	t.Parallel()
	files := builtClient()
	files["preload.json"] = &fstest.MapFile{Data: []byte(
		`{"/app/events/{id}": {"files": ["/app/assets/event-a1.js", "/app/assets/event-a1.css"], "data": ["/me", "/events/{id}"]}}`)}
	b := setup(t, func(o *Options) { o.Client = files })
	ada := b.users.join("ada")
	const ofFiles = "</app/assets/event-a1.js>; rel=modulepreload, </app/assets/event-a1.css>; rel=preload; as=style; crossorigin"
	linkOf := func(path, session string) string { return b.visit(t, "GET", path, session, nil).header.Get("Link") }
	require.Equal(t, ofFiles+", </me>; rel=preload; as=fetch; crossorigin, </events/"+eventID+">; rel=preload; as=fetch; crossorigin",
		linkOf("/app/events/"+eventID, ada))
	require.Equal(t, ofFiles, linkOf("/app/events/"+eventID, ""), "the rest would be refused")
	for _, path := range []string{"/app/events/x", "/app/events/%3E,%20%3Chttps:%2F%2Fevil.example", "/app"} {
		require.Empty(t, linkOf(path, ada), path)
	}
	files["preload.json"] = &fstest.MapFile{Data: []byte(`{`)}
	_, err := readClient(files, "")
	require.ErrorContains(t, err, "preload.json")
}
