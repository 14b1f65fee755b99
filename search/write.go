package search

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/typesense/typesense-go/v3/typesense/api"
	"github.com/typesense/typesense-go/v3/typesense/api/pointer"
)

// deletesAtOnce is how many documents one call removes: their IDs stand in its URL.
const deletesAtOnce = 50

// Write imports what is to be found and removes the rest: one call, and one for every 50 events to remove.
func (c *Client) Write(ctx context.Context, collection string, entries []boxoffice.SearchEntry) (map[string]error, error) {
	var found []boxoffice.SearchEntry
	var gone []string
	for _, e := range entries {
		if e.Findable {
			found = append(found, e)
		} else {
			gone = append(gone, e.Event.ID)
		}
	}
	for ids := range slices.Chunk(gone, deletesAtOnce) {
		if _, err := c.remove(ctx, collection, "id:["+strings.Join(ids, ",")+"]"); err != nil {
			return nil, err
		}
	}
	if len(found) == 0 {
		return map[string]error{}, nil
	}
	return c.bringIn(ctx, collection, found)
}

// bringIn imports documents, whole: each replaces the one before it. The call succeeds however many of its lines fail.
func (c *Client) bringIn(ctx context.Context, collection string, entries []boxoffice.SearchEntry) (map[string]error, error) {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, e := range entries {
		if err := encoder.Encode(newDocument(e)); err != nil {
			return nil, fmt.Errorf("write the document of event %s: %w", e.Event.ID, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, writePatience)
	defer cancel()
	response, err := c.api.ImportDocumentsWithBody(ctx, collection, &api.ImportDocumentsParams{Action: pointer.Any(api.Upsert)}, "text/plain", &lines)
	if err != nil {
		return nil, translate(err)
	}
	body, err := read(response, http.StatusOK)
	if err != nil {
		return nil, translate(err)
	}
	return refusals(body, entries)
}

// refusals reads the answer of an import: a line for each document, in their order.
func refusals(body []byte, entries []boxoffice.SearchEntry) (map[string]error, error) {
	refused := map[string]error{}
	said := 0
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var l struct {
			Success bool   `json:"success"`
			Code    int    `json:"code"`
			Error   string `json:"error"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, unavailable(fmt.Errorf("read a line of the import's answer: %w", err))
		}
		if said == len(entries) {
			return nil, unavailable(fmt.Errorf("the import's answer has more lines than %d documents", len(entries)))
		}
		if !l.Success {
			refused[entries[said].Event.ID] = refusal(l.Code, l.Error)
		}
		said++
	}
	if said != len(entries) {
		return nil, unavailable(fmt.Errorf("the import's answer has %d lines for %d documents", said, len(entries)))
	}
	return refused, nil
}

// refusal is why one document was not taken.
func refusal(code int, text string) error {
	err := &statusError{code, text}
	if code == http.StatusBadRequest {
		return boxoffice.WrapError(boxoffice.CodeInvalid, err, "The search server does not take this event.")
	}
	return unavailable(err)
}

// DropPast removes what was over before a time.
func (c *Client) DropPast(ctx context.Context, collection string, before time.Time) (int, error) {
	return c.remove(ctx, collection, "until:<"+number(before.Unix()))
}

func (c *Client) remove(ctx context.Context, collection, filter string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, writePatience)
	defer cancel()
	n, err := c.server.Collection(collection).Documents().Delete(ctx, &api.DeleteDocumentsParams{FilterBy: &filter})
	return n, translate(err)
}

// leftovers names the collections with a prefix that are not to be kept.
func leftovers(collections []*api.CollectionResponse, prefix string, keep []string) []string {
	var old []string
	for _, c := range collections {
		if strings.HasPrefix(c.Name, prefix) && !slices.Contains(keep, c.Name) {
			old = append(old, c.Name)
		}
	}
	return old
}
