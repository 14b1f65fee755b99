package buyer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Inbox reads a mail server that speaks Mailpit's HTTP API (https://mailpit.axllent.org/docs/api-v1/).
type Inbox struct {
	base string
	http *http.Client
}

// NewInbox makes a reader of the inbox at base.
func NewInbox(base string, transport http.RoundTripper) *Inbox {
	return &Inbox{base: strings.TrimRight(base, "/"), http: &http.Client{Transport: transport}}
}

// Message is one mail.
type Message struct {
	ID          string
	Subject     string
	Text        string
	HTML        string
	Attachments []Attachment
}

// Attachment is a file of a mail.
type Attachment struct {
	PartID      string
	FileName    string
	ContentType string
	Size        int
}

// Arrival is a mail in the list of all.
type Arrival struct {
	To      []struct{ Address string }
	Subject string
	Created time.Time // when the server had it
}

// Arrivals gives what has arrived, newest first, at most limit of them after the first start.
func (i *Inbox) Arrivals(ctx context.Context, start, limit int) ([]Arrival, error) {
	var list struct{ Messages []Arrival }
	return list.Messages, i.get(ctx, fmt.Sprintf("/api/v1/messages?start=%d&limit=%d", start, limit), &list)
}

// To gives the IDs of the mails to an address, newest first, at most 50.
func (i *Inbox) To(ctx context.Context, address string) ([]string, error) {
	var found struct {
		Messages []struct{ ID string }
	}
	if err := i.get(ctx, "/api/v1/search?limit=50&query="+url.QueryEscape(`to:"`+address+`"`), &found); err != nil {
		return nil, err
	}
	ids := make([]string, len(found.Messages))
	for n, message := range found.Messages {
		ids[n] = message.ID
	}
	return ids, nil
}

// Message reads a mail.
func (i *Inbox) Message(ctx context.Context, id string) (Message, error) {
	var m Message
	return m, i.get(ctx, "/api/v1/message/"+url.PathEscape(id), &m)
}

// Part gives the content of an attachment.
func (i *Inbox) Part(ctx context.Context, messageID, partID string) ([]byte, error) {
	return i.fetch(ctx, "/api/v1/message/"+url.PathEscape(messageID)+"/part/"+url.PathEscape(partID))
}

func (i *Inbox) get(ctx context.Context, path string, answer any) error {
	content, err := i.fetch(ctx, path)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, answer)
}

func (i *Inbox) fetch(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, i.base+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := i.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the inbox answers %s", response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, maxAnswer))
}
