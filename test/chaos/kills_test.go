package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/internal/pause"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// seedEnv repeats a run's choices: what buyers do and when who is killed. What the machine makes of it differs.
const seedEnv = "BOXOFFICE_CHAOS_SEED"

const (
	bookings    = 500
	leastPaid   = 200
	killingTime = 2 * time.Minute
	holdTime    = 10 * time.Second
	// rushEvery is how often a rush of buyers comes; who pays does so in a later rush. A kill in a rush meets many at once.
	rushEvery = 2 * time.Second
	// retryPatience is how long a buyer tries again where nobody answers.
	retryPatience = 20 * time.Second
)

// Five hundred buyers do what buyers do, in rushes over two minutes in which the API and the worker are killed again and
// again, in the midst of the rushes. When it is quiet again, every booking has come to its right end by itself: nobody paid for nothing, no seat is sold twice
// or stuck, and the provider's books are ours.
//
// It can fail: without the sweep, holds whose API died before it started their run were never released.
func TestRandomKills(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv(seedEnv), 10, 64); err == nil {
		seed = given
	}
	t.Logf("%s=%d", seedEnv, seed)
	s, err := stack.StartShared("kills", stack.Seeded, "BOXOFFICE_HOLD_DURATION="+holdTime.String(), "BOXOFFICE_CHECKOUT_MINIMUM="+holdTime.String())
	require.NoError(t, err)
	crowd := newCrowd(t, s, seed)
	killing, stop := context.WithTimeout(t.Context(), killingTime)
	defer stop()
	began := time.Now()
	crowd.comeAndGo(killing, began)
	kills := killAtRandom(killing, s, began, rand.New(rand.NewPCG(seed, 1)))
	crowd.leave(t)
	quiet := time.Now()
	s.AwaitReady(t)
	awaitEnds(t, s)
	t.Logf("all at their end %s after the last buyer had left", time.Since(quiet).Round(100*time.Millisecond))

	ends := endsOf(t, s)
	t.Logf("%d kills; bookings: %v; buyers: %s", len(kills), ends, crowd)
	logRecovery(t, s, kills)
	require.Greater(t, len(kills), 20)
	require.GreaterOrEqual(t, ends["completed"], leastPaid)
	require.GreaterOrEqual(t, ends["expired"]+ends["cancelled"]+ends["refunded"], bookings/20, "some must leave")
	require.Zero(t, crowd.hurt.Load(), "no buyer was answered with an error of ours")
}

// kill is what was killed, and when.
type kill struct {
	child string
	at    time.Time
}

// killAtRandom kills the API or the worker in three of four rushes, at any moment of it, until ctx is done.
func killAtRandom(ctx context.Context, s *stack.System, began time.Time, choose *rand.Rand) (kills []kill) {
	for rush := began; ; rush = rush.Add(rushEvery) {
		if !pause.For(ctx, time.Until(rush)+time.Duration(choose.IntN(150))*time.Millisecond) {
			return kills
		}
		child := []string{"api", "worker"}[choose.IntN(2)]
		if choose.IntN(4) > 0 && s.TryKill(child, syscall.SIGKILL) == nil { // else it is just being started again
			kills = append(kills, kill{child, time.Now()})
		}
	}
}

// crowd is buyers under way.
type crowd struct {
	system *stack.System
	plans  []plan
	buyers sync.WaitGroup

	paid, cancelled, left, gaveUp, refused, hurt atomic.Int64
}

// plan is what one buyer is going to do.
type plan struct {
	stack.Customer
	seats   []string
	comesAt time.Duration // from the beginning
	paysAt  time.Duration // from the beginning; some are too late
	does    string
}

