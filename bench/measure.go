package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice/internal/pause"
)

// readings are what a system said at a moment.
type readings struct {
	postgres, temporal int64
	sweepStarts        int
}

// usage is the processor time that each process had used by a moment on the run's clock.
type usage struct {
	at   time.Duration
	used map[string]time.Duration
}

// measure lets the buyers go and reports what came of it.
func (r *run) measure(ctx context.Context, report *SaleReport, buy func(ctx context.Context)) error {
	before, err := r.read(ctx)
	if err != nil {
		return err
	}
	report.LoadBefore = loadAverage()
	used, err := r.let(ctx, buy)
	if err != nil {
		return err
	}
	if err := r.awaitMails(ctx); err != nil {
		return err
	}
	report.LoadAfter = loadAverage()
	r.sum(report)
	report.addCPU(used)
	after, err := r.read(ctx)
	if err != nil {
		return err
	}
	report.addGrowth(r.o.System, before, after, len(r.record.sales))
	return r.judge(ctx, report)
}

// judge holds the system against bare SQL, and against its promises. What buyers were told is held against each other in
// any case.
func (r *run) judge(ctx context.Context, report *SaleReport) error {
	if r.o.System.Baseline == nil {
		report.leaveOut("the ratio to bare SQL")
	} else {
		baseline, err := r.o.System.Baseline(ctx, len(r.crowd))
		if err != nil {
			return fmt.Errorf("measure bare SQL: %w", err)
		}
		report.addBaseline(baseline)
	}
	if r.o.System.Audit == nil {
		report.leaveOut("the audit")
	} else {
		broken, err := r.o.System.Audit(ctx)
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		report.addViolations(broken)
	}
	report.addViolations(r.record.soldTwice())
	return nil
}

// let runs the buyers to their end, watching the processes meanwhile.
func (r *run) let(ctx context.Context, buy func(ctx context.Context)) ([]usage, error) {
	bounded, cancel := context.WithTimeout(ctx, r.o.Lasts+settlePatience)
	defer cancel()
	r.start(bounded)
	defer r.stopped()
	type watched struct {
		used []usage
		err  error
	}
	watching := make(chan watched, 1)
	go func() {
		used, err := r.watch()
		watching <- watched{used, err}
	}()
	buy(bounded)
	r.stop(endedTime)
	seen := <-watching
	return seen.used, errors.Join(seen.err, ctx.Err())
}

// watch looks at the processes once a second until the clock stops.
func (r *run) watch() (all []usage, err error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		elapsed := time.Since(r.record.began)
		if r.o.System.CPU != nil {
			used, err := r.o.System.CPU()
			if err != nil {
				return nil, err
			}
			all = append(all, usage{elapsed, used})
		}
		r.tell(elapsed)
		if r.clock.Err() != nil {
			return all, nil
		}
		select {
		case <-r.clock.Done():
		case <-tick.C:
		}
	}
}

func (r *run) tell(elapsed time.Duration) {
	r.record.mu.Lock()
	bookings := len(r.record.sales)
	r.record.mu.Unlock()
	r.o.Progress(elapsed, bookings, int(r.sold.Load())*100/max(r.total, 1))
}

func (r *run) read(ctx context.Context) (now readings, err error) {
	if r.o.System.Bytes != nil {
		if now.postgres, now.temporal, err = r.o.System.Bytes(ctx); err != nil {
			return now, fmt.Errorf("ask for the size of the databases: %w", err)
		}
	}
	if r.o.System.SweepStarts != nil {
		if now.sweepStarts, err = r.o.System.SweepStarts(ctx); err != nil {
			return now, fmt.Errorf("ask what the sweep began: %w", err)
		}
	}
	return now, nil
}

// mailPage is how many mails are asked for at once.
const mailPage = 500

// awaitMails waits until the mail of every booking has come, and notes when it did. What has not come then never counts.
func (r *run) awaitMails(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	for {
		missing, err := r.matchMails(bounded)
		if err != nil || missing == 0 {
			return err
		}
		if !pause.For(bounded, 500*time.Millisecond) {
			for range missing {
				r.record.failed("wait for the mail", errors.New("none came"))
			}
			return ctx.Err()
		}
	}
}

// matchMails finds the mails of the bookings, and counts those that are missing.
func (r *run) matchMails(ctx context.Context) (missing int, err error) {
	waiting := map[string]int{}
	for i, s := range r.record.sales {
		if s.mailed.IsZero() {
			waiting[s.email] = i
		}
	}
	for start := 0; len(waiting) > 0; start += mailPage {
		mails, err := r.o.Inbox.Arrivals(ctx, start, mailPage)
		if err != nil {
			return 0, fmt.Errorf("read the inbox: %w", err)
		}
		for _, mail := range mails {
			for _, to := range mail.To {
				if i, ours := waiting[to.Address]; ours {
					r.record.sales[i].mailed = mail.Created
					delete(waiting, to.Address)
				}
			}
		}
		if len(mails) < mailPage {
			break
		}
	}
	return len(waiting), nil
}

// sum counts what buyers had before the clock stopped.
func (r *run) sum(report *SaleReport) {
	end := r.record.began.Add(r.elapsed)
	for _, s := range r.record.sales {
		switch {
		case s.mailed.IsZero():
		case s.done().After(end):
			report.BookingsLate++
		default:
			report.Bookings++
			report.finished = append(report.finished, s.done().Sub(r.record.began))
		}
		report.SeatsSold += len(s.tickets)
	}
	report.Seconds, report.Ended = rounded(r.elapsed.Seconds(), 1), r.ended
	report.BookingsPerMin = rounded(float64(report.Bookings)/r.elapsed.Minutes(), 1)
	report.HTTP5xx = int(r.refused.count.Load())
	report.Errors = maps.Clone(r.record.errors)
	report.steps = r.record.steps
	report.Hold, report.Loser = percentilesOf(report.steps[stepHold]), percentilesOf(report.steps[stepLose])
	report.HoldFailed = percentilesOf(report.steps[stepRefused])
	report.HoldLater, report.PayToTicket = percentilesOf(since(rush, report.steps[stepHold])), percentilesOf(report.steps[stepTicket])
	report.Event = percentilesOf(report.steps[stepEvent])
	report.SeatMap, report.SeatPlan = percentilesOf(report.steps[stepMap]), percentilesOf(report.steps[stepPlan])
	report.Section, report.Checkout = percentilesOf(report.steps[stepSection]), percentilesOf(report.steps[stepCheckout])
	slices.Sort(report.finished)
}
