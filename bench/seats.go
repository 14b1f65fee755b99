package bench

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"

	"github.com/boxoffice/boxoffice/internal/buyer"
)

// seatMap is the state of an event's seats at a moment, as its buyers see it. It is never changed.
type seatMap struct {
	ids  []string
	free []bool
	rows [][]int // indexes of neighbours, from left to right; places for wheelchairs are left to those who need them
}

// available gives the free seats that are for everybody, in the order of the hall.
func (m *seatMap) available() (ids []string) {
	for _, row := range m.rows {
		for _, i := range row {
			if m.free[i] {
				ids = append(ids, m.ids[i])
			}
		}
	}
	return ids
}

// gone counts the seats that cannot be had.
func (m *seatMap) gone() (n int) {
	for _, free := range m.free {
		if !free {
			n++
		}
	}
	return n
}

// pick chooses as many free seats side by side as are wanted, fewer where no row has so many, and none when all are gone.
// It begins at some row and leaves no seat alone between its seats and the next that is taken, where that can be.
func (m *seatMap) pick(wanted int, r *rand.Rand) []string {
	for size := wanted; size > 0; size-- {
		for _, alone := range []bool{false, true} {
			first := r.IntN(len(m.rows))
			for n := range m.rows {
				if seats := m.inRow(m.rows[(first+n)%len(m.rows)], size, alone, r); seats != nil {
					return seats
				}
			}
		}
	}
	return nil
}

// inRow looks for the seats in one row, at either end of a run of free ones.
func (m *seatMap) inRow(row []int, size int, alone bool, r *rand.Rand) []string {
	for from := 0; from < len(row); {
		until := from
		for until < len(row) && m.free[row[until]] {
			until++
		}
		if rest := until - from - size; rest >= 0 && (rest != 1 || alone) {
			if r.IntN(2) == 0 {
				from = until - size
			}
			seats := make([]string, size)
			for i := range seats {
				seats[i] = m.ids[row[from+i]]
			}
			return seats
		}
		from = until + 1
	}
	return nil
}

// seatMaps keeps what the newest seat maps say, by ETag: buyers who were sent the same one read it once, so that little of the
// machine's time goes into reading.
type seatMaps struct {
	mu   sync.Mutex
	read map[string]*seatMap
	tags []string // oldest first
}

// mostMaps is how many maps are kept: buyers come back to the last ones at most.
const mostMaps = 16

// of gives the map of an answer. A 304 is the map of the buyer's own ETag; after long it may have been dropped: nil.
func (m *seatMaps) of(answer buyer.Answer) (*seatMap, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tag := answer.Header.Get("ETag")
	if known := m.read[tag]; known != nil || answer.Status == 304 {
		return known, nil
	}
	read, err := readSeatMap(answer)
	if err != nil {
		return nil, err
	}
	if m.read == nil {
		m.read = map[string]*seatMap{}
	}
	m.read[tag] = read
	if m.tags = append(m.tags, tag); len(m.tags) > mostMaps {
		delete(m.read, m.tags[0])
		m.tags = m.tags[1:]
	}
	return read, nil
}

func readSeatMap(answer buyer.Answer) (*seatMap, error) {
	var body io.Reader = bytes.NewReader(answer.Body)
	if answer.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, fmt.Errorf("unpack the seat map: %w", err)
		}
		body = unpacked
	}
	var columns struct {
		TicketIDs  []string `json:"ticket_ids"`
		Sections   []string `json:"sections"`
		Rows       []string `json:"rows"`
		Numbers    []int    `json:"numbers"`
		States     []string `json:"states"`
		Accessible []bool   `json:"accessible"`
	}
	if err := json.NewDecoder(body).Decode(&columns); err != nil {
		return nil, fmt.Errorf("read the seat map: %w", err)
	}
	n := len(columns.TicketIDs)
	if n == 0 || len(columns.Sections) != n || len(columns.Rows) != n || len(columns.Numbers) != n || len(columns.States) != n || len(columns.Accessible) != n {
		return nil, fmt.Errorf("the columns of the seat map of %d tickets differ in length", n)
	}
	m := &seatMap{ids: columns.TicketIDs, free: make([]bool, n)}
	last := -1 // the last seat that somebody may take who needs no wheelchair
	for i := range n {
		m.free[i] = columns.States[i] == "available"
		if columns.Accessible[i] {
			continue
		}
		if last < 0 || last != i-1 || columns.Sections[i] != columns.Sections[last] || columns.Rows[i] != columns.Rows[last] || columns.Numbers[i] != columns.Numbers[last]+1 {
			m.rows = append(m.rows, nil)
		}
		m.rows[len(m.rows)-1] = append(m.rows[len(m.rows)-1], i)
		last = i
	}
	if len(m.rows) == 0 {
		return nil, fmt.Errorf("none of the %d seats is for everybody", n)
	}
	return m, nil
}
