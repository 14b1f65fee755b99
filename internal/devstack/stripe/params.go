package stripe

import (
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// params reads the parameters of a request by name and type. It remembers the first mistake, and what nobody asked for.
type params struct {
	node *node
	path string
	seen map[string]bool
	subs []*params
	err  *error1
}

// error1 keeps the first of many errors; all the readers of one request share it.
type error1 struct{ first *apiError }

func newParams(n *node) *params { return &params{node: n, seen: map[string]bool{}, err: &error1{}} }

func (p *params) fail(e *apiError) {
	if p.err.first == nil {
		p.err.first = e
	}
}

func (p *params) key(name string) string {
	if p.path == "" {
		return name
	}
	return p.path + "[" + name + "]"
}

// done is what is wrong with the request: parameters that nobody read, then the first mistake; nil if nothing.
func (p *params) done() *apiError {
	if names := p.unread(); len(names) > 0 {
		return unknownParams(names)
	}
	return p.err.first
}

func (p *params) unread() []string {
	var names []string
	for _, name := range p.node.names() {
		if !p.seen[name] {
			names = append(names, p.key(name))
		}
	}
	for _, sub := range p.subs {
		names = append(names, sub.unread()...)
	}
	return names
}

func (p *params) take(name string) (*node, bool) {
	p.seen[name] = true
	n, ok := p.node.kids[name]
	return n, ok
}

// text reads a string of at most max characters. Absent is false; empty is a mistake.
func (p *params) text(name string, max int) (string, bool) {
	n, ok := p.take(name)
	if !ok {
		return "", false
	}
	key := p.key(name)
	switch {
	case n.kids != nil:
		p.fail(invalid(http.StatusBadRequest, "", key, "Invalid string: a hash or an array was given for %s.", key))
	case n.text == "":
		p.fail(invalid(http.StatusBadRequest, "parameter_invalid_empty", key,
			"You passed an empty string for '%s'. We assume empty values are an attempt to unset a parameter; however '%s' cannot be "+
				"unset. You should remove '%s' from your request or supply a non-empty value.", key, key, key))
	case !utf8.ValidString(n.text):
		p.fail(invalid(http.StatusBadRequest, "", key, "Invalid string: %s must be UTF-8.", key))
	case utf8.RuneCountInString(n.text) > max:
		p.fail(invalid(http.StatusBadRequest, "", key, "Invalid string: %s must be at most %d characters.", key, max))
	default:
		return n.text, true
	}
	return "", false
}

func (p *params) optional(name string, max int) string {
	s, _ := p.text(name, max)
	return s
}

func (p *params) required(name string, max int) string {
	if _, ok := p.node.kids[name]; !ok {
		p.seen[name] = true
		p.fail(missing(p.key(name)))
		return ""
	}
	return p.optional(name, max)
}

// integer reads a whole number. Absent is false.
func (p *params) integer(name string) (int64, bool) {
	s, ok := p.text(name, 30)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		p.fail(invalid(http.StatusBadRequest, "parameter_invalid_integer", p.key(name), "Invalid integer: %s", s))
		return 0, false
	}
	return i, true
}

// oneOf reads a word out of a list. Absent is "".
func (p *params) oneOf(name string, allowed ...string) string {
	s, ok := p.text(name, 100)
	if ok && !slices.Contains(allowed, s) {
		p.fail(invalid(http.StatusBadRequest, "", p.key(name), "Invalid %s: must be one of %s", p.key(name), alternatives(allowed)))
		return ""
	}
	return s
}

func alternatives(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + ", or " + words[len(words)-1]
}

// sub reads an object. Absent is nil.
func (p *params) sub(name string) *params {
	n, ok := p.take(name)
	if !ok {
		return nil
	}
	if n.kids == nil {
		p.fail(invalid(http.StatusBadRequest, "", p.key(name), "Invalid object"))
		return nil
	}
	sub := &params{node: n, path: p.key(name), seen: map[string]bool{}, err: p.err}
	p.subs = append(p.subs, sub)
	return sub
}

