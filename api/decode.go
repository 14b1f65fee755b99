package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/boxoffice/boxoffice"
)

// The bounds of a body.
const (
	maxBody        = 64 << 10
	maxWebhookBody = 256 << 10
	maxDepth       = 16 // of nesting
	maxComplaints  = 20 // about one body
)

// readJSON reads the body into dst and gives it as it came. CodeTooLarge, CodeUnsupportedMedia, CodeMalformed, and
// CodeInvalid with every field that is unknown, missing, doubled, or of the wrong type.
func readJSON(c *gin.Context, dst any) ([]byte, error) {
	if err := checkMediaType(c.Request.Header, "application/json"); err != nil {
		return nil, err
	}
	body, err := readBody(c, maxBody)
	if err != nil {
		return nil, err
	}
	return body, decodeJSON(body, dst)
}

// readOptionalJSON is readJSON where the body may be left out, with a length or without one.
func readOptionalJSON(c *gin.Context, dst any) ([]byte, error) {
	body, err := readBody(c, maxBody)
	if err != nil || len(body) == 0 {
		return nil, err
	}
	if err := checkMediaType(c.Request.Header, "application/json"); err != nil {
		return nil, err
	}
	return body, decodeJSON(body, dst)
}

// readNothing refuses a body, so that nobody believes to have said something: but for "{}", which many clients send.
func readNothing(c *gin.Context) error {
	body, err := readBody(c, maxBody)
	if err != nil {
		return err
	}
	if text := bytes.TrimSpace(body); len(text) > 0 && string(text) != "{}" {
		return boxoffice.InvalidField("body", "This request takes no body.")
	}
	return nil
}

// readBody reads all of the body. CodeTooLarge, CodeMalformed.
func readBody(c *gin.Context, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, boxoffice.Errorf(boxoffice.CodeTooLarge, "The body may have at most %d bytes.", limit)
	}
	if err != nil {
		return nil, boxoffice.WrapError(boxoffice.CodeMalformed, err, "The body broke off.")
	}
	return body, nil
}

func checkMediaType(header http.Header, want string) error {
	got, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset, given := params["charset"]
	if err != nil || got != want || given && !strings.EqualFold(charset, "utf-8") {
		return boxoffice.Errorf(boxoffice.CodeUnsupportedMedia, "The body must be %s in UTF-8.", want)
	}
	if coding := header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return boxoffice.Errorf(boxoffice.CodeUnsupportedMedia, "The body must not be compressed.")
	}
	return nil
}

// decodeJSON reads one JSON text into dst. encoding/json alone takes the last of two equal fields, any case of a name,
// null for anything, and repairs broken UTF-8 and UTF-16: here each is refused, by name.
func decodeJSON(body []byte, dst any) error {
	if !utf8.Valid(body) {
		return boxoffice.Errorf(boxoffice.CodeMalformed, "The body is not UTF-8.")
	}
	var raw json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && len(bytes.TrimSpace(body)) > 0 {
			return boxoffice.WrapError(boxoffice.CodeMalformed, err, fmt.Sprintf("The body is not JSON, at byte %d.", syntax.Offset))
		}
		return boxoffice.WrapError(boxoffice.CodeMalformed, err, "The body is empty; JSON is expected.")
	}
	check := bodyCheck{body: body, decoder: json.NewDecoder(bytes.NewReader(body))}
	check.decoder.UseNumber()
	if err := check.value("", reflect.TypeOf(dst).Elem(), 0); err != nil {
		return boxoffice.WrapError(boxoffice.CodeMalformed, err, "The body is nested too deeply.")
	}
	if err := check.wrong.err(); err != nil {
		return err
	}
	err := json.Unmarshal(body, dst)
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return boxoffice.InvalidField(mismatch.Field, "This is out of range.")
	}
	return err
}

// bodyCheck walks a valid JSON text along the Go type that it is meant for.
type bodyCheck struct {
	body    []byte
	decoder *json.Decoder
	wrong   fields
}

var errTooDeep = errors.New("nested too deeply")

