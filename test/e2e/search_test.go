package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/test/stack"
)

// searched is what a search answers.
type searched struct {
	Events []struct {
		ID        string `json:"id"`
		Available int    `json:"available"`
		PriceFrom int64  `json:"price_from_minor"`
	} `json:"events"`
}

// An event is found once it is published, as it is then, misspelt and under its title's new name, and gone when it is taken
// off. How soon is told, and not asserted: the machine may be busy.
func TestSearch_FollowsWhatOrganizersAndBuyersDo(t *testing.T) {
	t.Parallel()
	s := stack.Of(t, stack.Usual)
	olga, ada := signUp(t, s), signUp(t, s)
	_, complaint, code := stack.RunProgram(t, []string{"DATABASE_URL=" + s.Env["DATABASE_URL"]}, "role", olga.Name, "organizer")
	require.Zero(t, code, complaint)
	event := putOn(t, olga).Event
	name := "Sleepless in " + olga.Name // as nothing else is called
	call(t, olga, "PATCH", "/events/"+event.ID, thing{"name": name}, nil)
	find := func(page *searched) error {
		return ada.Call(t.Context(), http.MethodGet, "/search?city=Chico&q="+url.QueryEscape(name), nil, page)
	}
	until := func(what string, check func(page searched) bool) {
		began := time.Now()
		stack.Eventually(t, 30*time.Second, func() error {
			var page searched
			err := find(&page)
			if err == nil && !check(page) {
				err = fmt.Errorf("%s: %+v", what, page)
			}
			return err
		})
		t.Logf("%s: %s", what, time.Since(began).Round(10*time.Millisecond))
	}
	first := func(check func(available int, price int64) bool) func(page searched) bool {
		return func(page searched) bool {
			return len(page.Events) > 0 && page.Events[0].ID == event.ID && check(page.Events[0].Available, page.Events[0].PriceFrom)
		}
	}

	var page searched
	require.NoError(t, find(&page))
	for _, e := range page.Events {
		require.NotEqual(t, event.ID, e.ID, "a draft")
	}
	call(t, olga, "POST", "/events/"+event.ID+"/publish", nil, nil)
	until("published", first(func(available int, price int64) bool { return available == 6 && price == 1450 }))
	name = "Sleeples in " + olga.Name
	until("misspelt", first(func(int, int64) bool { return true }))
	call(t, olga, "PATCH", "/titles/"+event.TitleID, thing{"name": "Marathonomachy"}, nil)
	name = "maratonomachy"
	until("another title", first(func(int, int64) bool { return true }))
	call(t, olga, "PUT", "/events/"+event.ID+"/prices", thing{"prices": thing{"Standard": 2000}}, nil)
	until("another price", first(func(_ int, price int64) bool { return price == 2000 }))
	ada.Hold(t, event.ID, 2)
	until("two seats held", first(func(available int, _ int64) bool { return available == 4 }))
	s.SetOnSale(t, event.ID, false)
	_, err := s.DB.Exec(t.Context(), `INSERT INTO search_outbox (event_id) VALUES ($1)`, event.ID) // as who cancels it does
	require.NoError(t, err)
	until("cancelled", func(page searched) bool {
		return len(page.Events) == 0 || page.Events[0].ID != event.ID
	})
	s.SetOnSale(t, event.ID, true)
}
