package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

const (
	keepEvents  = 30 * 24 * time.Hour // as long as Stripe lists them
	keepAnswers = 24 * time.Hour      // as long as Stripe remembers an idempotency key
)

// store is the simulator's state: tables in memory, each change first written to the journal. One writer at a time.
type store struct {
	mu      sync.RWMutex
	dir     string
	lock    *proc.FileLock
	journal *journal

	sessions   *table[session]
	intents    *table[paymentIntent]
	charges    *table[charge]
	refunds    *table[refund]
	disputes   *table[dispute]
	events     *table[eventHead]
	answers    *table[storedAnswer]
	deliveries *table[delivery]
	chores     *table[chore]
	settings   *table[int64]

	pendingOf map[string]int              // event → endpoints that have not taken it
	pageURL   func(session string) string // where a session's payment page is
}

// anyTable is what loading and compaction need of a table, whatever it holds.
type anyTable interface {
	name() string
	count() int
	apply(record, span) error
}

// openStore reads the state in dir, which it makes if need be, and locks dir against a second simulator.
func openStore(dir string, now time.Time) (*store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the state folder: %w", err)
	}
	st := &store{dir: dir, pendingOf: map[string]int{}}
	st.makeTables()
	if err := st.lockDir(); err != nil {
		return nil, err
	}
	if err := st.load(now); err != nil {
		return nil, errors.Join(err, st.close())
	}
	return st, nil
}

func (st *store) makeTables() {
	st.sessions = newTable[session]("session")
	st.intents = newTable[paymentIntent]("payment_intent")
	st.charges = newTable[charge]("charge")
	st.refunds = newTable[refund]("refund")
	st.disputes = newTable[dispute]("dispute")
	st.chores = newTable[chore]("chore")
	st.settings = newTable[int64]("setting")

	st.events = newTable[eventHead]("event")
	st.events.decode = decodeEventHead
	st.events.placed = func(e eventHead, at span) eventHead { e.body = at; return e }

	st.answers = newTable[storedAnswer]("answer")
	st.answers.decode = decodeStoredAnswer
	st.answers.placed = func(a storedAnswer, at span) storedAnswer { a.body = at; return a }

	st.deliveries = newTable[delivery]("delivery")
	st.deliveries.onSet = func(d delivery) { st.pendingOf[d.Event]++ }
	st.deliveries.onDelete = func(d delivery) {
		if st.pendingOf[d.Event]--; st.pendingOf[d.Event] == 0 {
			delete(st.pendingOf, d.Event)
		}
	}
}

func (st *store) tables() []anyTable {
	return []anyTable{
		st.sessions, st.intents, st.charges, st.refunds, st.disputes,
		st.events, st.answers, st.deliveries, st.chores, st.settings,
	}
}

func (st *store) lockDir() error {
	lock, err := proc.TryLock(filepath.Join(st.dir, "stripe.lock"))
	if errors.Is(err, proc.ErrLocked) {
		return fmt.Errorf("another Stripe simulator uses %s: %w", st.dir, err)
	}
	st.lock = lock
	return err
}

func (st *store) load(now time.Time) error {
	path := filepath.Join(st.dir, "stripe.journal")
	var err error
	if st.journal, err = openJournal(path); err != nil {
		return err
	}
	byKind := map[string]anyTable{}
	for _, t := range st.tables() {
		byKind[t.name()] = t
	}
	records := 0
	err = st.journal.replay(func(r record, at span) error {
		records++
		t, ok := byKind[r.Kind]
		if !ok {
			return fmt.Errorf("unknown kind of row %q: written by a newer version?", r.Kind)
		}
		return t.apply(r, at)
	})
	if err != nil {
		return err
	}
	return st.compact(path, now, records)
}

// view reads the state; it is valid only inside the read or update that handed it out.
type view struct {
	st     *store
	staged map[string]any // rows that this change has put, by kind and ID
}

// tx is a change in the making: it reads its own puts, and nobody else sees them before the journal has them.
type tx struct {
	view
	records []record
	apply   []func(span)
	after   []func()
	err     error
}

func get[T any](v *view, t *table[T], id string) (T, bool) {
	if row, ok := v.staged[t.kind+"/"+id]; ok {
		value, ok := row.(T) // a staged deletion is nil
		return value, ok
	}
	row, ok := t.rows[id]
	return row.value, ok
}

// put sets a row. The journal gets its JSON.
func put[T any](t *tx, tab *table[T], id string, value T) { putBody(t, tab, id, value, value) }

// putBody sets a row of which memory holds value and the journal holds body.
func putBody[T any](t *tx, tab *table[T], id string, value T, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		t.err = errors.Join(t.err, fmt.Errorf("encode %s %s: %w", tab.kind, id, err))
		return
	}
	t.staged[tab.kind+"/"+id] = value
	t.records = append(t.records, record{Kind: tab.kind, ID: id, Value: raw})
	t.apply = append(t.apply, func(at span) {
		if tab.placed != nil {
			value = tab.placed(value, at)
		}
		tab.set(id, value)
	})
}

func del[T any](t *tx, tab *table[T], id string) {
	t.staged[tab.kind+"/"+id] = nil
	t.records = append(t.records, record{Kind: tab.kind, ID: id, Deleted: true})
	t.apply = append(t.apply, func(span) { tab.remove(id) })
}

// read runs fn on an unchanging state. fn must not block.
func (st *store) read(fn func(v *view)) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	fn(&view{st: st})
}

// update runs fn alone on the state. Unless it returns an error, all that it put is in the journal, and visible, when update
// returns; then the functions in tx.after run. An error leaves the state as it was.
func (st *store) update(fn func(t *tx) error) error {
	t := &tx{view: view{st: st, staged: map[string]any{}}}
	if err := st.commit(t, fn); err != nil {
		return err
	}
	for _, f := range t.after {
		f()
	}
	return nil
}

func (st *store) commit(t *tx, fn func(t *tx) error) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := fn(t); err != nil {
		return err
	}
	if t.err != nil || len(t.records) == 0 {
		return t.err
	}
	spans, err := st.journal.append(t.records)
	if err != nil {
		return err
	}
	for i, apply := range t.apply {
		apply(spans[i])
	}
	return nil
}

// close syncs the journal and gives the folder free.
func (st *store) close() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	var err error
	if st.journal != nil {
		err = st.journal.close()
	}
	return errors.Join(err, st.lock.Unlock())
}
