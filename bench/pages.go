package bench

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/seatplan"
)

// pages keeps what answers say, for all buyers: each loads its own, but what many are sent is read once, so that little of the
// machine's time goes into reading.
type pages struct {
	plans   readOnce[*hallMap]       // by hash
	states  readOnce[*seatStates]    // by ETag
	tickets readOnce[map[int]string] // by event, layout and section: the ticket of each place
}

// readOnce keeps the last few things that were read, by what stands for each.
type readOnce[T any] struct {
	mu   sync.Mutex
	read map[string]T
	keys []string // oldest first
}

// mostRead is how many are kept: of plans and states buyers come back to the last ones, and no hall has more sections.
const mostRead = 64

// of gives what was read of this key, or reads it.
func (o *readOnce[T]) of(key string, answer buyer.Answer, read func(body io.Reader) (T, error)) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if known, ok := o.read[key]; ok {
		return known, nil
	}
	value, err := readAnswer(answer, read)
	if err != nil {
		return value, err
	}
	if o.read == nil {
		o.read = map[string]T{}
	}
	o.read[key] = value
	if o.keys = append(o.keys, key); len(o.keys) > mostRead {
		delete(o.read, o.keys[0])
		o.keys = o.keys[1:]
	}
	return value, nil
}

// readAnswer unpacks an answer and reads it.
func readAnswer[T any](answer buyer.Answer, read func(body io.Reader) (T, error)) (nothing T, err error) {
	if answer.Status == http.StatusNotModified {
		return nothing, errors.New("the answer is unchanged, and what it was is forgotten")
	}
	var body io.Reader = bytes.NewReader(answer.Body)
	if answer.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			return nothing, fmt.Errorf("unpack an answer: %w", err)
		}
	}
	return read(body)
}

// readPlan reads a seat plan.
func readPlan(body io.Reader) (*hallMap, error) {
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read the seat plan: %w", err)
	}
	plan, err := seatplan.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("read the seat plan: %w", err)
	}
	hall := newHallMap(plan)
	if len(hall.rows) == 0 {
		return nil, fmt.Errorf("none of the %d places is for everybody", len(hall.places))
	}
	return hall, nil
}

// readStates reads a seat map.
func readStates(body io.Reader) (*seatStates, error) {
	var states seatStates
	if err := json.NewDecoder(body).Decode(&states); err != nil {
		return nil, fmt.Errorf("read the seat map: %w", err)
	}
	return &states, nil
}

// readTickets gives a reader of the tickets of a section in a hall.
func readTickets(hall *hallMap, section string) func(body io.Reader) (map[int]string, error) {
	return func(body io.Reader) (map[int]string, error) {
		var columns struct {
			TicketIDs []string `json:"ticket_ids"`
			Rows      []string `json:"rows"`
			Numbers   []int    `json:"numbers"`
		}
		if err := json.NewDecoder(body).Decode(&columns); err != nil {
			return nil, fmt.Errorf("read the tickets of a section: %w", err)
		}
		n := len(columns.TicketIDs)
		if n == 0 || len(columns.Rows) != n || len(columns.Numbers) != n {
			return nil, fmt.Errorf("the columns of a section of %d tickets differ in length", n)
		}
		tickets := make(map[int]string, n)
		for i, id := range columns.TicketIDs {
			if place, ok := hall.index[seatName{section, columns.Rows[i], columns.Numbers[i]}]; ok {
				tickets[place] = id
			}
		}
		return tickets, nil
	}
}
