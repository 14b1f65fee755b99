package typesense

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// fields are a document: its fields by name, numbers as they were written.
type fields map[string]any

// parseDocument reads one JSON object.
func parseDocument(body []byte) (fields, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, badRequest("Bad JSON: [json.exception.parse_error.101] parse error: %s", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, badRequest("Bad JSON: [json.exception.parse_error.101] parse error: more than one value")
	}
	document, ok := value.(map[string]any)
	if !ok {
		return nil, badRequest("Bad JSON: not a properly formed document.")
	}
	return document, nil
}

// encode gives a value's JSON, with its markup as it is.
func encode(value any) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// id gives the document's ID, or "" if it has none.
func (d fields) id() (string, error) {
	value, ok := d["id"]
	if !ok {
		return "", nil
	}
	id, ok := value.(string)
	switch {
	case !ok:
		return "", badRequest("Document's `id` field should be a string.")
	case id == "":
		return "", badRequest("The `id` should not be empty.")
	}
	return id, nil
}

// merge lays the fields of a change over a document. null takes a field away.
func (d fields) merge(change fields) {
	for name, value := range change {
		d[name] = value
	}
}

// dirty says what is done with a value of the wrong type: dirty_values.
type dirty struct {
	coerce bool // make it the right type, if it can be
	drop   bool // else leave it out, if its field is optional
}

func parseDirty(value string) (dirty, error) {
	switch value {
	case "", "reject":
		return dirty{}, nil
	case "drop":
		return dirty{drop: true}, nil
	case "coerce_or_reject":
		return dirty{coerce: true}, nil
	case "coerce_or_drop":
		return dirty{coerce: true, drop: true}, nil
	}
	return dirty{}, badRequest("Parameter `dirty_values` is invalid.")
}

// conform holds a document against the schema, and makes it fit as far as dirty allows.
func (s schema) conform(d fields, dirty dirty) error {
	if s.DefaultSortingField != "" {
		if _, ok := d[s.DefaultSortingField]; !ok {
			return badRequest("Field `%s` has been declared as a default sorting field, but is not found in the document.", s.DefaultSortingField)
		}
	}
	for _, f := range s.Fields {
		value, ok := d[f.Name]
		if value == nil && f.Optional {
			delete(d, f.Name)
			continue
		}
		if !ok {
			return badRequest("Field `%s` has been declared in the schema, but is not found in the document.", f.Name)
		}
		fitting, err := f.conform(value, dirty.coerce)
		if err != nil && dirty.drop && f.Optional {
			delete(d, f.Name)
			continue
		}
		if err != nil {
			return err
		}
		d[f.Name] = fitting
	}
	return nil
}

// conform gives the value as one of the field's type.
func (f field) conform(value any, coerce bool) (any, error) {
	if f.base() == typeGeo && !f.isArray() {
		return f.point(value, coerce)
	}
	if !f.isArray() {
		return f.element(value, coerce, "a")
	}
	list, ok := value.([]any)
	if !ok {
		return nil, badRequest("Field `%s` must be an array.", f.Name)
	}
	fitting := make([]any, len(list))
	for i, element := range list {
		var err error
		if f.base() == typeGeo {
			fitting[i], err = f.point(element, coerce)
		} else {
			fitting[i], err = f.element(element, coerce, "an array of")
		}
		if err != nil {
			return nil, err
		}
	}
	return fitting, nil
}

func (f field) point(value any, coerce bool) (any, error) {
	list, ok := value.([]any)
	if ok && len(list) == 2 {
		lat, latErr := number(list[0], coerce)
		lng, lngErr := number(list[1], coerce)
		if latErr == nil && lngErr == nil {
			return []any{lat, lng}, nil
		}
	}
	return nil, badRequest("Field `%s` must be a 2 element array: [lat, lng].", f.Name)
}

func (f field) element(value any, coerce bool, article string) (any, error) {
	var fitting any
	var ok bool
	switch f.base() {
	case typeString:
		fitting, ok = asString(value, coerce)
	case typeBool:
		fitting, ok = asBool(value, coerce)
	case typeFloat:
		n, err := number(value, coerce)
		fitting, ok = n, err == nil
	default:
		fitting, ok = asInteger(value, coerce)
	}
	if ok {
		return fitting, nil
	}
	if article == "a" && strings.HasPrefix(f.base(), "int") {
		article = "an"
	}
	return nil, badRequest("Field `%s` must be %s %s.", f.Name, article, f.base())
}

func asString(value any, coerce bool) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), coerce
	case bool:
		return strconv.FormatBool(v), coerce
	}
	return "", false
}

func asBool(value any, coerce bool) (value2 bool, ok bool) {
	if b, ok := value.(bool); ok {
		return b, true
	}
	if !coerce {
		return false, false
	}
	switch fmt.Sprint(value) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// number gives a finite number as it was written.
func number(value any, coerce bool) (json.Number, error) {
	n, ok := value.(json.Number)
	if s, isString := value.(string); isString && coerce {
		n, ok = json.Number(strings.TrimSpace(s)), true
	}
	if !ok {
		return "", badRequest("not a number")
	}
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || !json.Valid([]byte(n)) {
		return "", badRequest("not a number")
	}
	return n, nil
}

func asInteger(value any, coerce bool) (json.Number, bool) {
	if b, ok := value.(bool); ok && coerce {
		if b {
			return "1", true
		}
		return "0", true
	}
	n, err := number(value, coerce)
	if err != nil {
		return "", false
	}
	if _, err := n.Int64(); err == nil {
		return n, true
	}
	f, err := n.Float64()
	if err != nil || !coerce || math.Abs(f) > 1<<62 {
		return "", false
	}
	return json.Number(strconv.FormatInt(int64(f), 10)), true
}
