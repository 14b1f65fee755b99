package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// clientPolicy lets the web client run its own scripts and styles and talk to this origin, and nothing else: no inline
// code, no frame, no form that a browser sends by itself, no string that becomes markup. Pictures of tickets that are kept
// on the device are blobs, which only our own scripts make. The one trusted type is the worker's address, a constant.
const clientPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; " +
	"connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types worker"

// client is the web client in memory. Its index answers every route of the client; its assets have their hash in their
// names, so a browser keeps them for ever.
type client struct {
	index    *clientFile
	preloads preloads
	manifest *clientFile            // what a browser installs the client by
	worker   *clientFile            // what opens it without a network
	assets   map[string]*clientFile // by name
}

// clientFile is a file with its compressed twins, which the build made; nil: it has none.
type clientFile struct {
	kind            string
	plain, gzip, br []byte
	etag            string
}

// siteName stands in index.html and in the manifest where the site's name belongs.
const siteName = "{{site}}"

// readClient reads the built client. Its files are part of the program: one that is missing shows at the first start.
func readClient(files fs.FS, site string) (*client, error) {
	quoted, err := json.Marshal(site)
	if err != nil {
		return nil, err
	}
	c := &client{assets: map[string]*clientFile{}}
	if c.index, err = readNamed(files, "index.html", "text/html; charset=utf-8", html.EscapeString(site)); err != nil {
		return nil, err
	}
	if c.manifest, err = readNamed(files, "manifest.webmanifest", "application/manifest+json", string(quoted[1:len(quoted)-1])); err != nil {
		return nil, err
	}
	if c.worker, err = readClientFile(files, "sw.js", clientKinds[".js"]); err != nil {
		return nil, err
	}
	if c.preloads, err = readPreloads(files); err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "assets/*")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		kind, known := clientKinds[path.Ext(name)]
		if !known {
			continue
		}
		if c.assets[path.Base(name)], err = readClientFile(files, name, kind); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// readNamed reads a file whose name stays from release to release, and writes the site's name into it.
func readNamed(files fs.FS, name, kind, site string) (*clientFile, error) {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("api: Client: %w", err)
	}
	content = bytes.ReplaceAll(content, []byte(siteName), []byte(site))
	return &clientFile{kind: kind, plain: content, gzip: zip(content), etag: etagOf(content)}, nil
}

// clientKinds are the media types of what a client is made of. The compressed twins of these files are not among them.
var clientKinds = map[string]string{
	".js":    "text/javascript; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".svg":   "image/svg+xml",
	".png":   "image/png",
	".woff2": "font/woff2",
}

func readClientFile(files fs.FS, name, kind string) (*clientFile, error) {
	plain, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("api: Client: %w", err)
	}
	f := &clientFile{kind: kind, plain: plain, etag: etagOf(plain)}
	f.gzip, _ = fs.ReadFile(files, name+".gz") // small files have no twin
	f.br, _ = fs.ReadFile(files, name+".br")
	return f, nil
}

// serve answers with the file in the smallest form that the browser takes, or with 304 where it has it.
func (f *clientFile) serve(c *gin.Context, cacheControl string) {
	c.Header("Content-Security-Policy", clientPolicy)
	c.Header("Cache-Control", cacheControl)
	c.Header("ETag", f.etag)
	c.Header("Vary", "Accept-Encoding")
	accepted := c.GetHeader("Accept-Encoding")
	body, coding := f.plain, ""
	switch {
	case matchesETag(c.GetHeader("If-None-Match"), f.etag):
		c.Status(http.StatusNotModified)
		return
	case f.br != nil && accepts(accepted, "br"):
		body, coding = f.br, "br"
	case f.gzip != nil && accepts(accepted, "gzip"):
		body, coding = f.gzip, "gzip"
	}
	if coding != "" {
		c.Header("Content-Encoding", coding)
	}
	c.Data(http.StatusOK, f.kind, body)
}

// pageClient answers a route of the client: the browser asks each time, and gets 304.
func (s *Server) pageClient(c *gin.Context, _ boxoffice.User) error {
	_, err := c.Request.Cookie(s.cookieName())
	s.client.preloads.announce(c, err == nil)
	s.client.index.serve(c, "no-cache")
	return nil
}

func (s *Server) pageManifest(c *gin.Context, _ boxoffice.User) error {
	s.client.manifest.serve(c, "no-cache")
	return nil
}

// pageWorker answers with the service worker, which is for all of the client: /app itself, and what is below.
func (s *Server) pageWorker(c *gin.Context, _ boxoffice.User) error {
	c.Header("Service-Worker-Allowed", "/app")
	s.client.worker.serve(c, "no-cache")
	return nil
}

func (s *Server) pageAsset(c *gin.Context, _ boxoffice.User) error {
	file, ok := s.client.assets[c.Param("file")]
	if !ok {
		return boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such file. Please load the page again.")
	}
	file.serve(c, "public, max-age=31536000, immutable")
	return nil
}
