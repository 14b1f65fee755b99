package events_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/events"
	"github.com/boxoffice/boxoffice/seatplan"
)

// shelf is a store of one title and one plan, which notes what it is asked to keep.
type shelf struct {
	boxoffice.OrganizerStore
	title   boxoffice.Title
	plan    json.RawMessage
	version boxoffice.SeatPlanVersion

	event  boxoffice.NewEvent
	change *boxoffice.EventChange
	places []boxoffice.Ticket
	kept   boxoffice.SeatPlanVersion
	raw    json.RawMessage
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	plan := seatplan.Cinema("Screen 1")
	raw, err := plan.Canonical()
	require.NoError(t, err)
	hash, err := plan.Hash()
	require.NoError(t, err)
	return &shelf{
		title: boxoffice.Title{ID: "title", Name: "Ghost", Kind: "film", RuntimeMinutes: 127}, plan: raw,
		version: boxoffice.SeatPlanVersion{VenueID: "venue", Hash: hash, Version: 1, Seats: plan.Capacity()},
	}
}

func (s *shelf) TitleToUse(context.Context, string, string) (boxoffice.Title, error) {
	if s.title.ID == "" {
		return boxoffice.Title{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such title.")
	}
	return s.title, nil
}

func (s *shelf) PlanOf(_ context.Context, _, _, hash string) (json.RawMessage, boxoffice.SeatPlanVersion, error) {
	if hash != "" && hash != s.version.Hash {
		return nil, boxoffice.SeatPlanVersion{}, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no such plan.")
	}
	return s.plan, s.version, nil
}

func (s *shelf) AddSeatPlan(_ context.Context, _ boxoffice.By, v boxoffice.SeatPlanVersion, raw json.RawMessage) (boxoffice.SeatPlanVersion, error) {
	s.kept, s.raw = v, raw
	return v, nil
}

func (s *shelf) OwnEvent(context.Context, string, string) (boxoffice.OwnEvent, error) {
	return boxoffice.OwnEvent{Event: boxoffice.Event{Venue: boxoffice.Venue{ID: "venue"}}}, nil
}

func (s *shelf) CreateEvent(_ context.Context, _ boxoffice.By, e boxoffice.NewEvent, places []boxoffice.Ticket) (boxoffice.OwnEvent, error) {
	s.event, s.places = e, places
	return boxoffice.OwnEvent{}, nil
}

func (s *shelf) ChangeEvent(_ context.Context, _ boxoffice.By, _ string, change boxoffice.EventChange, places []boxoffice.Ticket) (boxoffice.OwnEvent, error) {
	s.change, s.places = &change, places
	return boxoffice.OwnEvent{}, nil
}

var start = time.Date(2032, 12, 4, 19, 30, 0, 0, time.UTC)

// pricesOf prices every category that the shelf's plan has, each differently.
func pricesOf(t *testing.T, s *shelf) map[string]int64 {
	t.Helper()
	plan, err := seatplan.Parse(s.plan)
	require.NoError(t, err)
	prices := map[string]int64{}
	for p := range plan.Places() {
		if _, priced := prices[p.Category]; !priced {
			prices[p.Category] = 1000 + 100*int64(len(prices))
		}
	}
	require.Greater(t, len(prices), 1)
	return prices
}

func TestAnEventHasATicketForEveryPlaceAtItsCategorysPrice(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	prices := pricesOf(t, s)
	before := time.Now()
	_, err := events.New(s, nil, nil).CreateEvent(t.Context(), boxoffice.By{UserID: "olga"}, boxoffice.NewEvent{
		TitleID: "title", VenueID: "venue", StartsAt: start, Currency: "USD", Prices: prices,
	})
	require.NoError(t, err)
	require.Len(t, s.places, s.version.Seats)
	accessible := 0
	for _, p := range s.places {
		require.Equal(t, prices[p.Category], p.PriceMinor, p.Seat())
		if p.Accessible {
			accessible++
		}
	}
	require.Positive(t, accessible)
	require.Equal(t, s.version.Hash, s.event.PlanHash)
	require.Equal(t, "Ghost", s.event.Name)
	require.Equal(t, start.Add(127*time.Minute), s.event.EndsAt)
	require.Equal(t, start, s.event.SalesCloseAt)
	require.WithinRange(t, s.event.SalesOpenAt, before, time.Now())
}

func TestAnEventOfUnknownLengthLastsTwoHours(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.title.RuntimeMinutes = 0
	_, err := events.New(s, nil, nil).CreateEvent(t.Context(), boxoffice.By{}, boxoffice.NewEvent{
		TitleID: "title", VenueID: "venue", Name: "A preview", StartsAt: start, Currency: "USD", Prices: pricesOf(t, s),
	})
	require.NoError(t, err)
	require.Equal(t, start.Add(2*time.Hour), s.event.EndsAt)
	require.Equal(t, "A preview", s.event.Name)
}

func TestEverythingWrongWithAnEventIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	_, err := events.New(s, nil, nil).CreateEvent(t.Context(), boxoffice.By{}, boxoffice.NewEvent{
		TitleID: "title", VenueID: "venue", StartsAt: start, EndsAt: start, SalesOpenAt: start, SalesCloseAt: start.Add(time.Hour), Currency: "ZZZ",
		Prices: map[string]int64{"gold": -1},
	})
	var named []string
	var failure *boxoffice.Error
	require.ErrorAs(t, err, &failure)
	for _, f := range failure.Fields {
		named = append(named, f.Field)
	}
	require.Subset(t, named, []string{"currency", "ends_at", "sales_close_at", "prices.gold", "prices.Standard"})
	require.Nil(t, s.places, "it was stored")
}

