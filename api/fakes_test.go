package api

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice"
)

// The fakes answer the least that HTTP needs: what is behind the interfaces has tests of its own.
var (
	_ boxoffice.UserStore      = (*fakeUsers)(nil)
	_ boxoffice.AccountService = (*fakeAccounts)(nil)
	_ boxoffice.Catalogue      = (*fakeCatalogue)(nil)
	_ boxoffice.BookingService = (*fakeBookings)(nil)
)

const (
	bookingID = "0199a1b2-0000-7000-8000-0000000000b1"
	eventID   = "0199a1b2-0000-7000-8000-0000000000e1"
	titleID   = "0199a1b2-0000-7000-8000-0000000000a1"
	ticketID  = "0199a1b2-0000-7000-8000-0000000000c1"
	otherID   = "0199a1b2-0000-7000-8000-0000000000ff"
	layout    = "5f1ac6d5e4b3a29180716253"
	planHash  = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

type fakeUsers struct {
	overtaken bool // a password is always changed just before a session
	mu        sync.Mutex
	users     map[string]boxoffice.User // by lower-case name
	sessions  map[string]string         // token hash to lower-case name
	err       error                     // of every call
}

func newFakeUsers() *fakeUsers {
	return &fakeUsers{users: map[string]boxoffice.User{}, sessions: map[string]string{}}
}

func (f *fakeUsers) CreateUser(_ context.Context, u boxoffice.User) (boxoffice.User, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := strings.ToLower(u.Username)
	if _, taken := f.users[name]; taken {
		return boxoffice.User{}, boxoffice.Errorf(boxoffice.CodeUsernameTaken, "Somebody has this name.")
	}
	u.ID = uuid.NewString()
	f.users[name] = u
	return u, f.err
}

func (f *fakeUsers) UserByUsername(_ context.Context, username string) (boxoffice.User, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	u, ok := f.users[strings.ToLower(username)]
	if !ok {
		return u, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such user.")
	}
	return u, f.err
}

func (f *fakeUsers) CreateSession(_ context.Context, session boxoffice.Session, ttl time.Duration) (time.Time, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, u := range f.users {
		if u.ID == session.UserID {
			f.sessions[string(session.TokenHash)] = name
		}
	}
	if f.overtaken {
		return time.Time{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such user.")
	}
	return time.Now().Add(ttl), f.err
}

func (f *fakeUsers) UserBySession(_ context.Context, tokenHash []byte, _ time.Duration) (boxoffice.User, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name, ok := f.sessions[string(tokenHash)]
	if !ok && f.err == nil {
		return boxoffice.User{}, boxoffice.Errorf(boxoffice.CodeUnauthenticated, "The session is over.")
	}
	return f.users[name], f.err
}

func (f *fakeUsers) DeleteSession(_ context.Context, tokenHash []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sessions, string(tokenHash))
	return f.err
}

func (f *fakeUsers) Sessions(_ context.Context, userID string, _ time.Duration) ([]boxoffice.Session, error) {
	return []boxoffice.Session{{ID: otherID, UserID: userID}}, f.err
}

func (f *fakeUsers) DeleteSessionByID(context.Context, string, string) error { return f.err }

func (f *fakeUsers) DeleteOtherSessions(context.Context, string, []byte) error { return f.err }

// fakeAccounts does all that it is asked for, and counts it.
type fakeAccounts struct {
	err  error
	acts atomic.Int64
}

func (f *fakeAccounts) act() error {
	f.acts.Add(1)
	return f.err
}

func (f *fakeAccounts) ChangePassword(context.Context, boxoffice.PasswordChange) error {
	return f.act()
}
func (f *fakeAccounts) RequestReset(context.Context, string) error          { return f.act() }
func (f *fakeAccounts) ResetPassword(context.Context, []byte, string) error { return f.act() }
func (f *fakeAccounts) RequestEmail(context.Context, string, string) error  { return f.act() }
func (f *fakeAccounts) ConfirmEmail(context.Context, []byte) error          { return f.act() }

func (f *fakeAccounts) UserByResetToken(context.Context, []byte) (boxoffice.User, error) {
	return boxoffice.User{Username: "ada"}, f.err
}

// hashOfGood is what goodPassword is stored as.
var hashOfGood = sync.OnceValue(func() string {
	hash, err := HashPassword(goodPassword)
	if err != nil {
		panic(err)
	}
	return hash
})

// join adds a user with goodPassword and an open session, without the cost of a password.
func (f *fakeUsers) join(username string) (token string) {
	hash := hashOfGood()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.users[username] = boxoffice.User{ID: uuid.NewString(), Username: username, PasswordHash: hash, Role: boxoffice.RoleBuyer}
	token = boxoffice.NewToken()
	f.sessions[string(boxoffice.HashToken(token))] = username
	return token
}

func (f *fakeUsers) setRole(username string, role boxoffice.Role) {
	f.mu.Lock()
	defer f.mu.Unlock()
	u := f.users[username]
	u.Role = role
	f.users[username] = u
}

type fakeCatalogue struct {
	err       error
	panics    bool
	sold      atomic.Bool
	seatReads atomic.Int64
	seats     int // of the map; 2 if zero
	filter    boxoffice.EventFilter
	asked     []string // the IDs of events
	section   string   // whose seats were asked for
}

func someEvent() boxoffice.Event {
	start := time.Date(2026, 12, 5, 3, 30, 0, 0, time.UTC)
	return boxoffice.Event{
		ID: eventID, OwnerID: otherID, TitleID: titleID, Name: "Ghost <script>", Type: "film", PlanHash: planHash,
		Venue: boxoffice.Venue{
			ID: otherID, Name: "El Rey", City: "Chico", State: "CA", TimeZone: "America/Los_Angeles", Lat: 39.73, Lon: -121.84,
		},
		StartsAt: start, EndsAt: start.Add(127 * time.Minute), Status: boxoffice.EventOnSale, Currency: "USD", Orphans: boxoffice.OrphansWarn,
		PriceFromMinor: 1450, Total: 2, Available: 2,
	}
}

func someTicket() boxoffice.Ticket {
	return boxoffice.Ticket{
		ID: ticketID, EventID: eventID, Section: "Stalls", Row: "C", Number: 12, Category: "standard", PriceMinor: 1450,
		State: boxoffice.SeatAvailable,
	}
}

func (f *fakeCatalogue) Events(_ context.Context, filter boxoffice.EventFilter) (boxoffice.EventPage, error) {
	if f.panics {
		panic("a fault")
	}
	f.filter = filter
	return boxoffice.EventPage{Events: []boxoffice.Event{someEvent()}, Next: "more"}, f.err
}

func (f *fakeCatalogue) TitleShowtimes(_ context.Context, id string) (boxoffice.TitleShowtimes, error) {
	if id != titleID {
		return boxoffice.TitleShowtimes{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such title.")
	}
	title := boxoffice.Title{ID: titleID, Name: "Ghost", Kind: "film", Year: 1990}
	return boxoffice.TitleShowtimes{Title: title, Events: []boxoffice.Event{someEvent()}}, f.err
}

func (f *fakeCatalogue) Event(_ context.Context, id string) (boxoffice.Event, error) {
	if id != eventID {
		return boxoffice.Event{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such event.")
	}
	return someEvent(), f.err
}

func (f *fakeCatalogue) EventsByID(_ context.Context, ids []string) ([]boxoffice.Event, error) {
	f.asked = ids
	return []boxoffice.Event{someEvent()}, f.err
}

func (f *fakeCatalogue) EventTickets(_ context.Context, id, _ string, limit int) (boxoffice.EventTickets, error) {
	if id != eventID {
		return boxoffice.EventTickets{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such event.")
	}
	if limit == 0 {
		return boxoffice.EventTickets{Event: someEvent()}, f.err
	}
	held := someTicket()
	held.HolderID = otherID
	return boxoffice.EventTickets{Event: someEvent(), Tickets: []boxoffice.Ticket{held}}, f.err
}

func (f *fakeCatalogue) SeatStatus(_ context.Context, id, section string) (boxoffice.SeatStatusColumns, error) {
	f.seatReads.Add(1)
	switch {
	case id != eventID:
		return boxoffice.SeatStatusColumns{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such event.")
	case section != "" && section != "Stalls":
		return boxoffice.SeatStatusColumns{}, boxoffice.InvalidField("section", "There is no such section.")
	}
	f.section = section
	columns := boxoffice.SeatStatusColumns{EventID: eventID, PlanHash: planHash, Layout: layout, Currency: "USD"}
	for i := range max(f.seats, 2) {
		columns.TicketIDs = append(columns.TicketIDs, ticketID[:30]+strconv.Itoa(100000+i))
		columns.Sections = append(columns.Sections, "Stalls")
		columns.Rows = append(columns.Rows, "C")
		columns.Numbers = append(columns.Numbers, i+1)
		columns.States = append(columns.States, boxoffice.SeatAvailable)
		columns.Prices, columns.Totals = append(columns.Prices, 1450), append(columns.Totals, 1600)
		columns.Categories = append(columns.Categories, "standard")
		columns.Accessible = append(columns.Accessible, false)
	}
	if f.sold.Load() {
		columns.States[0] = boxoffice.SeatSold
	}
	return columns, f.err
}

func (f *fakeCatalogue) SeatMap(_ context.Context, id string) (boxoffice.SeatMap, error) {
	if id != eventID {
		return boxoffice.SeatMap{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such event.")
	}
	states := []byte("ah-")
	if f.sold.Load() {
		states[0] = 's'
	}
	return boxoffice.SeatMap{
		EventID: eventID, PlanHash: planHash, Layout: layout, Currency: "USD", States: states, OfferOf: []int{1, 0, -1},
		Offers: []boxoffice.SeatOffer{{Category: "standard", PriceMinor: 1450, TotalMinor: 1600}, {Category: "gold", PriceMinor: 2000, TotalMinor: 2150}},
	}, f.err
}

func (f *fakeCatalogue) SeatStates(_ context.Context, id, known string) (boxoffice.SeatStates, error) {
	if id != eventID {
		return boxoffice.SeatStates{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such event.")
	}
	n := max(f.seats, 2)
	states := boxoffice.SeatStates{Layout: layout, Letters: bytes.Repeat([]byte("a"), n)}
	if f.sold.Load() {
		states.Letters = bytes.Repeat([]byte("s"), n)
		states.Letters[0] = 'a'
	}
	if known != states.Layout {
		states.Seats = &boxoffice.SeatPlaces{Size: n}
		for i := range n {
			states.Seats.Of = append(states.Seats.Of, i)
		}
	}
	return states, f.err
}

func (f *fakeCatalogue) SeatPlan(_ context.Context, hash string) (json.RawMessage, error) {
	if hash != planHash {
		return nil, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such plan.")
	}
	return json.RawMessage(`{"sections": []}`), f.err
}

// fakeFiles has one file, whatever is put there.
type fakeFiles struct{ key string }

func (f fakeFiles) Put(context.Context, string, string, []byte) error { return nil }

func (f fakeFiles) Get(_ context.Context, key string) ([]byte, error) {
	if key != f.key {
		return nil, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such file.")
	}
	return []byte("\xff\xd8\xff"), nil
}
