package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/boxoffice/boxoffice"
)

// The groups of routes that Options.Services may name.
const (
	ServiceUsers    = "users"    // accounts, sessions, and the pages that mails about accounts lead to
	ServiceSearch   = "search"   // finding events
	ServiceEvents   = "events"   // the catalogue, and what organizers do with it
	ServiceBookings = "bookings" // bookings, their files, the webhook, and the other pages under /app
	ServiceSupport  = "support"  // what staff reads of bookings and does to them
)

var serviceNames = []string{ServiceUsers, ServiceSearch, ServiceEvents, ServiceBookings, ServiceSupport}

// Options are what a Server is made of. Users, BaseURL and Logger are required; Accounts, Search, Catalogue, Organizers,
// Cancellations, Posters, Bookings, Support and Client where a mounted group of routes needs them. Zero durations and limits take
// the defaults that are named.
type Options struct {
	Users      boxoffice.UserStore
	Accounts   boxoffice.AccountService
	Search     boxoffice.Searcher
	Catalogue  boxoffice.Catalogue
	Organizers boxoffice.OrganizerService
	Posters    boxoffice.FileStore // where the organizers' service puts posters
	Bookings   boxoffice.BookingService
	Support    boxoffice.SupportService
	Client     fs.FS // the built web client: index.html and assets/

	Cancellations boxoffice.CancellationService
	// Ready says by name what must answer before this process can serve: /readyz asks all of them.
	Ready map[string]func(context.Context) error

	BaseURL        string   // the origin that browsers see: "https://tickets.example"; https decides on cookies and HSTS
	Name           string   // of the site, on its pages; "boxoffice"
	PublicBrowsing bool     // the catalogue needs no session
	MaxSeats       int      // a booking, as Bookings allows; 10
	Services       []string // the groups of routes to mount; empty: all
	TrustedProxies []string // addresses or CIDRs whose X-Forwarded-For is believed; empty: nobody's
	Unlimited      []string // addresses or CIDRs that no limit by address counts: the box office itself, a load test

	SessionTTL  time.Duration // from login to the end of a session however much it is used; 7 days
	SessionIdle time.Duration // a session unused for so long is over; 24 h

	RequestTimeout  time.Duration // a request is given up after this, and only then: a client that leaves does not stop it; 10 s
	StreamLife      time.Duration // a stream of seats ends after this, and its reader connects again; 5 minutes
	ReadCache       time.Duration // how long event pages and seat maps are served from memory; 300 ms; negative: not at all
	DrainDelay      time.Duration // from "not ready" to the closing of the listener, for load balancers to notice; 0
	ShutdownTimeout time.Duration // for the requests under way; 20 s
	Limits          Limits

	Logger    *slog.Logger
	Registry  *prometheus.Registry // the metrics go here; nil: a new one with those of Go and the process
	Profiling bool                 // the admin handler serves /debug/pprof/
}

// Limits bound what one client may ask for. Zero fields take the defaults that are named. The payment provider's webhooks
// and probes of health are not counted, and staff is not counted by user.
type Limits struct {
	PerAddress       Rate // requests of all kinds: 3,000 a minute, since a school or a company may have one address
	PerUser          Rate // and 600 a minute
	LoginPerAddress  Rate // 30 a minute
	LoginPerAccount  Rate // 10 in 15 minutes; a login that succeeds clears the count
	LoginPerPair     Rate // what an address may try of an account whose allowance is used up: once in 5 minutes
	SignUpPerAddress Rate // 20 in 10 minutes
	MailPerAddress   Rate // requests that send a mail, and tokens from mails that are tried: 20 in 10 minutes
	MailPerAccount   Rate // mails to one e-mail address, and of one user: 3, and then one in 10 minutes
	CodesPerUser     Rate // promotion codes that a user puts in, right or wrong: 10 in 10 minutes
	PosterPerUser    Rate // posters that a user sends, each of which takes up to a second of CPU: 20 in 10 minutes
	StreamsByUser    int  // streams of seats, and requests that wait, of one user at one time: 10, which are as many tabs; negative: no limit
	StreamsByAddress int  // and of one address: 500; negative: no limit
	Streams          int  // and of all: 5,000. Each takes about 30 kB
	PasswordHashes   int  // computed at one time; the number of CPUs. Each takes 19 MiB and about 20 ms of a CPU
}

// namedRate is a field of Limits with its default.
type namedRate struct {
	name     string
	rate     *Rate
	standard Rate
}

