package typesense

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	index "github.com/blevesearch/bleve_index_api"
	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// store is all that the server keeps: collections and aliases.
type store struct {
	dir      string // where the indexes are
	lock     *proc.FileLock
	journal  *journal
	analysis *index.AnalysisQueue
	now      func() time.Time

	changing    sync.Mutex // one change of collections and aliases at a time
	mu          sync.RWMutex
	collections map[string]*collection
	aliases     map[string]string
}

const (
	analysers      = 2
	maxCollections = 500
	maxAliases     = 500
)

// openStore reads the state in dir, which it makes if need be, and locks it against a second server. Without dir nothing is
// kept, and a temporary folder holds the indexes.
func openStore(dir string, now func() time.Time) (*store, error) {
	st := &store{now: now, collections: map[string]*collection{}, aliases: map[string]string{}}
	st.analysis = index.NewAnalysisQueue(analysers)
	if err := st.open(dir); err != nil {
		return nil, errors.Join(err, st.close())
	}
	return st, nil
}

func (st *store) open(dir string) (err error) {
	path := ""
	if dir == "" {
		if st.dir, err = os.MkdirTemp("", "typesense-"); err != nil {
			return fmt.Errorf("make a temporary folder: %w", err)
		}
	} else {
		path = filepath.Join(dir, "typesense.journal")
		st.dir = filepath.Join(dir, "index")
		if err := st.claim(dir); err != nil {
			return err
		}
	}
	if st.journal, err = openJournal(path); err != nil {
		return err
	}
	return st.load()
}

// claim locks the folder, and clears what a killed server left of its indexes.
func (st *store) claim(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	lock, err := proc.TryLock(filepath.Join(dir, "typesense.lock"))
	if errors.Is(err, proc.ErrLocked) {
		st.dir = "" // another's
		return fmt.Errorf("another search server uses %s: %w", dir, err)
	}
	if err != nil {
		return err
	}
	st.lock = lock
	if err := os.RemoveAll(st.dir); err != nil {
		return fmt.Errorf("clear the old index: %w", err)
	}
	return os.MkdirAll(st.dir, 0o700)
}

// close ends the indexes and the journal, and gives the folder free.
func (st *store) close() error {
	st.changing.Lock()
	defer st.changing.Unlock()
	var errs []error
	for _, c := range st.collections {
		c.writing.Lock()
		errs = append(errs, c.replace(nil))
		c.writing.Unlock()
	}
	st.analysis.Close()
	if st.journal != nil {
		errs = append(errs, st.journal.close())
	}
	if st.dir != "" {
		errs = append(errs, os.RemoveAll(st.dir))
	}
	if st.lock != nil {
		errs = append(errs, st.lock.Unlock())
	}
	return errors.Join(errs...)
}

// collection finds a collection by its name or an alias.
func (st *store) collection(name string) (*collection, error) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	if c, ok := st.collections[name]; ok {
		return c, nil
	}
	if c, ok := st.collections[st.aliases[name]]; ok {
		return c, nil
	}
	return nil, errNoCollection
}

// list gives the collections, newest first.
func (st *store) list() ([]summary, error) {
	st.mu.RLock()
	collections := make([]*collection, 0, len(st.collections))
	for _, c := range st.collections {
		collections = append(collections, c)
	}
	st.mu.RUnlock()
	summaries := make([]summary, 0, len(collections))
	for _, c := range collections {
		err := c.read(func(s *state) error {
			summaries = append(summaries, s.summary())
			return nil
		})
		if err != nil && !errors.Is(err, errNoCollection) {
			return nil, err
		}
	}
	slices.SortFunc(summaries, func(a, b summary) int {
		return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), cmp.Compare(a.Name, b.Name))
	})
	return summaries, nil
}

