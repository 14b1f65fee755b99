package main

// option makes a run of the model larger, or drops a rule.
type option func(c *config)

// What may be in a run, beside one seat, two bookings of an attempt each, and no faults.
func attempts(c *config) { c.attempts = 2 }
func overlap(c *config)  { c.wants = [2][]int{{0, 1}, {1}} }
func both(c *config)     { c.wants = [2][]int{{0, 1}, {0, 1}} }
func rival(c *config)    { c.rival = true }
func loss(c *config)     { c.losses, c.repeats = 1, true }
func faults(c *config)   { c.ghosts, c.losses, c.stalls, c.repeats = 1, 1, true, true }
func twice(c *config)    { c.ghosts, c.losses, c.stalls, c.repeats = 2, 2, true, true }
func cancels(c *config)  { c.cancels = true }
func returns(c *config)  { c.returns = true }
func planned(c *config)  { c.cancels, c.planned, c.returns = true, true, true }
func late(c *config)     { c.late = true }
func odd(c *config)      { c.odd = true }
func bank(c *config)     { c.bank = true }

// without drops rules.
func without(drop func(r *rules)) option { return func(c *config) { drop(&c.rules) } }

// run makes a named run; expect names what must be seen broken.
func run(name, expect string, options ...option) config {
	c := config{name: name, expect: expect, wants: [2][]int{{0}, {0}}, attempts: 1, rules: asBuilt()}
	for _, o := range options {
		o(&c)
	}
	return c
}

// sound are the runs of the protocol as it is built: nothing may be seen broken. The first six have two whole bookings, the
// others one beside a rival, which leaves room for more to go wrong at once.
var sound = []config{
	run("sound 1: no faults", ""),
	run("sound 2: the event cancelled, tickets given back", "", planned),
	run("sound 3: two attempts", "", attempts, planned),
	run("sound 4: two seats, overlapping", "", overlap, planned),
	run("sound 5: one ghost, one lost run", "", faults),
	run("sound 6: late money, one lost run", "", loss, late),
	run("sound 7: 5 with cancellations", "", rival, faults, planned),
	run("sound 8: 5 with two seats", "", rival, faults, both),
	run("sound 9: 5 with two attempts", "", rival, faults, attempts),
	run("sound 10: two attempts, two ghosts, two lost runs", "", rival, twice, attempts),
	run("sound 11: late money, two ghosts, two lost runs", "", rival, twice, late),
	run("sound 12: late money beside another page", "", rival, faults, attempts, late),
	run("sound 13: another amount, two ghosts, two lost runs", "", rival, twice, attempts, odd),
	run("sound 14: late money and another amount, the event cancelled", "", rival, faults, attempts, late, odd, cancels),
	run("sound 15: late money and another amount, two seats", "", rival, faults, attempts, late, odd, both),
	run("sound 16: banks that refuse", "", rival, faults, attempts, bank),
	run("sound 17: 16 with late money", "", rival, faults, attempts, bank, late),
	run("sound 18: 16 with another amount", "", rival, faults, attempts, bank, odd),
	run("sound 19: tickets given back, banks that refuse, late money", "", rival, twice, returns, bank, late),
	run("sound 20: tickets given back, another amount beside another page", "", rival, faults, returns, attempts, odd),
}

