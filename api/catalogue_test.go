package api

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func open(o *Options) { o.PublicBrowsing = true }

func TestEventTimesCarryTheVenuesOffset(t *testing.T) {
	t.Parallel()
	var page EventTickets
	got := setup(t, open).do(t, request{method: "GET", path: "/events/" + eventID})
	got.json(&page)
	require.Contains(t, string(got.body), `"time":"2026-12-04T19:30:00-08:00"`)
	require.Contains(t, string(got.body), `"ends_at":"2026-12-04T21:37:00-08:00"`)
	require.Equal(t, "Stalls, row C, seat 12", page.Tickets[0].Seat)
	require.Equal(t, 10, page.MaxSeats)
	require.Empty(t, page.Tickets[0].HolderID, "the holder is nobody else's business")
}

func TestSeatsAnswer304UntilTheyChange(t *testing.T) {
	t.Parallel()
	b := setup(t, open, func(o *Options) { o.ReadCache = -1 })
	seats := func(etag string) result {
		return b.do(t, request{method: "GET", path: "/events/" + eventID + "/seats", headers: []string{"If-None-Match", etag}})
	}
	first := seats("")
	require.Equal(t, http.StatusOK, first.status)
	require.Equal(t, "no-cache", first.header.Get("Cache-Control"))
	etag := first.header.Get("ETag")
	for _, match := range []string{etag, etag[2:], `"other", ` + etag, "*"} {
		same := seats(match)
		require.Equal(t, http.StatusNotModified, same.status, match)
		require.Empty(t, same.body)
		require.Equal(t, etag, same.header.Get("ETag"))
	}
	b.catalogue.sold.Store(true)
	changed := seats(etag)
	require.Equal(t, http.StatusOK, changed.status)
	require.NotEqual(t, etag, changed.header.Get("ETag"))
	require.Contains(t, string(changed.body), `"states":["sold","available"]`)
}

func TestSeatMap(t *testing.T) {
	t.Parallel()
	b := setup(t, open, func(o *Options) { o.ReadCache = -1 })
	path := "/events/" + eventID + "/seat-map"
	first := b.do(t, request{method: "GET", path: path})
	require.JSONEq(t, `{"event_id":"`+eventID+`","plan_hash":"`+planHash+`","layout":"`+layout+`","currency":"USD","states":"ah-","offer_of":[1,0,-1],
		"offers":[{"category":"standard","price_minor":1450,"total_minor":1600},{"category":"gold","price_minor":2000,"total_minor":2150}]}`, string(first.body))
	require.Equal(t, "no-cache", first.header.Get("Cache-Control"))
	again := request{method: "GET", path: path, headers: []string{"If-None-Match", first.header.Get("ETag")}}
	require.Equal(t, http.StatusNotModified, b.do(t, again).status)
	b.catalogue.sold.Store(true)
	require.Contains(t, string(b.do(t, again).body), `"states":"sh-"`)
	b.do(t, request{method: "GET", path: "/events/" + otherID + "/seat-map"}).problem(http.StatusNotFound, "not-found")
}

func TestSeatsOfASection(t *testing.T) {
	t.Parallel()
	b := setup(t, open, func(o *Options) { o.ReadCache = time.Hour })
	for _, section := range []string{"Stalls", ""} {
		path := "/events/" + eventID + "/seats?section=" + section
		require.Equal(t, http.StatusOK, b.do(t, request{method: "GET", path: path}).status)
		require.Equal(t, section, b.catalogue.section, "another section is another answer")
	}
	require.Contains(t, string(b.do(t, request{method: "GET", path: "/events/" + eventID + "/seat-map"}).body), `"offers"`, "and so is the map")
}

