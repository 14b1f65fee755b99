package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/api"
	"github.com/boxoffice/boxoffice/internal/testdb"
	"github.com/boxoffice/boxoffice/seatplan"
)

const (
	streamViewers = 2000
	streamChanges = 40
	streamPause   = 150 * time.Millisecond // between changes: a busy on-sale's four polls a second have one or two each
)

// BenchmarkSeatStream measures from the commit that changes a seat to the moment at which each of 2,000 viewers, who are
// connected by HTTP and sit in the same process, has read of it. Of the delay up to 250 ms is the wait for the next poll.
func BenchmarkSeatStream(b *testing.B) {
	for name, hall := range map[string]seatplan.Plan{"Cinema200": seatplan.Cinema(""), "Arena20000": seatplan.LargeArena("")} {
		b.Run(name, func(b *testing.B) { benchmarkSeatStream(b, hall) })
	}
}

func benchmarkSeatStream(b *testing.B, hall seatplan.Plan) {
	m := newSeatMap(b, hall, 0)
	listener, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	require.NoError(b, err)
	server := &http.Server{Handler: m.handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	seats := m.someSeats(b, streamChanges)
	b.ResetTimer()
	var waiting, reading sync.WaitGroup
	told := make([]map[string]time.Time, streamViewers)
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: -1}}
	for i := range told {
		told[i] = map[string]time.Time{}
		waiting.Add(1)
		reading.Go(func() {
			readStream(ctx, client, "http://"+listener.Addr().String()+m.seats+"/stream", waiting.Done, told[i], seats[len(seats)-1].place)
		})
	}
	waiting.Wait()
	changed := changeSeats(b, m.base, seats)
	reading.Wait() // each reader ends with the last change
	reportDelays(b, told, changed)
}

// placedSeat is a ticket with its place on the map, as a stream writes it.
type placedSeat struct{ ticket, place string }

// someSeats gives free seats of the hall, from all over it.
func (m seatMap) someSeats(t testing.TB, n int) (seats []placedSeat) {
	t.Helper()
	var columns api.SeatColumns // of every place: these halls have a ticket for each
	answer := m.get(t, m.seats, "")
	unzipped, err := gzip.NewReader(answer.Body)
	require.NoError(t, err)
	require.NoError(t, json.NewDecoder(unzipped).Decode(&columns))
	for i := range n {
		place := i * len(columns.TicketIDs) / n
		seats = append(seats, placedSeat{columns.TicketIDs[place], strconv.Itoa(place)})
	}
	return seats
}

// changeSeats changes a seat after the other, and gives when each change was committed, by place.
func changeSeats(t testing.TB, base *testdb.DB, seats []placedSeat) map[string]time.Time {
	t.Helper()
	changed := make(map[string]time.Time, len(seats))
	tick := time.NewTicker(streamPause)
	defer tick.Stop()
	for _, seat := range seats {
		<-tick.C
		_, err := base.Pool.Exec(t.Context(), `UPDATE tickets SET state = 'blocked' WHERE id = $1`, seat.ticket)
		require.NoError(t, err)
		changed[seat.place] = time.Now()
	}
	return changed
}

// readStream notes when it reads of each place, and ends with the last of them.
func readStream(ctx context.Context, client *http.Client, url string, ready func(), told map[string]time.Time, last string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		panic(err)
	}
	response, err := client.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		panic("a stream was not opened")
	}
	defer response.Body.Close()
	lines := bufio.NewReaderSize(response.Body, 32<<10)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		if strings.HasPrefix(line, "event: seats") {
			ready()
		}
		now := time.Now()
		if list, blocked := strings.CutPrefix(line, `data: {"blocked":[`); blocked {
			for place := range strings.SplitSeq(strings.TrimRight(list, "]}\n"), ",") {
				told[place] = now
			}
		}
		if _, done := told[last]; done {
			return
		}
	}
}

// reportDelays reports the percentiles over all viewers and changes, none of which may be missing.
func reportDelays(b *testing.B, told []map[string]time.Time, changed map[string]time.Time) {
	b.Helper()
	var delays []time.Duration
	for _, viewer := range told {
		require.Len(b, viewer, len(changed))
		for place, at := range viewer {
			delays = append(delays, at.Sub(changed[place]))
		}
	}
	slices.Sort(delays)
	for name, share := range map[string]int{"p50-ms": 50, "p95-ms": 95, "p99-ms": 99} {
		b.ReportMetric(float64(delays[len(delays)*share/100].Microseconds())/1000, name)
	}
}
