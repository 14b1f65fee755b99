package postgres

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
)

// maxCursor bounds what is decoded: a cursor holds a section of 40 characters, a row of 10 and a number.
const maxCursor = 1000

func wrongCursor() error {
	return boxoffice.InvalidField("cursor", "This is no cursor of an earlier page.")
}

// eventCursor is the last event of a page. It stays right when events come or go before it.
type eventCursor struct {
	starts time.Time
	id     string
}

func (c eventCursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.starts.UnixMicro(), 10) + " " + c.id))
}

// parseEventCursor reads what String wrote; an empty cursor is the zero one. CodeInvalid.
func parseEventCursor(text string) (eventCursor, error) {
	if text == "" {
		return eventCursor{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	micros, id, found := strings.Cut(string(raw), " ")
	at, numberErr := strconv.ParseInt(micros, 10, 64)
	parsed, idErr := uuid.Parse(id)
	starts := time.UnixMicro(at).UTC()
	// Postgres has no years before -4713 or after 294276, and needs none of them.
	if err != nil || !found || numberErr != nil || idErr != nil || starts.Year() < 1 || starts.Year() > 9999 {
		return eventCursor{}, wrongCursor()
	}
	return eventCursor{starts, parsed.String()}, nil
}

// seatCursor is the last seat of a page.
type seatCursor struct {
	Section string `json:"s"`
	Row     string `json:"r"`
	Number  int    `json:"n"`
}

func (c seatCursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil { // strings and a number: cannot happen
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// parseSeatCursor reads what String wrote; an empty cursor is before every seat. CodeInvalid.
func parseSeatCursor(text string) (seatCursor, error) {
	var c seatCursor
	if text == "" {
		return c, nil
	}
	if len(text) > maxCursor {
		return c, wrongCursor()
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return c, wrongCursor()
	}
	err = json.Unmarshal(raw, &c)
	if err != nil || c.Section == "" || !storable(c.Section+c.Row) || c.Number < 1 || c.Number > math.MaxInt32 {
		return seatCursor{}, wrongCursor()
	}
	return c, nil
}