// list reads an array of objects.
func (p *params) list(name string) []*params {
	array := p.sub(name)
	if array == nil {
		return nil
	}
	var items []*params
	for i, index := range array.node.names() {
		if index != strconv.Itoa(i) {
			p.fail(invalid(http.StatusBadRequest, "", p.key(name), "Invalid array"))
			return nil
		}
		if item := array.sub(index); item != nil {
			items = append(items, item)
		}
	}
	return items
}

// words reads an array of strings; one string alone counts as an array of one.
func (p *params) words(name string) []string {
	n, ok := p.take(name)
	if !ok {
		return nil
	}
	if n.kids == nil {
		return []string{n.text}
	}
	var words []string
	for _, index := range n.names() {
		if n.kids[index].kids != nil {
			p.fail(invalid(http.StatusBadRequest, "", p.key(name), "Invalid array"))
			return nil
		}
		words = append(words, n.kids[index].text)
	}
	return words
}

// metadata reads up to 50 pairs with keys of up to 40 and values of up to 500 characters. An empty value unsets a key.
func (p *params) metadata() map[string]string {
	const name = "metadata"
	if n, ok := p.node.kids[name]; ok && n.kids == nil && n.text == "" {
		p.seen[name] = true // an empty metadata unsets all of it
		return nil
	}
	sub := p.sub(name)
	if sub == nil {
		return nil
	}
	pairs := map[string]string{}
	for _, k := range sub.node.names() {
		n, _ := sub.take(k)
		switch {
		case n.kids != nil:
			p.fail(invalid(http.StatusBadRequest, "", sub.key(k), "Metadata values must be strings, but for key %s you passed in an object", k))
		case utf8.RuneCountInString(k) > 40:
			p.fail(invalid(http.StatusBadRequest, "", p.key(name), "Metadata keys must be under 40 characters. The key %q is too long.", k))
		case utf8.RuneCountInString(n.text) > 500:
			p.fail(invalid(http.StatusBadRequest, "", sub.key(k), "Metadata values can have up to 500 characters, but you passed in a value that is %d characters.",
				utf8.RuneCountInString(n.text)))
		case n.text != "":
			pairs[k] = n.text
		}
	}
	if len(pairs) > 50 {
		p.fail(invalid(http.StatusBadRequest, "", p.key(name), "Metadata can have at most 50 keys, but you passed in %d.", len(pairs)))
	}
	return pairs
}

// link reads an absolute http or https URL. The braces of a {CHECKOUT_SESSION_ID} template are allowed. Absent is "".
func (p *params) link(name string) string {
	s, ok := p.text(name, 5000)
	if !ok {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		p.fail(invalid(http.StatusBadRequest, "url_invalid", p.key(name), "Not a valid URL"))
	}
	return s
}

func (p *params) email(name string) string {
	s, ok := p.text(name, 512)
	if ok && !validEmail(s) {
		p.fail(invalid(http.StatusBadRequest, "email_invalid", p.key(name), "Invalid email address: %s", s))
	}
	return s
}

func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && a.Name == ""
}

var currencyPattern = regexp.MustCompile(`^[a-z]{3}$`)

// currency reads a three-letter code, in either case, as lower case.
func (p *params) currency(name string) string {
	s := strings.ToLower(p.required(name, 10))
	if s != "" && !currencyPattern.MatchString(s) {
		p.fail(invalid(http.StatusBadRequest, "", p.key(name), "Invalid currency: %s. Currencies are three-letter ISO 4217 codes.", s))
	}
	return s
}

// expansions reads expand[], the properties to answer as objects instead of IDs.
func (p *params) expansions(allowed []string) expansion {
	paths := p.words("expand")
	for i, path := range paths {
		if !slices.Contains(allowed, path) {
			key := fmt.Sprintf("expand[%d]", i)
			p.fail(invalid(http.StatusBadRequest, "", key, "This property cannot be expanded (%s).", path))
		}
	}
	return expansion(paths)
}
