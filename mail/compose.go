// Package mail writes the mails that buyers get and hands them to a mail server over SMTP. Its one dependency is go-mail.
package mail

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"
	_ "time/tzdata" // venues' zones must be known also where the machine has no zone files
	"unicode"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice"
)

//go:embed templates
var templates embed.FS

// maxSubjectTitle bounds a title in a subject, in characters: phones show some forty.
const maxSubjectTitle = 60

// ComposerOptions configure a Composer.
type ComposerOptions struct {
	Name    string // of the box office; "boxoffice" when empty
	BaseURL string // of the web client, "https://tickets.example.com": where links lead
	Footer  string // lines under every mail: who sends it, and their address
}

// Composer writes mails. It may be used by many goroutines at once.
type Composer struct {
	name   string
	footer []string
	base   string
	text   *texttemplate.Template
	html   *htmltemplate.Template
}

var _ boxoffice.MailComposer = (*Composer)(nil)

// NewComposer makes a Composer. CodeInvalid when BaseURL is no http or https address.
func NewComposer(o ComposerOptions) (*Composer, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, boxoffice.InvalidField("BOXOFFICE_BASE_URL", "The base address must begin with http:// or https:// and have a host.")
	}
	c := &Composer{name: oneLine(o.Name), base: strings.TrimRight(o.BaseURL, "/")}
	if c.name == "" {
		c.name = "boxoffice"
	}
	for line := range strings.SplitSeq(o.Footer, "\n") {
		if line = oneLine(line); line != "" {
			c.footer = append(c.footer, line)
		}
	}
	if c.text, err = texttemplate.ParseFS(templates, "templates/*.txt"); err != nil {
		return nil, fmt.Errorf("parse text templates: %w", err)
	}
	if c.html, err = htmltemplate.ParseFS(templates, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("parse HTML templates: %w", err)
	}
	return c, nil
}

// view is what the templates show. Every text in it is one line.
type view struct {
	Subject   string
	Name      string
	Footer    []string
	Holder    string
	Title     string
	Subtitle  string
	When      string
	Place     string
	Reference string
	Link      string
	Seats     []seat // that are sold
	LetGo     []seat // that the booking had
	Paid      string // empty where nothing was
	Fee       string // of what was paid; empty where there is none
	Refunded  string // empty where nothing goes back
	Kept      string // empty where nothing is kept
	Reason    string
	Elsewhere bool // the money went back past the card
	Disputed  bool // the buyer's bank took it
}

type seat struct{ Label, Category, Price string }

// Compose writes the mail of a job, in text and in HTML. A mail with tickets needs the pdf and takes the calendar along when
// there is one; the others have no files. The same job gives the same message. CodeInternal for a job that
// is none of ours.
func (c *Composer) Compose(job boxoffice.EmailJob, pdf, calendar []byte) (boxoffice.MailMessage, error) {
	v := c.view(job)
	message := boxoffice.MailMessage{ID: job.ID, To: job.Recipient}
	switch job.Kind {
	case boxoffice.EmailTickets:
		v.Subject = "Your tickets: " + v.Subject
	case boxoffice.EmailChanged:
		v.Subject = "Your tickets have changed: " + v.Subject
	case boxoffice.EmailRefunded:
		what := "Refund of " + v.Refunded
		if v.Refunded == "" {
			what = "Your booking is undone"
		}
		v.Subject = what + ": " + v.Subject
	case boxoffice.EmailCancelled:
		v.Subject = "Your booking is cancelled: " + v.Subject
	case boxoffice.EmailCalledOff:
		v.Subject = "Called off: " + v.Subject
	case boxoffice.EmailReturned:
		v.Subject = "Your payment of " + v.Refunded + " went back: " + v.Subject
	default:
		return boxoffice.MailMessage{}, boxoffice.Errorf(boxoffice.CodeInternal, "There is no mail of kind %q.", job.Kind)
	}
	if job.Kind.HasTickets() {
		if len(pdf) == 0 {
			return boxoffice.MailMessage{}, boxoffice.Errorf(boxoffice.CodeInternal, "The mail with the tickets has no tickets.")
		}
		message.Attachments = attachments(job.Document.Reference, pdf, calendar)
	}
	message.Subject = v.Subject
	var text, html bytes.Buffer
	if err := c.text.ExecuteTemplate(&text, string(job.Kind)+".txt", v); err != nil {
		return boxoffice.MailMessage{}, fmt.Errorf("write the text of mail %s: %w", job.ID, err)
	}
	if err := c.html.ExecuteTemplate(&html, string(job.Kind)+".html", v); err != nil {
		return boxoffice.MailMessage{}, fmt.Errorf("write the HTML of mail %s: %w", job.ID, err)
	}
	message.Text, message.HTML = wrapped(strings.TrimSpace(text.String())+"\n"), strings.TrimSpace(html.String())+"\n"
	return message, nil
}

