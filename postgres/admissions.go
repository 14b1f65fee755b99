package postgres

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// AdmissionVoid says since when an admission lets nobody in any more, because its ticket was given back or its booking
// undone; zero: it does. CodeNotFound for one that there is not.
func (db *DB) AdmissionVoid(ctx context.Context, admissionID string) (since time.Time, err error) {
	id, err := uuid.Parse(admissionID)
	if err != nil {
		return since, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such admission.")
	}
	var at *time.Time
	err = db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, `SELECT voided_at FROM admissions WHERE id = $1`, id.String()).Scan(&at)
	})
	return deref(at).UTC(), err
}
