package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"regexp"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	gomail "github.com/wneessen/go-mail"
)

// goodbye is how long a server may take over QUIT once the message is its own.
const goodbye = time.Second

// SenderOptions configure a Sender.
type SenderOptions struct {
	URL            string           // of the mail server, see [ParseURL]
	From           string           // "Chico Box Office <tickets@example.com>"; its domain is that of the Message-IDs
	ReplyTo        string           // where answers go; empty: to From
	MaxConnections int              // at most so many connections at a time; 4 when zero
	Timeout        time.Duration    // of one delivery, from dialling to the server's word; 10 s when zero
	Now            func() time.Time // the clock of the Date header; time.Now when nil
}

// Sender delivers to one mail server, a connection a message. It may be used by many goroutines at once: those above
// MaxConnections wait their turn.
type Sender struct {
	server  Server
	from    *netmail.Address
	replyTo *netmail.Address
	domain  string
	slots   chan struct{}
	timeout time.Duration
	now     func() time.Time
}

var _ boxoffice.MailSender = (*Sender)(nil)

// NewSender makes a Sender. It does not dial. CodeInvalid for a wrong option, named by its setting.
func NewSender(o SenderOptions) (*Sender, error) {
	server, err := ParseURL(o.URL)
	if err != nil {
		return nil, err
	}
	s := &Sender{server: server, timeout: o.Timeout, now: o.Now}
	if s.from, err = address("BOXOFFICE_MAIL_FROM", o.From); err != nil {
		return nil, err
	}
	if o.ReplyTo != "" {
		if s.replyTo, err = address("BOXOFFICE_MAIL_REPLY_TO", o.ReplyTo); err != nil {
			return nil, err
		}
	}
	s.domain = s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:]
	if o.MaxConnections == 0 {
		o.MaxConnections = 4
	}
	if o.MaxConnections < 0 || o.Timeout < 0 {
		return nil, boxoffice.InvalidField("SMTP_URL", "Connections and timeout cannot be negative.")
	}
	s.slots = make(chan struct{}, o.MaxConnections)
	if s.timeout == 0 {
		s.timeout = 10 * time.Second
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

func address(setting, text string) (*netmail.Address, error) {
	parsed, err := netmail.ParseAddress(text)
	if err != nil || parsed.Name != oneLine(parsed.Name) {
		return nil, boxoffice.InvalidField(setting, "%q is not a mail address.", text)
	}
	return parsed, nil
}

// Send delivers a message and returns when the server has taken it. CodeMailRejected when the server refuses the recipient
// or the message for good (5xx to RCPT or DATA), or when there is no such address; CodeUnavailable for all else, where it
// is unknown whether the message was taken if the connection broke after it was sent: a repeat has the same Message-ID.
func (s *Sender) Send(ctx context.Context, m boxoffice.MailMessage) error {
	message, err := s.message(m)
	if err != nil {
		return err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return boxoffice.WrapError(boxoffice.CodeUnavailable, ctx.Err(), "The mail waited in vain for its turn.")
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err = s.deliver(ctx, message)
	if err == nil || message.IsDelivered() {
		return nil // what fails after the server's word, QUIT say, does not take it back
	}
	return classify(err, m.To)
}

// classify tells refusals from troubles. What the server said is kept for support, without the recipient, whom servers and
// go-mail like to name: errors are logged, and logs hold no addresses.
func classify(err error, recipient string) error {
	said := errors.New(regexp.MustCompile(`(?i)`+regexp.QuoteMeta(recipient)).ReplaceAllString(err.Error(), "(recipient)"))
	refusal, ok := errors.AsType[*gomail.SendError](err)
	ok = ok && refusal.ErrorCode() >= 500 && refusal.ErrorCode() < 600
	if ok && (refusal.Reason == gomail.ErrSMTPRcptTo || refusal.Reason == gomail.ErrSMTPData || refusal.Reason == gomail.ErrSMTPDataClose) {
		return boxoffice.WrapError(boxoffice.CodeMailRejected, said, "The mail server refuses this recipient or message.")
	}
	return boxoffice.WrapError(boxoffice.CodeUnavailable, said, "The mail server is away or busy.")
}

// deliver makes one connection, which the end of ctx cuts: so a server that drips or hangs cannot hold the caller, and
// none is left open, as go-mail would when the greeting fails. The caller ends ctx in every case.
func (s *Sender) deliver(ctx context.Context, message *gomail.Msg) error {
	var connection net.Conn
	client, err := s.server.client(func(dialling context.Context, network, addr string) (net.Conn, error) {
		dialed, err := s.server.dial(dialling, network, addr)
		if err != nil {
			return nil, err
		}
		connection = dialed
		context.AfterFunc(ctx, func() { _ = dialed.Close() }) // makes every read and write fail at once
		return dialed, nil
	}, s.timeout)
	if err != nil {
		return fmt.Errorf("configure the mail client: %w", err)
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("greet %s: %w", client.ServerAddr(), err)
	}
	if err := client.SendWithSMTPClient(session, message); err != nil {
		return fmt.Errorf("hand over: %w", err)
	}
	if err := connection.SetDeadline(time.Now().Add(goodbye)); err != nil {
		return fmt.Errorf("bound the goodbye: %w", err)
	}
	return client.CloseWithSMTPClient(session)
}

// message makes the MIME message. No header can be injected: the recipient must be one bare address, and go-mail
// encodes what is not printable in all other headers.
func (s *Sender) message(m boxoffice.MailMessage) (*gomail.Msg, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Address != m.To {
		return nil, boxoffice.Errorf(boxoffice.CodeMailRejected, "The recipient's address is not a mail address.")
	}
	if m.ID == "" {
		return nil, boxoffice.Errorf(boxoffice.CodeInternal, "A mail without ID would be sent twice unrecognised.")
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.from)
	message.ToMailAddress(to)
	if s.replyTo != nil {
		message.ReplyToMailAddress(s.replyTo)
	}
	message.Subject(oneLine(m.Subject))
	message.SetMessageIDWithValue(messageID(m.ID) + "@" + s.domain)
	message.SetDateWithValue(s.now())
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no vacation notices back
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	for _, file := range m.Attachments {
		err := message.AttachReader(file.Name, bytes.NewReader(file.Content), gomail.WithFileContentType(gomail.ContentType(file.ContentType)))
		if err != nil {
			return nil, fmt.Errorf("attach %s: %w", file.Name, err)
		}
	}
	return message, nil
}

// plainID is an ID that may stand in a Message-ID as it is.
var plainID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// messageID is the left half of a Message-ID: the mail's ID, or a hash of one that cannot stand there.
func messageID(id string) string {
	if plainID.MatchString(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}
