package stripe

import (
	"encoding/json"
	"fmt"
)

// table holds the rows of one kind in memory, in the order in which they came.
type table[T any] struct {
	kind  string
	rows  map[string]placed[T]
	order []string // IDs; a deleted one stays until squeeze and is passed over

	decode   func(record, span) (T, error) // from a journal record; plain JSON if nil
	placed   func(T, span) T               // told where the record went, if the value wants to know
	onSet    func(T)
	onDelete func(T)
}

type placed[T any] struct {
	value    T
	position int
}

func newTable[T any](kind string) *table[T] {
	return &table[T]{kind: kind, rows: map[string]placed[T]{}}
}

func (t *table[T]) name() string { return t.kind }

func (t *table[T]) count() int { return len(t.rows) }

func (t *table[T]) set(id string, v T) {
	row, known := t.rows[id]
	if !known {
		row.position = len(t.order)
		t.order = append(t.order, id)
	}
	row.value = v
	t.rows[id] = row
	if t.onSet != nil && !known {
		t.onSet(v)
	}
}

func (t *table[T]) remove(id string) {
	row, known := t.rows[id]
	if !known {
		return
	}
	delete(t.rows, id)
	if t.onDelete != nil {
		t.onDelete(row.value)
	}
	if len(t.order) > 2*len(t.rows)+1024 {
		t.squeeze()
	}
}

// squeeze drops the deleted rows from the order. Queues would otherwise keep the ID of all that ever passed through them.
func (t *table[T]) squeeze() {
	order := make([]string, 0, len(t.rows))
	for _, id := range t.order {
		row, ok := t.rows[id]
		if !ok {
			continue
		}
		row.position = len(order)
		t.rows[id] = row
		order = append(order, id)
	}
	t.order = order
}

// apply repeats what a journal record says.
func (t *table[T]) apply(r record, at span) error {
	if r.Deleted {
		t.remove(r.ID)
		return nil
	}
	var v T
	var err error
	if t.decode != nil {
		v, err = t.decode(r, at)
	} else {
		err = json.Unmarshal(r.Value, &v)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Kind, r.ID, err)
	}
	t.set(r.ID, v)
	return nil
}
