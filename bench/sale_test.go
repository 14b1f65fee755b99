package bench

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// hallOf is a hall of rows, a letter a seat: f free, s sold, a free and for a wheelchair, - no seat.
func hallOf(rows ...string) *seatMap {
	var section seatplan.Section
	states := strings.NewReplacer("f", "a").Replace(strings.Join(rows, ""))
	for i, row := range rows {
		r := seatplan.Row{Label: string('A' + rune(i))}
		for n, letter := range row {
			seat := seatplan.Seat{Number: n + 1}
			if letter == 'a' {
				seat.Kind = seatplan.Accessible
			}
			r.Seats = append(r.Seats, seat)
		}
		section.Rows = append(section.Rows, r)
	}
	return &seatMap{newHallMap(seatplan.Plan{Sections: []seatplan.Section{section}}), &seatStates{States: states}}
}

// names says how the places of a map are called: A1, A2, …
func (m *seatMap) names(places []int) (names []string) {
	for _, i := range places {
		names = append(names, m.places[i].Row+strconv.Itoa(m.places[i].Number))
	}
	return names
}

func TestPick(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rows   []string
		wanted int
		picks  [][]string // any of them; none: nothing is left
	}{
		"at either end of a run":          {[]string{"sffffs"}, 2, [][]string{{"A2", "A3"}, {"A4", "A5"}}},
		"nobody is left alone":            {[]string{"sfffss", "sffsss"}, 2, [][]string{{"B2", "B3"}}},
		"but where there is nothing else": {[]string{"sfffss"}, 2, [][]string{{"A2", "A3"}, {"A3", "A4"}}},
		"not across a sold seat":          {[]string{"ffsff"}, 3, [][]string{{"A1", "A2"}, {"A4", "A5"}}},
		"not beside a wheelchair's place": {[]string{"faf", "sff"}, 2, [][]string{{"B2", "B3"}}},
		"not where there is no seat":      {[]string{"ff-f"}, 3, [][]string{{"A1", "A2"}}},
		"nothing":                         {[]string{"sss", "as"}, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seats := hallOf(c.rows...)
			for n := range uint64(50) {
				picked := seats.names(seats.pick(c.wanted, rand.New(rand.NewPCG(n, 1))))
				if c.picks == nil {
					require.Empty(t, picked)
					continue
				}
				require.True(t, slices.ContainsFunc(c.picks, func(p []string) bool { return slices.Equal(p, picked) }), "%v", picked)
			}
		})
	}
}

func TestSeatMap_Counts(t *testing.T) {
	t.Parallel()
	seats := hallOf("ffsa", "-sf-")
	require.Equal(t, []int{6, 2}, []int{seats.total(), seats.gone()})
	require.Equal(t, []string{"A1", "A2", "B3"}, seats.names(seats.available()), "those for wheelchairs are left to who needs them")
}

// Buyers who were sent the same answer share one reading of it.
func TestPages_ReadOnce(t *testing.T) {
	t.Parallel()
	var kept pages
	first, err := kept.states.of("1", buyer.Answer{Status: 200, Body: []byte(`{"states":"a"}`)}, readStates)
	require.NoError(t, err)
	again, err := kept.states.of("1", buyer.Answer{Status: 200, Body: []byte("not read")}, readStates)
	require.NoError(t, err)
	require.Same(t, first, again)
	_, err = kept.states.of("2", buyer.Answer{Status: 304}, readStates)
	require.Error(t, err, "nobody knows what is unchanged")
	for n := range mostRead {
		_, err := kept.states.of(strconv.Itoa(n+2), buyer.Answer{Status: 200, Body: []byte(`{}`)}, readStates)
		require.NoError(t, err)
	}
	require.Len(t, kept.states.read, mostRead, "the oldest are forgotten")
	require.NotContains(t, kept.states.read, "1")
}

