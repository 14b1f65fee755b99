package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/internal/pause"
	"github.com/boxoffice/boxoffice/tickets"
)

// demoCommand makes one booking through the HTTP API alone: boxoffice demo.
type demoCommand struct {
	keySettings `embed:""`
	URL         string        `help:"A running system; empty: a new one is started, and stopped in the end."`
	MailURL     string        `env:"MAIL_URL" help:"The inbox of the running system (Mailpit's API)."`
	Out         string        `default:"." help:"The folder that the PDF is saved in; made if need be."`
	JSON        bool          `name:"json" help:"Print one JSON object last."`
	Patience    time.Duration `default:"60s" help:"For the whole booking."`
}

// Run makes the booking; the first step that fails ends it with an error.
func (c *demoCommand) Run(ctx context.Context, logger *slog.Logger) (err error) {
	if c.URL == "" {
		s, cleanUp, err := c.startStack(ctx, logger)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.stop(), cleanUp()) }()
		return c.tell(ctx)
	}
	if c.MailURL == "" {
		return errors.New("--mail-url is missing: the demo looks for its mail there")
	}
	return c.tell(ctx)
}

// startStack starts an ephemeral stack and points the demo at it.
func (c *demoCommand) startStack(ctx context.Context, logger *slog.Logger) (*stack, func() error, error) {
	dev := &devCommand{Ephemeral: true, Durable: true, Events: 30, Days: 3, Rand: 1}
	cleanUp, err := dev.prepare(ctx)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintln(os.Stderr, "starting a system of its own …")
	s, err := startStack(ctx, dev, logger)
	if err != nil {
		return nil, nil, errors.Join(err, s.stop(), cleanUp())
	}
	keys, err := tickets.ParseKeys(s.secrets.TicketKey)
	if err != nil {
		return nil, nil, errors.Join(err, s.stop(), cleanUp())
	}
	c.URL, c.MailURL, c.TicketPublicKeys = s.urls.boxoffice, s.urls.mail, keys.Public().String()
	return s, cleanUp, nil
}

// demoResult is what --json prints.
type demoResult struct {
	Status    string     `json:"status"`
	BookingID string     `json:"booking_id"`
	Tickets   int        `json:"tickets"`
	PDF       string     `json:"pdf"`
	QRValid   bool       `json:"qr_valid"`
	Emails    int        `json:"emails"`
	Steps     []demoStep `json:"steps"`
}

type demoStep struct {
	Name string  `json:"name"`
	MS   float64 `json:"ms"`
}

// demo is one booking under way.
type demo struct {
	command *demoCommand
	out     io.Writer
	keys    tickets.PublicKeys
	buyer   *buyer.Buyer
	inbox   *buyer.Inbox
	email   string
	event   buyer.Event
	seats   []string
	booking buyer.Booking
	page    buyer.Checkout
	result  demoResult
}

// tell makes the booking step by step.
func (c *demoCommand) tell(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	keys, err := c.public()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	d := &demo{
		command: c, out: os.Stdout, keys: keys, buyer: buyer.New(c.URL, http.DefaultTransport),
		inbox: buyer.NewInbox(c.MailURL, http.DefaultTransport),
		email: "demo-" + strings.ToLower(rand.Text()[:10]) + "@example.com",
	}
	for _, step := range []struct {
		name string
		do   func(ctx context.Context) (string, error)
	}{
		{"sign up", d.signUp}, {"find a showing", d.findShowing}, {"hold two seats", d.holdSeats},
		{"open the checkout", d.openCheckout}, {"pay by card", d.pay}, {"wait for the tickets", d.awaitTickets},
		{"save the PDF", d.savePDF}, {"verify the QR codes", d.verifyCodes}, {"find the mail", d.findMail},
	} {
		began := time.Now()
		told, err := step.do(ctx)
		took := time.Since(began)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		d.result.Steps = append(d.result.Steps, demoStep{Name: step.name, MS: float64(took.Microseconds()) / 1000})
		if _, err := fmt.Fprintf(d.out, "  %7.1f ms  %-22s %s\n", float64(took.Microseconds())/1000, step.name, told); err != nil {
			return err
		}
	}
	if !c.JSON {
		return nil
	}
	return json.NewEncoder(d.out).Encode(d.result)
}

func (d *demo) signUp(ctx context.Context) (string, error) {
	username, _, _ := strings.Cut(d.email, "@")
	return "as " + username, d.buyer.SignUp(ctx, username, "orchestra-"+rand.Text(), d.email)
}

