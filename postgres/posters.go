package postgres

import (
	"context"

	"github.com/boxoffice/boxoffice"
	"github.com/jackc/pgx/v5"
)

// SetPoster gives a title of the user a poster.
func (s *Organizers) SetPoster(ctx context.Context, by boxoffice.By, titleID string, poster boxoffice.Poster) (boxoffice.Title, error) {
	return s.changePoster(ctx, by, titleID, &poster)
}

// RemovePoster takes the poster of a title of the user away.
func (s *Organizers) RemovePoster(ctx context.Context, by boxoffice.By, titleID string) (boxoffice.Title, error) {
	return s.changePoster(ctx, by, titleID, nil)
}

func (s *Organizers) changePoster(ctx context.Context, by boxoffice.By, titleID string, poster *boxoffice.Poster) (boxoffice.Title, error) {
	return write(ctx, s, by, func(ctx context.Context, tx pgx.Tx) (boxoffice.Title, error) {
		before, err := readTitle(ctx, tx, by.UserID, titleID, "FOR NO KEY UPDATE")
		if err != nil {
			return boxoffice.Title{}, err
		}
		if before.OwnerID == "" {
			return boxoffice.Title{}, ofNobody("title")
		}
		after := before
		after.Poster = poster
		if _, err := tx.Exec(ctx, `UPDATE titles SET poster = $2 WHERE id = $1`, before.ID, poster); err != nil {
			return boxoffice.Title{}, err
		}
		change := noted{map[string]any{"poster": before.Poster}, map[string]any{"poster": poster}}
		return after, note(ctx, tx, by, "change", "title "+before.ID, change)
	})
}
