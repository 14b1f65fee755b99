package typesense

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
)

// textIndex is Bleve's inverted index of the text fields of one collection. It is built anew at every start, so that its
// folder is scrap.
type textIndex struct {
	dir   string
	bleve index.Index
	words tokenizer

	view *textView // of the latest state; nil once that has changed
}

func openTextIndex(parent string, words tokenizer, analysis *index.AnalysisQueue) (*textIndex, error) {
	dir, err := os.MkdirTemp(parent, "index-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the index: %w", err)
	}
	bleve, err := scorch.NewScorch(scorch.Name, map[string]any{
		"path": dir, "unsafe_batch": true, "numSnapshotsToKeep": 1,
		"scorchPersisterOptions": map[string]any{"PersisterNapTimeMSec": 500, "PersisterNapUnderNumFiles": 200},
	}, analysis)
	if err == nil {
		err = bleve.Open()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the index: %w", err), os.RemoveAll(dir))
	}
	return &textIndex{dir: dir, bleve: bleve, words: words}, nil
}

func (t *textIndex) close() error {
	return errors.Join(t.forgetView(), t.bleve.Close(), os.RemoveAll(t.dir))
}

// textChange is the texts of one document from now on, by field; nil means that the document is gone.
type textChange struct {
	seq   uint32
	texts map[string][]string
}

const textOptions = index.IndexField | index.IncludeTermVectors

// documentID is a document's number as Bleve's ID.
func documentID(seq uint32) string {
	return string(binary.BigEndian.AppendUint32(nil, seq))
}

// apply makes the changes, all at once. Searches see them with the next view.
func (t *textIndex) apply(changes []textChange) error {
	batch := index.NewBatch()
	for _, change := range changes {
		id := documentID(change.seq)
		if change.texts == nil {
			batch.Delete(id)
			continue
		}
		d := document.NewDocument(id)
		for name, values := range change.texts {
			for i, value := range values {
				d.AddField(document.NewTextFieldCustom(name, []uint64{uint64(i)}, []byte(value), textOptions, t.words))
			}
		}
		batch.Update(d)
	}
	if err := t.bleve.Batch(batch); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	return nil
}

// forgetView gives the latest view back. Nobody may be using it.
func (t *textIndex) forgetView() error {
	if t.view == nil {
		return nil
	}
	view := t.view
	t.view = nil
	return view.reader.Close()
}

// renewView replaces the view by one of what was applied. Nobody may be using the old one.
func (t *textIndex) renewView() error {
	if err := t.forgetView(); err != nil {
		return err
	}
	reader, err := t.bleve.Reader()
	if err != nil {
		return fmt.Errorf("read the index: %w", err)
	}
	t.view = newTextView(reader)
	return nil
}

// textView is one state of the index. What is asked of it is read once, and kept; who asks for the same meanwhile waits, who
// asks for something else does not.
type textView struct {
	reader index.IndexReader

	numbers      func() ([]uint32, error) // Bleve's number of a document → ours
	vocabularies memo[[]term]             // by field
	lists        memo[*postings]          // by field and word
}

func newTextView(reader index.IndexReader) *textView {
	v := &textView{reader: reader}
	v.numbers = sync.OnceValues(v.readNumbers)
	return v
}

// memo keeps what was read, by a key.
type memo[T any] struct {
	mu   sync.Mutex
	kept map[string]func() (T, error)
}

func (m *memo[T]) get(key string, read func() (T, error)) (T, error) {
	m.mu.Lock()
	once, ok := m.kept[key]
	if !ok {
		if m.kept == nil {
			m.kept = map[string]func() (T, error){}
		}
		once = sync.OnceValues(read)
		m.kept[key] = once
	}
	m.mu.Unlock()
	return once()
}

// term is a word of a field and in how many documents it stands.
type term struct {
	word  string
	count uint64
}

// vocabulary gives all words of a field, sorted.
func (v *textView) vocabulary(field string) ([]term, error) {
	return v.vocabularies.get(field, func() (words []term, err error) {
		dictionary, err := v.reader.FieldDict(field)
		if err != nil {
			return nil, fmt.Errorf("read the words of %s: %w", field, err)
		}
		defer func() { err = errors.Join(err, dictionary.Close()) }()
		for {
			entry, err := dictionary.Next()
			if err != nil || entry == nil {
				return words, err
			}
			words = append(words, term{entry.Term, entry.Count})
		}
	})
}

// place is where in a field a word stands: in which element of it, and the how manieth word of that.
type place struct{ element, word uint32 }

// postings are the documents in which a word stands, in the order of their numbers, and where.
type postings struct {
	docs   []uint32
	from   []uint32 // where in places those of a document begin; one longer than docs
	places []place
}

func (p *postings) placesOf(i int) []place { return p.places[p.from[i]:p.from[i+1]] }

// postings finds a word of a field.
func (v *textView) postings(ctx context.Context, field, word string) (*postings, error) {
	return v.lists.get(field+"\x00"+word, func() (*postings, error) {
		// Others want it too, whatever becomes of this call.
		found, err := v.readPostings(context.WithoutCancel(ctx), field, word)
		if err != nil {
			return nil, fmt.Errorf("read where %q stands: %w", word, err)
		}
		return found, nil
	})
}

func (v *textView) readPostings(ctx context.Context, field, word string) (found *postings, err error) {
	numbers, err := v.numbers()
	if err != nil {
		return nil, err
	}
	reader, err := v.reader.TermFieldReader(ctx, []byte(word), field, true, false, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	type entry struct {
		seq    uint32
		places []place
	}
	var entries []entry
	doc := &index.TermFieldDoc{}
	for {
		if doc, err = reader.Next(doc.Reset()); err != nil {
			return nil, err
		}
		if doc == nil {
			break
		}
		e := entry{seq: numbers[doc.ID.Value()], places: make([]place, len(doc.Vectors))}
		for i, at := range doc.Vectors {
			e.places[i] = place{uint32(at.ArrayPositions[0]), uint32(at.Pos)}
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return int(a.seq) - int(b.seq) })
	found = &postings{docs: make([]uint32, len(entries)), from: make([]uint32, 1, len(entries)+1)}
	for i, e := range entries {
		found.docs[i] = e.seq
		found.places = append(found.places, e.places...)
		found.from = append(found.from, uint32(len(found.places)))
	}
	return found, nil
}

// readNumbers learns which of Bleve's numbers is which of ours.
func (v *textView) readNumbers() (numbers []uint32, err error) {
	all, err := v.reader.DocIDReaderAll()
	if err != nil {
		return nil, fmt.Errorf("read the documents' numbers: %w", err)
	}
	defer func() { err = errors.Join(err, all.Close()) }()
	for {
		id, err := all.Next()
		if err != nil || id == nil {
			return numbers, err
		}
		external, err := v.reader.ExternalID(id)
		if err != nil {
			return nil, err
		}
		numbers = grow(numbers, uint32(id.Value()))
		numbers[id.Value()] = binary.BigEndian.Uint32([]byte(external))
	}
}
