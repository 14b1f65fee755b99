package typesense

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// lineAnswer is what an import says of one line.
type lineAnswer struct {
	Code     int    `json:"code,omitempty"`
	Document any    `json:"document,omitempty"`
	Error    string `json:"error,omitempty"`
	ID       string `json:"id,omitempty"`
	Success  bool   `json:"success"`
}

// importer takes the lines of one import.
type importer struct {
	action             string
	dirty              dirty
	returnID, returnDo bool

	answers bytes.Buffer
	lastID  string
}

const (
	importBatch = 1000 // lines that become visible at once
	maxLine     = 4 << 20
)

func (s *Server) importDocuments(c call) (reply, error) {
	collection, err := s.store.collection(c.path["collection"])
	if err != nil {
		return reply{}, err
	}
	if size := c.parameters.Get("batch_size"); size != "" {
		n := 0
		if err := parseNumber(c.parameters, "batch_size", &n); err != nil || n == 0 {
			return reply{}, badRequest("Parameter `batch_size` must be a positive integer.")
		}
	}
	i := &importer{returnID: c.parameters.Get("return_id") == "true", returnDo: c.parameters.Get("return_doc") == "true"}
	if i.action, i.dirty, err = c.action(); err != nil {
		return reply{}, err
	}
	lines := bufio.NewScanner(c.Body)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for more := true; more; {
		var batch [][]byte
		for len(batch) < importBatch {
			if more = lines.Scan(); !more {
				break
			}
			if line := bytes.TrimSpace(lines.Bytes()); len(line) > 0 {
				batch = append(batch, bytes.Clone(line))
			}
		}
		if err := i.take(collection, batch); err != nil {
			return reply{}, err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return reply{}, errTooLarge
	case err != nil && !errors.Is(err, io.EOF):
		return reply{}, fmt.Errorf("read the import: %w", err)
	}
	return reply{status: http.StatusOK, lines: bytes.TrimSuffix(append([]byte{}, i.answers.Bytes()...), []byte("\n"))}, nil
}

// take imports some lines and notes how each went.
func (i *importer) take(collection *collection, lines [][]byte) error {
	if len(lines) == 0 {
		return nil
	}
	docs := make([]fields, len(lines))
	failures := make([]error, len(lines))
	for n, line := range lines {
		docs[n], failures[n] = parseDocument(line)
	}
	answers := make([]lineAnswer, len(lines))
	err := collection.write(func(b *batch) error {
		for n, line := range lines {
			var written *change
			if failures[n] == nil {
				i.noteID(docs[n])
				written, failures[n] = b.stage(docs[n], i.action, i.dirty)
			}
			answers[n] = i.answer(line, written, failures[n])
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, answer := range answers {
		line, err := encode(answer)
		if err != nil {
			return err
		}
		i.answers.Write(line)
		i.answers.WriteByte('\n')
	}
	return nil
}

func (i *importer) noteID(doc fields) {
	if id, err := doc.id(); err == nil && id != "" {
		i.lastID = id
	}
}

func (i *importer) answer(line []byte, written *change, err error) lineAnswer {
	a := lineAnswer{Success: err == nil}
	if err != nil {
		known := asAPIError(err)
		a.Code, a.Error = known.status, known.message
	} else {
		i.lastID = written.id
	}
	if i.returnID {
		a.ID = i.lastID
	}
	switch {
	case !i.returnDo:
	case err != nil:
		a.Document = string(line)
	default:
		a.Document = written.raw
	}
	return a
}
