package smtp

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// errNoMessage says that there is no message of this ID.
var errNoMessage = errors.New("no such message")

// envelope is what SMTP said about a message, and what became of it since.
type envelope struct {
	From     string    `json:"from"`
	To       []string  `json:"to"`
	Username string    `json:"username,omitempty"`
	Received time.Time `json:"received"`
	Read     bool      `json:"read"`
}

// entry is what memory holds of a message.
type entry struct {
	id       string
	envelope envelope
	summary  summary
}

// store is the folder of messages and the index over it, oldest first.
type store struct {
	dir string
	now func() time.Time
	max int
	log *slog.Logger

	mu      sync.RWMutex
	entries []*entry
	byID    map[string]*entry
	last    int64 // what the newest ID was made of; IDs only grow
}

// openStore reads the folder. What a killed process left half written is removed.
func openStore(o Options, log *slog.Logger) (*store, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the mail folder: %w", err)
	}
	st := &store{dir: o.Dir, now: o.Now, max: o.MaxMessages, log: log, byID: map[string]*entry{}}
	files, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("read the mail folder: %w", err)
	}
	for _, f := range files {
		name, kind, _ := strings.Cut(f.Name(), ".")
		switch kind {
		case "new", "json.new":
			err = os.Remove(filepath.Join(o.Dir, f.Name()))
		case "eml":
			err = st.load(name)
		}
		if err != nil {
			return nil, fmt.Errorf("mail folder: %w", err)
		}
	}
	slices.SortFunc(st.entries, func(a, b *entry) int { return strings.Compare(a.id, b.id) })
	return st, st.trim()
}

func (st *store) load(id string) error {
	raw, err := os.ReadFile(st.path(id, "json"))
	if err != nil {
		return fmt.Errorf("message %s: %w", id, err)
	}
	e := &entry{id: id}
	if err := json.Unmarshal(raw, &e.envelope); err != nil {
		return fmt.Errorf("message %s: %w", id, err)
	}
	if err := st.summarise(e, st.path(id, "eml")); err != nil {
		return err
	}
	st.entries, st.byID[id] = append(st.entries, e), e
	return nil
}

func (st *store) path(id, kind string) string { return filepath.Join(st.dir, id+"."+kind) }

// newID is the time in a form that sorts, and chance.
func (st *store) newID(at time.Time) string {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.last = max(st.last+1, at.UnixNano())
	chance := make([]byte, 5)
	rand.Read(chance) // never fails: crypto/rand ends the process when the system has no randomness
	return fmt.Sprintf("%013s%x", strconv.FormatInt(st.last, 36), chance)
}

// add takes a message in. It is in the folder when add returns.
func (st *store) add(env envelope, r io.Reader) (err error) {
	env.Received = st.now().UTC()
	e := &entry{id: st.newID(env.Received), envelope: env}
	fresh := st.path(e.id, "new")
	defer func() {
		if err != nil {
			err = errors.Join(err, st.discard(e.id))
		}
	}()
	if err := writeFile(fresh, r); err != nil {
		return err
	}
	if err := st.summarise(e, fresh); err != nil {
		return err
	}
	if err := st.writeEnvelope(e.id, env); err != nil {
		return err
	}
	// The name makes the message exist: from here on a restart finds it.
	if err := os.Rename(fresh, st.path(e.id, "eml")); err != nil {
		return fmt.Errorf("store the message: %w", err)
	}
	st.mu.Lock()
	at, _ := st.position(e.id)
	st.entries = slices.Insert(st.entries, at, e)
	st.byID[e.id] = e
	st.mu.Unlock()
	if err := st.trim(); err != nil {
		st.log.Warn("old messages stay", "error", err)
	}
	return nil
}

func (st *store) position(id string) (int, bool) {
	return slices.BinarySearchFunc(st.entries, id, func(e *entry, id string) int { return strings.Compare(e.id, id) })
}