// newCrowd gives buyers their seats and their intentions. Each tenth wants the seats of the one before.
func newCrowd(t *testing.T, s *stack.System, seed uint64) *crowd {
	t.Helper()
	choose := rand.New(rand.NewPCG(seed, 2))
	c := &crowd{system: s}
	var pairs [][]string
	for len(pairs) < bookings {
		pairs = append(pairs, s.Pairs(t, s.Showing(t), 97)...) // of 200 seats six are kept for wheelchairs
	}
	intentions := []string{"pays", "pays", "pays", "pays", "pays", "pays", "leaves", "leaves the page open", "cancels", "cancels with the page open"}
	rush := func(within time.Duration) time.Duration {
		return time.Duration(choose.Int64N(int64(within/rushEvery))) * rushEvery
	}
	for i, customer := range s.Customers(t, bookings+bookings/10) {
		comes := rush(killingTime - holdTime)
		c.plans = append(c.plans, plan{
			Customer: customer, seats: pairs[i*bookings/(bookings+bookings/10)], comesAt: comes,
			paysAt: comes + rush(holdTime+rushEvery), does: intentions[choose.IntN(len(intentions))],
		})
	}
	return c
}

// comeAndGo lets every buyer come at their time. The buyers end by themselves.
func (c *crowd) comeAndGo(ctx context.Context, began time.Time) {
	for _, p := range c.plans {
		c.buyers.Go(func() {
			if !pause.For(ctx, time.Until(began.Add(p.comesAt))) {
				return
			}
			c.count(p.buy(context.WithoutCancel(ctx), began))
		})
	}
}

// leave waits until every buyer is gone.
func (c *crowd) leave(t *testing.T) {
	t.Helper()
	gone := make(chan struct{})
	go func() { c.buyers.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(2 * time.Minute):
		require.Fail(t, "buyers are still waiting")
	}
}

func (c *crowd) String() string {
	return fmt.Sprintf("%d paid, %d cancelled, %d left, %d were refused, %d gave up, %d were hurt",
		c.paid.Load(), c.cancelled.Load(), c.left.Load(), c.refused.Load(), c.gaveUp.Load(), c.hurt.Load())
}

// count notes how it went for a buyer.
func (c *crowd) count(did string, err error) {
	problem, answered := errors.AsType[*buyer.Problem](err)
	_, closed := errors.AsType[*buyer.PageClosed](err)
	switch {
	case err == nil:
		map[string]*atomic.Int64{"paid": &c.paid, "cancelled": &c.cancelled, "left": &c.left}[did].Add(1)
	case closed, answered && problem.Status < http.StatusInternalServerError:
		c.refused.Add(1)
	case answered && problem.Status != http.StatusServiceUnavailable:
		c.hurt.Add(1)
	default:
		c.gaveUp.Add(1)
	}
}

// buy does what the buyer came for, and tries again where nobody answers, as a browser does with its Idempotency-Key.
func (p plan) buy(ctx context.Context, began time.Time) (did string, err error) {
	var booking buyer.Booking
	err = insist(ctx, func() (err error) {
		booking, err = p.Book(ctx, "once", p.seats...)
		return err
	})
	if err != nil || p.does == "leaves" {
		return "left", err
	}
	if p.does == "cancels" {
		return "cancelled", p.cancel(ctx, booking)
	}
	var page buyer.Checkout
	err = insist(ctx, func() (err error) {
		page, err = p.Checkout(ctx, booking.ID)
		return err
	})
	if err != nil || p.does == "leaves the page open" {
		return "left", err
	}
	if p.does == "cancels with the page open" {
		return "cancelled", p.cancel(ctx, booking)
	}
	pause.For(ctx, time.Until(began.Add(p.paysAt)))
	_, err = p.Pay(ctx, page.URL, p.Email, stack.GoodCard)
	return "paid", err
}

func (p plan) cancel(ctx context.Context, booking buyer.Booking) error {
	return insist(ctx, func() error {
		_, err := p.Cancel(ctx, booking.ID)
		return err
	})
}

// insist tries again until it is answered, with whatever but "try again".
func insist(ctx context.Context, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, retryPatience)
	defer cancel()
	for {
		err := ask()
		problem, answered := errors.AsType[*buyer.Problem](err)
		if err == nil || answered && problem.Status != http.StatusServiceUnavailable || !pause.For(ctx, 200*time.Millisecond) {
			return err
		}
	}
}
