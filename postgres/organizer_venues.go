package postgres

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"math"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// venueColumns are those that scanVenue reads, of a table called t.
const venueColumns = `t.id, coalesce(t.owner_id::text, ''), t.name, t.city, t.state, t.time_zone, t.lat, t.lon`

func scanVenue(row pgx.CollectableRow) (boxoffice.Venue, error) {
	var v boxoffice.Venue
	return v, row.Scan(&v.ID, &v.OwnerID, &v.Name, &v.City, &v.State, &v.TimeZone, &v.Lat, &v.Lon)
}

// CreateVenue stores a venue of the user.
func (s *Organizers) CreateVenue(ctx context.Context, by boxoffice.By, v boxoffice.Venue) (boxoffice.Venue, error) {
	if err := checkVenue(v); err != nil {
		return boxoffice.Venue{}, err
	}
	return write(ctx, s, by, func(ctx context.Context, tx pgx.Tx) (boxoffice.Venue, error) {
		id, err := uuid.NewV7()
		if err != nil {
			return boxoffice.Venue{}, err
		}
		v.ID, v.OwnerID = id.String(), by.UserID
		if _, err := tx.Exec(ctx, `SELECT now() AT TIME ZONE $1::text`, v.TimeZone); err != nil {
			return boxoffice.Venue{}, wrongZone(err)
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO venues (id, owner_id, name, city, state, lat, lon, time_zone) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			v.ID, v.OwnerID, v.Name, v.City, v.State, v.Lat, v.Lon, v.TimeZone)
		if err != nil {
			return boxoffice.Venue{}, err
		}
		return v, note(ctx, tx, by, "create", "venue "+v.ID, noted{after: map[string]any{"name": v.Name, "city": v.City}})
	})
}

// wrongZone says that the server does not know a time zone, if that is what err says.
func wrongZone(err error) error {
	if pg := ofServer(err); pg != nil && pg.Code == stateInvalidParameter {
		return boxoffice.InvalidField("time_zone", "This is no time zone of the IANA's list.")
	}
	return err
}

// checkVenue refuses what the table would, and a time zone that tickets could not be printed in.
func checkVenue(v boxoffice.Venue) error {
	err := cmp.Or(checkText("name", v.Name), checkText("city", v.City), checkText("state", v.State), checkText("time_zone", v.TimeZone))
	if err != nil {
		return err
	}
	_, zoneErr := time.LoadLocation(v.TimeZone)
	switch {
	case v.Name == "":
		return boxoffice.InvalidField("name", "A venue has a name.")
	case v.City == "":
		return boxoffice.InvalidField("city", "A venue is in a city.")
	case len(v.State) != 2:
		return boxoffice.InvalidField("state", "This is two letters.")
	case math.IsNaN(v.Lat) || math.Abs(v.Lat) > 90:
		return boxoffice.InvalidField("lat", "This is between -90 and 90.")
	case math.IsNaN(v.Lon) || math.Abs(v.Lon) > 180:
		return boxoffice.InvalidField("lon", "This is between -180 and 180.")
	case zoneErr != nil || v.TimeZone == "" || v.TimeZone == "Local":
		return boxoffice.InvalidField("time_zone", "This is no time zone of the IANA's list.")
	}
	return nil
}

// ChangeVenue changes a venue of the user.
func (s *Organizers) ChangeVenue(ctx context.Context, by boxoffice.By, venueID string, change boxoffice.VenueChange) (boxoffice.Venue, error) {
	return write(ctx, s, by, func(ctx context.Context, tx pgx.Tx) (boxoffice.Venue, error) {
		before, err := lockOwnVenue(ctx, tx, by.UserID, venueID)
		if err != nil {
			return boxoffice.Venue{}, err
		}
		after := before
		after.Name, after.City, after.State = set(before.Name, change.Name), set(before.City, change.City), set(before.State, change.State)
		after.Lat, after.Lon = set(before.Lat, change.Lat), set(before.Lon, change.Lon)
		if after == before {
			return before, nil
		}
		return after, storeVenue(ctx, tx, by, before, after)
	})
}