func TestReadTickets_ByPlace(t *testing.T) {
	t.Parallel()
	hall := hallOf("ff", "f").hallMap
	read := readTickets(hall, "")
	tickets, err := read(strings.NewReader(`{"ticket_ids":["b","a","elsewhere"],"rows":["A","A","Z"],"numbers":[2,1,1]}`))
	require.NoError(t, err)
	require.Equal(t, map[int]string{0: "a", 1: "b"}, tickets)
	_, err = read(strings.NewReader(`{"ticket_ids":["a"],"rows":[],"numbers":[1]}`))
	require.Error(t, err, "columns of different lengths")
}

func TestHall_IsAValidPlanWithASeatForEachTicket(t *testing.T) {
	t.Parallel()
	for _, seats := range []int{1, 200, 999, mostTested} {
		hall, err := NewHall(newID(), seats)
		require.NoError(t, err)
		event, tickets := hall.Event(0)
		require.Len(t, tickets, seats)
		require.Equal(t, seats, event.Total)
		plan, err := hall.SeatPlan(event.PlanHash)
		require.NoError(t, err)
		parsed, err := seatplan.Parse(plan)
		require.NoError(t, err)
		require.Equal(t, seats, parsed.Capacity())
	}
}

const mostTested = 20_000

// A run ends when nine tenths of the seats are sold, and the first reason is the one that is told.
func TestCountSeats_EndsAtNineTenths(t *testing.T) {
	t.Parallel()
	r, err := newRun(SaleOptions{Tokens: []string{"t"}, Lasts: time.Hour}, soldEnough, endedSold)
	require.NoError(t, err)
	r.total = 10
	r.start(t.Context())
	r.countSeats(8)
	require.True(t, r.open())
	r.countSeats(1)
	require.False(t, r.open())
	require.Equal(t, endedSold, r.ended)
	r.stop(endedTime)
	require.Equal(t, endedSold, r.ended)
	_, err = newRun(SaleOptions{}, soldEnough, endedSold)
	require.Error(t, err, "nobody buys")
}

func TestBaseline_VoidWhereItIsNotPgBenchs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		b    Baseline
		void string // a part of what is said; empty: it is not
	}{
		{Baseline{PerMin: 1000, PgBenchPerMin: 1000}, ""},
		{Baseline{PerMin: 801, PgBenchPerMin: 1000}, ""},
		{Baseline{PerMin: 1199, PgBenchPerMin: 1000}, ""},
		{Baseline{PerMin: 799, PgBenchPerMin: 1000}, "not within 20 %"},
		{Baseline{PerMin: 1201, PgBenchPerMin: 1000}, "not within 20 %"},
		{Baseline{PerMin: 1000, Missing: "there is no pgbench"}, "there is no pgbench"},
		{Baseline{}, "no sales"},
	} {
		r := SaleReport{BookingsPerMin: 100}
		r.addBaseline(c.b)
		require.Equal(t, c.void == "", r.RatioToSQL != nil, "%+v", c.b)
		require.Contains(t, strings.Join(r.LeftOut, "\n"), c.void)
		if c.void == "" {
			require.InDelta(t, 100/c.b.PerMin, *r.RatioToSQL, 0.0001)
		}
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	good := SaleReport{Bookings: 1}
	good.addViolations(nil)
	require.NoError(t, good.Verdict())
	require.NoError(t, (&SaleReport{BookingsLate: 1}).Verdict(), "the clock was short")
	require.ErrorContains(t, (&SaleReport{}).Verdict(), "not one booking")
	good.addViolations([]string{"a seat was sold twice"})
	require.ErrorContains(t, good.Verdict(), "1 violations")
}

// The times of those that were answered say nothing where others were turned away.
func TestVerdict_WhatFailed(t *testing.T) {
	t.Parallel()
	times := func(n int) Percentiles { return Percentiles{Count: n} }
	for complaint, reports := range map[string][]SaleReport{
		"": {
			{Bookings: 1, Hold: times(98), Loser: times(1), HoldFailed: times(1)}, {Bookings: 1, HTTP5xx: 1},
			{Bookings: 999, Hold: times(999), SweepStarts: new(5)}, {Bookings: 700, Hold: times(1001), SweepStarts: new(1)},
		},
		"2 of 101 holds failed":          {{Bookings: 1, Hold: times(98), Loser: times(1), HoldFailed: times(2)}},
		"1 answers were 500":             {{Bookings: 1, HTTP5xx: 1, own: true}},
		"the sweep began 1 of 1000 runs": {{Bookings: 700, Hold: times(1000), SweepStarts: new(1)}},
	} {
		for _, r := range reports {
			if complaint == "" {
				require.NoError(t, r.Verdict(), "%+v", r)
			} else {
				require.ErrorContains(t, r.Verdict(), complaint)
			}
		}
	}
}