// gaps are the runs with rules dropped. Where a rule has another behind it, both are dropped, and the first one alone
// shows that the second is enough.
var gaps = []config{
	run("gap 1: cancel frees seats, sets neither cancelled nor closing", "", withoutCancelEnd),
	run("gap 1a: 1, and a checkout does not ask for its seats", "I2", withoutCancelEnd, withoutOwning),
	run("gap 2: extend forgets held_until", "", withoutExtend),
	run("gap 2a: 2, and a checkout does not ask for its seats", "I2", withoutExtend, withoutOwning),
	run("gap 3: a second attempt after one is paid", "I2 I4 I6 EF", attempts, without(func(r *rules) { r.paidBlocks = false })),
	run("gap 4: compensation in several transactions", "I1 I3 EF", loss, without(func(r *rules) { r.compensateOnce = false })),
	run("gap 5: a refused run does not begin again", "EF", rival, faults, without(func(r *rules) { r.refence = false })),
	run("gap 6: acts trust the fence, cancel during confirm", "I5 TABLE", withoutGuard),
	run("gap 7: acts trust the fence, mass refund during issue", "I1 I3 I5 MONEY TABLE EF", planned, withoutGuard, func(c *config) { c.repeats = true }),
	run("gap 8: acts trust the fence, stale worker", "I1 I3 I4 I5 MONEY TABLE EF", rival, faults, withoutGuard),
	run("gap 9: sweep skips final bookings, late money", "EF", loss, late, without(func(r *rules) { r.sweepUnsettled = false })),
	run("gap 10: a page's address is handed out whatever became of it", "I2 I4 I6 EF", without(func(r *rules) { r.pageGuard = false })),
	run("gap 11: held_until not behind the session", "I2", without(func(r *rules) { r.holdOutlasts = false })),
	run("gap 12: cancel takes a paid attempt for none", "I4", loss, without(func(r *rules) { r.paidIsOpen = false })),
	run("gap 13: 12, and sweep skips final bookings", "I4 EF", loss, without(func(r *rules) { r.paidIsOpen, r.sweepUnsettled = false, false })),
	run("gap 14: cancel with a live attempt leaves closing_at", "", attempts, loss, without(func(r *rules) { r.cancelCloses = false })),
	run("gap 15: money beside a live page is no surplus", "I2 I4 I6 EF", rival, attempts, late, without(func(r *rules) { r.surplusApart = false })),
	run("gap 16: a run is not told of a surplus", "EF", rival, attempts, odd, withoutTelling),
	run("gap 17: acts sell to a surplus", "", rival, faults, attempts, late, odd, withoutRefusing),
	run("gap 17a: 16 with 17", "I2 I4 I6 SURPLUS EF", rival, attempts, late, odd, withoutTelling, withoutRefusing),
	run("gap 18: a release does not wait for a surplus", "I4", rival, attempts, odd, without(func(r *rules) { r.surplusIsOpen = false })),
	run("gap 19: a refund is not looked up", "I3", rival, loss, cancels, without(func(r *rules) { r.refundLookup = false })),
	run("gap 20: tickets given back keep their seats", "I1 I3", rival, returns, without(func(r *rules) { r.returnFrees = false })),
	run("gap 21: seats are given back, and no refund is written", "EF", rival, returns, without(func(r *rules) { r.returnRefunds = false })),
	run("fence 1: per run, acts trust it, ghosts of lost runs only", "I5 TABLE", rival, faults, cross, withoutGuard),
	run("fence 2: the same without the fence", "I1 I3 I4 I5 MONEY TABLE EF", rival, faults, cross, withoutGuard, withoutFence),
	run("break 1: no fence (guard on)", "", rival, faults, attempts, late, withoutFence),
	run("break 2: release without closing", "I2 I4 I6 EF", without(func(r *rules) { r.closeFirst = false })),
	run("break 3: several live attempts", "", rival, attempts, without(func(r *rules) { r.oneLive = false })),
	run("break 3a: 3 with gap 15", "I2 I4 I6 EF", rival, attempts, without(func(r *rules) { r.oneLive, r.surplusApart = false, false })),
	run("break 4: sweep rejects duplicates", "EF", loss, without(func(r *rules) { r.sweepRestarts = false })),
	run("break 5: refunds unchecked", "I1 I3 I4 I5 MONEY TABLE EF", rival, faults, withoutGuard, withoutFence, without(func(r *rules) { r.refundCheck = false })),
}

var (
	withoutGuard     = without(func(r *rules) { r.guard = false })
	withoutFence     = without(func(r *rules) { r.fence = false })
	withoutOwning    = without(func(r *rules) { r.holdIsOwned = false })
	withoutExtend    = without(func(r *rules) { r.extendMovesHold = false })
	withoutCancelEnd = without(func(r *rules) { r.cancelCloses, r.cancelEnds = false, false })
	withoutTelling   = without(func(r *rules) { r.surplusTold = false })
	withoutRefusing  = without(func(r *rules) { r.surplusRefused = false })
)

// cross lets ghosts come of lost runs only.
func cross(c *config) { c.stalls = false }
