package mail_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/mail"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func composer(t *testing.T) *mail.Composer {
	t.Helper()
	c, err := mail.NewComposer(mail.ComposerOptions{
		Name: "Chico Box Office", BaseURL: "https://tickets.example.com/", Footer: "Chico Box Office, 12 Main St\nChico, CA 95928",
	})
	require.NoError(t, err)
	return c
}

// kinds are all mails that there are.
var kinds = []boxoffice.EmailKind{
	boxoffice.EmailTickets, boxoffice.EmailRefunded, boxoffice.EmailReturned, boxoffice.EmailCancelled, boxoffice.EmailChanged,
	boxoffice.EmailCalledOff,
}

func job(kind boxoffice.EmailKind) boxoffice.EmailJob {
	start := time.Date(2026, time.November, 28, 1, 30, 0, 0, time.UTC) // Friday, 19:30 in Chicago
	seats := []boxoffice.Ticket{
		{Section: "Stalls", Row: "C", Number: 11, Category: "Standard", PriceMinor: 1450},
		{Section: "Stalls", Row: "C", Number: 12, Category: "Standard", PriceMinor: 1450},
	}
	job := boxoffice.EmailJob{
		ID: "019ab333-0000-7000-8000-000000000001", Kind: kind, Recipient: "ada@example.org",
		Refunded: boxoffice.Money{Minor: 2900, Currency: "USD"}, Reason: "The event was cancelled.",
		Document: boxoffice.TicketDocument{
			BookingID: "019ab111-2222-7333-8444-5555aaaabbbb", Reference: "K7QP2M9X", HolderName: "Ada Lovelace",
			Title: boxoffice.Title{Name: "Ghost"}, Paid: boxoffice.Money{Minor: 2900, Currency: "USD"},
			Event: boxoffice.Event{
				Name: "Ghost", StartsAt: start, Currency: "USD",
				Venue: boxoffice.Venue{Name: "Music Box Theatre", City: "Chicago", State: "IL", TimeZone: "America/Chicago"},
			},
		},
	}
	if kind == boxoffice.EmailRefunded || kind == boxoffice.EmailCancelled {
		job.LetGo = seats
		return job
	}
	if kind == boxoffice.EmailCalledOff {
		job.LetGo = seats
		return job
	}
	if kind == boxoffice.EmailChanged {
		job.LetGo, job.Document.Seats = seats[:1], []boxoffice.TicketPage{{Ticket: seats[1]}}
		job.Refunded.Minor, job.Kept, job.Document.Paid.Minor = 1160, boxoffice.Money{Minor: 290, Currency: "USD"}, 1450
		return job
	}
	job.Document.Seats = []boxoffice.TicketPage{{Ticket: seats[0]}, {Ticket: seats[1]}}
	return job
}

func TestTheTicketsMailSaysWhatWasBought(t *testing.T) {
	t.Parallel()
	m, err := composer(t).Compose(job(boxoffice.EmailTickets), []byte("%PDF"), []byte("BEGIN:VCALENDAR"))
	require.NoError(t, err)
	require.Equal(t, "Your tickets: Ghost, Fri 27 Nov 19:30", m.Subject)
	require.Equal(t, "ada@example.org", m.To)
	require.Equal(t, []boxoffice.MailAttachment{
		{Name: "tickets-K7QP2M9X.pdf", ContentType: "application/pdf", Content: []byte("%PDF")},
		{Name: "event-K7QP2M9X.ics", ContentType: "text/calendar; charset=utf-8; method=PUBLISH", Content: []byte("BEGIN:VCALENDAR")},
	}, m.Attachments)
	require.Equal(t, `Hello Ada Lovelace,

Your seats are booked, and your tickets are attached to this mail.

Ghost
Fri 27 Nov 2026, 19:30 CST
Music Box Theatre, Chicago, IL

  Stalls, row C, seat 11 (Standard, $14.50)
  Stalls, row C, seat 12 (Standard, $14.50)

Paid: $29.00
Booking: K7QP2M9X

Show the code on each ticket at the door, on paper or on a screen.
Each code admits one person, once: keep it to yourself.

Your booking:
https://tickets.example.com/app/bookings/019ab111-2222-7333-8444-5555aaaabbbb

Enjoy the show.

-- 
Chico Box Office
Chico Box Office, 12 Main St
Chico, CA 95928
`, m.Text)
	for _, expected := range []string{
		`<h1 dir="auto">Ghost</h1>`, "Fri 27 Nov 2026, 19:30 CST", "Stalls, row C, seat 12", "$29.00", "prefers-color-scheme: dark",
		`href="https://tickets.example.com/app/bookings/019ab111-2222-7333-8444-5555aaaabbbb"`,
	} {
		require.Contains(t, m.HTML, expected)
	}
}

