package boxoffice

import (
	"context"
	"time"
)

// EmailKind is what a mail is about.
type EmailKind string

// The kinds of mail.
const (
	EmailTickets   EmailKind = "tickets"    // the tickets of a sold booking
	EmailChanged   EmailKind = "changed"    // some tickets of a booking were given back; it brings those that remain
	EmailRefunded  EmailKind = "refunded"   // the money of a booking, or of tickets of it, that is undone went back, with the reason
	EmailCancelled EmailKind = "cancelled"  // a booking that was let go while its payment page was open; nothing was charged
	EmailReturned  EmailKind = "returned"   // a payment that bought nothing went back, with the reason; the booking is as it was
	EmailCalledOff EmailKind = "called-off" // the event was called off, with the organizer's words; what was paid is on its way back
)

// EmailStatus is the state of a mail.
type EmailStatus string

// The states of a mail.
const (
	EmailQueued    EmailStatus = "queued"
	EmailSent      EmailStatus = "sent"
	EmailFailed    EmailStatus = "failed"    // refused for good
	EmailWithdrawn EmailStatus = "withdrawn" // before it was sent: what it says is no longer so
)

// EmailJob is a mail to be sent with all that it says.
type EmailJob struct {
	ID        string
	Kind      EmailKind
	Recipient string
	Status    EmailStatus
	Document  TicketDocument // seats that are sold, event, amounts
	LetGo     []Ticket       // for EmailRefunded, EmailCancelled and EmailCalledOff: the seats that the booking has no more; for EmailChanged: those that it tells of
	BlobKey   string         // of the PDF, for EmailTickets and EmailChanged
	Refunded  Money          // for EmailRefunded and EmailReturned: of the one refund that it tells of; for EmailChanged and EmailCalledOff: what is to go back
	Kept      Money          // for EmailRefunded where nothing goes back: what was paid and is kept
	Reason    string         // for EmailRefunded, EmailReturned and EmailChanged, for people; for EmailCalledOff the organizer's words, or nothing
	Origin    RefundOrigin   // for EmailRefunded and EmailReturned: how the money went back; empty: to the card
}

// HasTickets reports whether the mail brings tickets.
func (k EmailKind) HasTickets() bool { return k == EmailTickets || k == EmailChanged }

// BookingMail tells a buyer what became of a mail about their booking. One that was withdrawn is not told of.
type BookingMail struct {
	Kind      EmailKind
	Recipient string
	Status    EmailStatus
	QueuedAt  time.Time
	SentAt    time.Time // zero: not yet
}

// ResendRequest asks for one more mail with the tickets.
type ResendRequest struct {
	UserID    string
	BookingID string
	Email     string // for this one mail; empty: the booking's address
	Key       *IdempotencyKey
}

// EmailStore keeps the mails of bookings.
type EmailStore interface {
	// EmailJob reads a mail. CodeNotFound.
	EmailJob(ctx context.Context, emailID string) (EmailJob, error)
	// MarkEmail notes how an attempt to send it ended: sent with sendErr nil, failed for good with CodeMailRejected, else
	// still queued. handedOver says that a mail workflow now looks after it. It gives the situation that it left its booking
	// in; none where the mail was no longer queued, which changes nothing. CodeNotFound.
	MarkEmail(ctx context.Context, emailID string, sendErr error, handedOver bool) (Situation, error)
}

// MailMessage is a mail ready for the server.
type MailMessage struct {
	ID          string // makes the Message-ID, the same at each repetition
	To          string
	Subject     string
	Text        string
	HTML        string
	Attachments []MailAttachment
}

// MailAttachment is a file of a mail.
type MailAttachment struct {
	Name        string
	ContentType string
	Content     []byte
}

// MailComposer writes mails.
type MailComposer interface {
	// Compose makes the message of a job; pdf and calendar are attached where the kind has them.
	Compose(job EmailJob, pdf, calendar []byte) (MailMessage, error)
}

// MailSender hands mails to a server.
type MailSender interface {
	// Send delivers to the mail server. CodeMailRejected when it refuses for good (5xx), CodeUnavailable otherwise.
	Send(ctx context.Context, m MailMessage) error
}

// FileStore keeps made files under their keys.
type FileStore interface {
	// Put writes a file, replacing one of the same key. CodeUnavailable.
	Put(ctx context.Context, key, contentType string, content []byte) error
	// Get reads a file. CodeNotFound, CodeUnavailable.
	Get(ctx context.Context, key string) ([]byte, error)
}
