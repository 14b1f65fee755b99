package boxoffice

import (
	"context"
	"time"
)

// SearchSort is the order of found events.
type SearchSort string

// The orders.
const (
	SortRelevance SearchSort = "relevance" // the best match, of these the best known title, of these the soonest; by time without a text
	SortTime      SearchSort = "time"
	SortPrice     SearchSort = "price"
	SortDistance  SearchSort = "distance" // from SearchQuery.Near
)

// Availability says roughly how many seats are free.
type Availability string

// The availabilities.
const (
	AvailabilityPlenty Availability = "plenty"
	AvailabilityFew    Availability = "few" // a tenth of the seats, or less
	AvailabilityNone   Availability = "none"
)

// PriceBand is a range of prices in whole units of an event's currency, by its cheapest seat.
type PriceBand string

// The price bands, which do not overlap: a price belongs to the band that it begins.
const (
	PriceUnder10 PriceBand = "under-10"
	Price10to20  PriceBand = "10-20"
	Price20to40  PriceBand = "20-40"
	Price40to80  PriceBand = "40-80"
	PriceFrom80  PriceBand = "from-80"
)

// PriceBands lists the bands from the cheapest on.
var PriceBands = []PriceBand{PriceUnder10, Price10to20, Price20to40, Price40to80, PriceFrom80}

// Point is a place on earth, in degrees.
type Point struct{ Lat, Lon float64 }

// SearchQuery says what is looked for. Zero fields do not narrow the search. Whatever the texts hold is only ever looked
// for: none of it is syntax.
type SearchQuery struct {
	Text      string // title, director, genre, venue, city, state; typos are forgiven, the last word may be unfinished
	City      string // "Springfield", or "Springfield, IL"; in whatever case
	Type      string
	Genre     string
	Day       string    // "2026-12-01" by the calendar of each venue
	FromDay   string    // the first day, by the same calendars
	ToDay     string    // the first day that is too late
	From, To  time.Time // starts at or after; starts before
	PriceBand PriceBand
	MaxPrice  int64 // in hundredths of the currency's unit, whatever its minor unit; 0: no limit
	Available bool  // at least one seat is free
	Near      *Point
	RadiusKm  float64 // around Near
	Sort      SearchSort
	Page      int // from 1
	PerPage   int // 1 to 100
}

// FoundEvent is an event as the index knows it: what changed in the last second may be missing.
type FoundEvent struct {
	Event      Event
	Highlights map[string]string // by field: HTML in which the words that matched stand in <mark>, and all else is escaped
	DistanceKm float64           // from SearchQuery.Near; 0 without one
}

// FacetCount is how many events have a value.
type FacetCount struct {
	Value string
	Count int
}

// SearchFacets count the events that a search found, by their values: at most 100 of each kind, the most frequent first, but
// for days and price bands, which are in their order. A facet is not narrowed by its own filter, so that it shows what
// another choice would find.
type SearchFacets struct {
	City         []FacetCount // "Chico, CA"
	Type         []FacetCount
	Genre        []FacetCount
	Day          []FacetCount // "2026-12-01" by the calendar of each venue
	PriceBand    []FacetCount
	Availability []FacetCount
}

// SearchResult is one page of what was found.
type SearchResult struct {
	Events []FoundEvent
	Found  int // on all pages
	Facets SearchFacets
	Took   time.Duration
}

// Searcher finds events that are on sale or will be, and are not over.
type Searcher interface {
	// Search answers within a second. CodeInvalid on a sort, a page or a place that cannot be; CodeUnavailable with RetryAfter
	// when the search server is away, too slow, or has no index.
	Search(ctx context.Context, q SearchQuery) (SearchResult, error)
}

// SearchEntry is what the index is to say of an event.
type SearchEntry struct {
	Event      Event // only its ID where it is not to be found
	Title      Title
	Popularity int  // votes for the title
	Findable   bool // on sale, and not over; else the index is to have nothing of it
}

