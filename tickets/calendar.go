package tickets

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/boxoffice/boxoffice"
)

// Local times of iCalendar, and its offsets (RFC 5545, 3.3.5 and 3.3.14).
const (
	calendarTime   = "20060102T150405"
	calendarOffset = "-0700"
)

// Calendar renders the event as an iCalendar file (RFC 5545) in the venue's time zone, whose rules around the event it
// carries. Repeated imports replace each other: the UID is the booking's. The same document gives the same bytes.
// CodeIssueImpossible.
func (r *Renderer) Calendar(doc boxoffice.TicketDocument) ([]byte, error) {
	zone, err := check(doc)
	if err != nil {
		return nil, err
	}
	calendar := ics.NewCalendar()
	calendar.SetProductId("-//boxoffice//tickets//EN")
	calendar.SetMethod(ics.MethodPublish)
	start, end := doc.Event.StartsAt.In(zone), endOf(doc.Event).In(zone)
	addZone(calendar, zone, start, end)

	title, subtitle := titleOf(doc)
	event := calendar.AddEvent("booking-" + clean(doc.BookingID) + "@boxoffice")
	event.SetDtStampTime(doc.IssuedAt)
	event.SetProperty(ics.ComponentPropertyDtStart, start.Format(calendarTime), ics.WithTZID(zone.String()))
	event.SetProperty(ics.ComponentPropertyDtEnd, end.Format(calendarTime), ics.WithTZID(zone.String()))
	event.SetSummary(title)
	event.SetLocation(place(doc.Event.Venue))
	event.SetStatus(ics.ObjectStatusConfirmed)
	event.SetTimeTransparency(ics.TransparencyOpaque)
	if venue := doc.Event.Venue; venue.Lat != 0 || venue.Lon != 0 {
		event.SetProperty(ics.ComponentPropertyGeo, fmt.Sprintf("%.6f;%.6f", venue.Lat, venue.Lon))
	}
	event.SetDescription(calendarText(doc, r.name, subtitle))

	var out bytes.Buffer
	if err := calendar.SerializeTo(&out, ics.WithNewLineWindows); err != nil {
		return nil, boxoffice.WrapError(boxoffice.CodeIssueImpossible, err, "The calendar file cannot be written.")
	}
	return out.Bytes(), nil
}

func calendarText(doc boxoffice.TicketDocument, name, subtitle string) string {
	var lines []string
	if subtitle != "" {
		lines = append(lines, subtitle)
	}
	for _, page := range doc.Seats {
		lines = append(lines, clean(page.Ticket.Seat()))
	}
	return strings.Join(append(lines, "Booking "+clean(doc.Reference), name), "\n")
}

// addZone writes the zone's rules from the one in force at the beginning of the year in which the event starts to the
// end of the year in which it ends, as single observances from Go's zone data: a reader needs no rules of its own, and
// years that the file is not about are not promised anything.
func addZone(calendar *ics.Calendar, zone *time.Location, start, end time.Time) {
	component := calendar.AddTimezone(zone.String())
	at := time.Date(start.Year(), time.January, 1, 0, 0, 0, 0, zone)
	last := time.Date(end.Year()+1, time.January, 1, 0, 0, 0, 0, zone)
	for at.Before(last) {
		from, next := at.ZoneBounds()
		addObservance(component, at, from)
		if next.IsZero() {
			return
		}
		at = next
	}
}

// addObservance writes the rule in force at a time, which began at from, or has always been there when from is zero.
func addObservance(component *ics.VTimezone, at, from time.Time) {
	before := at
	begins := "19700101T000000"
	if !from.IsZero() {
		before = from.Add(-time.Second)
		_, offset := before.Zone()
		begins = from.In(time.FixedZone("", offset)).Format(calendarTime) // the onset is told in the time that it ends
	}
	var base *ics.ComponentBase
	if at.IsDST() {
		daylight := &ics.Daylight{}
		component.Components = append(component.Components, daylight)
		base = &daylight.ComponentBase
	} else {
		base = &component.AddStandard().ComponentBase
	}
	base.SetProperty(ics.ComponentPropertyDtStart, begins)
	base.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetfrom), before.Format(calendarOffset))
	base.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetto), at.Format(calendarOffset))
	base.SetProperty(ics.ComponentProperty(ics.PropertyTzname), zoneName(at))
}
