// Package property holds the promises of the whole booking against random sequences of what can happen: buyers, the
// payment provider, webhooks, clocks, crashes and stale workers, over the real store, the real booking service, the real
// activities and the real workflow. Its one dependency is pgregory.net/rapid.
//
// Every request, webhook and activity is a task that stops before each call it makes to somebody else: a transaction, a
// call to the provider, to Temporal, to the mail server. The test decides which task goes on and how its call ends, so it
// reaches between any two of them what a kill or a stalled process reaches by chance only. What it cannot reach are two
// transactions at the same time; the tests of package postgres race those.
//
// The tests look at the same sequences each time. -rapid.seed=0 looks at new ones, -rapid.checks and -rapid.steps make it look
// longer, as `make soak` does. A failure prints its seed and the shortest sequence that was found.
package property
