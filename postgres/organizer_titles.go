package postgres

import (
	"cmp"
	"context"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// titleColumns are those that scanTitle reads, of a table called t.
const titleColumns = `t.id, coalesce(t.owner_id::text, ''), t.name, t.kind, coalesce(t.year, 0), coalesce(t.runtime_minutes, 0),
	coalesce(t.genre, ''), coalesce(t.rating, ''), coalesce(t.director, ''), t.poster`

func scanTitle(row pgx.CollectableRow) (boxoffice.Title, error) {
	var t boxoffice.Title
	err := row.Scan(&t.ID, &t.OwnerID, &t.Name, &t.Kind, &t.Year, &t.RuntimeMinutes, &t.Genre, &t.Rating, &t.Director, &t.Poster)
	return t, err
}

// CreateTitle stores a title of the user.
func (s *Organizers) CreateTitle(ctx context.Context, by boxoffice.By, t boxoffice.Title) (boxoffice.Title, error) {
	if err := checkTitle(t); err != nil {
		return boxoffice.Title{}, err
	}
	return write(ctx, s, by, func(ctx context.Context, tx pgx.Tx) (boxoffice.Title, error) {
		id, err := uuid.NewV7()
		if err != nil {
			return boxoffice.Title{}, err
		}
		t.ID, t.OwnerID = id.String(), by.UserID
		_, err = tx.Exec(ctx, `
			INSERT INTO titles (id, owner_id, name, kind, year, runtime_minutes, genre, rating, director)
			VALUES ($1, $2, $3, $4, nullif($5::smallint, 0), nullif($6::smallint, 0), nullif($7, ''), nullif($8, ''), nullif($9, ''))`,
			t.ID, t.OwnerID, t.Name, t.Kind, t.Year, t.RuntimeMinutes, t.Genre, t.Rating, t.Director)
		if err != nil {
			return boxoffice.Title{}, err
		}
		return t, note(ctx, tx, by, "create", "title "+t.ID, noted{after: map[string]any{"name": t.Name, "kind": t.Kind}})
	})
}

// checkTitle refuses what the table would.
func checkTitle(t boxoffice.Title) error {
	err := cmp.Or(checkText("name", t.Name), checkText("kind", t.Kind), checkText("genre", t.Genre), checkText("rating", t.Rating),
		checkText("director", t.Director))
	if err != nil {
		return err
	}
	switch {
	case t.Name == "":
		return boxoffice.InvalidField("name", "A title has a name.")
	case t.Kind == "":
		return boxoffice.InvalidField("kind", "A title is of a kind.")
	case t.Year != 0 && (t.Year < 1800 || t.Year > 2200):
		return boxoffice.InvalidField("year", "This is between 1800 and 2200.")
	case t.RuntimeMinutes < 0 || t.RuntimeMinutes > maxRuntime:
		return boxoffice.InvalidField("runtime_minutes", "This is at most %d.", maxRuntime)
	}
	return nil
}

// maxRuntime is that of the longest event, in minutes; the column holds no more than 32,767.
const maxRuntime = 30_000

// ChangeTitle changes a title of the user, and the type of its events with its kind.
func (s *Organizers) ChangeTitle(ctx context.Context, by boxoffice.By, titleID string, change boxoffice.TitleChange) (boxoffice.Title, error) {
	return write(ctx, s, by, func(ctx context.Context, tx pgx.Tx) (boxoffice.Title, error) {
		before, err := readTitle(ctx, tx, by.UserID, titleID, "FOR NO KEY UPDATE")
		if err != nil {
			return boxoffice.Title{}, err
		}
		if before.OwnerID == "" {
			return boxoffice.Title{}, ofNobody("title")
		}
		after := before
		after.Name, after.Kind = set(before.Name, change.Name), set(before.Kind, change.Kind)
		after.Year, after.RuntimeMinutes = set(before.Year, change.Year), set(before.RuntimeMinutes, change.RuntimeMinutes)
		after.Genre, after.Rating = set(before.Genre, change.Genre), set(before.Rating, change.Rating)
		after.Director = set(before.Director, change.Director)
		if after == before {
			return before, nil
		}
		return after, storeTitle(ctx, tx, by, before, after)
	})
}

// storeTitle writes a changed title, which is locked.
func storeTitle(ctx context.Context, tx pgx.Tx, by boxoffice.By, before, after boxoffice.Title) error {
	if err := checkTitle(after); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		UPDATE titles SET name = $2, kind = $3, year = nullif($4::smallint, 0), runtime_minutes = nullif($5::smallint, 0),
			genre = nullif($6, ''), rating = nullif($7, ''), director = nullif($8, '')
		WHERE id = $1`,
		after.ID, after.Name, after.Kind, after.Year, after.RuntimeMinutes, after.Genre, after.Rating, after.Director)
	if err != nil {
		return err
	}
	if after.Kind != before.Kind {
		_, err := tx.Exec(ctx, `
			WITH locked AS (SELECT id FROM events WHERE title_id = $1 ORDER BY id FOR NO KEY UPDATE)
			UPDATE events e SET type = $2 FROM locked WHERE e.id = locked.id`, after.ID, after.Kind)
		if err != nil {
			return err
		}
	}
	if err := queueEvents(ctx, tx, `title_id = $1 AND ends_at > boxoffice_now()`, after.ID); err != nil {
		return err
	}
	changes, err := differences(before, after)
	if err != nil {
		return err
	}
	return note(ctx, tx, by, "change", "title "+after.ID, changes)
}

// Titles lists the titles that the user may use, by name.
func (s *Organizers) Titles(ctx context.Context, page boxoffice.OrganizerPage) (titles []boxoffice.Title, next string, err error) {
	c, err := nameConditions(page)
	if err != nil {
		return nil, "", err
	}
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `SELECT `+titleColumns+` FROM titles t WHERE `+c.sql+nameOrder(page.Limit), c.args...)
		if err != nil {
			return err
		}
		if titles, err = pgx.CollectRows(rows, scanTitle); err != nil || len(titles) <= page.Limit {
			return err
		}
		titles = titles[:page.Limit]
		last := titles[page.Limit-1]
		next = nameCursor{last.Name, last.ID}.String()
		return nil
	})
	return titles, next, err
}

// TitleToUse gives a title of the user, or of nobody.
func (s *Organizers) TitleToUse(ctx context.Context, userID, titleID string) (t boxoffice.Title, err error) {
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		t, err = readTitle(ctx, conn, userID, titleID, "")
		return err
	})
	return t, err
}

// readTitle reads a title that the user may use, under a lock if one is named.
func readTitle(ctx context.Context, q querier, userID, titleID, lock string) (boxoffice.Title, error) {
	id, err := readID("title", titleID)
	if err != nil {
		return boxoffice.Title{}, err
	}
	rows, err := q.Query(ctx, `SELECT `+titleColumns+` FROM titles t
		WHERE t.id = $1 AND (t.owner_id = $2 OR t.owner_id IS NULL) `+lock, id, userID)
	if err != nil {
		return boxoffice.Title{}, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTitle)
	return t, absent("title", err)
}