// A hold that fails is in the table, with the time that it took to say so.
func TestHold_Failed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }))
	defer server.Close()
	r, err := newRun(SaleOptions{URL: server.URL, Tokens: []string{"t"}, Lasts: time.Hour}, soldEnough, endedSold)
	require.NoError(t, err)
	r.start(t.Context())
	_, err = r.crowd[0].hold(t.Context(), []string{"seat"})
	require.Error(t, err)
	r.stop(endedTime)
	report := r.newReport("onsale")
	r.sum(&report)
	require.Equal(t, []int{0, 0, 1}, []int{report.Hold.Count, report.Loser.Count, report.HoldFailed.Count})
	var text bytes.Buffer
	require.NoError(t, report.WriteTable(&text))
	require.Regexp(t, `hold, failed +1 `, text.String())
	require.NotContains(t, measuredTable(t), "hold, failed")
}

func measuredTable(t *testing.T) string {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, measured(t).WriteTable(&text))
	return text.String()
}

// A seat of two buyers is a violation by what they were told alone, and so is one of a race that has none.
func TestOwners(t *testing.T) {
	t.Parallel()
	r := &run{record: newRecord()}
	r.record.sold(sale{bookingID: "b1", tickets: []string{"t1", "t2"}})
	r.record.sold(sale{bookingID: "b2", tickets: []string{"t3"}})
	require.Empty(t, r.record.soldTwice())
	require.Empty(t, r.ownerless(prizes{[]int{0, 1}, map[int]string{0: "t1", 1: "t3"}}))
	require.Equal(t, []string{"ticket t4 has no owner"}, r.ownerless(prizes{[]int{1, 2}, map[int]string{1: "t3", 2: "t4"}}))
	r.record.sold(sale{bookingID: "b3", tickets: []string{"t2"}})
	require.Equal(t, []string{"ticket t2 was sold to the bookings b1 and b3"}, r.record.soldTwice())
}

// measured is a report with something of everything.
func measured(t *testing.T) *SaleReport {
	t.Helper()
	r := &run{record: newRecord(), refused: &refusals{}, elapsed: 3 * time.Second, ended: endedTime, total: 100, crowd: make([]*shopper, 2)}
	r.record.began = time.Now()
	for n := range 10 {
		at := time.Duration(n) * 300 * time.Millisecond
		for _, what := range []step{stepMap, stepHold, stepTicket} {
			r.record.steps[what] = append(r.record.steps[what], sample{at: at, took: time.Duration(n+1) * time.Millisecond})
		}
		r.record.sold(sale{tickets: []string{newID()}, at: r.record.began.Add(at), mailed: r.record.began.Add(at + 500*time.Millisecond)})
	}
	r.record.errors["pay: <script>"] = 2
	report := r.newReport("onsale")
	report.Processors = 2
	r.sum(&report)
	report.addCPU([]usage{
		{0, map[string]time.Duration{"api": time.Second, "postgres": 0}},
		{3 * time.Second, map[string]time.Duration{"api": 2 * time.Second, "postgres": 3 * time.Second}},
	})
	report.addGrowth(System{}, readings{}, readings{}, 10)
	report.addBaseline(Baseline{PerMin: 1000, PgBenchPerMin: 1100})
	report.addViolations(nil)
	return &report
}

