package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// The sizes of a page.
const (
	defaultPage = 50
	maxPage     = 100
	ticketsPage = 1000 // of an event's available tickets
	maxSection  = 40   // characters of a section's name
)

var (
	uuidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	hashShape = regexp.MustCompile(`^[0-9a-f]{64}$`)
	keyShape  = regexp.MustCompile(`^[!-~]{1,255}$`)
)

// pathID reads an ID from the path, in lower case. What is no UUID names nothing: CodeNotFound.
func pathID(c *gin.Context, name string) (string, error) {
	id := c.Param(name)
	if !uuidShape.MatchString(id) {
		return "", boxoffice.Errorf(boxoffice.CodeNotFound, "There is nothing of this ID.")
	}
	return strings.ToLower(id), nil
}

// query reads the parameters of a URL and gathers what is wrong with them. Unknown ones are let through.
type query struct {
	values url.Values
	wrong  fields
}

func newQuery(c *gin.Context) *query {
	q := &query{}
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		q.wrong.add("query", "The query string is broken.")
	}
	q.values = values
	return q
}

// text reads a parameter of at most limit characters; absent and empty are "".
func (q *query) text(name string, limit int) string {
	values := q.values[name]
	switch {
	case len(values) == 0:
		return ""
	case len(values) > 1:
		q.wrong.add(name, "This is given twice.")
	case !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0):
		q.wrong.add(name, "This must be UTF-8 without NUL.")
	case utf8.RuneCountInString(values[0]) > limit:
		q.wrong.add(name, "This may have at most "+strconv.Itoa(limit)+" characters.")
	default:
		return values[0]
	}
	return ""
}

func (q *query) id(name string) string {
	text := q.text(name, 36)
	if text != "" && !uuidShape.MatchString(text) {
		q.wrong.add(name, "This is not a UUID.")
	}
	return strings.ToLower(text)
}

// time reads a time, or a day as its beginning in UTC.
func (q *query) time(name string) time.Time {
	text := q.text(name, 40)
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 0 {
			return t.UTC()
		}
	}
	q.wrong.add(name, "This must be a time like 2026-12-01T18:00:00Z, or a day like 2026-12-01.")
	return time.Time{}
}

// flag reads a yes or no; absent is no.
func (q *query) flag(name string) bool {
	switch q.text(name, 20) {
	case "true":
		return true
	case "", "false":
	default:
		q.wrong.add(name, "This must be true or false.")
	}
	return false
}

// none reads whether something is to be left out, which is asked for by "none".
func (q *query) none(name string) bool {
	switch q.text(name, 20) {
	case "none":
		return true
	case "":
	default:
		q.wrong.add(name, "This must be none, or left out.")
	}
	return false
}

// kind reads a kind of support task; absent is "".
func (q *query) kind(name string) boxoffice.TaskKind {
	kind := boxoffice.TaskKind(q.text(name, 40))
	if kind != "" && !slices.Contains(boxoffice.TaskKinds, kind) {
		q.wrong.add(name, "There are no tasks of this kind.")
	}
	return kind
}

// closed reads whether what is closed is asked for; absent is what is open.
func (q *query) closed(name string) bool {
	switch q.text(name, 20) {
	case "closed":
		return true
	case "", "open":
	default:
		q.wrong.add(name, "This must be open or closed.")
	}
	return false
}

func (q *query) cursor() string { return q.text("cursor", 512) }

func (q *query) limit() int {
	text := q.text("limit", 20)
	if text == "" {
		return defaultPage
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage {
		q.wrong.add("limit", "This must be a number from 1 to "+strconv.Itoa(maxPage)+".")
	}
	return n
}

// idempotencyKey reads the header of a write; nil without one. The three names of booking are one route, and a booking's
// ID is part of what must be equal, so that a key never answers for another booking; so is the query. CodeInvalid.
func idempotencyKey(
	c *gin.Context, user boxoffice.User, route, bookingID string, body []byte,
) (*boxoffice.IdempotencyKey, error) {
	const header = "Idempotency-Key"
	values := c.Request.Header.Values(header)
	if len(values) == 0 {
		return nil, nil //nolint:nilnil // no key is how the root says that there is none
	}
	if len(values) > 1 {
		return nil, boxoffice.InvalidField(header, "This header is given twice.")
	}
	if !keyShape.MatchString(values[0]) {
		return nil, boxoffice.InvalidField(header, "This must be 1 to 255 visible ASCII characters.")
	}
	hash := sha256.New()
	for _, part := range []string{route, bookingID, c.Request.URL.RawQuery} {
		hash.Write([]byte(part + "\n"))
	}
	hash.Write(body)
	return &boxoffice.IdempotencyKey{UserID: user.ID, Route: route, Key: values[0], BodyHash: hash.Sum(nil)}, nil
}

// etagOf names a content. It is weak, because compressed and plain answers share it.
func etagOf(content []byte) string {
	sum := sha256.Sum256(content)
	return `W/"` + hex.EncodeToString(sum[:16]) + `"`
}

// matchesETag reports whether an If-None-Match header has the content, by weak comparison (RFC 9110, section 13.1.2).
func matchesETag(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
