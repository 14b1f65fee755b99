package smtp

import (
	"net/mail"
	"os"
	"slices"
	"strings"
)

// term is one condition of a search; a message has to meet all of them.
type term struct {
	field string // "" is anywhere
	text  string // in lower case
	not   bool
}

// terms cuts a query into conditions: words, "phrases", field:value, and ! or - before any of them.
func terms(query string) []term {
	var list []term
	for _, word := range words(strings.ToLower(query)) {
		t := term{}
		if rest := strings.TrimLeft(word, "!-"); rest != word && rest != "" {
			t.not, word = true, rest
		}
		field, text, ok := strings.Cut(word, ":")
		if ok && slices.Contains([]string{"to", "cc", "bcc", "from", "subject", "addressed", "message-id", "is", "has"}, field) {
			t.field, word = field, text
		}
		t.text = strings.Trim(word, `"`)
		if t.text != "" {
			list = append(list, t)
		}
	}
	return list
}

// words cuts at blanks outside of quotes.
func words(query string) []string {
	quoted := false
	list := strings.FieldsFunc(query, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && (r == ' ' || r == '\t')
	})
	for i, word := range list {
		list[i] = strings.ReplaceAll(word, `"`, "")
	}
	return list
}

// search picks the messages that meet the query. Only words that a summary does not show make it read a message's file.
func (st *store) search(all []*entry, query string) []*entry {
	conditions := terms(query)
	var found []*entry
	for _, e := range all {
		if st.meets(e, conditions) {
			found = append(found, e)
		}
	}
	return found
}

func (st *store) meets(e *entry, conditions []term) bool {
	var body string
	var opened bool
	for _, t := range conditions {
		hit := e.summary.meets(t)
		if !hit && t.field == "" {
			if !opened {
				body, opened = st.textOf(e), true
			}
			hit = strings.Contains(body, t.text)
		}
		if hit == t.not {
			return false
		}
	}
	return true
}

// textOf is a message's whole text in lower case; nothing if it was deleted meanwhile.
func (st *store) textOf(e *entry) string {
	f, err := os.Open(st.path(e.id, "eml"))
	if err != nil {
		return ""
	}
	p, err := parse(f)
	if closeErr := f.Close(); err != nil || closeErr != nil {
		return ""
	}
	return strings.ToLower(p.text + "\n" + plain(p.html))
}

func plain(html string) string {
	return anyTag.ReplaceAllString(hiddenTags.ReplaceAllString(html, " "), " ")
}

func (s summary) meets(t term) bool {
	switch t.field {
	case "to":
		return anyOf(t.text, s.To)
	case "cc":
		return anyOf(t.text, s.Cc)
	case "bcc":
		return anyOf(t.text, s.Bcc)
	case "from":
		return anyOf(t.text, []*mail.Address{s.From})
	case "addressed":
		return anyOf(t.text, []*mail.Address{s.From}, s.To, s.Cc, s.Bcc, s.ReplyTo)
	case "subject":
		return strings.Contains(strings.ToLower(s.Subject), t.text)
	case "message-id":
		return strings.Contains(strings.ToLower(s.MessageID), strings.Trim(t.text, "<>"))
	case "is":
		return (t.text == "read" && s.Read) || (t.text == "unread" && !s.Read)
	case "has":
		return strings.HasPrefix(t.text, "attachment") && s.Attachments > 0
	}
	return strings.Contains(strings.ToLower(s.Subject+"\n"+s.Snippet), t.text) ||
		anyOf(t.text, []*mail.Address{s.From}, s.To, s.Cc, s.Bcc)
}

// anyOf looks for the text in the addresses and names.
func anyOf(text string, lists ...[]*mail.Address) bool {
	for _, list := range lists {
		for _, a := range list {
			if strings.Contains(strings.ToLower(a.Name+" <"+a.Address+">"), text) {
				return true
			}
		}
	}
	return false
}