func TestTheRefundMailSaysHowMuchWhyAndWhen(t *testing.T) {
	t.Parallel()
	m, err := composer(t).Compose(job(boxoffice.EmailRefunded), nil, nil)
	require.NoError(t, err)
	require.Equal(t, "Refund of $29.00: Ghost, Fri 27 Nov 19:30", m.Subject)
	require.Empty(t, m.Attachments)
	for _, expected := range []string{"$29.00", "The reason: The event was cancelled.", "5 to 10 business days", "no longer valid"} {
		require.Contains(t, strings.ReplaceAll(m.Text, "\n", " "), expected)
		require.Contains(t, m.HTML, expected)
	}
}

func TestTheMailOfAFreeBookingThatIsUndoneSpeaksOfNoMoney(t *testing.T) {
	t.Parallel()
	j := job(boxoffice.EmailRefunded)
	j.Refunded.Minor, j.LetGo = 0, nil
	m, err := composer(t).Compose(j, nil, nil)
	require.NoError(t, err)
	require.Equal(t, "Your booking is undone: Ghost, Fri 27 Nov 19:30", m.Subject)
	for _, text := range []string{m.Text, m.HTML} {
		require.Contains(t, text, "Your booking K7QP2M9X is undone. It was free of charge")
		require.Contains(t, text, "The reason: The event was cancelled.")
		for _, wrong := range []string{"$", "card", "bank", "Refunded"} {
			require.NotContains(t, text, wrong)
		}
	}
}

// A payment that bought nothing says so of itself, and never puts the tickets in doubt that another payment bought.
func TestTheReturnedMailSaysWhatBecomesOfTheBooking(t *testing.T) {
	t.Parallel()
	j := job(boxoffice.EmailReturned)
	j.Reason = "The booking had been paid already."
	m, err := composer(t).Compose(j, nil, nil)
	require.NoError(t, err)
	require.Equal(t, "Your payment of $29.00 went back: Ghost, Fri 27 Nov 19:30", m.Subject)
	require.Empty(t, m.Attachments)
	require.Equal(t, `Hello Ada Lovelace,

We received a payment of $29.00 that your booking K7QP2M9X could not use,
and have sent all of it back to the card that it came from. It usually takes
5 to 10 business days until your bank shows the money.

The reason: The booking had been paid already.

Your tickets stay valid.

Ghost
Fri 27 Nov 2026, 19:30 CST
Music Box Theatre, Chicago, IL

  Stalls, row C, seat 11 (Standard, $14.50)
  Stalls, row C, seat 12 (Standard, $14.50)

Sent back: $29.00
Booking: K7QP2M9X

Your booking:
https://tickets.example.com/app/bookings/019ab111-2222-7333-8444-5555aaaabbbb

-- 
Chico Box Office
Chico Box Office, 12 Main St
Chico, CA 95928
`, m.Text)
	for _, expected := range []string{"$29.00", "The reason: The booking had been paid already.", "5 to 10 business days", "Your tickets stay valid."} {
		require.Contains(t, m.HTML, expected)
	}

	j.Document.Seats, j.Reason = nil, "" // nothing was bought, whatever the booking's end
	m, err = composer(t).Compose(j, nil, nil)
	require.NoError(t, err)
	for _, text := range []string{m.Text, m.HTML} {
		require.Contains(t, text, "Nothing else changes about your booking.")
		require.NotContains(t, text, "valid")
		require.NotContains(t, text, "reason")
	}
}

func TestHTMLIsWellFormedAndLoadsNothing(t *testing.T) {
	t.Parallel()
	bare := func(kind boxoffice.EmailKind) boxoffice.EmailJob {
		j := job(kind)
		j.Document.Seats, j.LetGo, j.Reason, j.Refunded.Minor = nil, nil, "", 0
		return j
	}
	jobs := []boxoffice.EmailJob{job(kinds[0])}
	for _, kind := range kinds[1:] {
		jobs = append(jobs, job(kind), bare(kind))
	}
	for _, j := range jobs {
		m, err := composer(t).Compose(j, []byte("%PDF"), nil)
		require.NoError(t, err)
		require.NotRegexp(t, `(?i)<(img|script|link|iframe|table)|url\(|@import|src=`, m.HTML)
		tree, err := html.Parse(strings.NewReader(m.HTML))
		require.NoError(t, err)
		var again bytes.Buffer
		require.NoError(t, html.Render(&again, tree))
		tags := regexp.MustCompile(`</?[a-z0-9]+`)
		require.Equal(t, tags.FindAllString(m.HTML, -1), tags.FindAllString(again.String(), -1), "the parser had nothing to mend")
		require.NotContains(t, m.Text, "\n\n\n")
		require.NotContains(t, m.Text, "<no value>")
	}
}

