package stripe

import (
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
)

// Limits on what one request may say.
const (
	maxBody   = 1 << 20
	maxPairs  = 2000
	maxDepth  = 8
	maxKeyLen = 500
)

// node is a value in a decoded form: a text, or named children. Arrays are nodes whose children are named 0, 1, 2…
type node struct {
	text string
	kids map[string]*node // nil for a text
}

// parseForm decodes a form with nested keys, a[b][0]=c, the way Stripe's clients encode objects and arrays.
func parseForm(encoded string) (*node, *apiError) {
	root := &node{kids: map[string]*node{}}
	if encoded == "" {
		return root, nil
	}
	pairs := strings.Split(encoded, "&")
	if len(pairs) > maxPairs {
		return nil, invalid(http.StatusBadRequest, "", "", "Too many parameters: %d. At most %d are accepted.", len(pairs), maxPairs)
	}
	for _, pair := range pairs {
		if pair == "" {
			continue
		}
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		key, err1 := url.QueryUnescape(rawKey)
		value, err2 := url.QueryUnescape(rawValue)
		if err1 != nil || err2 != nil || len(key) > maxKeyLen {
			return nil, invalid(http.StatusBadRequest, "", "", "Invalid request: the parameters are not form-encoded.")
		}
		path, ok := splitKey(key)
		if !ok || !root.insert(path, value) {
			return nil, invalid(http.StatusBadRequest, "", key, "Invalid request (check that your POST content is encoded properly): %s", key)
		}
	}
	return root, nil
}

// splitKey cuts a[b][0] into a, b, 0.
func splitKey(key string) ([]string, bool) {
	name, rest, nested := strings.Cut(key, "[")
	if name == "" {
		return nil, false
	}
	if !nested {
		return []string{name}, true
	}
	rest, ok := strings.CutSuffix(rest, "]")
	if !ok {
		return nil, false
	}
	path := append([]string{name}, strings.Split(rest, "][")...)
	return path, len(path) <= maxDepth
}

// insert puts the text at the path. It fails where a value is both a text and an object.
func (n *node) insert(path []string, text string) bool {
	for i, name := range path {
		if n.kids == nil {
			return false
		}
		if name == "" { // a[]=x appends
			if i != len(path)-1 {
				return false
			}
			name = strconv.Itoa(len(n.kids))
		}
		kid, ok := n.kids[name]
		switch last := i == len(path)-1; {
		case !ok && last:
			n.kids[name] = &node{text: text}
			return true
		case !ok:
			kid = &node{kids: map[string]*node{}}
			n.kids[name] = kid
		case last:
			if kid.kids != nil {
				return false
			}
			kid.text = text // the last one wins
			return true
		}
		n = kid
	}
	return true
}

// names lists the children: numbers by size, then names by letter.
func (n *node) names() []string {
	names := make([]string, 0, len(n.kids))
	for name := range n.kids {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		a, errA := strconv.Atoi(names[i])
		b, errB := strconv.Atoi(names[j])
		if errA == nil && errB == nil {
			return a < b
		}
		return names[i] < names[j]
	})
	return names
}

// canonical writes the form in one fixed order, so that two requests with the same parameters compare equal.
func (n *node) canonical() string {
	var out strings.Builder
	n.write(&out)
	return out.String()
}

func (n *node) write(out *strings.Builder) {
	if n.kids == nil {
		out.WriteString(strconv.Quote(n.text))
		return
	}
	out.WriteByte('{')
	for _, name := range n.names() {
		out.WriteString(strconv.Quote(name))
		out.WriteByte(':')
		n.kids[name].write(out)
		out.WriteByte(',')
	}
	out.WriteByte('}')
}
