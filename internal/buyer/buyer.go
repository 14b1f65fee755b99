// Package buyer does over HTTP what a person does at the box office: sign up, look around, hold seats, pay on the
// payment page, fetch the tickets. The demo, the tests of the whole stack and the load runs buy with it. It speaks the
// API's JSON and the payment page's form; gozxing, which reads QR codes, is its one dependency.
package buyer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/pause"
)

// Buyer is one person with one session. It is not safe for use by several goroutines.
type Buyer struct {
	base  string
	http  *http.Client
	token string
}

// New makes a buyer who goes to the box office at base, "http://localhost:8080". The client's redirects and timeouts are
// replaced: a buyer follows no redirect and gives up a request after 30 s.
func New(base string, transport http.RoundTripper) *Buyer {
	return &Buyer{base: strings.TrimRight(base, "/"), http: &http.Client{
		Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Problem is an answer that is no success.
type Problem struct {
	Status    int
	Type      string     `json:"type"`
	Detail    string     `json:"detail"`
	Link      string     `json:"link"`
	Conflicts []Conflict `json:"conflicts"`
	Errors    []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
	RequestID string `json:"request_id"`
}

// Conflict is a seat that could not be had.
type Conflict struct {
	TicketID string `json:"ticket_id"`
	Seat     string `json:"seat"`
	Reason   string `json:"reason"`
}

// Error says what the box office said.
func (p *Problem) Error() string {
	return fmt.Sprintf("the box office answers %d %s: %s (request %s)", p.Status, p.Type, p.Detail, p.RequestID)
}

// Event is a showing.
type Event struct {
	ID        string `json:"id"`
	TitleID   string `json:"title_id"`
	Name      string `json:"name"`
	Status    string `json:"status"`
	Time      string `json:"time"`
	Currency  string `json:"currency"`
	Available int    `json:"available"`
	Total     int    `json:"total"`
	Venue     struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		City     string `json:"city"`
		TimeZone string `json:"time_zone"`
	} `json:"venue"`
}

// Ticket is a seat.
type Ticket struct {
	ID         string `json:"id"`
	Seat       string `json:"seat"`
	Section    string `json:"section"`
	Row        string `json:"row"`
	Number     int    `json:"number"`
	State      string `json:"state"`
	PriceMinor int64  `json:"price_minor"`
	Accessible bool   `json:"accessible"` // kept for who needs it
	HolderID   string `json:"holder_id"`
}

// Booking is a booking.
type Booking struct {
	ID            string    `json:"id"`
	Reference     string    `json:"reference"`
	Status        string    `json:"status"`
	Payment       string    `json:"payment"`
	Tickets       []Ticket  `json:"tickets"`
	AmountMinor   int64     `json:"amount_minor"`
	HoldExpiresAt time.Time `json:"hold_expires_at"`
}

// Checkout is an open payment page.
type Checkout struct {
	URL       string    `json:"checkout_url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// SignUp makes an account and logs in; email may be empty.
func (b *Buyer) SignUp(ctx context.Context, username, password, email string) error {
	body := map[string]string{"username": username, "password": password, "location": "Chico, CA"}
	if email != "" {
		body["email"] = email
	}
	if err := b.Call(ctx, http.MethodPost, "/signup", body, nil); err != nil {
		return err
	}
	return b.LogIn(ctx, username, password)
}

// LogIn begins a session.
func (b *Buyer) LogIn(ctx context.Context, username, password string) error {
	var session struct {
		Token string `json:"token"`
	}
	err := b.Call(ctx, http.MethodPost, "/login", map[string]string{"username": username, "password": password}, &session)
	b.token = session.Token
	return err
}

// Resume goes on in a session that was begun elsewhere.
func (b *Buyer) Resume(token string) { b.token = token }

// Token is the session's, for Resume.
func (b *Buyer) Token() string { return b.token }

// Events gives the first page of what is on.
func (b *Buyer) Events(ctx context.Context) ([]Event, error) {
	var page struct {
		Events []Event `json:"events"`
	}
	return page.Events, b.Call(ctx, http.MethodGet, "/events?limit=50", nil, &page)
}

// Event gives an event with its available tickets.
func (b *Buyer) Event(ctx context.Context, id string) (Event, []Ticket, error) {
	var page struct {
		Event   Event    `json:"event"`
		Tickets []Ticket `json:"tickets"`
	}
	err := b.Call(ctx, http.MethodGet, "/events/"+id, nil, &page)
	return page.Event, page.Tickets, err
}

// Showings gives the first page of what is on in a city.
func (b *Buyer) Showings(ctx context.Context, city string) ([]Event, error) {
	var page struct {
		Events []Event `json:"events"`
	}
	return page.Events, b.Call(ctx, http.MethodGet, "/events?limit=50&city="+url.QueryEscape(city), nil, &page)
}

// Seats gives the state of every seat of an event, by ticket ID.
func (b *Buyer) Seats(ctx context.Context, eventID string) (map[string]string, error) {
	var columns struct {
		TicketIDs []string `json:"ticket_ids"`
		States    []string `json:"states"`
	}
	if err := b.Call(ctx, http.MethodGet, "/events/"+eventID+"/seats", nil, &columns); err != nil {
		return nil, err
	}
	if len(columns.TicketIDs) != len(columns.States) {
		return nil, fmt.Errorf("the seats of %s have %d IDs and %d states", eventID, len(columns.TicketIDs), len(columns.States))
	}
	states := make(map[string]string, len(columns.TicketIDs))
	for i, id := range columns.TicketIDs {
		states[id] = columns.States[i]
	}
	return states, nil
}

// Book holds seats; key is the Idempotency-Key, or empty.
func (b *Buyer) Book(ctx context.Context, key string, ticketIDs ...string) (Booking, error) {
	var booking Booking
	return booking, b.call(ctx, http.MethodPost, "/book", key, ticketIDs, &booking)
}

// Booking reads a booking.
func (b *Buyer) Booking(ctx context.Context, id string) (Booking, error) {
	var booking Booking
	return booking, b.Call(ctx, http.MethodGet, "/bookings/"+id, nil, &booking)
}

// Checkout opens the payment page.
func (b *Buyer) Checkout(ctx context.Context, bookingID string) (Checkout, error) {
	var checkout Checkout
	return checkout, b.Call(ctx, http.MethodPost, "/bookings/"+bookingID+"/checkout", struct{}{}, &checkout)
}

// Extend moves the deadline.
func (b *Buyer) Extend(ctx context.Context, bookingID string) (Booking, error) {
	var booking Booking
	return booking, b.Call(ctx, http.MethodPost, "/bookings/"+bookingID+"/extend", nil, &booking)
}

// Cancel lets go of a booking.
func (b *Buyer) Cancel(ctx context.Context, bookingID string) (Booking, error) {
	var booking Booking
	return booking, b.Call(ctx, http.MethodPost, "/bookings/"+bookingID+"/cancel", nil, &booking)
}

// Await waits until a booking has one of the statuses, or ctx ends. The box office answers when the booking goes on; where it
// has too many who wait, and answers at once, Await looks again.
func (b *Buyer) Await(ctx context.Context, bookingID string, statuses ...string) (booking Booking, err error) {
	for etag := ""; ; {
		header := http.Header{"Prefer": {"wait=20"}}
		if etag != "" {
			header.Set("If-None-Match", etag)
		}
		said, err := b.exchange(ctx, http.MethodGet, "/bookings/"+bookingID, header, nil)
		if err == nil && said.Status != http.StatusNotModified {
			etag = said.Header.Get("ETag")
			err = said.decode(&booking)
		}
		switch {
		case ctx.Err() != nil:
			return booking, fmt.Errorf("booking %s is %s and not %s: %w", bookingID, booking.Status, strings.Join(statuses, " or "), ctx.Err())
		case err != nil:
			return booking, err
		case slices.Contains(statuses, booking.Status):
			return booking, nil
		case said.Status == http.StatusNotModified && said.Header.Get("Preference-Applied") == "":
			pause.For(ctx, lookAgain)
		}
	}
}

// lookAgain is how long a buyer waits before another look, where the box office did not have them wait.
const lookAgain = 100 * time.Millisecond

// File fetches a file of a booking: "tickets.pdf", "calendar.ics", "tickets/<id>/qr.png".
func (b *Buyer) File(ctx context.Context, bookingID, name string) ([]byte, error) {
	said, err := b.Ask(ctx, http.MethodGet, "/bookings/"+bookingID+"/"+name, "", nil)
	if err != nil {
		return nil, err
	}
	return said.Body, said.problem()
}

// Answer is what the box office said, as it came.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Ask makes a request with the session and gives the answer as it came, whatever its status; key is the
// Idempotency-Key, or empty. An error says that none came.
func (b *Buyer) Ask(ctx context.Context, method, path, key string, body any) (Answer, error) {
	header := http.Header{}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	return b.exchange(ctx, method, path, header, body)
}

// Look reads a page as a browser does that may have an answer already: with the answer's ETag, or none. The body stays as it
// travels, which is gzip where the header Content-Encoding says so: who knows the ETag need not unpack it. A 304 is no error.
func (b *Buyer) Look(ctx context.Context, path, etag string) (Answer, error) {
	header := http.Header{"Accept-Encoding": {"gzip"}}
	if etag != "" {
		header.Set("If-None-Match", etag)
	}
	said, err := b.exchange(ctx, http.MethodGet, path, header, nil)
	if err != nil || said.Status == http.StatusNotModified {
		return said, err
	}
	return said, said.problem()
}

// Call makes a request with the session; body and answer are JSON, or nil. An answer that is no success is *Problem.
func (b *Buyer) Call(ctx context.Context, method, path string, body, answer any) error {
	return b.call(ctx, method, path, "", body, answer)
}

// CallOnce is Call with an Idempotency-Key, so that it may be repeated where no answer came.
func (b *Buyer) CallOnce(ctx context.Context, method, path, key string, body, answer any) error {
	return b.call(ctx, method, path, key, body, answer)
}

func (b *Buyer) call(ctx context.Context, method, path, key string, body, answer any) error {
	said, err := b.Ask(ctx, method, path, key, body)
	if err != nil {
		return err
	}
	if answer == nil {
		return said.problem()
	}
	if err := said.decode(answer); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

func (b *Buyer) exchange(ctx context.Context, method, path string, header http.Header, body any) (Answer, error) {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return Answer{}, err
		}
		content = bytes.NewReader(raw)
		header.Set("Content-Type", "application/json")
	}
	request, err := http.NewRequestWithContext(ctx, method, b.base+path, content)
	if err != nil {
		return Answer{}, err
	}
	if b.token != "" {
		header.Set("Authorization", "Bearer "+b.token)
	}
	request.Header = header
	response, err := b.http.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return Answer{Status: response.StatusCode, Header: response.Header, Body: read}, err
}

// maxAnswer bounds what a buyer reads: a PDF of ten pages is well below it.
const maxAnswer = 32 << 20

// decode reads the JSON of an answer, or gives its *Problem.
func (a Answer) decode(into any) error {
	if err := a.problem(); err != nil {
		return err
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	return nil
}

// problem gives the *Problem of an answer that is no success, else nil.
func (a Answer) problem() error {
	if a.Status < 300 {
		return nil
	}
	problem := &Problem{}
	if err := json.Unmarshal(a.Body, problem); err != nil {
		problem.Detail = "no problem document: " + a.Header.Get("Content-Type")
	}
	problem.Status = a.Status
	return problem
}
