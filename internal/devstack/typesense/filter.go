package typesense

import (
	"strings"
)

// A filter_by is conditions joined by && and ||, which bind alike, from left to right, and parentheses.

const (
	maxFilterOperations = 100
	maxFilterDepth      = 100
)

// condition is one comparison of a filter: a field and what stands behind its colon.
type condition struct{ field, value string }

// filterNode is a condition, or two nodes joined.
type filterNode struct {
	condition   *condition
	and         bool
	left, right *filterNode
}

type filterParser struct {
	text       string
	at         int
	operations int
	depth      int
}

var (
	errFilter      = badRequest("Could not parse the filter query.")
	errParentheses = badRequest("Could not parse the filter query: unbalanced parentheses.")
	errTooMany     = badRequest("`filter_by` has too many operations.")
)

func errOperands(operator string) error {
	return badRequest("Could not parse the filter query: unbalanced `%s` operands.", operator)
}

// parseFilter reads a filter; an empty one is nil.
func parseFilter(text string) (*filterNode, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil //nolint:nilnil // no filter is no error
	}
	p := &filterParser{text: text}
	node, err := p.expression("&&")
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) {
		return nil, errParentheses
	}
	return node, nil
}

func (p *filterParser) skipSpace() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// operator reads && or ||.
func (p *filterParser) operator() string {
	p.skipSpace()
	for _, operator := range []string{"&&", "||"} {
		if strings.HasPrefix(p.text[p.at:], operator) {
			p.at += len(operator)
			return operator
		}
	}
	return ""
}

// expression reads terms up to the end or a closing parenthesis. before is the operator that stands before it.
func (p *filterParser) expression(before string) (*filterNode, error) {
	node, err := p.term(before)
	for err == nil {
		operator := p.operator()
		if operator == "" {
			return node, nil
		}
		if p.operations++; p.operations >= maxFilterOperations {
			return nil, errTooMany
		}
		var right *filterNode
		right, err = p.term(operator)
		node = &filterNode{and: operator == "&&", left: node, right: right}
	}
	return nil, err
}

func (p *filterParser) term(before string) (*filterNode, error) {
	p.skipSpace()
	if p.at == len(p.text) {
		return nil, errOperands(before)
	}
	if p.text[p.at] != '(' {
		return p.condition(before)
	}
	if p.depth++; p.depth > maxFilterDepth {
		return nil, errTooMany
	}
	p.at++
	node, err := p.expression(before)
	if err != nil {
		return nil, err
	}
	if p.skipSpace(); p.at == len(p.text) || p.text[p.at] != ')' {
		return nil, errParentheses
	}
	p.at++
	p.depth--
	return node, nil
}

// condition reads up to the next operator or closing parenthesis that is not part of the value. Backticks protect both.
func (p *filterParser) condition(before string) (*filterNode, error) {
	start, depth := p.at, 0
scan:
	for ; p.at < len(p.text); p.at++ {
		rest := p.text[p.at:]
		switch {
		case rest[0] == '`':
			end := strings.IndexByte(rest[1:], '`')
			if end < 0 {
				return nil, errFilter
			}
			p.at += end + 1
		case rest[0] == '(':
			depth++
		case rest[0] == ')' && depth == 0:
			break scan
		case rest[0] == ')':
			depth--
		case depth == 0 && (strings.HasPrefix(rest, "&&") || strings.HasPrefix(rest, "||")):
			break scan
		}
	}
	text := strings.TrimSpace(p.text[start:p.at])
	if depth > 0 {
		return nil, errParentheses
	}
	if text == "" {
		if p.at < len(p.text) && p.text[p.at] == ')' {
			return nil, errParentheses
		}
		return nil, errOperands(before)
	}
	name, value, ok := strings.Cut(text, ":")
	if !ok || strings.TrimSpace(name) == "" {
		return nil, errFilter
	}
	return &filterNode{condition: &condition{strings.TrimSpace(name), strings.TrimSpace(value)}}, nil
}

// splitList cuts a list at its commas, but not within backticks or parentheses, and takes the backticks away. Empty parts are
// none.
func splitList(text string) []string {
	var list []string
	var part strings.Builder
	quoted, depth := false, 0
	flush := func() {
		if text := strings.TrimSpace(part.String()); text != "" {
			list = append(list, text)
		}
		part.Reset()
	}
	for _, r := range text {
		switch {
		case r == '`':
			quoted = !quoted
			continue
		case quoted:
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth <= 0:
			flush()
			continue
		}
		part.WriteRune(r)
	}
	flush()
	return list
}

// values reads a condition's value: one, or a [list].
func values(text string) []string {
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") && len(text) > 1 {
		return splitList(text[1 : len(text)-1])
	}
	return []string{strings.TrimSpace(strings.ReplaceAll(text, "`", ""))}
}
