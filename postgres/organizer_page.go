package postgres

import (
	"encoding/base64"
	"encoding/json"
	"strconv"

	"github.com/boxoffice/boxoffice"
	"github.com/google/uuid"
)

// maxOrganizerPage bounds a page of what an organizer has.
const maxOrganizerPage = 100

// checkPage refuses a page that cannot be.
func checkPage(page boxoffice.OrganizerPage) error {
	if page.Limit < 1 || page.Limit > maxOrganizerPage {
		return boxoffice.InvalidField("limit", "A page has between 1 and %d lines.", maxOrganizerPage)
	}
	if !storable(page.Search) {
		return boxoffice.InvalidField("search", "This is no text.")
	}
	return nil
}

// nameConditions select titles or venues, of a table called t, that a user may use.
func nameConditions(page boxoffice.OrganizerPage) (c conditions, err error) {
	if err := checkPage(page); err != nil {
		return c, err
	}
	after, err := parseNameCursor(page.Cursor)
	if err != nil {
		return c, err
	}
	c.add("(t.owner_id = ? OR t.owner_id IS NULL)", page.UserID)
	if page.Search != "" {
		c.add("position(lower(?) in lower(t.name)) > 0", page.Search)
	}
	if page.Cursor != "" {
		c.add("(lower(t.name), t.id) > (lower(?), ?)", after.Name, after.ID)
	}
	return c, nil
}

// nameOrder ends a query of titles or venues. One more than the page holds tells whether there is another.
func nameOrder(limit int) string {
	return ` ORDER BY lower(t.name), t.id LIMIT ` + strconv.Itoa(limit+1)
}

// nameCursor is the last title or venue of a page.
type nameCursor struct {
	Name string `json:"n"`
	ID   string `json:"i"`
}

func (c nameCursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil { // two strings: cannot happen
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// parseNameCursor reads what String wrote; an empty cursor is the zero one. CodeInvalid.
func parseNameCursor(text string) (c nameCursor, err error) {
	if text == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if len(text) > 10*maxText || err != nil || json.Unmarshal(raw, &c) != nil || !storable(c.Name) {
		return nameCursor{}, wrongCursor()
	}
	id, err := uuid.Parse(c.ID)
	if err != nil {
		return nameCursor{}, wrongCursor()
	}
	c.ID = id.String()
	return c, nil
}
