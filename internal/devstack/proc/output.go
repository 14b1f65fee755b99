package proc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxLine bounds how much of a line without an end is kept in memory.
const maxLine = 64 << 10

// output is where a child writes: a log file, a line handler, both or nothing.
type output struct {
	file   *os.File
	start  int64 // where this run begins in file
	name   string
	onLine func(string)
	line   []byte
}

func openOutput(o Options) (*output, error) {
	out := &output{onLine: o.OnLine, name: o.LogFile}
	if o.LogFile == "" {
		return out, nil
	}
	f, err := os.OpenFile(o.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open log: %w", err), f.Close())
	}
	out.file, out.start = f, info.Size()
	return out, nil
}

// writer is what the command gets: the file itself when there is nothing else to do, so that the child writes without us.
func (o *output) writer() io.Writer {
	switch {
	case o.onLine != nil:
		return o
	case o.file != nil:
		return o.file
	default:
		return nil
	}
}

// Write takes output of the child; exec calls it from one goroutine, because standard output and error are the same.
func (o *output) Write(b []byte) (int, error) {
	if o.file != nil {
		if _, err := o.file.Write(b); err != nil {
			return 0, err
		}
	}
	o.line = append(o.line, b...)
	for {
		i := bytes.IndexByte(o.line, '\n')
		if i < 0 {
			break
		}
		o.onLine(strings.TrimRight(string(o.line[:i]), "\r"))
		o.line = o.line[i+1:]
	}
	if len(o.line) > maxLine {
		o.onLine(string(o.line))
		o.line = nil
	}
	return len(b), nil
}

func (o *output) close() error {
	if o.onLine != nil && len(o.line) > 0 {
		o.onLine(string(o.line))
	}
	if o.file == nil {
		return nil
	}
	return o.file.Close()
}

func (o *output) tail(n int64) string {
	if o.name == "" {
		return ""
	}
	f, err := os.Open(o.name)
	if err != nil {
		return ""
	}
	defer f.Close() //nolint:errcheck // read only: closing cannot lose anything
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	from := max(o.start, info.Size()-n)
	if info.Size() < o.start {
		from = max(0, info.Size()-n) // somebody emptied the log meanwhile
	}
	b, err := io.ReadAll(io.NewSectionReader(f, from, n))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