// create makes a collection.
func (st *store) create(s schema) (summary, error) {
	st.changing.Lock()
	defer st.changing.Unlock()
	st.mu.RLock()
	_, exists := st.collections[s.Name]
	count := len(st.collections)
	st.mu.RUnlock()
	if exists {
		return summary{}, refuse(http.StatusConflict, "A collection with name `%s` already exists.", s.Name)
	}
	if count >= maxCollections {
		return summary{}, refuse(http.StatusUnprocessableEntity, "There are %d collections at most.", maxCollections)
	}
	s.CreatedAt = st.now().Unix()
	value, err := encode(s)
	if err != nil {
		return summary{}, err
	}
	fresh, err := newState(s, st.dir, st.analysis)
	if err != nil {
		return summary{}, err
	}
	if err := st.journal.append(record{Op: opCreate, Collection: s.Name, Value: value}); err != nil {
		return summary{}, errors.Join(err, fresh.text.close())
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.collections[s.Name] = &collection{name: s.Name, journal: st.journal, state: fresh}
	return fresh.summary(), nil
}

// drop ends a collection, found by its name or an alias. Aliases stay.
func (st *store) drop(name string) (summary, error) {
	st.changing.Lock()
	defer st.changing.Unlock()
	c, err := st.collection(name)
	if err != nil {
		return summary{}, refuse(http.StatusNotFound, "No collection with name `%s` found.", name)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	last := c.state.summary()
	if err := st.journal.append(record{Op: opDrop, Collection: c.name}); err != nil {
		return summary{}, err
	}
	st.mu.Lock()
	delete(st.collections, c.name)
	st.mu.Unlock()
	return last, c.replace(nil)
}

// alter changes a collection's fields: its documents are indexed anew, and searched as they were until that is done.
func (st *store) alter(name string, a alteration) error {
	c, err := st.collection(name)
	if err != nil {
		return err
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.state == nil {
		return errNoCollection
	}
	altered, err := c.state.schema.altered(a)
	if err != nil {
		return err
	}
	value, err := encode(altered)
	if err != nil {
		return err
	}
	docs, err := c.state.living()
	if err != nil {
		return err
	}
	fresh, err := newState(altered, st.dir, st.analysis)
	if err != nil {
		return err
	}
	fresh.synonyms = c.state.synonyms
	if err := fresh.load(docs); err != nil {
		return errors.Join(err, fresh.text.close())
	}
	if err := st.journal.append(record{Op: opAlter, Collection: c.name, Value: value}); err != nil {
		return errors.Join(err, fresh.text.close())
	}
	return c.replace(fresh)
}

// alias is one name for a collection.
type alias struct {
	Name       string `json:"name"`
	Collection string `json:"collection_name"`
}

// setAlias points an alias at a collection, which need not exist, from one moment to the next.
func (st *store) setAlias(a alias) error {
	st.changing.Lock()
	defer st.changing.Unlock()
	st.mu.RLock()
	_, taken := st.collections[a.Name]
	_, known := st.aliases[a.Name]
	count := len(st.aliases)
	st.mu.RUnlock()
	if taken {
		return refuse(http.StatusInternalServerError, "Name `%s` conflicts with an existing collection name.", a.Name)
	}
	if !known && count >= maxAliases {
		return refuse(http.StatusUnprocessableEntity, "There are %d aliases at most.", maxAliases)
	}
	value, err := encode(a.Collection)
	if err != nil {
		return err
	}
	if err := st.journal.append(record{Op: opAlias, ID: a.Name, Value: value}); err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.aliases[a.Name] = a.Collection
	return nil
}

func (st *store) alias(name string) (alias, error) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	target, ok := st.aliases[name]
	if !ok {
		return alias{}, errNoCollection
	}
	return alias{name, target}, nil
}

func (st *store) dropAlias(name string) (alias, error) {
	st.changing.Lock()
	defer st.changing.Unlock()
	a, err := st.alias(name)
	if err != nil {
		return a, err
	}
	if err := st.journal.append(record{Op: opDropAlias, ID: name}); err != nil {
		return a, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	delete(st.aliases, name)
	return a, nil
}

// listAliases gives the aliases by name.
func (st *store) listAliases() []alias {
	st.mu.RLock()
	defer st.mu.RUnlock()
	list := make([]alias, 0, len(st.aliases))
	for name, target := range st.aliases {
		list = append(list, alias{name, target})
	}
	slices.SortFunc(list, func(a, b alias) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
