// Package tickets makes the files of a sold booking: the PDF with a page a seat, the QR code with its signed entry token,
// and the calendar file. It draws with gofpdf, encodes with go-qrcode and writes calendars with golang-ical. Entry tokens
// are signed with Ed25519 and verify anywhere with the public key alone.
package tickets

import (
	"strings"
	"time"
	_ "time/tzdata" // venues' zones must be known also where the machine has no zone files

	"github.com/boxoffice/boxoffice"
)

// entryAfterEnd is how long after an event's end its entry tokens stay valid: shows run late, and nobody is to be locked
// out of a second half.
const entryAfterEnd = 12 * time.Hour

// Options configure a Renderer.
type Options struct {
	Keys Keys   // sign the entry tokens; from [ParseKeys]
	Name string // of the box office, in the page's head and foot; "boxoffice" when empty
}

// Renderer makes ticket files. It keeps nothing between calls and may be used by many goroutines at once.
type Renderer struct {
	keys  Keys
	name  string
	faces *faces
}

var _ boxoffice.TicketFiles = (*Renderer)(nil)

// New makes a Renderer. CodeInvalid when there is no signing key. The first call of a process costs about 50 ms, in which
// the fonts are parsed and cut.
func New(o Options) (*Renderer, error) {
	if len(o.Keys.signing) == 0 {
		return nil, boxoffice.InvalidField("TICKET_SIGNING_KEY", "Tickets cannot be signed without a key.")
	}
	loaded, err := loadFaces()
	if err != nil {
		return nil, boxoffice.WrapError(boxoffice.CodeInternal, err, "The ticket fonts cannot be read.")
	}
	name := clean(o.Name)
	if name == "" {
		name = "boxoffice"
	}
	return &Renderer{keys: o.Keys, name: name, faces: loaded}, nil
}

// token signs the entry of one page. The same page gives the same token. CodeIssueImpossible when it cannot be signed, or the
// seat's name is so long that no door would accept the token.
func (r *Renderer) token(event boxoffice.Event, page boxoffice.TicketPage) (string, error) {
	signed, err := r.keys.Sign(boxoffice.EntryClaims{
		AdmissionID: page.Admission.ID,
		EventID:     event.ID,
		Seat:        page.Ticket.Seat(),
		ExpiresAt:   endOf(event).Add(entryAfterEnd),
	})
	if err != nil {
		return "", boxoffice.WrapError(boxoffice.CodeIssueImpossible, err, "The entry code cannot be signed.")
	}
	if len(signed) > maxToken {
		return "", boxoffice.Errorf(boxoffice.CodeIssueImpossible, "The name of the seat %.40q… is too long for an entry code.", page.Ticket.Seat())
	}
	return signed, nil
}

// endOf is when an event ends; one whose end is unknown or nonsense ends when it starts.
func endOf(event boxoffice.Event) time.Time {
	if event.EndsAt.After(event.StartsAt) {
		return event.EndsAt
	}
	return event.StartsAt
}

// check refuses documents of which no honest ticket can be made, and gives the venue's zone.
func check(doc boxoffice.TicketDocument) (*time.Location, error) {
	missing := ""
	switch {
	case doc.BookingID == "":
		missing = "a booking"
	case len(doc.Seats) == 0:
		missing = "seats"
	case doc.Event.ID == "" || doc.Event.StartsAt.IsZero():
		missing = "an event with its time"
	case doc.IssuedAt.IsZero():
		missing = "a time of issue"
	}
	if missing != "" {
		return nil, boxoffice.Errorf(boxoffice.CodeIssueImpossible, "The ticket document lacks %s.", missing)
	}
	for _, page := range doc.Seats {
		if page.Admission.ID == "" {
			return nil, boxoffice.Errorf(boxoffice.CodeIssueImpossible, "The seat %s has no admission.", page.Ticket.Seat())
		}
	}
	zone, err := time.LoadLocation(doc.Event.Venue.TimeZone)
	if err != nil || doc.Event.Venue.TimeZone == "" {
		return nil, boxoffice.Errorf(boxoffice.CodeIssueImpossible, "The venue's time zone %q is unknown.", doc.Event.Venue.TimeZone)
	}
	return zone, nil
}

// titleOf is what is shown; an event that names itself otherwise than its title shows both.
func titleOf(doc boxoffice.TicketDocument) (title, subtitle string) {
	title, event := clean(doc.Title.Name), clean(doc.Event.Name)
	if title == "" {
		return event, ""
	}
	if strings.EqualFold(title, event) {
		return title, ""
	}
	return title, event
}

// place is a venue in one line: "El Rey Theatre, Chico, CA".
func place(venue boxoffice.Venue) string {
	var parts []string
	for _, part := range []string{clean(venue.Name), clean(venue.City), clean(venue.State)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// localTime writes a moment as people at the venue would: "Fri 27 Nov 2026, 19:30 CST".
func localTime(at time.Time, zone *time.Location) string {
	local := at.In(zone)
	return local.Format("Mon 2 Jan 2006, 15:04 ") + zoneName(local)
}

// longTime is localTime in whole words: "Friday 27 November 2026, 19:30 CST".
func longTime(at time.Time, zone *time.Location) string {
	local := at.In(zone)
	return local.Format("Monday 2 January 2006, 15:04 ") + zoneName(local)
}

// zoneName is the abbreviation of t's zone; zones without one, which Go calls "-03", are written "UTC-03".
func zoneName(t time.Time) string {
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		return "UTC" + name
	}
	return name
}