// value checks the next value, at path, against t; without a type it may be anything.
func (b *bodyCheck) value(path string, t reflect.Type, depth int) error {
	start := b.decoder.InputOffset()
	token, err := b.decoder.Token()
	if err != nil {
		return err
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[RefundOrNull]() {
		if token == nil {
			return nil
		}
		t = reflect.TypeFor[RefundPolicy]()
	}
	if want, got := jsonKind(t), tokenKind(token); want != "" && want != got {
		b.complain(path, fmt.Sprintf("This must be %s, not %s.", want, got))
		t = nil
	}
	b.wholeNumber(path, t, token)
	switch token := token.(type) {
	case json.Delim:
		if depth == maxDepth {
			return errTooDeep
		}
		if token == '[' {
			return b.array(path, t, depth+1)
		}
		return b.object(path, t, depth+1)
	case string:
		if strings.ContainsRune(token, 0) {
			b.complain(path, "This must not contain the character NUL.")
		}
		if halfACharacter(b.body[start:b.decoder.InputOffset()]) {
			b.complain(path, "This contains half a character: a lone surrogate.")
		}
	}
	return nil
}

// wholeNumber refuses what does not fit an integer. encoding/json would, too, but in a map it does not say where.
func (b *bodyCheck) wholeNumber(path string, t reflect.Type, token json.Token) {
	number, ok := token.(json.Number)
	if !ok || t == nil || t.Kind() != reflect.Int && t.Kind() != reflect.Int64 {
		return
	}
	if _, err := strconv.ParseInt(number.String(), 10, 64); err != nil {
		b.complain(path, "This must be a whole number, and not out of all range.")
	}
}

// halfACharacter reports whether a valid JSON string has an escape like \ud800 that is not one of a pair.
func halfACharacter(quoted []byte) bool {
	pending := false // the first of a pair was just read
	for i := 0; i < len(quoted); i++ {
		var unit uint64
		if quoted[i] == '\\' {
			if i++; quoted[i] == 'u' {
				unit, _ = strconv.ParseUint(string(quoted[i+1:i+5]), 16, 16) // valid JSON has four digits here
				i += 4
			}
		}
		second := unit >= 0xdc00 && unit <= 0xdfff
		if second != pending {
			return true
		}
		pending = unit >= 0xd800 && unit <= 0xdbff
	}
	return false
}

func (b *bodyCheck) array(path string, t reflect.Type, depth int) error {
	var item reflect.Type
	if t != nil && t.Kind() == reflect.Slice {
		item = t.Elem()
	}
	for i := 0; b.decoder.More(); i++ {
		if err := b.value(path+"["+strconv.Itoa(i)+"]", item, depth); err != nil {
			return err
		}
	}
	_, err := b.decoder.Token()
	return err
}

func (b *bodyCheck) object(path string, t reflect.Type, depth int) error {
	known, strict := objectFields(t)
	seen := map[string]bool{}
	for b.decoder.More() {
		token, err := b.decoder.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		at := joinPath(path, name)
		field, ok := known[name]
		switch {
		case seen[name]:
			b.complain(at, "This is given twice.")
		case strict && !ok:
			b.complain(at, "There is no such field.")
		}
		seen[name] = true
		kind := field.kind
		if t != nil && t.Kind() == reflect.Map {
			kind = t.Elem()
		}
		if err := b.value(at, kind, depth); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if known[name].required && !seen[name] {
			b.complain(joinPath(path, name), "This is required.")
		}
	}
	_, err := b.decoder.Token()
	return err
}

func (b *bodyCheck) complain(path, message string) {
	if path == "" {
		path = "body"
	}
	if len(b.wrong) < maxComplaints {
		b.wrong.add(path, message)
	}
}

// objectField is what the generated type says of a field: required ones are those without omitempty.
type objectField struct {
	kind     reflect.Type
	required bool
}

// objectFields gives the fields of a struct; strict says that there may be no others.
func objectFields(t reflect.Type) (known map[string]objectField, strict bool) {
	if t == nil || t.Kind() != reflect.Struct {
		return nil, false
	}
	known = map[string]objectField{}
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		known[name] = objectField{kind: t.Field(i).Type, required: !strings.Contains(options, "omitempty")}
	}
	return known, true
}

func joinPath(path, name string) string {
	const longest = 64 // what a client made up is told back, but not all of it
	if runes := []rune(name); len(runes) > longest {
		name = string(runes[:longest]) + "…"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// jsonKinds says in words what JSON the kinds of Go types are read from that the generated types have.
var jsonKinds = map[reflect.Kind]string{
	reflect.String: "a string", reflect.Bool: "true or false", reflect.Slice: "an array",
	reflect.Int: "a number", reflect.Int32: "a number", reflect.Int64: "a number",
	reflect.Float32: "a number", reflect.Float64: "a number",
	reflect.Struct: "an object", reflect.Map: "an object",
}

// jsonKind says what a type is read from; "" if from anything.
func jsonKind(t reflect.Type) string {
	if t == nil {
		return ""
	}
	return jsonKinds[t.Kind()]
}

func tokenKind(token json.Token) string {
	switch token := token.(type) {
	case string:
		return "a string"
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case json.Delim:
		if token == '[' {
			return "an array"
		}
		return "an object"
	default:
		return "null"
	}
}
