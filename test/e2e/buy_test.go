package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

// A person signs up, finds a showing, picks two seats, pays, and holds tickets that admit.
func TestBuy_OK(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := signUp(t, s)
	event, seats := find(t, c, s.Showing(t))
	booking, err := c.Book(t.Context(), "", seats...)
	require.NoError(t, err)
	s.AwaitWaiting(t, booking.ID) // people are slower than this
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	back, err := c.Pay(t.Context(), page.URL, c.Email, stack.GoodCard)
	require.NoError(t, err)
	require.Equal(t, s.Env["BOXOFFICE_URL"]+"/app/bookings/"+booking.ID, back)

	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	c.RequireSeats(t, booking, event.ID, "sold")
	run, history := s.EndedRun(t, booking.ID)
	requireSupportSees(t, run, "completed")
	require.LessOrEqual(t, len(history), 16, "history events of a sold booking")
	t.Logf("a sold booking has %d history events", len(history))
	require.Equal(t, []string{"held", "checkout opened", "payment received", "confirmed", "completed", "mail tickets sent"}, s.Timeline(t, booking.ID))

	pdf, err := c.File(t.Context(), booking.ID, "tickets.pdf")
	require.NoError(t, err)
	for i, ticket := range booking.Tickets {
		requireTicketPage(t, c, pdf, i+1, event, booking, ticket)
		requireAdmits(t, s, codeOnPage(t, pdf, i+1), event.ID, ticket)
	}
	requireOneMail(t, s, c, booking, event, pdf)
	s.RequireSoldOnce(t, c, booking)
}

