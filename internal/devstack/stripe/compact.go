package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// compact forgets what is outdated and, if a good part of the journal is then dead, writes a new one of the living rows.
func (st *store) compact(path string, now time.Time, records int) error {
	st.forget(now)
	living := 0
	for _, t := range st.tables() {
		living += t.count()
	}
	if records < living+living/2+100 {
		return nil
	}
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("compact the journal: %w", err)
	}
	next, err := openJournal(fresh)
	if err != nil {
		return err
	}
	if err := st.copyTo(next); err != nil {
		return errors.Join(err, next.close())
	}
	if err := errors.Join(next.file.Sync(), os.Rename(fresh, path)); err != nil {
		return errors.Join(fmt.Errorf("compact the journal: %w", err), next.close())
	}
	old := st.journal
	st.journal = next
	return old.close()
}

func (st *store) forget(now time.Time) {
	eventsFrom := now.Add(-keepEvents).Unix()
	for id, row := range st.events.rows {
		if row.value.Created < eventsFrom && st.pendingOf[id] == 0 {
			st.events.remove(id)
		}
	}
	answersFrom := now.Add(-keepAnswers).Unix()
	for id, row := range st.answers.rows {
		if row.value.Created < answersFrom {
			st.answers.remove(id)
		}
	}
}

func (st *store) copyTo(next *journal) error {
	return errors.Join(
		copyRows(next, st.sessions), copyRows(next, st.intents), copyRows(next, st.charges), copyRows(next, st.refunds),
		copyRows(next, st.disputes), copyRows(next, st.chores), copyRows(next, st.settings),
		copyBodies(next, st.journal, st.events, func(e eventHead) span { return e.body }),
		copyBodies(next, st.journal, st.answers, func(a storedAnswer) span { return a.body }),
		copyRows(next, st.deliveries),
	)
}

// copyRows writes the rows of a table into the next journal, oldest first.
func copyRows[T any](next *journal, t *table[T]) error {
	return eachRow(t, func(id string, v T) error {
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode %s %s: %w", t.kind, id, err)
		}
		_, err = next.append([]record{{Kind: t.kind, ID: id, Value: raw}})
		return err
	})
}

// copyBodies does the same for rows whose bodies lie in the old journal, and notes their new places.
func copyBodies[T any](next, old *journal, t *table[T], where func(T) span) error {
	return eachRow(t, func(id string, v T) error {
		r, err := old.read(where(v))
		if err != nil {
			return err
		}
		spans, err := next.append([]record{r})
		if err != nil {
			return err
		}
		t.set(id, t.placed(v, spans[0]))
		return nil
	})
}

// eachRow visits the living rows, oldest first.
func eachRow[T any](t *table[T], visit func(id string, v T) error) error {
	t.squeeze()
	for _, id := range t.order {
		if err := visit(id, t.rows[id].value); err != nil {
			return err
		}
	}
	return nil
}
