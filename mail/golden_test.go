package mail_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew; look at them before you commit them")

// letters are mails that were read and looked at, on a phone and a desktop, in the light and in the dark.
var letters = map[string]struct {
	kind   boxoffice.EmailKind
	change func(job *boxoffice.EmailJob)
}{
	"tickets": {boxoffice.EmailTickets, func(*boxoffice.EmailJob) {}},
	"tickets-long": {boxoffice.EmailTickets, func(job *boxoffice.EmailJob) {
		d := &job.Document
		d.Title.Name = "Once in a Lifetime: the Extraordinary Story of the New York Cosmos"
		d.Event.Name = "70 mm print, with an introduction by the projectionist and a discussion afterwards"
		d.Event.Venue = boxoffice.Venue{
			Name: "The Grand Illusion Cinema and Performing Arts Center at Old Town Square", City: "Truth or Consequences", State: "NM",
			TimeZone: "America/Denver",
		}
		d.Seats = nil
		for n := range 10 {
			d.Seats = append(d.Seats, boxoffice.TicketPage{Ticket: boxoffice.Ticket{
				Section: "Mezzanine Left Orchestra", Row: "AA", Number: 101 + n, Category: "Premium with a limited view of the left side",
				PriceMinor: 12950, Accessible: n == 9,
			}})
		}
		d.Paid.Minor = 129500
	}},
	"tickets-free-odd-names": {boxoffice.EmailTickets, func(job *boxoffice.EmailJob) {
		d := &job.Document
		d.Title.Name, d.Event.Name, d.HolderName = `باب الحديد & <b>"Cairo Station"</b>`, "Броненосец «Потёмкин» 🎭", "فاطمة <i>"
		d.Event.Venue.Name = "Nhà hát Tuổi Trẻ"
		d.Paid.Minor = 0
		for i := range d.Seats {
			d.Seats[i].Ticket.PriceMinor = 0
		}
	}},
	"tickets-with-fees": {boxoffice.EmailTickets, func(job *boxoffice.EmailJob) {
		for i := range job.Document.Seats {
			job.Document.Seats[i].Ticket.FeeMinor = 150
		}
		job.Document.Paid.Minor = 3200
	}},
	"refunded": {boxoffice.EmailRefunded, func(job *boxoffice.EmailJob) { job.Reason = "Your tickets could not be made." }},
	"refunded-late": {boxoffice.EmailRefunded, func(job *boxoffice.EmailJob) {
		job.Reason = "Your payment came after the hold had ended, and the seats are gone."
	}},
	"refunded-free": {boxoffice.EmailRefunded, func(job *boxoffice.EmailJob) {
		job.Refunded.Minor, job.LetGo[0].PriceMinor, job.LetGo[1].PriceMinor = 0, 0, 0
	}},
	"refunded-all-kept": {boxoffice.EmailRefunded, func(job *boxoffice.EmailJob) {
		job.Refunded.Minor, job.Kept = 0, boxoffice.Money{Minor: 2900, Currency: "USD"}
		job.Reason = "You gave your tickets back. Of their price $29.00 is kept, as the event's terms say."
	}},
	"refunded-in-part": {boxoffice.EmailRefunded, func(job *boxoffice.EmailJob) {
		job.Document.Seats, job.LetGo = []boxoffice.TicketPage{{Ticket: job.LetGo[1]}}, job.LetGo[:1]
		job.Refunded.Minor = 1160
		job.Reason = "You gave back Stalls, row C, seat 11. Of their price $2.90 is kept, as the event's terms say."
	}},
	"changed": {boxoffice.EmailChanged, func(job *boxoffice.EmailJob) {
		job.Reason = "You gave back Stalls, row C, seat 11. Of their price $2.90 is kept, as the event's terms say."
	}},
	"changed-by-staff": {boxoffice.EmailChanged, func(job *boxoffice.EmailJob) {
		job.Refunded.Minor, job.Kept.Minor, job.Reason = 1450, 0, "The box office cancelled Stalls, row C, seat 11."
	}},
	"changed-free": {boxoffice.EmailChanged, func(job *boxoffice.EmailJob) {
		job.Refunded.Minor, job.Kept.Minor, job.Document.Paid.Minor = 0, 0, 0
		job.Reason = "You gave back Stalls, row C, seat 11."
		job.LetGo[0].PriceMinor, job.Document.Seats[0].Ticket.PriceMinor = 0, 0
	}},
	"returned-second-tab": {boxoffice.EmailReturned, func(job *boxoffice.EmailJob) { job.Reason = "The booking had been paid already." }},
	"returned-wrong-amount": {boxoffice.EmailReturned, func(job *boxoffice.EmailJob) {
		job.Document.Seats, job.Refunded.Minor = nil, 2899
		job.Reason = "The booking costs $29.00, and the payment was of $28.99."
	}},
	"called-off": {boxoffice.EmailCalledOff, func(job *boxoffice.EmailJob) {
		job.Document.Seats = nil
		job.Reason = "The singer is ill & cannot perform. <b>We are very sorry.</b>\nBooking: X"
	}},
	"called-off-unpaid": {boxoffice.EmailCalledOff, func(job *boxoffice.EmailJob) { job.Document.Seats, job.Refunded.Minor, job.Reason = nil, 0, "" }},
	"cancelled":         {boxoffice.EmailCancelled, func(job *boxoffice.EmailJob) { job.Reason = "" }},
	"cancelled-beside-a-payment": {boxoffice.EmailCancelled, func(job *boxoffice.EmailJob) {
		job.Reason = "A payment that it could not use goes back to the card that it came from; another mail tells you of that."
	}},
}

func TestMailsReadAsTheyDid(t *testing.T) {
	t.Parallel()
	for name, letter := range letters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := job(letter.kind)
			letter.change(&j)
			m, err := composer(t).Compose(j, []byte("%PDF"), []byte("BEGIN:VCALENDAR"))
			require.NoError(t, err)
			requireGolden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			requireGolden(t, name+".html", m.HTML)
			for line := range strings.Lines(m.Text) {
				require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 78, "a terminal breaks %q", line)
			}
		})
	}
	for _, kind := range []boxoffice.EmailKind{
		boxoffice.EmailTickets, boxoffice.EmailChanged, boxoffice.EmailRefunded, boxoffice.EmailReturned, boxoffice.EmailCancelled, boxoffice.EmailCalledOff,
	} {
		require.Contains(t, kinds, kind)
	}
}

func TestAccountMailsReadAsTheyDid(t *testing.T) {
	t.Parallel()
	for _, kind := range accountKinds {
		m, err := composer(t).ComposeAccount(accountMail(kind, "ada", "countess"))
		require.NoError(t, err)
		requireGolden(t, "account-"+string(kind)+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
		requireGolden(t, "account-"+string(kind)+".html", m.HTML)
	}
}

func requireGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./mail -update writes it")
	require.Equal(t, string(want), got)
}