// signUp opens an account as people do. All that this buyer is answered is held against the contract.
func signUp(t *testing.T, s *stack.System) stack.Customer {
	t.Helper()
	name := "e2e-visitor-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	c := stack.Customer{Buyer: buyer.New(s.Env["BOXOFFICE_URL"], s.Held(t)), Name: name, Email: name + "@example.com"}
	require.NoError(t, c.SignUp(t.Context(), c.Name, "a-quiet-place-in-row-m", c.Email))
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT id FROM users WHERE username = $1`, c.Name).Scan(&c.ID))
	return c
}

// find looks for an event in the catalogue, by its city, and for two free seats side by side.
func find(t *testing.T, c stack.Customer, eventID string) (buyer.Event, []string) {
	t.Helper()
	event, free, err := c.Event(t.Context(), eventID)
	require.NoError(t, err)
	showings, err := c.Showings(t.Context(), event.Venue.City)
	require.NoError(t, err)
	found := false
	for _, showing := range showings {
		require.Equal(t, event.Venue.City, showing.Venue.City)
		found = found || showing.ID == eventID
	}
	require.True(t, found, "the catalogue of %s does not list the event", event.Venue.City)
	for i := 1; i < len(free); i++ {
		left, right := free[i-1], free[i]
		if !left.Accessible && !right.Accessible && left.Section == right.Section && left.Row == right.Row && left.Number+1 == right.Number {
			return event, []string{left.ID, right.ID}
		}
	}
	require.Fail(t, "no two seats side by side")
	return buyer.Event{}, nil
}

// requireSupportSees asserts what a booking's run shows in Temporal.
func requireSupportSees(t *testing.T, run *client.WorkflowExecutionDescription, status string) {
	t.Helper()
	shown, ok := run.TypedSearchAttributes.GetKeyword(workflows.AttributeBookingStatus)
	require.True(t, ok, "the run has no BookingStatus")
	require.Equal(t, status, shown)
	summary, err := run.GetStaticSummary()
	require.NoError(t, err)
	require.NotEmpty(t, summary)
}

// requireTicketPage reads the text of a page of the PDF back.
func requireTicketPage(t *testing.T, c stack.Customer, pdf []byte, page int, event buyer.Event, booking buyer.Booking, ticket buyer.Ticket) {
	t.Helper()
	n := strconv.Itoa(page)
	text := strings.Join(strings.Fields(string(poppler(t, pdf, "pdftotext", "-layout", "-f", n, "-l", n, "-", "-"))), " ")
	price := boxoffice.Money{Minor: ticket.PriceMinor, Currency: event.Currency}.String()
	for _, fact := range []string{
		event.Name, event.Venue.Name, event.Venue.City, ticket.Section, booking.Reference, price, c.Name,
		fmt.Sprintf("Ticket %d of %d", page, len(booking.Tickets)), ticket.Row + " " + strconv.Itoa(ticket.Number),
	} {
		require.Contains(t, text, fact)
	}
}

// codeOnPage reads the QR code in the picture of a page, as a scanner at the door reads the print.
func codeOnPage(t *testing.T, pdf []byte, page int) string {
	t.Helper()
	n := strconv.Itoa(page)
	token, err := buyer.ReadQR(poppler(t, pdf, "pdftoppm", "-png", "-r", "110", "-f", n, "-l", n, "-singlefile", "-"))
	require.NoError(t, err)
	return token
}

// poppler runs one of its programs over a PDF.
func poppler(t *testing.T, pdf []byte, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "this test reads PDFs with poppler: apt-get install poppler-utils, or brew install poppler")
	command := exec.CommandContext(t.Context(), path, args...)
	command.Stdin = bytes.NewReader(pdf)
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	require.NoError(t, command.Run(), complaint.String())
	return out.Bytes()
}

// requireAdmits verifies an entry token offline, with the public key alone.
func requireAdmits(t *testing.T, s *stack.System, token, eventID string, ticket buyer.Ticket) {
	t.Helper()
	out, complaint, code := stack.RunProgram(t, []string{"TICKET_PUBLIC_KEYS=" + s.Env["TICKET_PUBLIC_KEYS"]}, "verify-ticket", token)
	require.Zero(t, code, complaint)
	require.Contains(t, out, `"valid":true`)
	require.Contains(t, out, `"event":"`+eventID+`"`)
	require.Contains(t, out, `"seat":"`+ticket.Seat+`"`)

	forged := token[:len(token)-5] + strings.Map(func(r rune) rune {
		if r == 'A' {
			return 'B'
		}
		return 'A'
	}, token[len(token)-5:])
	_, _, code = stack.RunProgram(t, []string{"TICKET_PUBLIC_KEYS=" + s.Env["TICKET_PUBLIC_KEYS"]}, "verify-ticket", forged)
	require.Equal(t, 1, code, "a forged token is accepted")
}

// requireOneMail asserts that the buyer got one mail, with both texts and both files.
func requireOneMail(t *testing.T, s *stack.System, c stack.Customer, booking buyer.Booking, event buyer.Event, pdf []byte) {
	t.Helper()
	var ids []string
	stack.Eventually(t, 10*time.Second, func() (err error) {
		if ids, err = s.Inbox().To(t.Context(), c.Email); err == nil && len(ids) == 0 {
			err = errors.New("no mail yet")
		}
		return err
	})
	require.Len(t, ids, 1)
	mail, err := s.Inbox().Message(t.Context(), ids[0])
	require.NoError(t, err)
	require.Contains(t, mail.Subject, "Your tickets: ")
	for _, text := range []string{mail.Text, mail.HTML} {
		require.Contains(t, text, booking.Reference)
		require.Contains(t, text, event.Venue.City)
	}
	require.Contains(t, mail.HTML, "<")
	files := map[string][]byte{}
	for _, file := range mail.Attachments {
		kind, _, _ := strings.Cut(file.ContentType, ";")
		files[kind], err = s.Inbox().Part(t.Context(), mail.ID, file.PartID)
		require.NoError(t, err)
	}
	require.Len(t, files, 2)
	require.True(t, bytes.Equal(pdf, files["application/pdf"]), "the mail's PDF is not the one that the API gives")
	calendar, err := c.File(t.Context(), booking.ID, "calendar.ics")
	require.NoError(t, err)
	require.Equal(t, string(calendar), string(files["text/calendar"]))
	require.Contains(t, string(calendar), "BEGIN:VEVENT")
}

// A declined card leaves the page open for a good one.
func TestBuy_OKAfterADeclinedCard(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	c := s.Customer(t)
	booking := c.Hold(t, s.Showing(t), 1)
	page, err := c.Checkout(t.Context(), booking.ID)
	require.NoError(t, err)
	_, err = c.Pay(t.Context(), page.URL, c.Email, stack.DeclinedCard)
	var declined *buyer.Declined
	require.ErrorAs(t, err, &declined)
	held, err := c.Booking(t.Context(), booking.ID)
	require.NoError(t, err)
	require.Equal(t, "held", held.Status)
	require.Equal(t, "open", held.Payment)
	_, err = c.Pay(t.Context(), page.URL, c.Email, stack.GoodCard)
	require.NoError(t, err)
	booking = c.AwaitEnd(t, 20*time.Second, booking.ID, "completed")
	s.RequireSoldOnce(t, c, booking)
	_, err = c.Pay(t.Context(), page.URL, c.Email, stack.GoodCard)
	var closed *buyer.PageClosed
	require.ErrorAs(t, err, &closed, "a paid page takes a second payment")
}
