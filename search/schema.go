package search

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/boxoffice/boxoffice"
	"github.com/typesense/typesense-go/v3/typesense/api"
	"github.com/typesense/typesense-go/v3/typesense/api/pointer"
)

// searched is what a text is looked for in, with its weight. The heavier field decides between two matches.
var searched = []struct {
	field  string
	weight int
}{
	{"title", 100}, {"name", 90}, {"director", 40}, {"venue", 30}, {"city", 30}, {"genre", 20}, {"state", 10},
}

// schema is a collection's. What it does not name, a document keeps and gives back, and nothing can be asked about it.
func schema(name string) *api.CollectionSchema {
	text := func(name string) api.Field { return api.Field{Name: name, Type: "string"} }
	optional := func(name string) api.Field { return api.Field{Name: name, Type: "string", Optional: pointer.True()} }
	facet := func(name string) api.Field { return api.Field{Name: name, Type: "string", Facet: pointer.True()} }
	ranged := func(name string) api.Field {
		return api.Field{Name: name, Type: "int64", RangeIndex: pointer.True()}
	}
	genre := facet("genre")
	genre.Optional = pointer.True()
	return &api.CollectionSchema{
		Name: name,
		Fields: []api.Field{
			text("title"), optional("name"), optional("director"), text("venue"), text("city"), text("state"),
			genre, facet("type"), facet("place"), facet("day"), facet("price_band"), facet("availability"),
			ranged("starts_at"), ranged("until"), ranged("price_from"),
			{Name: "date", Type: "int32"}, {Name: "popularity", Type: "int32"}, {Name: "location", Type: "geopoint"},
		},
		DefaultSortingField: pointer.String("popularity"),
		TokenSeparators:     &[]string{"-", "/"},
	}
}

// synonyms are words that people use for what a catalogue calls otherwise.
var synonyms = map[string][]string{
	"new-york": {"nyc", "new york city"}, "san-francisco": {"sf", "san francisco"}, "philadelphia": {"philly", "philadelphia"},
	"romantic-comedy": {"romcom", "romantic comedy"},
	"two":             {"2", "ii"}, "three": {"3", "iii"}, "four": {"4", "iv"},
}

// Create makes an empty collection with its synonyms.
func (c *Client) Create(ctx context.Context, collection string) error {
	ctx, cancel := context.WithTimeout(ctx, adminPatience)
	defer cancel()
	response, err := c.api.CreateCollectionWithResponse(ctx, *schema(collection))
	if err != nil {
		return translate(err)
	}
	if status := response.StatusCode(); status != http.StatusCreated && status != http.StatusConflict {
		return translate(&statusError{status, messageOf(response.Body)})
	}
	for id, words := range synonyms {
		if _, err := c.server.Collection(collection).Synonyms().Upsert(ctx, id, &api.SearchSynonymSchema{Synonyms: words}); err != nil {
			return translate(err)
		}
	}
	return nil
}

// GoLive lets the alias lead to a collection.
func (c *Client) GoLive(ctx context.Context, collection string) error {
	ctx, cancel := context.WithTimeout(ctx, adminPatience)
	defer cancel()
	_, err := c.server.Aliases().Upsert(ctx, c.opts.Alias, &api.CollectionAliasSchema{CollectionName: collection})
	return translate(err)
}

// Size counts the documents of the live collection.
func (c *Client) Size(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, writePatience)
	defer cancel()
	live, err := c.server.Collection(c.opts.Alias).Retrieve(ctx)
	if err != nil {
		return 0, translate(err)
	}
	if live.NumDocuments == nil {
		return 0, nil
	}
	return int(*live.NumDocuments), nil
}

// Snapshot has the server keep its state: without one, a restart replays all that was written since the last, and answers
// half of it meanwhile.
func (c *Client) Snapshot(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, adminPatience)
	defer cancel()
	done, err := c.server.Operations().Snapshot(ctx, c.opts.SnapshotPath)
	if err == nil && !done {
		err = boxoffice.Errorf(boxoffice.CodeUnavailable, "The search server made no snapshot.")
	}
	return translate(err)
}

// DropAllBut removes the collections whose name begins with the alias and a hyphen, but those to keep. The alias is left
// alone, and would lead nowhere if what it leads to is not kept.
func (c *Client) DropAllBut(ctx context.Context, keep ...string) error {
	ctx, cancel := context.WithTimeout(ctx, adminPatience)
	defer cancel()
	collections, err := c.server.Collections().Retrieve(ctx)
	if err != nil {
		return translate(err)
	}
	for _, old := range leftovers(collections, c.opts.Alias+"-", keep) {
		_, err := c.server.Collection(old).Delete(ctx)
		if err = translate(err); err != nil && boxoffice.CodeOf(err) != boxoffice.CodeNotFound {
			return err
		}
	}
	return nil
}

// Memory is how much memory the search server uses, in bytes: of the whole process.
func (c *Client) Memory(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, writePatience)
	defer cancel()
	told, err := c.server.Metrics().Retrieve(ctx)
	if err != nil {
		return 0, translate(err)
	}
	text, ok := told["typesense_memory_active_bytes"].(string)
	if !ok {
		return 0, boxoffice.Errorf(boxoffice.CodeUnavailable, "The search server does not tell of its memory.")
	}
	bytes, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the search server's memory: %w", err)
	}
	return bytes, nil
}
