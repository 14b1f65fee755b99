package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/bench/chaos"
	"github.com/boxoffice/boxoffice/internal/devstack/network"
	"github.com/boxoffice/boxoffice/internal/devstack/proc"
	smtpsink "github.com/boxoffice/boxoffice/internal/devstack/smtp"
	stripesim "github.com/boxoffice/boxoffice/internal/devstack/stripe"
	"github.com/boxoffice/boxoffice/internal/pause"
	"github.com/boxoffice/boxoffice/worker"
)

// leastKills is a kill of each kind.
const leastKills = 6

// How long faults last that do not kill.
const (
	leastTrouble, mostTrouble = 2 * time.Second, 5 * time.Second
	leastPaused, mostPaused   = 11 * time.Second, 13 * time.Second // longer than workflow tasks, locks and idle transactions may take
	longPaused                = 35 * time.Second                   // in a long run
)

// How long the pauses are between faults. A long run leaves the system some air, so that its recoveries can be told apart.
const (
	restOfKills = 5 * time.Second
	shortRest   = 2 * time.Second
	longRest    = 12 * time.Second
	longRun     = 50 // kills
)

// faults are all ways in which a run breaks the system.
func (s *chaosSystem) faults(kills int) (faults []chaos.Fault) {
	rest, paused := shortRest, mostPaused
	if kills >= longRun {
		rest, paused = longRest, longPaused
	}
	faults = append(s.kills(), s.pauses(paused)...)
	faults = append(faults, s.slowAndCut()...)
	faults = append(faults, s.outside()...)
	for n := range faults {
		if faults[n].Rest = rest; faults[n].Track == chaos.TrackKills {
			faults[n].Rest = restOfKills
		}
	}
	return faults
}

// kills are those of the program's own processes and of the servers behind them.
func (s *chaosSystem) kills() []chaos.Fault {
	child := func(name string) func(context.Context) error {
		return func(ctx context.Context) error { return s.killChild(ctx, name) }
	}
	return []chaos.Fault{
		{Kind: "api", Track: chaos.TrackKills, Weight: 6, Hits: chaos.StageAsking, Heals: chaos.SignalAnswer, Strike: child("api")},
		{Kind: "worker", Track: chaos.TrackKills, Weight: 6, Hits: chaos.StageSettling, Heals: chaos.SignalComplete, Strike: child("worker")},
		{
			Kind: "relay", Track: chaos.TrackKills, Weight: 1, Hits: chaos.StageOpen, Heals: chaos.SignalIndex,
			Strike: func(ctx context.Context) error { return s.killRelay(ctx, worker.PointIndexed) },
		},
		{
			Kind: "temporal", Track: chaos.TrackKills, Weight: 3, Hits: chaos.StageSettling, Heals: chaos.SignalComplete,
			Strike: func(context.Context) error { return s.servers.temporal.Kill() }, Mend: s.servers.startTemporal,
		},
		{
			Kind: "postgres", Track: chaos.TrackKills, Weight: 4, Hits: chaos.StageOpen, Heals: chaos.SignalHold,
			Strike: func(context.Context) error { return s.servers.abortPostgres() },
			Mend:   func(ctx context.Context) error { return s.servers.startPostgres(ctx, s.servers.primary, false) },
		},
		{
			Kind: "promotion", Track: chaos.TrackKills, Weight: 1, Hits: chaos.StageOpen, Heals: chaos.SignalHold,
			Strike: s.servers.losePrimary, Mend: s.servers.promote,
		},
	}
}

// pauses stop a process and let it go on.
func (s *chaosSystem) pauses(most time.Duration) (faults []chaos.Fault) {
	for name, hits := range map[string]chaos.Stage{"api": chaos.StageAsking, "worker": chaos.StageSettling} {
		var stopped int // the process; one that was killed has another in its place
		faults = append(faults, chaos.Fault{
			Kind: "pause-" + name, Track: chaos.TrackNetwork, Weight: 1, Hits: hits, Heals: chaos.SignalComplete, Least: leastPaused, Most: most,
			Strike: func(ctx context.Context) (err error) {
				stopped, err = s.signalChild(ctx, name, syscall.SIGSTOP)
				return err
			},
			CutShort: func() bool {
				pid, err := proc.Recorded(s.pidFile(name))
				return err != nil || pid != stopped
			},
			Mend: func(context.Context) error {
				if err := syscall.Kill(stopped, syscall.SIGCONT); !errors.Is(err, syscall.ESRCH) {
					return err
				}
				return nil
			},
		})
	}
	return faults
}

