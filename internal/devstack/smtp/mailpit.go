package smtp

import (
	"crypto/md5"  //nolint:gosec // Mailpit answers it; nothing relies on it
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"
)

// summary is a message in a list. Names and types are Mailpit's (its MessageSummary).
type summary struct {
	ID          string
	MessageID   string
	Read        bool
	From        *mail.Address
	To          []*mail.Address
	Cc          []*mail.Address
	Bcc         []*mail.Address
	ReplyTo     []*mail.Address
	Subject     string
	Created     time.Time
	Username    string
	Tags        []string
	Size        int64
	Attachments int
	Snippet     string
}

// summaries is Mailpit's MessagesSummary.
type summaries struct {
	Total          int       `json:"total"`
	Unread         int       `json:"unread"`
	Count          int       `json:"count"`
	MessagesCount  int       `json:"messages_count"`
	MessagesUnread int       `json:"messages_unread"`
	Start          int       `json:"start"`
	Tags           []string  `json:"tags"`
	Messages       []summary `json:"messages"`
}

// details is Mailpit's Message.
type details struct {
	ID              string
	MessageID       string
	From            *mail.Address
	To              []*mail.Address
	Cc              []*mail.Address
	Bcc             []*mail.Address
	ReplyTo         []*mail.Address
	ReturnPath      string
	Subject         string
	ListUnsubscribe struct {
		Header, Errors, HeaderPost string
		Links                      []string
	}
	Date        time.Time
	Tags        []string
	Username    string
	Text        string
	HTML        string
	Size        int64
	Inline      []attachment
	Attachments []attachment
}

type attachment struct {
	PartID      string
	FileName    string
	ContentType string
	ContentID   string
	Size        int
	Checksums   struct{ MD5, SHA1, SHA256 string }
}

func (p parsed) summary(e *entry, size int64) summary {
	s := summary{
		ID: e.id, MessageID: strings.Trim(p.header.Get("Message-Id"), "<> "), Read: e.envelope.Read, From: &mail.Address{},
		To: p.addresses("To"), Cc: p.addresses("Cc"), ReplyTo: p.addresses("Reply-To"), Subject: p.subject(),
		Created: e.envelope.Received, Username: e.envelope.Username, Tags: []string{}, Size: size, Snippet: p.snippet(),
	}
	if from := p.addresses("From"); len(from) > 0 {
		s.From = from[0]
	}
	s.Bcc = bccOf(e.envelope, s.To, s.Cc)
	for _, one := range p.parts {
		if one.attached {
			s.Attachments++
		}
	}
	return s
}

func (p parsed) details(e *entry) details {
	s := e.summary
	d := details{
		ID: s.ID, MessageID: s.MessageID, From: s.From, To: s.To, Cc: s.Cc, Bcc: s.Bcc, ReplyTo: s.ReplyTo, ReturnPath: e.envelope.From,
		Subject: s.Subject, Date: p.date(e.envelope.Received), Tags: []string{}, Username: s.Username, Text: p.text, HTML: p.html,
		Size: s.Size, Inline: []attachment{}, Attachments: []attachment{},
	}
	d.ListUnsubscribe.Header, d.ListUnsubscribe.Links = p.header.Get("List-Unsubscribe"), []string{}
	for _, one := range p.parts {
		if one.attached {
			d.Attachments = append(d.Attachments, one.attachment())
		} else {
			d.Inline = append(d.Inline, one.attachment())
		}
	}
	return d
}

func (one part) attachment() attachment {
	a := attachment{PartID: one.id, FileName: one.fileName, ContentType: one.contentType, ContentID: one.contentID, Size: len(one.body)}
	m, s1, s256 := md5.Sum(one.body), sha1.Sum(one.body), sha256.Sum256(one.body) //nolint:gosec // see the import
	a.Checksums.MD5, a.Checksums.SHA1, a.Checksums.SHA256 = hex.EncodeToString(m[:]), hex.EncodeToString(s1[:]), hex.EncodeToString(s256[:])
	return a
}

// page reads start and limit. Nonsense counts as absent, as in Mailpit.
func page(r *http.Request) (start, limit int) {
	start, err := strconv.Atoi(r.URL.Query().Get("start"))
	if err != nil || start < 0 {
		start = 0
	}
	limit, err = strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 0 {
		limit = 50
	}
	return start, limit
}

func summarise(all, found []*entry, start, limit int) summaries {
	list := summaries{
		Total: len(all), Unread: unread(all), MessagesCount: len(found), MessagesUnread: unread(found), Start: start,
		Tags: []string{}, Messages: []summary{},
	}
	found = found[min(start, len(found)):]
	for _, e := range found[:min(limit, len(found))] {
		list.Messages = append(list.Messages, e.summary)
	}
	list.Count = len(list.Messages)
	return list
}

func unread(list []*entry) (n int) {
	for _, e := range list {
		if !e.summary.Read {
			n++
		}
	}
	return n
}