func TestAnEventWithoutItsTickets(t *testing.T) {
	t.Parallel()
	b := setup(t, open, func(o *Options) { o.ReadCache = time.Hour })
	path := "/events/" + eventID
	for path, tickets := range map[string]int{path: 1, path + "?tickets=none": 0} {
		var page EventTickets
		got := b.do(t, request{method: "GET", path: path})
		got.json(&page)
		require.Len(t, page.Tickets, tickets, path)
		require.Equal(t, someEvent().Name, page.Event.Name)
		require.Equal(t, 10, page.MaxSeats)
		require.Empty(t, page.Next)
		require.Contains(t, string(got.body), `"tickets":[`)
		require.NotEmpty(t, got.header.Get("ETag"))
	}
}

func TestManyReadersShareOneQuery(t *testing.T) {
	t.Parallel()
	b := setup(t, open, func(o *Options) { o.ReadCache = time.Hour })
	var readers sync.WaitGroup
	for range 50 {
		readers.Go(func() {
			b.do(t, request{method: "GET", path: "/events/" + eventID + "/seats"})
		})
	}
	readers.Wait()
	require.EqualValues(t, 1, b.catalogue.seatReads.Load())
}

func TestAKeptAnswerIsForgottenSoon(t *testing.T) {
	t.Parallel()
	b := setup(t, open, func(o *Options) { o.ReadCache = time.Millisecond })
	b.do(t, request{method: "GET", path: "/events/" + eventID + "/seats"})
	b.catalogue.sold.Store(true)
	require.Eventually(t, func() bool {
		return bytes.Contains(b.do(t, request{method: "GET", path: "/events/" + eventID + "/seats"}).body, []byte(`"sold"`))
	}, 5*time.Second, time.Millisecond)
}

func TestErrorsAreNotKept(t *testing.T) {
	t.Parallel()
	b := setup(t, open, func(o *Options) { o.ReadCache = time.Hour })
	for range 3 {
		b.do(t, request{method: "GET", path: "/events/" + otherID + "/seats"}).problem(404, "not-found")
	}
	require.EqualValues(t, 3, b.catalogue.seatReads.Load())
}

func TestLargeAnswersAreCompressedOnDemand(t *testing.T) {
	t.Parallel()
	b := setup(t, open)
	b.catalogue.seats = 2000
	path := "/events/" + eventID + "/seats"
	plain := b.do(t, request{method: "GET", path: path})
	require.Equal(t, "Accept-Encoding", plain.header.Get("Vary"))
	require.Empty(t, plain.header.Get("Content-Encoding"))
	for _, refused := range []string{"identity", "gzip;q=0", "br", "gzip; q=0.0"} {
		got := b.do(t, request{method: "GET", path: path, headers: []string{"Accept-Encoding", refused}})
		require.Empty(t, got.header.Get("Content-Encoding"), refused)
	}
	zipped := b.do(t, request{method: "GET", path: path, headers: []string{"Accept-Encoding", "br, gzip;q=0.8"}})
	require.Equal(t, "gzip", zipped.header.Get("Content-Encoding"))
	require.Equal(t, plain.header.Get("ETag"), zipped.header.Get("ETag"))
	require.Less(t, len(zipped.body), len(plain.body)/3)
	reader, err := gzip.NewReader(bytes.NewReader(zipped.body))
	require.NoError(t, err)
	unzipped, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Equal(t, plain.body, unzipped)
}

func TestSeatPlansAreKeptForEver(t *testing.T) {
	t.Parallel()
	b := setup(t, open)
	got := b.do(t, request{method: "GET", path: "/seat-plans/" + planHash})
	require.Equal(t, "public, max-age=31536000, immutable", got.header.Get("Cache-Control"))
	require.JSONEq(t, `{"sections":[]}`, string(got.body))
	b.catalogue.err = io.ErrUnexpectedEOF
	require.Equal(t, 200, b.do(t, request{method: "GET", path: "/seat-plans/" + planHash}).status)
}

func TestTheSpecIsServedWithItsETag(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, request{method: "GET", path: "/openapi.yaml"})
	require.Equal(t, Spec, got.body)
	again := b.do(t, request{method: "GET", path: "/openapi.yaml", headers: []string{"If-None-Match", got.header.Get("ETag")}})
	require.Equal(t, http.StatusNotModified, again.status)
}
