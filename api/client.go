package api

import (
	"bytes"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// clientPolicy lets the web client run its own scripts and styles and talk to this origin, and nothing else: no inline
// code, no frame, no form that a browser sends by itself, no string that becomes markup.
const clientPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// client is the web client in memory. Its index answers every route of the client; its assets have their hash in their
// names, so a browser keeps them for ever.
type client struct {
	index    *clientFile
	preloads preloads
	assets   map[string]*clientFile // by name
}

// clientFile is a file with its compressed twins, which the build made; nil: it has none.
type clientFile struct {
	kind            string
	plain, gzip, br []byte
	etag            string
}

// siteName stands in index.html where the site's name belongs.
const siteName = "{{site}}"

// readClient reads the built client. Its files are part of the program: one that is missing shows at the first start.
func readClient(files fs.FS, site string) (*client, error) {
	page, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, fmt.Errorf("api: Client: %w", err)
	}
	page = bytes.ReplaceAll(page, []byte(siteName), []byte(html.EscapeString(site)))
	c := &client{
		index:  &clientFile{kind: "text/html; charset=utf-8", plain: page, gzip: zip(page), etag: etagOf(page)},
		assets: map[string]*clientFile{},
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

// clientKinds are the media types of what a client is made of. The compressed twins of these files are not among them.
var clientKinds = map[string]string{
	".js":    "text/javascript; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".svg":   "image/svg+xml",
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
	s.client.preloads.announce(c)
	s.client.index.serve(c, "no-cache")
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
