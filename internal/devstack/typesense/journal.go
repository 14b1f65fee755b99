package typesense

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// journal is the append-only file of all changes: one JSON record a line. Each line stands for itself, so a line that a crash
// cut short is one that nobody was told of, and is dropped.
type journal struct {
	mu   sync.Mutex
	path string
	file *os.File // nil: nothing is kept
	size int64
}

// What a record says.
const (
	opCreate      = "create" // a collection: its schema
	opAlter       = "alter"  // its schema from now on
	opDrop        = "drop"
	opPut         = "put" // a document
	opDelete      = "delete"
	opAlias       = "alias" // what it points at
	opDropAlias   = "drop alias"
	opSynonym     = "synonym"
	opDropSynonym = "drop synonym"
)

// record is one change.
type record struct {
	Op         string          `json:"op"`
	Collection string          `json:"c,omitempty"`
	ID         string          `json:"id,omitempty"` // of a document, an alias, a synonym
	Value      json.RawMessage `json:"v,omitempty"`
}

// openJournal opens the file, or with no path one that keeps nothing.
func openJournal(path string) (*journal, error) {
	if path == "" {
		return &journal{}, nil
	}
	// Without O_APPEND: a write that came out short is cut off again, and the next one has to land where it began.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	return &journal{path: path, file: file}, nil
}

// append writes records by one write. After an error none of them is in the file.
func (j *journal) append(records ...record) error {
	if j.file == nil || len(records) == 0 {
		return nil
	}
	var lines bytes.Buffer
	for _, r := range records {
		line, err := encode(r)
		if err != nil {
			return err
		}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.WriteAt(lines.Bytes(), j.size); err != nil {
		return errors.Join(fmt.Errorf("write the journal: %w", err), j.file.Truncate(j.size))
	}
	j.size += int64(lines.Len())
	return nil
}

// replay hands over every record, oldest first, and cuts off what a crash left unfinished.
func (j *journal) replay(apply func(record) error) error {
	if j.file == nil {
		return nil
	}
	lines := bufio.NewReaderSize(j.file, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if err := j.file.Truncate(j.size); err != nil {
				return fmt.Errorf("cut the journal's unfinished end: %w", err)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("journal at %d is damaged: %w", j.size, err)
		}
		if err := apply(r); err != nil {
			return fmt.Errorf("journal at %d: %w", j.size, err)
		}
		j.size += int64(len(line))
	}
}

// rewrite replaces the journal by one of these records, in one step. Nobody may be appending.
func (j *journal) rewrite(records func(yield func(record) error) error) (err error) {
	if j.file == nil {
		return nil
	}
	fresh := j.path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("rewrite the journal: %w", err)
	}
	next, err := openJournal(fresh)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("rewrite the journal: %w", err), next.file.Close())
		}
	}()
	pending := make([]record, 0, 1000)
	flush := func() error {
		err := next.append(pending...)
		pending = pending[:0]
		return err
	}
	err = records(func(r record) error {
		if pending = append(pending, r); len(pending) < cap(pending) {
			return nil
		}
		return flush()
	})
	if err = errors.Join(err, flush()); err != nil {
		return err
	}
	if err = next.file.Sync(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err = os.Rename(fresh, j.path); err != nil {
		return err
	}
	old := j.file
	j.file, j.size = next.file, next.size
	return old.Close()
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return errors.Join(j.file.Sync(), j.file.Close())
}
