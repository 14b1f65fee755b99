package postgres

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Organizers is the store of what organizers make: titles, venues, seat plans, events.
//
// Its locks are taken in the order user, title or venue, event, seats by ID. Buyers lock no event, so that they wait for an
// organizer only where a seat of theirs is being changed; all of 20,000 seats are changed in half a second.
type Organizers struct {
	db     *DB
	guests *lanes // see Guests
}

var _ boxoffice.OrganizerStore = (*Organizers)(nil)

// Organizers gives the store of what organizers make.
func (db *DB) Organizers() *Organizers { return &Organizers{db: db, guests: newLanes(guestLists)} }

// organizerPatience bounds a change, which may be of every seat of an arena.
const organizerPatience = 30 * time.Second

// write runs a change once under its key, in one transaction.
func write[T any](ctx context.Context, s *Organizers, by boxoffice.By, change func(ctx context.Context, tx pgx.Tx) (T, error)) (answer T, err error) {
	err = s.db.inLongTx(ctx, organizerPatience, func(ctx context.Context, tx pgx.Tx) (err error) {
		answer, _, err = once(ctx, tx, by.Key, func() (T, error) { return change(ctx, tx) })
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return answer, nil
}

// noted is what the audit log keeps of a change.
type noted struct{ before, after map[string]any }

// note writes a change into the audit log.
func note(ctx context.Context, tx pgx.Tx, by boxoffice.By, action, subject string, change noted) error {
	_, err := tx.Exec(ctx, `INSERT INTO audit_log (actor, action, subject, before, after) VALUES ($1, $2, $3, $4, $5)`,
		by.UserID, action, subject, jsonOrNull(change.before), jsonOrNull(change.after))
	return err
}

// queueEvents queues the events that the condition on $1 selects for the search index.
func queueEvents(ctx context.Context, tx pgx.Tx, condition, id string) error {
	_, err := tx.Exec(ctx, `INSERT INTO search_outbox (event_id) SELECT id FROM events WHERE `+condition+` ORDER BY starts_at, id`, id)
	return err
}

// absent says what there is none of, where err says that there is no row.
func absent(what string, err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such %s.", what)
	}
	return err
}

// ofNobody refuses to change what everybody may use.
func ofNobody(what string) error {
	return boxoffice.Errorf(boxoffice.CodeForbidden, "This %s is there for all organizers, so nobody can change it. Make one of your own.", what)
}

// readID reads an ID of a thing. One that is none names nothing.
func readID(what, text string) (string, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return "", absent(what, pgx.ErrNoRows)
	}
	return id.String(), nil
}

// readHash reads a seat plan's hash. One that is none names nothing.
func readHash(text string) ([]byte, error) {
	hash, err := hex.DecodeString(text)
	if err != nil || len(hash) != 32 {
		return nil, absent("seat plan", pgx.ErrNoRows)
	}
	return hash, nil
}

// maxText bounds, in bytes, a text that an index holds.
const maxText = 1000

// checkText refuses what the database cannot keep.
func checkText(field, text string) error {
	if !storable(text) || len(text) > maxText {
		return boxoffice.InvalidField(field, "This is no text, or too long.")
	}
	return nil
}

// set gives the new value, or the old one where there is none.
func set[T any](old T, changed *T) T {
	if changed == nil {
		return old
	}
	return *changed
}

// differences are the fields of two things of one kind that differ.
func differences(before, after any) (noted, error) {
	old, err := fieldsOf(before)
	if err != nil {
		return noted{}, err
	}
	changed, err := fieldsOf(after)
	if err != nil {
		return noted{}, err
	}
	for field, value := range changed {
		if reflect.DeepEqual(old[field], value) {
			delete(old, field)
			delete(changed, field)
		}
	}
	return noted{old, changed}, nil
}

// fieldsOf gives the fields of a struct.
func fieldsOf(thing any) (fields map[string]any, err error) {
	raw, err := json.Marshal(thing)
	if err != nil {
		return nil, err
	}
	return fields, json.Unmarshal(raw, &fields)
}
