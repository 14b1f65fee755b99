package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/maypok86/otter/v2"
)

const (
	documentMemory = 64 << 20      // of rendered answers kept at one time
	forGood        = 6 * time.Hour // how long an answer is kept that never changes
	worthZipping   = 4 << 10
)

// document is a rendered answer that many clients get. Reads far outnumber writes: within a moment all of them share one
// query, one rendering and one compression.
type document struct {
	body   []byte
	etag   string
	keep   time.Duration
	zipped func() []byte // compressed at first use; nil if that saves nothing
}

func newDocument(body []byte, keep time.Duration) *document {
	return &document{body: body, etag: etagOf(body), keep: keep, zipped: sync.OnceValue(func() []byte { return zip(body) })}
}

// plainDocument renders an answer that one client gets, which is not worth compressing.
func plainDocument(view any) (*document, error) {
	body, err := json.Marshal(view)
	if err != nil {
		return nil, err
	}
	return &document{body: body, etag: etagOf(body), zipped: func() []byte { return nil }}, nil
}

func newDocuments() (*otter.Cache[string, *document], error) {
	return otter.New(&otter.Options[string, *document]{
		MaximumWeight: documentMemory,
		Weigher:       func(key string, d *document) uint32 { return uint32(min(len(key)+len(d.body), math.MaxUint32)) },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(entry otter.Entry[string, *document]) time.Duration {
			return entry.Value.keep
		}),
	})
}

// document gives the document of a key, built at most once at a time and kept for a while. Errors are not kept.
func (s *Server) document(
	ctx context.Context, key string, keep time.Duration, read func(context.Context) (any, error),
) (*document, error) {
	build := func(ctx context.Context, _ string) (*document, error) {
		view, err := read(ctx)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(view)
		if err != nil {
			return nil, err
		}
		return newDocument(body, keep), nil
	}
	if keep <= 0 {
		return build(ctx, key)
	}
	return s.documents.Get(ctx, key, otter.LoaderFunc[string, *document](build))
}

// isKnown reports whether the client has it.
func (d *document) isKnown(c *gin.Context) bool {
	return matchesETag(c.GetHeader("If-None-Match"), d.etag)
}

// serve answers with the document, or with 304 where the client has it.
func (d *document) serve(c *gin.Context, cacheControl string) error {
	c.Header("Cache-Control", cacheControl)
	c.Header("ETag", d.etag)
	c.Header("Vary", "Accept-Encoding")
	if d.isKnown(c) {
		c.Status(http.StatusNotModified)
		return nil
	}
	if accepts(c.GetHeader("Accept-Encoding"), "gzip") {
		if zipped := d.zipped(); zipped != nil {
			c.Header("Content-Encoding", "gzip")
			c.Data(http.StatusOK, "application/json", zipped)
			return nil
		}
	}
	c.Data(http.StatusOK, "application/json", d.body)
	return nil
}

// zip compresses fast rather than well; nil where that saves nothing.
func zip(body []byte) []byte {
	if len(body) < worthZipping {
		return nil
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil
	}
	if _, err := w.Write(body); err != nil {
		return nil
	}
	if err := w.Close(); err != nil || out.Len() >= len(body) {
		return nil
	}
	return out.Bytes()
}

// accepts reads an Accept-Encoding header (RFC 9110, section 12.5.3).
func accepts(header, coding string) bool {
	for accepted := range strings.SplitSeq(header, ",") {
		name, quality, _ := strings.Cut(accepted, ";")
		name, quality = strings.TrimSpace(name), strings.ReplaceAll(quality, " ", "")
		if strings.EqualFold(name, coding) || name == "*" {
			return strings.Trim(quality, "qQ=0.") != "" || quality == ""
		}
	}
	return false
}
