package typesense

import (
	"strconv"
	"sync"
)

// collection is a state that may be searched by many while one writes. A collection that was dropped has none.
type collection struct {
	name    string
	journal *journal

	writing sync.Mutex   // one writer at a time; it alone changes the state
	mu      sync.RWMutex // held for a moment where searches must not see a change half made
	state   *state
}

// read runs fn on an unchanging state.
func (c *collection) read(fn func(st *state) error) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.state == nil {
		return errNoCollection
	}
	return fn(c.state)
}

// write lets fn stage changes, and commits them. An error of fn commits none.
func (c *collection) write(fn func(b *batch) error) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.state == nil {
		return errNoCollection
	}
	b := &batch{name: c.name, state: c.state, staged: map[string]*change{}, next: uint32(len(c.state.docs))}
	if err := fn(b); err != nil {
		return err
	}
	return c.commit(b)
}

// commit makes staged changes last, then visible.
func (c *collection) commit(b *batch) error {
	if len(b.changes) == 0 {
		return nil
	}
	if err := c.journal.append(b.records()...); err != nil {
		return err
	}
	if err := c.state.index(b.changes); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.show(b.changes)
}

// replace puts a new state in place of the old one; nil drops the collection. The caller holds writing.
func (c *collection) replace(st *state) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.state
	c.state = st
	if old == nil {
		return nil
	}
	return old.text.close()
}

// batch is a set of changes in the making. It reads its own.
type batch struct {
	name    string
	state   *state
	staged  map[string]*change
	changes []*change // a document once each
	next    uint32    // the number of the next new document
}

// get gives the document of an ID, as it is after what was staged.
func (b *batch) get(id string) (fields, bool, error) {
	if ch := b.staged[id]; ch != nil {
		if ch.raw == nil {
			return nil, false, nil
		}
		doc, err := parseDocument(ch.raw)
		return doc, true, err
	}
	seq, known := b.state.seqOf[id]
	if !known {
		return nil, false, nil
	}
	doc, err := b.state.document(seq)
	return doc, true, err
}

// freeID is the ID of a document that came without one.
func (b *batch) freeID() string {
	for n := b.next; ; n++ {
		id := strconv.FormatUint(uint64(n), 10)
		_, known := b.state.seqOf[id]
		if _, staged := b.staged[id]; !known && !staged {
			return id
		}
	}
}

// put stages a document that conforms.
func (b *batch) put(id string, doc fields) (*change, error) {
	raw, err := encode(doc)
	if err != nil {
		return nil, err
	}
	ch := b.change(id)
	ch.raw, ch.doc = raw, doc
	return ch, nil
}

// remove stages the end of a document.
func (b *batch) remove(id string) {
	ch := b.change(id)
	ch.raw, ch.doc = nil, nil
}

func (b *batch) change(id string) *change {
	if ch := b.staged[id]; ch != nil {
		return ch
	}
	seq, known := b.state.seqOf[id]
	if !known {
		seq = b.next
		b.next++
	}
	ch := &change{seq: seq, id: id}
	b.staged[id], b.changes = ch, append(b.changes, ch)
	return ch
}

func (b *batch) records() []record {
	records := make([]record, len(b.changes))
	for i, ch := range b.changes {
		records[i] = record{Op: opPut, Collection: b.name, ID: ch.id, Value: ch.raw}
		if ch.raw == nil {
			records[i].Op = opDelete
		}
	}
	return records
}

// What is done with an incoming document: the parameter action.
const (
	actionCreate  = "create"
	actionUpsert  = "upsert"
	actionUpdate  = "update"
	actionEmplace = "emplace"
)

// stage stages one incoming document.
func (b *batch) stage(doc fields, action string, dirty dirty) (*change, error) {
	id, err := doc.id()
	if err != nil {
		return nil, err
	}
	if id == "" {
		id = b.freeID()
		doc["id"] = id
	}
	old, exists, err := b.get(id)
	if err != nil {
		return nil, err
	}
	switch {
	case action == actionCreate && exists:
		return nil, refuse(409, "A document with id %s already exists.", id)
	case action == actionUpdate && !exists:
		return nil, noDocument(id)
	case exists && (action == actionUpdate || action == actionEmplace):
		old.merge(doc)
		doc = old
	}
	if err := b.state.schema.conform(doc, dirty); err != nil {
		return nil, err
	}
	return b.put(id, doc)
}

func noDocument(id string) error { return refuse(404, "Could not find a document with id: %s", id) }
