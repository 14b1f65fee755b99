package stripe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-mock/embedded"
)

// schema is what the test reads of a JSON schema in Stripe's OpenAPI file.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Nullable   bool               `json:"nullable"`
	Enum       []any              `json:"enum"`
	Bypass     bool               `json:"x-stripeBypassValidation"` // the enum is not complete for every API version
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Items      *schema            `json:"items"`
	AnyOf      []*schema          `json:"anyOf"`
	Additional json.RawMessage    `json:"additionalProperties"`
	MaxLength  int                `json:"maxLength"`
}

var spec = sync.OnceValues(func() (map[string]*schema, error) {
	var file struct {
		Components struct {
			Schemas map[string]*schema `json:"schemas"`
		} `json:"components"`
	}
	err := json.Unmarshal(embedded.OpenAPISpec, &file)
	return file.Components.Schemas, err
})

// olderOnly are the properties of API version 2023-10-16 which the newer OpenAPI file no longer has.
var olderOnly = map[string][]string{
	"checkout.session": {"shipping_details"},
	"payment_intent":   {"invoice", "source"},
	"charge":           {"destination", "dispute", "invoice", "order", "source"},
	"dispute":          {"balance_transaction"},
	"billing_details":  {},
}

// checker walks a value along a schema and collects what does not fit.
type checker struct {
	schemas map[string]*schema
	faults  []string
}

func (c *checker) failf(path, format string, args ...any) {
	c.faults = append(c.faults, path+": "+fmt.Sprintf(format, args...))
}

func (c *checker) check(path string, v any, s *schema) {
	name := ""
	for s.Ref != "" {
		name = strings.TrimPrefix(s.Ref, "#/components/schemas/")
		s = c.schemas[name]
	}
	switch {
	case v == nil:
		if !s.Nullable {
			c.failf(path, "null is not allowed")
		}
	case len(s.AnyOf) > 0:
		c.checkAny(path, v, s)
	default:
		c.checkType(path, v, s, name)
	}
}

func (c *checker) checkAny(path string, v any, s *schema) {
	var best []string
	for i, one := range s.AnyOf {
		sub := &checker{schemas: c.schemas}
		sub.check(path, v, one)
		if len(sub.faults) == 0 {
			return
		}
		if i == 0 || len(sub.faults) < len(best) {
			best = sub.faults
		}
	}
	c.faults = append(c.faults, best...)
}

func (c *checker) checkType(path string, v any, s *schema, name string) {
	switch s.Type {
	case "object":
		c.checkObject(path, v, s, name)
	case "array":
		list, ok := v.([]any)
		if !ok {
			c.failf(path, "%T is no array", v)
		}
		for i, item := range list {
			c.check(fmt.Sprintf("%s[%d]", path, i), item, s.Items)
		}
	case "string":
		if text, ok := v.(string); !ok {
			c.failf(path, "%T is no string", v)
		} else if s.MaxLength > 0 && len(text) > s.MaxLength {
			c.failf(path, "longer than %d", s.MaxLength)
		}
	case "integer":
		if n, ok := v.(float64); !ok || n != float64(int64(n)) {
			c.failf(path, "%v is no integer", v)
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			c.failf(path, "%T is no boolean", v)
		}
	default:
		c.failf(path, "a schema of type %q is not understood", s.Type)
	}
	if len(s.Enum) > 0 && !s.Bypass && !slices.Contains(s.Enum, v) {
		c.failf(path, "%v is none of %v", v, s.Enum)
	}
}

func (c *checker) checkObject(path string, v any, s *schema, name string) {
	o, ok := v.(map[string]any)
	if !ok {
		c.failf(path, "%T is no object", v)
		return
	}
	for _, required := range s.Required {
		if _, ok := o[required]; !ok {
			c.failf(path, "%s is missing", required)
		}
	}
	for property, value := range o {
		sub, known := s.Properties[property]
		switch {
		case known:
			c.check(path+"."+property, value, sub)
		case len(s.Additional) > 0 && string(s.Additional) != "false":
			c.checkAdditional(path+"."+property, value, s)
		case len(s.Properties) > 0 && !slices.Contains(olderOnly[name], property):
			c.failf(path, "%s is unknown", property)
		}
	}
}

func (c *checker) checkAdditional(path string, v any, s *schema) {
	var sub schema
	if string(s.Additional) != "true" && json.Unmarshal(s.Additional, &sub) == nil {
		c.check(path, v, &sub)
	}
}