// A booking counts when both its PDF and its mail were there before the clock stopped.
func TestReport_Numbers(t *testing.T) {
	t.Parallel()
	r := measured(t)
	require.Equal(t, []int{9, 1}, []int{r.Bookings, r.BookingsLate})
	require.InDelta(t, 180, r.BookingsPerMin, 0)
	require.Equal(t, Percentiles{Count: 10, P50: 5, P95: 10, P99: 10}, r.Hold)
	require.Equal(t, "postgres", r.Bottleneck)
	require.InDelta(t, 0.5, r.CPUShare["postgres"], 0.001)
	require.InDelta(t, 1000.0/9, r.CPU["api"], 0.1)
	require.InDelta(t, 0.18, *r.RatioToSQL, 0.0001)
	require.Equal(t, []string{"what the sweep began", "bytes in Postgres and in Temporal"}, r.LeftOut)
}

// A hold that was begun in the rush belongs to it, also when it ended later.
func TestSince(t *testing.T) {
	t.Parallel()
	all := []sample{{at: 4 * time.Second}, {at: 6 * time.Second, took: 2 * time.Second}, {at: 6 * time.Second, took: time.Second}, {at: 9 * time.Second}}
	require.Equal(t, all[2:], since(5*time.Second, all))
}

// What was left out is there as null, so that nobody takes it for nothing.
func TestReport_JSONHasEveryField(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(&SaleReport{})
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(raw, &fields))
	for _, name := range []string{
		"bookings", "bookings_per_min", "hold_ms", "loser_ms", "pay_to_ticket_ms", "http_5xx", "cpu_ms_per_booking", "sql_baseline_per_min",
		"ratio_to_sql", "violations",
	} {
		require.Contains(t, fields, name)
	}
	for _, name := range []string{"cpu_ms_per_booking", "sql_baseline_per_min", "ratio_to_sql", "violations"} {
		require.Nil(t, fields[name], name)
	}
}

func TestReport_Table(t *testing.T) {
	t.Parallel()
	text := measuredTable(t)
	for _, line := range []string{
		`9 bookings in 3.0 s, 180 a minute, by 2 buyers`, `hold, won +10 +5\.0 +10\.0 +10\.0`, `postgres +50 % +333\.3 ms a booking`,
		`error, 2 times: pay: <script>`, `ratio to bare SQL: 0\.180`, `no violations`, `left out: what the sweep began`,
	} {
		require.Regexp(t, regexp.MustCompile(line), text)
	}
}

// The page needs nothing else, every element is closed, and what came from outside is text in it.
func TestReport_HTML(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	require.NoError(t, measured(t).WriteHTML(&page))
	require.NotContains(t, page.String(), "<script")
	require.NotRegexp(t, `(src|href)=`, page.String())
	require.NotContains(t, page.String(), "NaN")
	open, lines := []string{}, 0
	for tokens := html.NewTokenizer(&page); ; {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		token := tokens.Token()
		switch {
		case kind == html.StartTagToken && token.Data != "meta":
			open = append(open, token.Data)
			if token.Data == "polyline" {
				lines++
				require.Regexp(t, `^(\d+\.\d,\d+\.\d ?)*$`, token.Attr[1].Val)
			}
		case kind == html.EndTagToken:
			require.NotEmpty(t, open)
			require.Equal(t, open[len(open)-1], token.Data)
			open = open[:len(open)-1]
		}
	}
	require.Empty(t, open)
	require.Equal(t, 1+2+1+2, lines, "a line for each series")
}

func TestReadProcess(t *testing.T) {
	t.Parallel()
	p, err := readProcess("17 (a ) name (x) S 5 17 17 0 -1 4194560 9 0 0 0 100 20 3 4 20 0 1 0 99 1 1")
	require.NoError(t, err)
	require.Equal(t, process{parent: 5, used: 1270 * time.Millisecond}, p)
	_, err = readProcess("17 (short) S 5")
	require.Error(t, err)
	table := map[int]process{1: {}, 10: {parent: 1}, 20: {parent: 10}, 30: {parent: 20}, 40: {parent: 1}}
	require.Equal(t, []int{10, 20, 20, 0}, []int{childOf(table, 10, 10), childOf(table, 10, 20), childOf(table, 10, 30), childOf(table, 10, 40)})
}
