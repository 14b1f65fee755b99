package typesense

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/bits-and-blooms/bitset"
	index "github.com/blevesearch/bleve_index_api"
	"github.com/golang/snappy"
	"golang.org/x/sync/errgroup"
)

// state is what a collection holds: its documents, their columns and their index.
type state struct {
	schema   schema
	words    tokenizer
	synonyms []synonym

	docs  [][]byte // by number, compressed
	ids   []string
	seqOf map[string]uint32
	live  bitset.BitSet

	numbers map[string]*numbers
	texts   map[string]*texts
	places  map[string]*places
	text    *textIndex
}

func newState(s schema, dir string, analysis *index.AnalysisQueue) (*state, error) {
	st := &state{
		schema: s, words: newTokenizer(s), seqOf: map[string]uint32{},
		numbers: map[string]*numbers{}, texts: map[string]*texts{}, places: map[string]*places{},
	}
	for _, f := range s.Fields {
		switch {
		case !f.Index:
		case f.isText():
			st.texts[f.Name] = newTexts(f, st.words)
		case f.isNumber():
			st.numbers[f.Name] = &numbers{field: f}
		default:
			st.places[f.Name] = &places{field: f}
		}
	}
	var err error
	if st.text, err = openTextIndex(dir, st.words, analysis); err != nil {
		return nil, err
	}
	if err := st.text.renewView(); err != nil {
		return nil, errors.Join(err, st.text.close())
	}
	return st, nil
}

// change is one document from now on. Without raw the document is gone.
type change struct {
	seq uint32
	id  string
	raw json.RawMessage
	doc fields
}

// index brings changes into the inverted index. Searches go on meanwhile, and do not see them yet.
func (st *state) index(changes []*change) error {
	texts := make([]textChange, len(changes))
	for i, ch := range changes {
		texts[i].seq = ch.seq
		if ch.raw == nil {
			continue
		}
		texts[i].texts = map[string][]string{}
		for name := range st.texts {
			texts[i].texts[name] = stringsOf(ch.doc[name])
		}
	}
	return st.text.apply(texts)
}

func stringsOf(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		list := make([]string, len(v))
		for i, element := range v {
			list[i], _ = element.(string) // conform has seen it
		}
		return list
	}
	return nil
}

// show makes indexed changes visible. Nobody may be searching.
func (st *state) show(changes []*change) error {
	for _, ch := range changes {
		if ch.raw == nil {
			st.remove(ch)
			continue
		}
		st.docs, st.ids = grow(st.docs, ch.seq), grow(st.ids, ch.seq)
		st.docs[ch.seq], st.ids[ch.seq] = bytes.Clone(snappy.Encode(nil, ch.raw)), ch.id
		st.seqOf[ch.id] = ch.seq
		st.live.Set(uint(ch.seq))
		for name, column := range st.numbers {
			column.set(ch.seq, ch.doc[name])
		}
		for name, column := range st.texts {
			column.set(ch.seq, ch.doc[name])
		}
		for name, column := range st.places {
			column.set(ch.seq, ch.doc[name])
		}
	}
	return st.text.renewView()
}

func (st *state) remove(ch *change) {
	delete(st.seqOf, ch.id)
	st.live.Clear(uint(ch.seq))
	if int(ch.seq) >= len(st.docs) {
		return
	}
	st.docs[ch.seq], st.ids[ch.seq] = nil, ""
	for _, column := range st.numbers {
		column.clear(ch.seq)
	}
	for _, column := range st.texts {
		column.clear(ch.seq)
	}
	for _, column := range st.places {
		column.clear(ch.seq)
	}
}

const (
	loadSize    = 250 // documents that are indexed at once where there are many
	loadWorkers = 2
)

// load fills an empty state, and forgets the documents as it goes, which are large.
func (st *state) load(docs []json.RawMessage) error {
	var showing sync.Mutex
	var workers errgroup.Group
	workers.SetLimit(loadWorkers)
	from := 0
	for part := range slices.Chunk(docs, loadSize) {
		first := from
		from += len(part)
		workers.Go(func() error {
			changes, err := st.changesOf(part, uint32(first))
			if err != nil {
				return err
			}
			clear(part)
			if err := st.index(changes); err != nil {
				return err
			}
			showing.Lock()
			defer showing.Unlock()
			return st.show(changes)
		})
	}
	return workers.Wait()
}

// changesOf numbers documents from first on. They were accepted once: what no longer fits an altered schema is left out.
func (st *state) changesOf(docs []json.RawMessage, first uint32) ([]*change, error) {
	changes := make([]*change, len(docs))
	for i, raw := range docs {
		doc, err := parseDocument(raw)
		if err != nil {
			return nil, err
		}
		id, err := doc.id()
		if err != nil {
			return nil, err
		}
		if err := st.schema.conform(doc, dirty{coerce: true, drop: true}); err != nil {
			return nil, fmt.Errorf("document %s: %w", id, err)
		}
		changes[i] = &change{seq: first + uint32(i), id: id, raw: raw, doc: doc}
	}
	return changes, nil
}

// raw gives a document as it was stored.
func (st *state) raw(seq uint32) (json.RawMessage, error) {
	raw, err := snappy.Decode(nil, st.docs[seq])
	if err != nil {
		return nil, fmt.Errorf("unpack a document: %w", err)
	}
	return raw, nil
}

func (st *state) document(seq uint32) (fields, error) {
	raw, err := st.raw(seq)
	if err != nil {
		return nil, err
	}
	return parseDocument(raw)
}

// living gives the documents, oldest first.
func (st *state) living() ([]json.RawMessage, error) {
	docs := make([]json.RawMessage, 0, len(st.seqOf))
	for i, ok := st.live.NextSet(0); ok; i, ok = st.live.NextSet(i + 1) {
		raw, err := st.raw(uint32(i))
		if err != nil {
			return nil, err
		}
		docs = append(docs, raw)
	}
	return docs, nil
}

// summary is what the collection routes answer.
type summary struct {
	schema
	NumDocuments int `json:"num_documents"`
}

func (st *state) summary() summary { return summary{st.schema, len(st.seqOf)} }
