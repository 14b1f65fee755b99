package tickets_test

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

func calendarOf(t *testing.T, doc boxoffice.TicketDocument) (string, *ics.VEvent) {
	t.Helper()
	file, err := renderer(t).Calendar(doc)
	require.NoError(t, err)
	parsed, err := ics.ParseCalendar(bytes.NewReader(file))
	require.NoError(t, err)
	require.Len(t, parsed.Events(), 1)
	return string(file), parsed.Events()[0]
}

func TestTheCalendarOpensAtTheVenuesTime(t *testing.T) {
	t.Parallel()
	doc := document(2)
	file, event := calendarOf(t, doc)
	require.Contains(t, file, "\r\nDTSTART;TZID=America/Chicago:20261127T193000\r\n")
	start, err := event.GetStartAt()
	require.NoError(t, err)
	require.True(t, start.Equal(doc.Event.StartsAt))
	end, err := event.GetEndAt()
	require.NoError(t, err)
	require.True(t, end.Equal(doc.Event.EndsAt))
	require.Equal(t, "booking-"+doc.BookingID+"@boxoffice", event.Id())
	require.Contains(t, file, "\r\nGEO:41.949000;-87.664000\r\n")
	again, _ := calendarOf(t, doc)
	require.Equal(t, file, again)
}

// The expected rules are those of the IANA zone data of 2026, written by hand.
func TestTheCalendarCarriesTheZonesRules(t *testing.T) {
	t.Parallel()
	rule := func(kind, start, from, to, name string) string {
		return strings.Join([]string{
			"BEGIN:" + kind, "DTSTART:" + start, "TZOFFSETFROM:" + from, "TZOFFSETTO:" + to, "TZNAME:" + name, "END:" + kind, "",
		}, "\r\n")
	}
	for zone, rules := range map[string][]string{
		"America/Chicago": {
			rule("STANDARD", "20251102T020000", "-0500", "-0600", "CST"), rule("DAYLIGHT", "20260308T020000", "-0600", "-0500", "CDT"),
			rule("STANDARD", "20261101T020000", "-0500", "-0600", "CST"),
		},
		"America/Phoenix":   {rule("STANDARD", "19680321T000000", "-0700", "-0700", "MST")},
		"America/Sao_Paulo": {rule("STANDARD", "20190217T000000", "-0200", "-0300", "UTC-03")},
		"Asia/Kolkata":      {rule("STANDARD", "19451015T000000", "+0630", "+0530", "IST")},
		"Etc/UTC":           {rule("STANDARD", "19700101T000000", "+0000", "+0000", "UTC")},
	} {
		doc := document(1)
		doc.Event.Venue.TimeZone = zone
		file, event := calendarOf(t, doc)
		_, body, _ := strings.Cut(file, "TZID:"+zone+"\r\n")
		body, _, _ = strings.Cut(body, "END:VTIMEZONE")
		if zone == "America/Phoenix" { // its last change lies before the epoch's table: what counts is the offset
			require.Contains(t, body, "TZOFFSETTO:-0700\r\nTZNAME:MST")
		} else {
			require.Equal(t, strings.Join(rules, ""), body, zone)
		}
		start, err := event.GetStartAt()
		require.NoError(t, err)
		require.True(t, start.Equal(doc.Event.StartsAt), zone)
	}
}

func TestAShowOverNewYearHasTheRulesOfBothYears(t *testing.T) {
	t.Parallel()
	doc := document(1)
	doc.Event.StartsAt = time.Date(2027, time.January, 1, 4, 0, 0, 0, time.UTC) // 22:00 on New Year's Eve in Chicago
	doc.Event.EndsAt = doc.Event.StartsAt.Add(4 * time.Hour)
	file, _ := calendarOf(t, doc)
	require.Contains(t, file, "DTSTART;TZID=America/Chicago:20261231T220000\r\n")
	require.Contains(t, file, "DTEND;TZID=America/Chicago:20270101T020000\r\n")
	require.Contains(t, file, "DTSTART:20270314T020000\r\n")
}

func TestTheCalendarEscapesAndFolds(t *testing.T) {
	t.Parallel()
	doc := document(1)
	doc.Title.Name = `Nguyễn; "A, B" \ C` + "\r\nATTENDEE:mailto:eve@example.com " + strings.Repeat("Ωμέγα ", 30)
	file, event := calendarOf(t, doc)
	for line := range strings.SplitSeq(strings.TrimSuffix(file, "\r\n"), "\r\n") {
		require.LessOrEqual(t, len(line), 75, line)
		require.NotContains(t, line, "\n")
		require.NotContains(t, line, "\r")
		require.False(t, strings.HasPrefix(line, "ATTENDEE"), line)
	}
	unfolded := strings.ReplaceAll(file, "\r\n ", "")
	expected := `Nguyễn; "A, B" \ C ATTENDEE:mailto:eve@example.com ` + strings.TrimSpace(strings.Repeat("Ωμέγα ", 30))
	require.Contains(t, unfolded, "\r\nSUMMARY:"+ics.ToText(expected)+"\r\n")
	require.Equal(t, expected, ics.FromText(event.GetProperty(ics.ComponentPropertySummary).Value))
}

func TestTheQRPictureAdmits(t *testing.T) {
	t.Parallel()
	doc := document(2)
	file, err := renderer(t).QR(doc, "ticket-1")
	require.NoError(t, err)
	picture, err := png.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	require.GreaterOrEqual(t, picture.Bounds().Dx(), 512)
	claims, err := keysOf(t, testKey).Verify(scan(t, picture), now)
	require.NoError(t, err)
	require.Equal(t, doc.Seats[1].Admission.ID, claims.AdmissionID)

	_, err = renderer(t).QR(doc, "ticket-9")
	require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err))
	doc.Seats = nil
	_, err = renderer(t).QR(doc, "ticket-1")
	require.Equal(t, boxoffice.CodeIssueImpossible, boxoffice.CodeOf(err))
	_, err = renderer(t).Calendar(doc)
	require.Equal(t, boxoffice.CodeIssueImpossible, boxoffice.CodeOf(err))
}