func requireFits(t *testing.T, name string, v any) {
	t.Helper()
	schemas, err := spec()
	require.NoError(t, err)
	c := &checker{schemas: schemas}
	c.check(name, v, &schema{Ref: "#/components/schemas/" + name})
	require.Empty(t, c.faults, "%v", v)
}

func TestSchema_AnswersFitStripesOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	open := b.newSession("expand[0]", "line_items")
	requireFits(t, "checkout.session", open.body)
	require.Len(t, open.at("line_items.data"), 2)
	b.payPage(open.str("id"), "4000000000000002")
	declined := b.get("/v1/checkout/sessions/" + open.str("id") + "?expand[]=payment_intent.latest_charge")
	requireFits(t, "checkout.session", declined.body)
	requireFits(t, "checkout.session", b.post("/v1/checkout/sessions/"+open.str("id")+"/expire", nil).body)
	requireFits(t, "payment_intent", b.get("/v1/payment_intents/"+declined.str("payment_intent.id")).body)

	for _, card := range []string{"4242424242424242", "4000000000007726", "4000000000005126", "4000000000000259"} {
		s := b.paidSession(card)
		requireFits(t, "checkout.session", s.body)
		requireFits(t, "payment_intent", s.at("payment_intent"))
		requireFits(t, "charge", s.at("payment_intent.latest_charge"))
		if card != "4000000000000259" {
			made := b.post("/v1/refunds", url.Values{"payment_intent": {s.str("payment_intent.id")}, "amount": {"100"}, "expand[]": {"charge"}})
			requireFits(t, "refund", made.body)
		}
		requireFits(t, "charge", b.get("/v1/charges/"+s.str("payment_intent.latest_charge.id")+"?expand[]=refunds").body)
	}
	b.eventually("the refunds settle and the dispute arrives", func() bool {
		state := b.get("/_sim/state")
		return state.num("refunds.failed") == 1 && state.num("refunds.succeeded") == 2 && state.num("disputes") == 1
	})
	requireFits(t, "balance", b.get("/v1/balance").body)
	for path, name := range map[string]string{
		"/v1/checkout/sessions": "checkout.session", "/v1/payment_intents": "payment_intent", "/v1/charges": "charge",
		"/v1/refunds": "refund", "/v1/disputes": "dispute", "/v1/events": "event",
		"/v1/checkout/sessions/" + open.str("id") + "/line_items": "item",
	} {
		list := b.get(path + "?limit=100")
		require.Equal(t, "list", list.str("object"))
		require.NotEmpty(t, list.data(), path)
		for _, o := range list.data() {
			requireFits(t, name, o)
		}
	}
	for _, e := range b.get("/v1/events?limit=100").data() {
		name, _ := at(e, "data.object.object").(string)
		requireFits(t, name, at(e, "data.object"))
	}
}

func TestSchema_ErrorsFitStripesOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.post("/v1/checkout/sessions", order(), key, "k")
	for _, r := range []reply{
		b.get("/v1/charges/ch_none"), b.get("/v1/nothing"), b.post("/v1/checkout/sessions", nil), b.post("/v1/refunds", nil, key, "k"),
		b.call(http.MethodGet, "/v1/balance", nil, http.Header{"Authorization": {""}}),
	} {
		require.GreaterOrEqual(t, r.status, 400)
		requireFits(t, "api_errors", r.at("error"))
	}
}

// The check must be able to fail.
func TestSchema_CheckSeesMistakes(t *testing.T) {
	t.Parallel()
	schemas, err := spec()
	require.NoError(t, err)
	b := setup(t)
	for name, spoil := range map[string]func(o map[string]any){
		"missing": func(o map[string]any) { delete(o, "created") },
		"null":    func(o map[string]any) { o["amount"] = nil },
		"type":    func(o map[string]any) { o["amount"] = "12" },
		"enum":    func(o map[string]any) { o["reason"], o["pending_reason"] = nil, "rain" },
		"unknown": func(o map[string]any) { o["colour"] = "red" },
		"nested":  func(o map[string]any) { o["destination_details"] = map[string]any{} },
	} {
		s := b.paidSession("4242424242424242")
		made := b.refund("payment_intent", s.str("payment_intent.id"))
		spoil(made.body)
		c := &checker{schemas: schemas}
		c.check("refund", made.body, &schema{Ref: "#/components/schemas/refund"})
		require.NotEmpty(t, c.faults, name)
	}
}