// findShowing takes the first event that has two free seats side by side.
func (d *demo) findShowing(ctx context.Context) (string, error) {
	events, err := d.buyer.Events(ctx)
	if err != nil {
		return "", err
	}
	for _, candidate := range events {
		event, free, err := d.buyer.Event(ctx, candidate.ID)
		if err != nil {
			return "", err
		}
		for i := 1; i < len(free); i++ {
			left, right := free[i-1], free[i]
			if !left.Accessible && !right.Accessible && left.Section == right.Section && left.Row == right.Row && left.Number+1 == right.Number {
				d.event, d.seats = event, []string{left.ID, right.ID}
				return fmt.Sprintf("%s at %s, %s, %s; %d seats free", event.Name, event.Venue.Name, event.Venue.City, event.Time, event.Available), nil
			}
		}
	}
	return "", fmt.Errorf("none of %d events has two free seats side by side", len(events))
}

func (d *demo) holdSeats(ctx context.Context) (told string, err error) {
	if d.booking, err = d.buyer.Book(ctx, rand.Text(), d.seats...); err != nil {
		return "", err
	}
	d.result.BookingID, d.result.Tickets = d.booking.ID, len(d.booking.Tickets)
	return fmt.Sprintf("%s and %s, until %s; booking %s", d.booking.Tickets[0].Seat, d.booking.Tickets[1].Seat,
		d.booking.HoldExpiresAt.Format(time.TimeOnly), d.booking.Reference), nil
}

func (d *demo) openCheckout(ctx context.Context) (told string, err error) {
	d.page, err = d.buyer.Checkout(ctx, d.booking.ID)
	return fmt.Sprintf("%d.%02d %s to pay", d.booking.AmountMinor/100, d.booking.AmountMinor%100, d.event.Currency), err
}

func (d *demo) pay(ctx context.Context) (string, error) {
	back, err := d.buyer.Pay(ctx, d.page.URL, d.email, "4242 4242 4242 4242")
	return "the page leads back to " + back, err
}

func (d *demo) awaitTickets(ctx context.Context) (told string, err error) {
	d.booking, err = d.buyer.Await(ctx, d.booking.ID, "completed", "refunded", "expired", "cancelled")
	if err == nil && d.booking.Status != "completed" {
		err = fmt.Errorf("the booking ended as %s", d.booking.Status)
	}
	d.result.Status = d.booking.Status
	return "the booking is " + d.booking.Status, err
}

func (d *demo) savePDF(ctx context.Context) (string, error) {
	pdf, err := d.buyer.File(ctx, d.booking.ID, "tickets.pdf")
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(string(pdf), "%PDF-") {
		return "", errors.New("what came is no PDF")
	}
	d.result.PDF = filepath.Join(d.command.Out, "tickets-"+d.booking.Reference+".pdf")
	return fmt.Sprintf("%s, %d bytes", d.result.PDF, len(pdf)), os.WriteFile(d.result.PDF, pdf, 0o600)
}

// verifyCodes reads each ticket's QR code from its picture and verifies it with the public key alone.
func (d *demo) verifyCodes(ctx context.Context) (string, error) {
	for _, ticket := range d.booking.Tickets {
		picture, err := d.buyer.File(ctx, d.booking.ID, "tickets/"+ticket.ID+"/qr.png")
		if err != nil {
			return "", err
		}
		token, err := buyer.ReadQR(picture)
		if err != nil {
			return "", err
		}
		claims, err := d.keys.Verify(token, time.Now())
		if err != nil {
			return "", err
		}
		if claims.EventID != d.event.ID {
			return "", fmt.Errorf("the code of %s admits to another event", ticket.Seat)
		}
	}
	d.result.QRValid = true
	return fmt.Sprintf("%d codes admit to this event", len(d.booking.Tickets)), nil
}

// findMail waits until the mail with the tickets has come.
func (d *demo) findMail(ctx context.Context) (string, error) {
	for {
		ids, err := d.inbox.To(ctx, d.email)
		if err != nil {
			return "", err
		}
		if d.result.Emails = len(ids); len(ids) > 0 {
			mail, err := d.inbox.Message(ctx, ids[0])
			return fmt.Sprintf("%q with %d files", mail.Subject, len(mail.Attachments)), err
		}
		if !pause.For(ctx, 50*time.Millisecond) {
			return "", fmt.Errorf("no mail came to %s: %w", d.email, ctx.Err())
		}
	}
}
