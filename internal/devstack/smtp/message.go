package smtp

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // bodies in other character sets than UTF-8
	gomail "github.com/emersion/go-message/mail"
)

// part is a leaf of a message's MIME tree, decoded.
type part struct {
	id          string // 1.2: the second part of the first one; 1 if the message has only one
	fileName    string
	contentType string
	contentID   string
	body        []byte
	attached    bool // an attachment; else inline, to be shown within the message
}

// parsed is a message taken apart.
type parsed struct {
	header gomail.Header
	text   string
	html   string
	parts  []part // all but the text and HTML
}

// maxParts bounds the work that one message can cause.
const maxParts = 500

var errTooManyParts = fmt.Errorf("a message of more than %d parts", maxParts)

// parse takes a message apart. A message that breaks the rules of MIME is shown as far as it can be understood.
func parse(r io.Reader) (parsed, error) {
	root, err := message.Read(r)
	if root == nil || (err != nil && !tolerable(err)) {
		return parsed{}, fmt.Errorf("read the message: %w", err)
	}
	p := parsed{header: gomail.Header{Header: root.Header}}
	leaves := 0
	err = root.Walk(func(place []int, e *message.Entity, err error) error {
		if err != nil && !tolerable(err) {
			return err
		}
		if leaves++; leaves > maxParts {
			return errTooManyParts
		}
		kind, params, typeErr := e.Header.ContentType()
		if typeErr != nil {
			kind = "text/plain"
		}
		if strings.HasPrefix(kind, "multipart/") && e.MultipartReader() != nil {
			return nil
		}
		body, err := io.ReadAll(e.Body)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !tolerable(err) {
			return err
		}
		p.add(partID(place), kind, params, e, body)
		return nil
	})
	if err != nil && len(p.parts) == 0 && p.text == "" && p.html == "" {
		return p, fmt.Errorf("read the message: %w", err)
	}
	return p, nil // a broken tail does not hide what came before it
}

func tolerable(err error) bool {
	return message.IsUnknownCharset(err) || message.IsUnknownEncoding(err)
}

func partID(place []int) string {
	if len(place) == 0 {
		return "1"
	}
	numbers := make([]string, len(place))
	for i, n := range place {
		numbers[i] = strconv.Itoa(n + 1)
	}
	return strings.Join(numbers, ".")
}

func (p *parsed) add(id, kind string, params map[string]string, e *message.Entity, body []byte) {
	disposition, more, err := e.Header.ContentDisposition()
	if err != nil {
		disposition, more = "", nil
	}
	name := more["filename"]
	if name == "" {
		name = params["name"]
	}
	attached := disposition == "attachment"
	if !attached && name == "" {
		switch kind {
		case "text/plain":
			p.text += asText(body)
			return
		case "text/html":
			p.html += asText(body)
			return
		}
	}
	one := part{
		id: id, fileName: cleanName(name), contentType: kind, body: body, contentID: strings.Trim(e.Header.Get("Content-Id"), "<> "),
	}
	one.attached = attached || (disposition != "inline" && one.contentID == "" && !strings.HasPrefix(kind, "text/calendar"))
	if one.fileName == "" {
		one.fileName = "part-" + id + extension(kind)
	}
	p.parts = append(p.parts, one)
}

// asText makes sure that what goes into JSON and HTML is UTF-8.
func asText(body []byte) string {
	if utf8.Valid(body) {
		return strings.ReplaceAll(string(body), "\r\n", "\n")
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// cleanName takes from a sender's file name what could lead elsewhere than into the download folder.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if name == "." || name == ".." || name == "/" {
		return ""
	}
	return name
}

func extension(kind string) string {
	if kind == "message/rfc822" {
		return ".eml"
	}
	if names, err := mime.ExtensionsByType(kind); err == nil && len(names) > 0 {
		return names[0]
	}
	return ""
}

// subject is the decoded subject; as it stands if it cannot be decoded.
func (p parsed) subject() string {
	if s, err := p.header.Subject(); err == nil {
		return asText([]byte(s))
	}
	return asText([]byte(p.header.Get("Subject")))
}

// addresses reads an address header. What is no address is shown as a name.
func (p parsed) addresses(key string) []*mail.Address {
	list := []*mail.Address{}
	parsed, err := p.header.AddressList(key)
	if err != nil {
		if text := p.header.Get(key); text != "" {
			list = append(list, &mail.Address{Name: asText([]byte(text))})
		}
		return list
	}
	for _, a := range parsed {
		list = append(list, &mail.Address{Name: a.Name, Address: a.Address})
	}
	return list
}

func (p parsed) date(otherwise time.Time) time.Time {
	if at, err := p.header.Date(); err == nil && !at.IsZero() {
		return at
	}
	return otherwise
}

var (
	hiddenTags = regexp.MustCompile(`(?is)<(script|style|head|title)\b.*?</(script|style|head|title)\s*>|<!--.*?-->`)
	anyTag     = regexp.MustCompile(`(?s)<[^>]*>`)
	blanks     = regexp.MustCompile(`\s+`)
)

// snippet is the beginning of the text, up to 250 characters on one line.
func (p parsed) snippet() string {
	text := p.text
	if strings.TrimSpace(text) == "" {
		text = plain(p.html)
	}
	text = strings.TrimSpace(blanks.ReplaceAllString(text, " "))
	if utf8.RuneCountInString(text) > 250 {
		text = string([]rune(text)[:250])
	}
	return text
}
