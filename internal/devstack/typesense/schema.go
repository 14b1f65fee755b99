package typesense

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// schema is a collection's definition, and with num_documents its summary.
type schema struct {
	Name                string          `json:"name"`
	Fields              []field         `json:"fields"`
	DefaultSortingField string          `json:"default_sorting_field"`
	EnableNestedFields  bool            `json:"enable_nested_fields"`
	SymbolsToIndex      []string        `json:"symbols_to_index"`
	TokenSeparators     []string        `json:"token_separators"`
	CreatedAt           int64           `json:"created_at"` // seconds
	Metadata            json.RawMessage `json:"metadata,omitempty"`
}

// field is one of a collection's fields.
type field struct {
	Name           string `json:"name"`
	Type           string `json:"type"`
	Facet          bool   `json:"facet"`
	Optional       bool   `json:"optional"`
	Index          bool   `json:"index"`
	Sort           bool   `json:"sort"`
	Infix          bool   `json:"infix"`
	Locale         string `json:"locale"`
	Stem           bool   `json:"stem"`
	StemDictionary string `json:"stem_dictionary"`
	Store          bool   `json:"store"`
	RangeIndex     bool   `json:"range_index,omitempty"`
}

// The types of a field, arrays apart, which have a [] behind.
const (
	typeString = "string"
	typeInt32  = "int32"
	typeInt64  = "int64"
	typeFloat  = "float"
	typeBool   = "bool"
	typeGeo    = "geopoint"
)

var types = []string{typeString, typeInt32, typeInt64, typeFloat, typeBool, typeGeo}

// base is the field's type, or that of its elements.
func (f field) base() string { return strings.TrimSuffix(f.Type, "[]") }

func (f field) isArray() bool { return strings.HasSuffix(f.Type, "[]") }

func (f field) isText() bool { return f.base() == typeString }

// isNumber tells whether the field has a column of numbers.
func (f field) isNumber() bool { return !f.isText() && f.base() != typeGeo }

func (s schema) field(name string) (field, bool) {
	i := slices.IndexFunc(s.Fields, func(f field) bool { return f.Name == name })
	if i < 0 {
		return field{}, false
	}
	return s.Fields[i], true
}

// fieldDefinition is a field as a client writes it.
type fieldDefinition struct {
	Name       *string `json:"name"`
	Type       *string `json:"type"`
	Facet      bool    `json:"facet"`
	Optional   bool    `json:"optional"`
	Index      *bool   `json:"index"`
	Sort       *bool   `json:"sort"`
	Infix      bool    `json:"infix"`
	Locale     string  `json:"locale"`
	Stem       bool    `json:"stem"`
	Store      *bool   `json:"store"`
	RangeIndex bool    `json:"range_index"`
	Drop       bool    `json:"drop"`
}

func (d fieldDefinition) field() (field, error) {
	if d.Name == nil || d.Type == nil {
		return field{}, badRequest("Wrong format for `fields`. It should be an array of objects containing `name`, `type`, `optional` and `facet` properties.")
	}
	f := field{
		Name: *d.Name, Type: *d.Type, Facet: d.Facet, Optional: d.Optional, Infix: d.Infix, Locale: d.Locale, Stem: d.Stem,
		Index: d.Index == nil || *d.Index, Store: d.Store == nil || *d.Store, RangeIndex: d.RangeIndex,
	}
	if f.base() == "object" {
		return f, badRequest("Type `object` or `object[]` can be used only when nested fields are enabled by setting` enable_nested_fields` to true.")
	}
	if !slices.Contains(types, f.base()) {
		return f, badRequest("Field `%s` has an invalid data type `%s`, see docs for supported data types.", f.Name, f.Type)
	}
	f.Sort = !f.isText() && !f.isArray()
	if d.Sort != nil {
		f.Sort = *d.Sort
	}
	return f, nil
}

// schemaDefinition is a collection as a client writes it.
type schemaDefinition struct {
	Name                *string           `json:"name"`
	Fields              json.RawMessage   `json:"fields"`
	DefaultSortingField string            `json:"default_sorting_field"`
	EnableNestedFields  bool              `json:"enable_nested_fields"`
	SymbolsToIndex      []string          `json:"symbols_to_index"`
	TokenSeparators     []string          `json:"token_separators"`
	Metadata            json.RawMessage   `json:"metadata"`
	fields              []fieldDefinition `json:"-"`
}

