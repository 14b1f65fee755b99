package stripe

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// journal is the append-only file behind the store: one JSON record a line. The records of one change are written by a single
// write, and all but its last are marked, so a change is either whole or, after a crash in the middle, ignored.
type journal struct {
	file *os.File
	size int64
}

// record says that the row of this kind and ID has this value from now on, or is deleted.
type record struct {
	Kind    string          `json:"k"`
	ID      string          `json:"id"`
	Value   json.RawMessage `json:"v,omitempty"`
	Deleted bool            `json:"x,omitempty"`
	More    bool            `json:"m,omitempty"` // the next line belongs to the same change
}

// span is where a record stands in the file.
type span struct {
	offset int64
	length int
}

func openJournal(path string) (*journal, error) {
	// Without O_APPEND: a write that came out short is cut off again, and the next one has to land where it began.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	return &journal{file: file}, nil
}

// append writes the records of one change, and tells where each went. After an error nothing of it is in the file.
func (j *journal) append(records []record) ([]span, error) {
	var lines bytes.Buffer
	spans := make([]span, len(records))
	for i, r := range records {
		r.More = i < len(records)-1
		line, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("encode a %s: %w", r.Kind, err)
		}
		spans[i] = span{j.size + int64(lines.Len()), len(line)}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	if _, err := j.file.WriteAt(lines.Bytes(), j.size); err != nil {
		return nil, errors.Join(fmt.Errorf("write the journal: %w", err), j.file.Truncate(j.size))
	}
	j.size += int64(lines.Len())
	return spans, nil
}

// read returns the record at a place that append or replay told.
func (j *journal) read(at span) (record, error) {
	line := make([]byte, at.length)
	if _, err := j.file.ReadAt(line, at.offset); err != nil {
		return record{}, fmt.Errorf("read the journal: %w", err)
	}
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return record{}, fmt.Errorf("journal at %d: %w", at.offset, err)
	}
	return r, nil
}

// replay hands over every record of every whole change, in order, and cuts off a change that a crash left unfinished.
func (j *journal) replay(apply func(record, span) error) error {
	lines := bufio.NewReaderSize(j.file, 1<<20)
	var offset int64
	var change []record
	var spans []span
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return j.cutTail() // what is left, if anything, is a change without its end
		}
		if err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("journal at %d is damaged: %w", offset, err)
		}
		change, spans = append(change, r), append(spans, span{offset, len(line) - 1})
		offset += int64(len(line))
		if r.More {
			continue
		}
		for i, r := range change {
			if err := apply(r, spans[i]); err != nil {
				return fmt.Errorf("journal at %d: %w", spans[i].offset, err)
			}
		}
		change, spans, j.size = change[:0], spans[:0], offset
	}
}

func (j *journal) cutTail() error {
	if err := j.file.Truncate(j.size); err != nil {
		return fmt.Errorf("cut the journal's unfinished end: %w", err)
	}
	return nil
}

func (j *journal) close() error {
	return errors.Join(j.file.Sync(), j.file.Close())
}