// storeVenue writes a changed venue, which is locked.
func storeVenue(ctx context.Context, tx pgx.Tx, by boxoffice.By, before, after boxoffice.Venue) error {
	if err := checkVenue(after); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE venues SET name = $2, city = $3, state = $4, lat = $5, lon = $6 WHERE id = $1`,
		after.ID, after.Name, after.City, after.State, after.Lat, after.Lon)
	if err != nil {
		return err
	}
	if err := queueEvents(ctx, tx, `venue_id = $1 AND ends_at > boxoffice_now()`, after.ID); err != nil {
		return err
	}
	changes, err := differences(before, after)
	if err != nil {
		return err
	}
	return note(ctx, tx, by, "change", "venue "+after.ID, changes)
}

// lockOwnVenue locks a venue of the user, and refuses one of nobody.
func lockOwnVenue(ctx context.Context, tx pgx.Tx, userID, venueID string) (boxoffice.Venue, error) {
	v, err := readVenue(ctx, tx, userID, venueID, "FOR NO KEY UPDATE")
	if err == nil && v.OwnerID == "" {
		err = ofNobody("venue")
	}
	return v, err
}

// readVenue reads a venue that the user may use, under a lock if one is named.
func readVenue(ctx context.Context, q querier, userID, venueID, lock string) (boxoffice.Venue, error) {
	id, err := readID("venue", venueID)
	if err != nil {
		return boxoffice.Venue{}, err
	}
	rows, err := q.Query(ctx, `SELECT `+venueColumns+` FROM venues t
		WHERE t.id = $1 AND (t.owner_id = $2 OR t.owner_id IS NULL) `+lock, id, userID)
	if err != nil {
		return boxoffice.Venue{}, err
	}
	v, err := pgx.CollectExactlyOneRow(rows, scanVenue)
	return v, absent("venue", err)
}

// Venues lists the venues that the user may use, by name.
func (s *Organizers) Venues(ctx context.Context, page boxoffice.OrganizerPage) (venues []boxoffice.Venue, next string, err error) {
	c, err := nameConditions(page)
	if err != nil {
		return nil, "", err
	}
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, `SELECT `+venueColumns+` FROM venues t WHERE `+c.sql+nameOrder(page.Limit), c.args...)
		if err != nil {
			return err
		}
		if venues, err = pgx.CollectRows(rows, scanVenue); err != nil || len(venues) <= page.Limit {
			return err
		}
		venues = venues[:page.Limit]
		last := venues[page.Limit-1]
		next = nameCursor{last.Name, last.ID}.String()
		return nil
	})
	return venues, next, err
}

// planColumns are those that scanPlan reads, of a table called p.
const planColumns = `p.venue_id, p.hash, p.version, p.name, p.seats, p.categories, p.created_at`

func planTargets(v *boxoffice.SeatPlanVersion, hash *[]byte) []any {
	return []any{&v.VenueID, hash, &v.Version, &v.Name, &v.Seats, &v.Categories, &v.CreatedAt}
}

func scanPlan(row pgx.CollectableRow) (boxoffice.SeatPlanVersion, error) {
	var v boxoffice.SeatPlanVersion
	var hash []byte
	err := row.Scan(planTargets(&v, &hash)...)
	v.Hash, v.CreatedAt = hex.EncodeToString(hash), v.CreatedAt.UTC()
	return v, err
}

// AddSeatPlan stores a plan as the next version of a venue of the user. One that the venue has already is given again.
func (s *Organizers) AddSeatPlan(ctx context.Context, by boxoffice.By, version boxoffice.SeatPlanVersion, canonical json.RawMessage) (boxoffice.SeatPlanVersion, error) {
	var none boxoffice.SeatPlanVersion
	hash, err := readHash(version.Hash)
	if err != nil {
		return none, err
	}
	return write(ctx, s, by, func(ctx context.Context, tx pgx.Tx) (boxoffice.SeatPlanVersion, error) {
		venue, err := lockOwnVenue(ctx, tx, by.UserID, version.VenueID)
		if err != nil {
			return none, err
		}
		rows, err := tx.Query(ctx, `SELECT `+planColumns+` FROM seat_plans p WHERE p.venue_id = $1 AND p.hash = $2`, venue.ID, hash)
		if err != nil {
			return none, err
		}
		known, err := pgx.CollectRows(rows, scanPlan)
		if err != nil {
			return none, err
		}
		if len(known) == 1 {
			return known[0], nil
		}
		return insertPlan(ctx, tx, by, venue.ID, hash, version, canonical)
	})
}

// insertPlan stores a plan as the next version of a venue, which is locked.
func insertPlan(
	ctx context.Context, tx pgx.Tx, by boxoffice.By, venueID string, hash []byte, v boxoffice.SeatPlanVersion, canonical json.RawMessage,
) (boxoffice.SeatPlanVersion, error) {
	rows, err := tx.Query(ctx, `
		INSERT INTO seat_plans AS p (venue_id, hash, version, plan, name, seats, categories)
		SELECT $1, $2, last.version + 1, $3, $4, $5, $6
		FROM (SELECT coalesce(max(version), 0) AS version FROM seat_plans WHERE venue_id = $1) AS last
		WHERE last.version < $7
		RETURNING `+planColumns, venueID, hash, canonical, v.Name, v.Seats, v.Categories, boxoffice.MaxPlanVersions)
	if err != nil {
		return boxoffice.SeatPlanVersion{}, err
	}
	stored, err := pgx.CollectRows(rows, scanPlan)
	if err != nil {
		return boxoffice.SeatPlanVersion{}, err
	}
	if len(stored) == 0 {
		return boxoffice.SeatPlanVersion{}, boxoffice.Errorf(boxoffice.CodeTooMany, "A venue has at most %d seat plans.", boxoffice.MaxPlanVersions)
	}
	change := noted{after: map[string]any{"version": stored[0].Version, "hash": stored[0].Hash}}
	return stored[0], note(ctx, tx, by, "add seat plan", "venue "+venueID, change)
}

// SeatPlans lists the plans of a venue that the user may use, the latest first.
func (s *Organizers) SeatPlans(ctx context.Context, userID, venueID string) (plans []boxoffice.SeatPlanVersion, err error) {
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		venue, err := readVenue(ctx, conn, userID, venueID, "")
		if err != nil {
			return err
		}
		rows, err := conn.Query(ctx, `SELECT `+planColumns+` FROM seat_plans p WHERE p.venue_id = $1 ORDER BY p.version DESC`, venue.ID)
		if err != nil {
			return err
		}
		plans, err = pgx.CollectRows(rows, scanPlan)
		return err
	})
	return plans, err
}

// PlanOf gives a plan of a venue that the user may use; without a hash its latest.
func (s *Organizers) PlanOf(ctx context.Context, userID, venueID, hash string) (plan json.RawMessage, version boxoffice.SeatPlanVersion, err error) {
	var wanted []byte
	if hash != "" {
		if wanted, err = readHash(hash); err != nil {
			return nil, version, err
		}
	}
	err = s.db.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		venue, err := readVenue(ctx, conn, userID, venueID, "")
		if err != nil {
			return err
		}
		var found []byte
		err = conn.QueryRow(ctx, `
			SELECT p.plan, `+planColumns+` FROM seat_plans p
			WHERE p.venue_id = $1 AND ($2::bytea IS NULL OR p.hash = $2)
			ORDER BY p.version DESC LIMIT 1`, venue.ID, wanted).Scan(append([]any{&plan}, planTargets(&version, &found)...)...)
		version.Hash, version.CreatedAt = hex.EncodeToString(found), version.CreatedAt.UTC()
		return absent("seat plan", err)
	})
	return plan, version, err
}
