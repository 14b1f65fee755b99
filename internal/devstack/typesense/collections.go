package typesense

import (
	"encoding/json"
	"net/http"
	"runtime"
	"slices"
	"strconv"
)

func (s *Server) health(call) (reply, error) { return ok(map[string]bool{"ok": true}) }

// version is the version whose wire this is.
const version = "29.0"

func (s *Server) debug(call) (reply, error) {
	return ok(map[string]any{"state": 1, "version": version})
}

// stats has Typesense's names; nothing is measured.
func (s *Server) stats(call) (reply, error) {
	zeros := map[string]any{"latency_ms": map[string]float64{}, "requests_per_second": map[string]float64{}}
	for _, name := range []string{
		"cache_hit_ratio", "delete_latency_ms", "delete_requests_per_second", "import_latency_ms", "import_requests_per_second",
		"overloaded_requests_per_second", "pending_write_batches", "search_latency_ms", "search_requests_per_second",
		"total_requests_per_second", "write_latency_ms", "write_requests_per_second",
	} {
		zeros[name] = 0
	}
	return ok(zeros)
}

// metrics tells of this process's memory, which is that of all that runs in it.
func (s *Server) metrics(call) (reply, error) {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	size := func(n uint64) string { return strconv.FormatUint(n, 10) }
	return ok(map[string]string{
		"system_memory_total_bytes": size(memory.Sys), "system_memory_used_bytes": size(memory.Sys - memory.HeapReleased),
		"typesense_memory_active_bytes": size(memory.HeapInuse), "typesense_memory_allocated_bytes": size(memory.HeapAlloc),
	})
}

func (s *Server) snapshot(call) (reply, error) {
	if err := s.store.snapshot(); err != nil {
		return reply{}, err
	}
	return created(map[string]bool{"success": true})
}

func (s *Server) listCollections(c call) (reply, error) {
	summaries, err := s.store.list()
	if err != nil {
		return reply{}, err
	}
	from, count := 0, len(summaries)
	for _, p := range []struct {
		name string
		to   *int
	}{{"offset", &from}, {"limit", &count}} {
		if err := parseNumber(c.parameters, p.name, p.to); err != nil {
			return reply{}, err
		}
	}
	from = min(from, len(summaries))
	summaries = summaries[from:min(from+count, len(summaries))]
	if except := list(c.parameters.Get("exclude_fields")); len(except) > 0 {
		return project(summaries, except)
	}
	return ok(summaries)
}

// project answers collections without some of their properties.
func project(summaries []summary, except []string) (reply, error) {
	shown := make([]fields, len(summaries))
	for i, summary := range summaries {
		text, err := encode(summary)
		if err != nil {
			return reply{}, err
		}
		if shown[i], err = parseDocument(text); err != nil {
			return reply{}, err
		}
		shown[i].project(nil, except)
	}
	return ok(shown)
}

func (s *Server) createCollection(c call) (reply, error) {
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	schema, err := parseSchema(body)
	if err != nil {
		return reply{}, err
	}
	summary, err := s.store.create(schema)
	if err != nil {
		return reply{}, err
	}
	return created(summary)
}

// of runs fn on the state of the collection that the path names.
func (s *Server) of(c call, fn func(st *state) error) error {
	collection, err := s.store.collection(c.path["collection"])
	if err != nil {
		return err
	}
	return collection.read(fn)
}

func (s *Server) getCollection(c call) (reply, error) {
	var found summary
	err := s.of(c, func(st *state) error {
		found = st.summary()
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	return ok(found)
}

func (s *Server) alterCollection(c call) (reply, error) {
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	a, err := parseAlteration(body)
	if err != nil {
		return reply{}, err
	}
	if err := s.store.alter(c.path["collection"], a); err != nil {
		return reply{}, err
	}
	answer := map[string]any{}
	if a.Metadata != nil {
		answer["metadata"] = a.Metadata
	}
	if len(a.Fields) > 0 {
		answer["fields"] = a.echo()
	}
	return ok(answer)
}

// echo says what was altered: what was dropped, then what was added.
func (a alteration) echo() []any {
	var dropped, added []any
	for _, definition := range a.Fields {
		if definition.Drop {
			dropped = append(dropped, map[string]any{"name": definition.Name, "drop": true})
		} else if f, err := definition.field(); err == nil {
			added = append(added, f)
		}
	}
	return append(dropped, added...)
}

func (s *Server) dropCollection(c call) (reply, error) {
	last, err := s.store.drop(c.path["collection"])
	if err != nil {
		return reply{}, err
	}
	return ok(last)
}

func (s *Server) listAliases(call) (reply, error) {
	return ok(map[string]any{"aliases": s.store.listAliases()})
}

func (s *Server) getAlias(c call) (reply, error) {
	a, err := s.store.alias(c.path["alias"])
	if err != nil {
		return reply{}, err
	}
	return ok(a)
}

func (s *Server) putAlias(c call) (reply, error) {
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	var wanted struct {
		Collection *string `json:"collection_name"`
	}
	if err := json.Unmarshal(body, &wanted); err != nil {
		return reply{}, errBadJSON
	}
	if wanted.Collection == nil {
		return reply{}, badRequest("Parameter `collection_name` is required.")
	}
	a := alias{c.path["alias"], *wanted.Collection}
	if err := s.store.setAlias(a); err != nil {
		return reply{}, err
	}
	return ok(a)
}

func (s *Server) dropAlias(c call) (reply, error) {
	a, err := s.store.dropAlias(c.path["alias"])
	if err != nil {
		return reply{}, err
	}
	return ok(a)
}

func (s *Server) listSynonyms(c call) (reply, error) {
	found := []synonym{}
	err := s.of(c, func(st *state) error {
		found = append(found, st.synonyms...)
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	return ok(map[string]any{"synonyms": found})
}

func (s *Server) getSynonym(c call) (reply, error) {
	var found synonym
	err := s.of(c, func(st *state) error {
		i := slices.IndexFunc(st.synonyms, func(s synonym) bool { return s.ID == c.path["id"] })
		if i < 0 {
			return errNotFound
		}
		found = st.synonyms[i]
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	return ok(found)
}

func (s *Server) putSynonym(c call) (reply, error) {
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	collection, err := s.store.collection(c.path["collection"])
	if err != nil {
		return reply{}, err
	}
	wanted, err := parseSynonym(c.path["id"], body)
	if err != nil {
		return reply{}, err
	}
	value, err := encode(wanted)
	if err != nil {
		return reply{}, err
	}
	err = collection.changeSynonyms(record{Op: opSynonym, ID: wanted.ID, Value: value}, func(list []synonym) ([]synonym, error) {
		return withSynonym(list, wanted), nil
	})
	if err != nil {
		return reply{}, err
	}
	return ok(struct {
		ID       string   `json:"id"`
		Root     string   `json:"root,omitempty"`
		Synonyms []string `json:"synonyms"`
	}(wanted))
}

func (s *Server) dropSynonym(c call) (reply, error) {
	collection, err := s.store.collection(c.path["collection"])
	if err != nil {
		return reply{}, err
	}
	id := c.path["id"]
	err = collection.changeSynonyms(record{Op: opDropSynonym, ID: id}, func(list []synonym) ([]synonym, error) {
		rest := withoutSynonym(list, id)
		if len(rest) == len(list) {
			return nil, refuse(http.StatusNotFound, "Could not find that `id`.")
		}
		return rest, nil
	})
	if err != nil {
		return reply{}, err
	}
	return ok(map[string]string{"id": id})
}