func TestWhatIsNotThereIsAMistakeOfTheFieldThatNamesIt(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	unknown := "0000"
	_, err := events.New(s, nil, nil).ChangeEvent(t.Context(), boxoffice.By{}, "event", boxoffice.EventChange{PlanHash: &unknown})
	requireField(t, err, "plan_hash")
	_, err = events.New(s, nil, nil).CreateEvent(t.Context(), boxoffice.By{}, boxoffice.NewEvent{PlanHash: unknown})
	requireField(t, err, "plan_hash")
	s.title = boxoffice.Title{}
	_, err = events.New(s, nil, nil).CreateEvent(t.Context(), boxoffice.By{}, boxoffice.NewEvent{})
	requireField(t, err, "title_id")
}

func requireField(t *testing.T, err error, field string) {
	t.Helper()
	var failure *boxoffice.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, boxoffice.CodeInvalid, failure.Code)
	require.Equal(t, field, failure.Fields[0].Field)
}

func TestAChangeOfPlanBringsItsPlaces(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	_, err := events.New(s, nil, nil).ChangeEvent(t.Context(), boxoffice.By{}, "event", boxoffice.EventChange{PlanHash: &s.version.Hash})
	require.NoError(t, err)
	require.Len(t, s.places, s.version.Seats)
	name := "Ghost, again"
	_, err = events.New(s, nil, nil).ChangeEvent(t.Context(), boxoffice.By{}, "event", boxoffice.EventChange{Name: &name})
	require.NoError(t, err)
	require.Empty(t, s.places)
	_, err = events.New(s, nil, nil).ChangeEvent(t.Context(), boxoffice.By{}, "event", boxoffice.EventChange{Prices: map[string]int64{"standard": 1}})
	requireField(t, err, "prices")
}

func TestAPlanIsStoredInItsCanonicalForm(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	var loose map[string]any
	require.NoError(t, json.Unmarshal(s.plan, &loose))
	indented, err := json.MarshalIndent(loose, "", "    ")
	require.NoError(t, err)
	version, err := events.New(s, nil, nil).AddSeatPlan(t.Context(), boxoffice.By{}, "venue", indented)
	require.NoError(t, err)
	require.Equal(t, s.version.Hash, version.Hash)
	require.Equal(t, string(s.plan), string(s.raw))
	require.Equal(t, s.version.Seats, s.kept.Seats)
}

func TestABrokenPlanIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	_, err := events.New(newShelf(t), nil, nil).AddSeatPlan(t.Context(), boxoffice.By{}, "venue", []byte(`{"format":2}`))
	require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err))
	_, err = events.New(newShelf(t), nil, nil).AddSeatPlan(t.Context(), boxoffice.By{}, "venue", []byte(`{`))
	require.Equal(t, boxoffice.CodeMalformed, boxoffice.CodeOf(err))
}
