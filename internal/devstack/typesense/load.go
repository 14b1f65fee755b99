package typesense

import (
	"encoding/json"
	"fmt"
)

// load reads the journal, builds the collections, and rewrites the journal if a good part of it is dead.
func (st *store) load() error {
	collections := map[string]*saved{}
	lines := 0
	err := st.journal.replay(func(r record) error {
		lines++
		return st.restore(collections, r)
	})
	if err != nil {
		return err
	}
	living := len(st.aliases)
	for name, from := range collections {
		docs := from.living()
		from.docs = nil
		living += 1 + len(docs) + len(from.synonyms)
		fresh, err := newState(from.schema, st.dir, st.analysis)
		if err != nil {
			return err
		}
		fresh.synonyms = from.synonyms
		st.collections[name] = &collection{name: name, journal: st.journal, state: fresh}
		if err := fresh.load(docs); err != nil {
			return fmt.Errorf("collection %s: %w", name, err)
		}
	}
	if lines < 2*living+100 {
		return nil
	}
	return st.snapshot()
}

// restore applies one record.
func (st *store) restore(collections map[string]*saved, r record) error {
	c := collections[r.Collection]
	if c == nil && r.Collection != "" && r.Op != opCreate {
		return nil // a document that was written while its collection was being dropped
	}
	switch r.Op {
	case opCreate:
		c = &saved{at: map[string]int{}}
		collections[r.Collection] = c
		return json.Unmarshal(r.Value, &c.schema)
	case opAlter:
		c.schema = schema{}
		return json.Unmarshal(r.Value, &c.schema)
	case opDrop:
		delete(collections, r.Collection)
	case opPut:
		c.put(r.ID, r.Value)
	case opDelete:
		c.remove(r.ID)
	case opAlias:
		var target string
		if err := json.Unmarshal(r.Value, &target); err != nil {
			return err
		}
		st.aliases[r.ID] = target
	case opDropAlias:
		delete(st.aliases, r.ID)
	case opSynonym:
		var s synonym
		if err := json.Unmarshal(r.Value, &s); err != nil {
			return err
		}
		c.synonyms = withSynonym(c.synonyms, s)
	case opDropSynonym:
		c.synonyms = withoutSynonym(c.synonyms, r.ID)
	default:
		return fmt.Errorf("unknown record %q: written by a newer version?", r.Op)
	}
	return nil
}

// saved is a collection as the journal tells of it.
type saved struct {
	schema   schema
	synonyms []synonym
	docs     []json.RawMessage // in the order in which they first came; nil: deleted
	at       map[string]int
}

func (c *saved) put(id string, doc json.RawMessage) {
	at, known := c.at[id]
	if !known {
		at = len(c.docs)
		c.at[id], c.docs = at, append(c.docs, nil)
	}
	c.docs[at] = doc
}

func (c *saved) remove(id string) {
	if at, known := c.at[id]; known {
		c.docs[at] = nil
		delete(c.at, id)
	}
}

func (c *saved) living() []json.RawMessage {
	docs := make([]json.RawMessage, 0, len(c.at))
	for _, doc := range c.docs {
		if doc != nil {
			docs = append(docs, doc)
		}
	}
	return docs
}

// snapshot rewrites the journal without what is dead. Writers wait meanwhile, searches do not.
func (st *store) snapshot() error {
	st.changing.Lock()
	defer st.changing.Unlock()
	st.mu.RLock()
	collections := make([]*collection, 0, len(st.collections))
	for _, c := range st.collections {
		collections = append(collections, c)
	}
	st.mu.RUnlock()
	for _, c := range collections {
		c.writing.Lock()
		defer c.writing.Unlock()
	}
	return st.journal.rewrite(func(yield func(record) error) error {
		for _, c := range collections {
			if err := c.save(yield); err != nil {
				return err
			}
		}
		for _, a := range st.listAliases() {
			value, err := encode(a.Collection)
			if err != nil {
				return err
			}
			if err := yield(record{Op: opAlias, ID: a.Name, Value: value}); err != nil {
				return err
			}
		}
		return nil
	})
}

// save hands over the records that make the collection.
func (c *collection) save(yield func(record) error) error {
	value, err := encode(c.state.schema)
	if err != nil {
		return err
	}
	if err := yield(record{Op: opCreate, Collection: c.name, Value: value}); err != nil {
		return err
	}
	for seq, id := range c.state.ids {
		if !c.state.live.Test(uint(seq)) {
			continue
		}
		raw, err := c.state.raw(uint32(seq))
		if err != nil {
			return err
		}
		if err := yield(record{Op: opPut, Collection: c.name, ID: id, Value: raw}); err != nil {
			return err
		}
	}
	for _, s := range c.state.synonyms {
		if value, err = encode(s); err != nil {
			return err
		}
		if err := yield(record{Op: opSynonym, Collection: c.name, ID: s.ID, Value: value}); err != nil {
			return err
		}
	}
	return nil
}