func TestNothingThatPeopleTypedBecomesMarkupOrHeader(t *testing.T) {
	t.Parallel()
	evil := "<script>alert(1)</script>\r\nBcc: eve@example.com\u2028\u202e&\"'"
	j := job(boxoffice.EmailTickets)
	j.Reason = evil
	d := &j.Document
	d.HolderName, d.Title.Name, d.Event.Name, d.Event.Venue.Name, d.Reference, d.BookingID = evil, evil, "x"+evil, evil, evil, evil
	d.Seats[0].Ticket.Section, d.Seats[0].Ticket.Category = evil, evil
	j.LetGo = []boxoffice.Ticket{d.Seats[0].Ticket}
	for _, kind := range kinds {
		j.Kind = kind
		m, err := composer(t).Compose(j, []byte("%PDF"), []byte("BEGIN:VCALENDAR"))
		require.NoError(t, err)
		require.NotContains(t, m.HTML, "<script")
		require.NotContains(t, m.Text, "\nBcc:")
		require.NotContains(t, m.HTML+m.Text+m.Subject, "\u202e")
		require.NotRegexp(t, `[\r\n]`, m.Subject)
		for _, file := range m.Attachments {
			require.Regexp(t, `^[A-Za-z0-9.-]+$`, file.Name)
		}
		server := startServer(t, false, nil)
		require.NoError(t, senderTo(t, "smtp://"+server.addr+"?tls=none", nil).Send(t.Context(), m))
		header, _ := read(t, server.messages()[0].content)
		require.Empty(t, header.Get("Bcc"))
		subject, err := header.Subject()
		require.NoError(t, err)
		require.Equal(t, m.Subject, subject)
	}
}

func TestALongTitleLeavesTheTimeInTheSubject(t *testing.T) {
	t.Parallel()
	j := job(boxoffice.EmailTickets)
	j.Document.Title.Name = strings.Repeat("Ωμέγα", 100)
	m, err := composer(t).Compose(j, []byte("%PDF"), nil)
	require.NoError(t, err)
	require.Regexp(t, `^Your tickets: (Ωμέγα)+.{0,5}…, Fri 27 Nov 19:30$`, m.Subject)
	require.Len(t, m.Attachments, 1)
}

func TestAnUnknownZoneTellsUTC(t *testing.T) {
	t.Parallel()
	j := job(boxoffice.EmailRefunded)
	j.Document.Event.Venue.TimeZone = "Mars/Base"
	m, err := composer(t).Compose(j, nil, nil)
	require.NoError(t, err)
	require.Contains(t, m.Text, "Sat 28 Nov 2026, 01:30 UTC")
}

func TestWhatCannotBeComposed(t *testing.T) {
	t.Parallel()
	_, err := composer(t).Compose(job(boxoffice.EmailTickets), nil, nil)
	require.Equal(t, boxoffice.CodeInternal, boxoffice.CodeOf(err))
	_, err = composer(t).Compose(job("newsletter"), nil, nil)
	require.Equal(t, boxoffice.CodeInternal, boxoffice.CodeOf(err))
	for _, base := range []string{"", "tickets.example.com", "javascript:alert(1)", "https://"} {
		_, err = mail.NewComposer(mail.ComposerOptions{BaseURL: base})
		require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), base)
	}
}

// TestCompose_HowTheMoneyWentBack says so where it did not go to the card.
func TestCompose_HowTheMoneyWentBack(t *testing.T) {
	t.Parallel()
	const card = "back to the card"
	for origin, says := range map[boxoffice.RefundOrigin]string{
		boxoffice.RefundByUs: card, boxoffice.RefundByHand: card,
		boxoffice.RefundedElsewhere: "not to the card that you paid with", boxoffice.RefundByDispute: "Your bank has given",
	} {
		j := job(boxoffice.EmailRefunded)
		j.Origin = origin
		m, err := composer(t).Compose(j, nil, nil)
		require.NoError(t, err)
		for _, body := range []string{strings.Join(strings.Fields(m.Text), " "), m.HTML} {
			require.Contains(t, body, says, origin)
			require.Contains(t, body, j.Refunded.String(), origin)
			if says != card {
				require.NotContains(t, body, card, origin)
			}
		}
	}
}