const maxFields = 200

// parseSchema makes a collection's schema of a client's words.
func parseSchema(body []byte) (schema, error) {
	var d schemaDefinition
	if err := json.Unmarshal(body, &d); err != nil {
		return schema{}, errBadJSON
	}
	switch {
	case d.Name == nil:
		return schema{}, badRequest("Parameter `name` is required.")
	case *d.Name == "":
		return schema{}, badRequest("Parameter `name` must be a non-empty string.")
	case len(d.Fields) == 0:
		return schema{}, badRequest("Parameter `fields` is required.")
	}
	if err := json.Unmarshal(d.Fields, &d.fields); err != nil || len(d.fields) == 0 || len(d.fields) > maxFields {
		return schema{}, badRequest("The `fields` value should be an array of objects containing `name`, `type` and optionally, `facet` properties.")
	}
	s := schema{
		Name: *d.Name, DefaultSortingField: d.DefaultSortingField, EnableNestedFields: d.EnableNestedFields, Metadata: d.Metadata,
		SymbolsToIndex: orEmpty(d.SymbolsToIndex), TokenSeparators: orEmpty(d.TokenSeparators),
	}
	for _, definition := range d.fields {
		f, err := definition.field()
		if err != nil {
			return schema{}, err
		}
		s.Fields = append(s.Fields, f)
	}
	return s, s.check()
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (s schema) check() error {
	for name, symbols := range map[string][]string{"token_separators": s.TokenSeparators, "symbols_to_index": s.SymbolsToIndex} {
		for _, symbol := range symbols {
			if utf8.RuneCountInString(symbol) != 1 {
				return badRequest("`%s` should be an array of character symbols.", name)
			}
		}
	}
	seen := map[string]bool{}
	for _, f := range s.Fields {
		if seen[f.Name] {
			return badRequest("There are duplicate field names in the schema.")
		}
		seen[f.Name] = true
	}
	if s.DefaultSortingField == "" {
		return nil
	}
	f, ok := s.field(s.DefaultSortingField)
	switch {
	case !ok:
		return badRequest("Default sorting field is defined as `%s` but is not found in the schema.", s.DefaultSortingField)
	case !f.isNumber() || f.isArray() || f.base() == typeBool:
		return badRequest("Default sorting field `%s` is not a sortable type.", f.Name)
	case f.Optional:
		return badRequest("Default sorting field `%s` cannot be an optional field.", f.Name)
	}
	return nil
}

// alteration is what PATCH /collections/{name} asks for.
type alteration struct {
	Fields   []fieldDefinition `json:"fields"`
	Metadata json.RawMessage   `json:"metadata"`
}

func parseAlteration(body []byte) (alteration, error) {
	var a alteration
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(&a); err != nil {
		return a, errBadJSON
	}
	if len(a.Fields) == 0 && a.Metadata == nil {
		return a, badRequest("Alter payload is empty.")
	}
	return a, nil
}

// altered is the schema after an alteration.
func (s schema) altered(a alteration) (schema, error) {
	s.Fields = slices.Clone(s.Fields)
	if a.Metadata != nil {
		s.Metadata = a.Metadata
	}
	for _, definition := range a.Fields {
		if !definition.Drop {
			continue
		}
		i := slices.IndexFunc(s.Fields, func(f field) bool { return definition.Name != nil && f.Name == *definition.Name })
		if i < 0 {
			return s, badRequest("Field `%s` is not part of collection schema.", deref(definition.Name))
		}
		s.Fields = slices.Delete(s.Fields, i, i+1)
	}
	for _, definition := range a.Fields {
		if definition.Drop {
			continue
		}
		f, err := definition.field()
		if err != nil {
			return s, err
		}
		if _, exists := s.field(f.Name); exists {
			return s, badRequest("Field `%s` is already part of the schema: To change this field, drop it first before adding it back to the schema.", f.Name)
		}
		s.Fields = append(s.Fields, f)
	}
	if len(s.Fields) > maxFields {
		return s, refuse(http.StatusBadRequest, "A collection has %d fields at most.", maxFields)
	}
	return s, s.check()
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