func writeFile(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("store the message: %w", err)
	}
	_, err = io.Copy(f, r)
	if closeErr := f.Close(); err == nil && closeErr != nil {
		return fmt.Errorf("store the message: %w", closeErr)
	}
	return err // as it is: SMTP has errors of its own, such as "too large"
}

func (st *store) writeEnvelope(id string, env envelope) error {
	raw, err := json.Marshal(env)
	if err != nil {
		return fmt.Errorf("encode the envelope: %w", err)
	}
	fresh := st.path(id, "json.new")
	if err := os.WriteFile(fresh, raw, 0o600); err != nil {
		return fmt.Errorf("store the envelope: %w", err)
	}
	return os.Rename(fresh, st.path(id, "json"))
}

// discard removes whatever there is of a message.
func (st *store) discard(id string) error {
	var failed error
	for _, kind := range []string{"eml", "new", "json", "json.new"} {
		if err := os.Remove(st.path(id, kind)); err != nil && !errors.Is(err, os.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// summarise reads the message once, for the list.
func (st *store) summarise(e *entry, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("message %s: %w", e.id, err)
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	p, parseErr := parse(f)
	if err := f.Close(); err != nil {
		return fmt.Errorf("message %s: %w", e.id, err)
	}
	if parseErr != nil { // it is mail all the same, and can be looked at raw
		st.log.Info("a message could not be understood", "id", e.id, "error", parseErr)
	}
	e.summary = p.summary(e, info.Size())
	return nil
}

// trim deletes the oldest messages beyond the maximum.
func (st *store) trim() error {
	st.mu.RLock()
	old := idsOf(st.entries[:max(0, len(st.entries)-st.max)])
	st.mu.RUnlock()
	return st.delete(old)
}

// delete removes messages; unknown IDs are passed over.
func (st *store) delete(ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	var failed error
	for _, id := range ids {
		if st.byID[id] == nil {
			continue
		}
		failed = errors.Join(failed, st.discard(id))
		delete(st.byID, id)
	}
	st.entries = slices.DeleteFunc(st.entries, func(e *entry) bool { return st.byID[e.id] == nil })
	return failed
}

// list is all messages, newest first.
func (st *store) list() []*entry {
	st.mu.RLock()
	defer st.mu.RUnlock()
	all := slices.Clone(st.entries)
	slices.Reverse(all)
	return all
}

// find looks a message up; the ID latest is the newest one.
func (st *store) find(id string) (*entry, error) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	if id == "latest" && len(st.entries) > 0 {
		return st.entries[len(st.entries)-1], nil
	}
	if e := st.byID[id]; e != nil {
		return e, nil
	}
	return nil, errNoMessage
}

// raw is the message as it came.
func (st *store) raw(id string) ([]byte, *entry, error) {
	e, err := st.find(id)
	if err != nil {
		return nil, nil, err
	}
	raw, err := os.ReadFile(st.path(e.id, "eml"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, errNoMessage // deleted since
	}
	return raw, e, err
}

// setRead marks messages as read or unread; unknown IDs are passed over.
func (st *store) setRead(read bool, ids ...string) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, id := range ids {
		e := st.byID[id]
		if e == nil || e.envelope.Read == read {
			continue
		}
		env := e.envelope
		env.Read = read
		if err := st.writeEnvelope(id, env); err != nil {
			return err
		}
		changed := *e // entries are never changed in place: readers hold them without the lock
		changed.envelope, changed.summary.Read = env, read
		at, _ := st.position(id)
		st.entries[at], st.byID[id] = &changed, &changed
	}
	return nil
}

// bccOf are the recipients that no header names.
func bccOf(env envelope, named ...[]*mail.Address) []*mail.Address {
	seen := map[string]bool{}
	for _, list := range named {
		for _, a := range list {
			seen[strings.ToLower(a.Address)] = true
		}
	}
	bcc := []*mail.Address{}
	for _, to := range env.To {
		if !seen[strings.ToLower(to)] {
			bcc = append(bcc, &mail.Address{Address: to})
		}
	}
	return bcc
}
