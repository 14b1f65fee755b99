// Model is the booking protocol as an explicit-state model: every state that two bookings, or one beside any number of
// rivals, can come to is visited, breadth first, and judged. It depends on the root package alone.
//
//	go run ./test/model                     all runs; fails if one does not end as its line expects
//	go run ./test/model -run "gap 1:" -v    those whose name begins so, with the shortest way to each broken invariant
//
// What a run of a booking does next is not modelled: boxoffice.Situation.Next is called. What it then does are the acts of
// package postgres, each one atomic and with the guard that it has there (store.go), and the calls of the provider
// (run.go), in the order in which workflows and activities make them. Between any two of them everything else may happen
// (world.go, rival.go).
//
// Time is order only: held_until passes after the deadline and after the end of every page; all else may take for ever. An
// API that crashes needs no variable, since the step after a commit may never come; nor does one that hangs, since it may
// come at any time. Webhooks come any number of times, late, in any order, or never.
//
// Invariants (invariants.go):
//
//	I1       a sale has all its seats and no seat is sold or admits without one
//	I2       nobody can pay for a seat that another booking holds or bought
//	I3       a refund needs a capture, never exceeds it, and is not on a sale that stands; who ended without tickets has no seat
//	I4       no booking is at its end while money that came in time bought nothing and has no refund
//	I5       a cancel that was accepted before the sale never ends as a sale
//	I6       no booking is at its end while a page of it can be paid
//	I7       seats of a hold that is paid do not free themselves
//	ONE      at most one payment sells a booking
//	SURPLUS  a surplus payment sells nothing, and is refunded
//	MONEY    where nothing is left to be looked at, the money kept is the price of the tickets that stand
//	CHECK    what is unfinished has a next check
//	TABLE    statuses follow each other as in boxoffice.Transitions
//	EF       from every state, run steps, sweep, clocks and the bank alone (no buyer, API, webhook, ghost) can reach a good end
//
// EF says that a good end can be reached from everywhere, not that it will be: how long it takes is for other tests.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

func main() {
	only := flag.String("run", "", "only the runs whose name begins so")
	trace := flag.Bool("v", false, "tell the shortest way to each broken invariant")
	flag.Parse()
	var line func(string)
	if *trace {
		line = func(s string) { fmt.Println(s) }
	}
	debug.SetGCPercent(15) // almost all that is made is kept
	failed := false
	for _, c := range slices.Concat(sound, gaps) {
		if !strings.HasPrefix(c.name, *only) {
			continue
		}
		v := explore(c, line)
		fmt.Printf("%-70s %9d states %6.1fs  found [%s]\n", c.name, v.states, v.took.Seconds(), v)
		if v.String() != c.expect {
			failed = true
			fmt.Printf("  expected [%s]\n", c.expect)
		}
	}
	if failed {
		os.Exit(1)
	}
}
