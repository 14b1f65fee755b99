package typesense

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/bits-and-blooms/bitset"
)

// write stages what fn stages in the collection that the path names.
func (s *Server) write(c call, fn func(b *batch) error) error {
	collection, err := s.store.collection(c.path["collection"])
	if err != nil {
		return err
	}
	return collection.write(fn)
}

// action reads what is to be done with an incoming document.
func (c call) action() (string, dirty, error) {
	dirty, err := parseDirty(c.parameters.Get("dirty_values"))
	if err != nil {
		return "", dirty, err
	}
	switch action := c.parameters.Get("action"); action {
	case "":
		return actionCreate, dirty, nil
	case actionCreate, actionUpsert, actionUpdate, actionEmplace:
		return action, dirty, nil
	}
	return "", dirty, badRequest("Parameter `action` must be a create|update|upsert.")
}

func (s *Server) createDocument(c call) (reply, error) {
	action, dirty, err := c.action()
	if err != nil {
		return reply{}, err
	}
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	var written *change
	err = s.write(c, func(b *batch) error {
		doc, err := parseDocument(body)
		if err == nil {
			written, err = b.stage(doc, action, dirty)
		}
		return err
	})
	if err != nil {
		return reply{}, err
	}
	return created(written.raw)
}

func (s *Server) getDocument(c call) (reply, error) {
	var doc fields
	err := s.of(c, func(st *state) error {
		seq, known := st.seqOf[c.path["id"]]
		if !known {
			return noDocument(c.path["id"])
		}
		var err error
		doc, err = st.document(seq)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	doc.project(list(c.parameters.Get("include_fields")), list(c.parameters.Get("exclude_fields")))
	return ok(doc)
}

func (s *Server) patchDocument(c call) (reply, error) {
	_, dirty, err := c.action()
	if err != nil {
		return reply{}, err
	}
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	id := c.path["id"]
	var written *change
	err = s.write(c, func(b *batch) error {
		doc, err := parseDocument(body)
		if err != nil {
			return err
		}
		own, err := doc.id()
		if err != nil {
			return err
		}
		if own != "" && own != id {
			return badRequest("The `id` of the resource does not match the `id` in the JSON body.")
		}
		doc["id"] = id
		written, err = b.stage(doc, actionUpdate, dirty)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	return ok(written.raw)
}

func (s *Server) deleteDocument(c call) (reply, error) {
	id := c.path["id"]
	var last json.RawMessage
	err := s.write(c, func(b *batch) (err error) {
		seq, known := b.state.seqOf[id]
		if !known {
			return noDocument(id)
		}
		b.remove(id)
		last, err = b.state.raw(seq)
		return err
	})
	var known *apiError
	if errors.As(err, &known) && known.status == http.StatusNotFound && c.parameters.Get("ignore_not_found") == "true" && !errors.Is(err, errNoCollection) {
		return ok(map[string]string{"id": id})
	}
	if err != nil {
		return reply{}, err
	}
	return ok(last)
}

// filtered gives the documents that filter_by names; with truncate all of them.
func (c call) filtered(st *state) (*bitset.BitSet, error) {
	filter := c.parameters.Get("filter_by")
	if filter == "" && c.parameters.Get("truncate") != "true" {
		return nil, badRequest("Parameter `filter_by` must be provided.")
	}
	return st.filter(c.Context(), filter)
}

// maxChanges is how many documents are changed at once where more are to be; searches may see some changed and some not.
const maxChanges = 5000

// eachFiltered lets fn stage the change of each document that filter_by names, and counts them.
func (s *Server) eachFiltered(c call, fn func(b *batch, id string) error) (int, error) {
	var ids []string
	err := s.of(c, func(st *state) error {
		docs, err := c.filtered(st)
		if err != nil {
			return err
		}
		for i, ok := docs.NextSet(0); ok; i, ok = docs.NextSet(i + 1) {
			ids = append(ids, st.ids[i])
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	changed := 0
	for part := range slices.Chunk(ids, maxChanges) {
		err := s.write(c, func(b *batch) error {
			for _, id := range part {
				if _, still := b.state.seqOf[id]; !still {
					continue
				}
				if err := fn(b, id); err != nil {
					return err
				}
				changed++
			}
			return nil
		})
		if err != nil {
			return changed, err
		}
	}
	return changed, nil
}

func (s *Server) deleteDocuments(c call) (reply, error) {
	n, err := s.eachFiltered(c, func(b *batch, id string) error {
		b.remove(id)
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	return ok(map[string]int{"num_deleted": n})
}

func (s *Server) patchDocuments(c call) (reply, error) {
	_, dirty, err := c.action()
	if err != nil {
		return reply{}, err
	}
	body, err := c.body()
	if err != nil {
		return reply{}, err
	}
	n, err := s.eachFiltered(c, func(b *batch, id string) error {
		doc, err := parseDocument(body)
		if err != nil {
			return err
		}
		doc["id"] = id
		_, err = b.stage(doc, actionUpdate, dirty)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	return ok(map[string]int{"num_updated": n})
}

func (s *Server) export(c call) (reply, error) {
	var lines bytes.Buffer
	include, except := list(c.parameters.Get("include_fields")), list(c.parameters.Get("exclude_fields"))
	err := s.of(c, func(st *state) error {
		docs, err := st.filter(c.Context(), c.parameters.Get("filter_by"))
		if err != nil {
			return err
		}
		for i, ok := docs.NextSet(0); ok; i, ok = docs.NextSet(i + 1) {
			line, err := st.raw(uint32(i))
			if err != nil {
				return err
			}
			if len(include)+len(except) > 0 {
				doc, err := parseDocument(line)
				if err != nil {
					return err
				}
				doc.project(include, except)
				if line, err = encode(doc); err != nil {
					return err
				}
			}
			if lines.Len() > 0 {
				lines.WriteByte('\n')
			}
			lines.Write(line)
		}
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, lines: append([]byte{}, lines.Bytes()...)}, nil
}