func (c *Composer) view(job boxoffice.EmailJob) view {
	doc := job.Document
	start := localTime(doc.Event)
	v := view{
		Name: c.name, Footer: c.footer,
		Holder:    oneLine(doc.HolderName),
		Title:     oneLine(doc.Title.Name),
		When:      start.Format("Mon 2 Jan 2006, 15:04 ") + zoneName(start),
		Place:     place(doc.Event.Venue),
		Reference: oneLine(doc.Reference),
		Link:      c.base + "/app/bookings/" + url.PathEscape(doc.BookingID),
		Reason:    oneLine(job.Reason),
		Elsewhere: job.Origin == boxoffice.RefundedElsewhere,
		Disputed:  job.Origin == boxoffice.RefundByDispute,
	}
	if doc.Paid.Minor > 0 {
		v.Paid = doc.Paid.String()
	}
	var fee int64
	for _, page := range doc.Seats {
		fee += page.Ticket.FeeMinor
	}
	if fee > 0 {
		v.Fee = boxoffice.Money{Minor: fee, Currency: doc.Event.Currency}.String()
	}
	if job.Refunded.Minor > 0 {
		v.Refunded = job.Refunded.String()
	}
	if job.Kept.Minor > 0 {
		v.Kept = job.Kept.String()
	}
	if event := oneLine(doc.Event.Name); v.Title == "" {
		v.Title = event
	} else if !strings.EqualFold(event, v.Title) {
		v.Subtitle = event
	}
	for _, page := range doc.Seats {
		v.Seats = append(v.Seats, seatOf(page.Ticket, doc.Event.Currency))
	}
	for _, ticket := range job.LetGo {
		v.LetGo = append(v.LetGo, seatOf(ticket, doc.Event.Currency))
	}
	short := []rune(v.Title)
	if len(short) > maxSubjectTitle {
		short = append(short[:maxSubjectTitle-1], '…')
	}
	v.Subject = string(short) + ", " + start.Format("Mon 2 Jan 15:04")
	return v
}

func seatOf(ticket boxoffice.Ticket, currency string) seat {
	s := seat{Label: oneLine(ticket.Seat()), Category: oneLine(ticket.Category), Price: "free of charge"}
	if total := ticket.TotalMinor(); total > 0 {
		s.Price = boxoffice.Money{Minor: total, Currency: currency}.String()
	}
	if ticket.Accessible {
		s.Category = strings.TrimPrefix(s.Category+", accessible", ", ")
	}
	return s
}

// attachments names the files after the booking's reference, so that two bookings' files do not replace each other.
func attachments(reference string, pdf, calendar []byte) []boxoffice.MailAttachment {
	safe := strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return -1
	}, reference)
	files := []boxoffice.MailAttachment{{Name: "tickets-" + safe + ".pdf", ContentType: "application/pdf", Content: pdf}}
	if len(calendar) > 0 {
		files = append(files, boxoffice.MailAttachment{
			Name: "event-" + safe + ".ics", ContentType: "text/calendar; charset=utf-8; method=PUBLISH", Content: calendar,
		})
	}
	return files
}

// localTime is an event's start at its venue. A mail must go out even if the venue's zone is unknown: then it tells UTC,
// and says so.
func localTime(event boxoffice.Event) time.Time {
	zone, err := time.LoadLocation(event.Venue.TimeZone)
	if err != nil {
		return event.StartsAt.UTC()
	}
	return event.StartsAt.In(zone)
}

// zoneName is the abbreviation of t's zone; zones without one, which Go calls "-03", are written "UTC-03".
func zoneName(t time.Time) string {
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		return "UTC" + name
	}
	return name
}

// place is a venue in one line: "El Rey Theatre, Chico, CA".
func place(venue boxoffice.Venue) string {
	var parts []string
	for _, part := range []string{oneLine(venue.Name), oneLine(venue.City), oneLine(venue.State)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// oneLine makes one line of a text that somebody typed: no line breaks, which could end a header or look like our own
// words, no control characters, and none of the marks that turn the direction of writing.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// textWidth is how wide the lines of a text are at most: what a terminal shows, with room for a reply's quoting.
const textWidth = 76

// wrapped breaks the lines of a text that are wider than textWidth between words. What follows stands as far in as its
// line does, and two further where that is a list's.
func wrapped(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if utf8.RuneCountInString(line) <= textWidth+1 {
			out.WriteString(line)
			continue
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		next := indent
		if indent != "" {
			next += "  "
		}
		width := 0
		for i, word := range unbroken(line) {
			wide := utf8.RuneCountInString(word)
			switch {
			case i == 0:
				out.WriteString(indent)
				width = len(indent)
			case width+1+wide > textWidth:
				out.WriteString("\n" + next)
				width = len(next)
			default:
				out.WriteString(" ")
				width++
			}
			out.WriteString(word)
			width += wide
		}
		out.WriteString("\n")
	}
	return out.String()
}

// unbroken gives the words of a line. One that ends in a colon stays with the word before it: at the beginning of a line,
// what somebody typed would look like one of our own.
func unbroken(line string) []string {
	var words []string
	for _, word := range strings.Fields(line) {
		if strings.HasSuffix(word, ":") && len(words) > 0 {
			words[len(words)-1] += " " + word
			continue
		}
		words = append(words, word)
	}
	return words
}