func (l *Limits) rates() []namedRate {
	return []namedRate{
		{"PerAddress", &l.PerAddress, Rate{Requests: 3000, Per: time.Minute}},
		{"PerUser", &l.PerUser, Rate{Requests: 600, Per: time.Minute}},
		{"LoginPerAddress", &l.LoginPerAddress, Rate{Requests: 30, Per: time.Minute}},
		{"LoginPerAccount", &l.LoginPerAccount, Rate{Requests: 10, Per: 15 * time.Minute}},
		{"LoginPerPair", &l.LoginPerPair, Rate{Requests: 1, Per: 5 * time.Minute}},
		{"SignUpPerAddress", &l.SignUpPerAddress, Rate{Requests: 20, Per: 10 * time.Minute}},
		{"MailPerAddress", &l.MailPerAddress, Rate{Requests: 20, Per: 10 * time.Minute}},
		{"PosterPerUser", &l.PosterPerUser, Rate{Requests: 20, Per: 10 * time.Minute}},
		{"MailPerAccount", &l.MailPerAccount, Rate{Requests: 3, Per: 30 * time.Minute}},
		{"CodesPerUser", &l.CodesPerUser, Rate{Requests: 10, Per: 10 * time.Minute}},
	}
}

// Rate is a number of requests in a time: a client may spend all of them at once, and they come back evenly.
type Rate struct {
	Requests int // negative: no limit
	Per      time.Duration
}

func (o Options) withDefaults() Options {
	orDuration(&o.SessionTTL, 7*24*time.Hour)
	orDuration(&o.SessionIdle, 24*time.Hour)
	orDuration(&o.RequestTimeout, 10*time.Second)
	orDuration(&o.StreamLife, 5*time.Minute)
	orDuration(&o.ReadCache, 300*time.Millisecond)
	orDuration(&o.ShutdownTimeout, 20*time.Second)
	for _, limit := range o.Limits.rates() {
		if *limit.rate == (Rate{}) {
			*limit.rate = limit.standard
		}
	}
	orNumber(&o.Limits.StreamsByUser, 10)
	orNumber(&o.Limits.StreamsByAddress, 500)
	orNumber(&o.Limits.Streams, 5000)
	orNumber(&o.Limits.PasswordHashes, runtime.NumCPU())
	orNumber(&o.MaxSeats, 10)
	if o.Name == "" {
		o.Name = "boxoffice"
	}
	if len(o.Services) == 0 {
		o.Services = serviceNames
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
		o.Registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	return o
}

func orDuration(field *time.Duration, standard time.Duration) {
	if *field == 0 {
		*field = standard
	}
}

func orNumber(field *int, standard int) {
	if *field == 0 {
		*field = standard
	}
}

// check reports everything that is wrong, each by the name of its field.
func (o Options) check() error {
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf("api: "+format, args...)) }
	if o.Users == nil {
		wrong("Users is missing")
	}
	if o.Logger == nil {
		wrong("Logger is missing")
	}
	for _, name := range o.Services {
		if !slices.Contains(serviceNames, name) {
			wrong("Services names %q, which is none of %v", name, serviceNames)
		}
	}
	if o.Accounts == nil && slices.Contains(o.Services, ServiceUsers) {
		wrong("Accounts is missing")
	}
	if o.Search == nil && slices.Contains(o.Services, ServiceSearch) {
		wrong("Search is missing")
	}
	if o.Catalogue == nil && (slices.Contains(o.Services, ServiceEvents) || slices.Contains(o.Services, ServiceBookings)) {
		wrong("Catalogue is missing")
	}
	if (o.Organizers == nil || o.Posters == nil) && slices.Contains(o.Services, ServiceEvents) {
		wrong("Organizers or Posters is missing")
	}
	if o.Cancellations == nil && slices.Contains(o.Services, ServiceEvents) {
		wrong("Cancellations is missing")
	}
	if o.Bookings == nil && slices.Contains(o.Services, ServiceBookings) {
		wrong("Bookings is missing")
	}
	if o.Support == nil && slices.Contains(o.Services, ServiceSupport) {
		wrong("Support is missing")
	}
	if o.Client == nil && slices.Contains(o.Services, ServiceBookings) {
		wrong("Client is missing")
	}
	if _, err := parseOrigin(o.BaseURL); err != nil {
		wrong("%q: %w", o.BaseURL, err)
	}
	for _, limit := range o.Limits.rates() {
		if limit.rate.Requests == 0 || limit.rate.Requests > 0 && limit.rate.Per <= 0 {
			wrong("Limits.%s: %d in %s is no rate", limit.name, limit.rate.Requests, limit.rate.Per)
		}
	}
	return errors.Join(problems...)
}

// parseOrigin reads scheme, host and port; a slash at the end is let through.
func parseOrigin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("this is not a URL")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("an origin looks like https://tickets.example")
	case u.User != nil, u.RawQuery != "", u.Fragment != "", u.Path != "" && u.Path != "/":
		return nil, errors.New("an origin has neither user, path, query nor fragment")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}