// SearchIndex is the search server as those who fill it see it. An index is a collection of its own name, and searches use
// the one that is live. All is harmless to repeat. CodeUnavailable where the server cannot be reached or asks to come again.
type SearchIndex interface {
	// Create makes an empty collection; one of that name is left as it is.
	Create(ctx context.Context, collection string) error
	// Write makes a collection say what the entries say, and gives by event what was not taken: CodeInvalid where repeating
	// would not help. CodeNotFound when there is no such collection, which is not to be believed at once: a server that was
	// just restarted says so too.
	Write(ctx context.Context, collection string, entries []SearchEntry) (refused map[string]error, err error)
	// GoLive lets searches use a collection from now on.
	GoLive(ctx context.Context, collection string) error
	// Snapshot has the server keep what it was told, so that it is quickly there again after a restart.
	Snapshot(ctx context.Context) error
	// Size counts the documents of what searches use. CodeNotFound where they use nothing, or what is no longer there.
	Size(ctx context.Context) (int, error)
	// DropAllBut removes the collections of earlier indexes.
	DropAllBut(ctx context.Context, keep ...string) error
	// DropPast removes from a collection what was over before a time, and tells how much that was. CodeNotFound.
	DropPast(ctx context.Context, collection string, before time.Time) (int, error)
}

// SearchClaim is events that one relay alone may write to the index until its time is over, as they were read after they
// were claimed.
type SearchClaim struct {
	ID          string
	Entries     []SearchEntry
	Rows        map[string][]int64 // by event: the rows of the outbox that its entry covers
	Collections []string           // to be written to: the live one, and one that is being built
}

// SearchBacklog is what waits to be indexed.
type SearchBacklog struct {
	Events int64         // with changes that the index does not have yet
	Oldest time.Duration // how long the oldest of them has waited
	Parked int64         // events that the search server refuses
}

// SearchOutbox keeps which events the index is still to be told of. A change of an event, its title, its venue or its prices
// appends the event's ID in its own transaction. CodeUnavailable where the database cannot be reached.
type SearchOutbox interface {
	// SampleSeats appends the events whose bookings changed since it was last called, by whomever, and tells how many: free
	// seats are counted for the index without a buyer's transaction knowing of it.
	SampleSeats(ctx context.Context) (int, error)
	// ClaimChanges claims up to limit events that wait, the longest waiting first, and reads them. An event is claimed by one
	// relay at a time, so that none overwrites what another read later.
	ClaimChanges(ctx context.Context, limit int, lasts time.Duration) (SearchClaim, error)
	// FinishChanges removes from the outbox what a claim covered. Events that were refused with CodeInvalid, or again and
	// again, are parked with the reason until they change; others that were refused wait a while. An event whose claim has
	// run out, and that another may have written meanwhile, is appended anew.
	FinishChanges(ctx context.Context, claim SearchClaim, refused map[string]error) error
	// Release gives a claim back. The outbox stays as it is.
	Release(ctx context.Context, claim SearchClaim) error
	// SearchBacklog counts what waits.
	SearchBacklog(ctx context.Context) (SearchBacklog, error)
}

// SearchBuilds keeps which collection is live and which is being built, and reads the events for the latter.
type SearchBuilds interface {
	// Live names the live collection, empty where there has never been one.
	Live(ctx context.Context) (string, error)
	// BeginBuild notes that a collection is being built and gives the number of events that it will have. From now on relays
	// write to it, too. An earlier build is given up; one that has become live is left alone.
	BeginBuild(ctx context.Context, collection string) (events int, err error)
	// ForgetLive notes that the live collection is lost: relays write to it no more.
	ForgetLive(ctx context.Context) error
	// ClaimPage claims up to limit findable events that follow an ID, reads them, and gives the last ID it looked at, empty at
	// the end. What another has claimed is appended to the outbox instead.
	ClaimPage(ctx context.Context, after string, limit int, lasts time.Duration) (claim SearchClaim, last string, err error)
	// FinishPage gives such a claim back. What was refused is appended to the outbox, for a relay to judge.
	FinishPage(ctx context.Context, claim SearchClaim, refused map[string]error) error
	// Waiting counts the rows of the outbox up to one of them, 0 for all, and gives the last.
	Waiting(ctx context.Context, upTo int64) (rows int, last int64, err error)
	// EndBuild makes the collection the live one. CodeFenced when it is not being built any more.
	EndBuild(ctx context.Context, collection string) error
	// AbandonBuild ends a build that comes to nothing. One that is over is left alone.
	AbandonBuild(ctx context.Context, collection string) error
}

// ReindexProgress tells how far the rebuilding of the index is.
type ReindexProgress struct {
	Collection string `json:"collection"`
	Step       string `json:"step"`
	Loaded     int    `json:"loaded"` // events
	Total      int    `json:"total"`  // as counted at the start
}

// Reindexer rebuilds the search index.
type Reindexer interface {
	// StartReindex starts a rebuild; one that is under way goes on, and is the one that is meant. CodeUnavailable.
	StartReindex(ctx context.Context) error
}