// slowAndCut are those of the network between the program and Postgres and Temporal.
func (s *chaosSystem) slowAndCut() []chaos.Fault {
	toTemporal := func(do func(*network.Link) error) error { return do(s.servers.toTemporal) }
	trouble := func(kind string, hits chaos.Stage, links func(func(*network.Link) error) error, do func(*network.Link) error) chaos.Fault {
		return chaos.Fault{
			Kind: kind, Track: chaos.TrackNetwork, Weight: 3, Hits: hits, Heals: chaos.SignalComplete, Least: leastTrouble, Most: mostTrouble,
			Strike: func(context.Context) error { return links(do) },
			Mend:   func(ctx context.Context) error { return links(func(l *network.Link) error { return l.Mend(ctx) }) },
		}
	}
	delay := func(by time.Duration) func(*network.Link) error {
		return func(l *network.Link) error { return l.Delay(by) }
	}
	refuse := func(l *network.Link) error { l.Refuse(); return nil }
	return []chaos.Fault{
		trouble("slow-postgres", chaos.StageOpen, s.servers.eachPostgresLink, delay(50*time.Millisecond)),
		trouble("cut-postgres", chaos.StageOpen, s.servers.eachPostgresLink, refuse),
		trouble("slow-temporal", chaos.StageSettling, toTemporal, delay(500*time.Millisecond)),
		trouble("cut-temporal", chaos.StageSettling, toTemporal, refuse),
	}
}

// outside are the faults of the payment provider and of the mail server. Whom they befell the two count themselves.
func (s *chaosSystem) outside() (faults []chaos.Fault) {
	add := func(kind, server string, struck ...any) {
		faults = append(faults, chaos.Fault{
			Kind: kind, Track: chaos.TrackOutside, Weight: 1, Hits: chaos.StageOpen, Heals: chaos.SignalComplete, Least: leastTrouble, Most: mostTrouble,
			Strike: func(ctx context.Context) error {
				for _, fault := range struck {
					if err := setFault(ctx, http.MethodPost, server, fault); err != nil {
						return err
					}
				}
				return nil
			},
			Struck: func(ctx context.Context) (int, error) { return hits(ctx, server) },
			Mend:   func(ctx context.Context) error { return setFault(ctx, http.MethodDelete, server, nil) },
		})
	}
	stripe, mails := s.env["STRIPE_API_BASE"]+"/_sim/faults", s.env["MAIL_URL"]+"/_sim/faults"
	webhook := func(kind string, share float64) stripesim.Fault {
		return stripesim.Fault{Target: "webhook", Kind: kind, Share: share, DelayMS: 3000}
	}
	call := func(kind string, share float64) stripesim.Fault {
		return stripesim.Fault{Target: "api", Kind: kind, Share: share, DelayMS: 1500}
	}
	add("webhooks-dropped", stripe, webhook("drop", 0.7))
	add("webhooks-delayed", stripe, webhook("delay", 0))
	add("webhooks-repeated", stripe, webhook("repeat", 0.5), webhook("twin", 0))
	add("webhooks-reordered", stripe, webhook("reorder", 0))
	add("stripe-500", stripe, call("error", 0.5), call("error_after", 0.5))
	add("stripe-timeout", stripe, call("timeout_after", 0.5), call("timeout", 0.3))
	add("smtp-down", mails, smtpsink.Fault{Kind: "reject"})
	return faults
}

// setFault tells a simulator about a fault, or to have none.
func setFault(ctx context.Context, method, url string, fault any) error {
	body, err := json.Marshal(fault)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s: %s", method, url, response.Status)
	}
	return errors.Join(err, response.Body.Close())
}

// hits asks a simulator how often its faults have struck: of several, the one that struck least.
func hits(ctx context.Context, url string) (int, error) {
	page, err := readPage(ctx, url)
	if err != nil {
		return 0, err
	}
	var active struct {
		Faults []struct {
			Kind string
			Hits int
		}
	}
	if err := json.Unmarshal([]byte(page), &active); err != nil {
		return 0, err
	}
	var counts []int
	for _, f := range active.Faults {
		if f.Kind == "reorder" { // the first webhook has none to overtake
			f.Hits = max(f.Hits-1, 0)
		}
		counts = append(counts, f.Hits)
	}
	if len(counts) == 0 {
		return 0, fmt.Errorf("%s has no fault", url)
	}
	return slices.Min(counts), nil
}

// persist tries again until there is no error, or for so long.
func persist(ctx context.Context, patience time.Duration, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := do()
		if err == nil || !pause.For(ctx, 10*time.Millisecond) {
			return err
		}
	}
}
