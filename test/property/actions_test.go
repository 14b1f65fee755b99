package property

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice"
	"pgregory.net/rapid"
)

// action is something that can happen. Those whose can is false cannot now.
type action struct {
	name   string
	weight int
	can    func(w *world, all rows) bool
	do     func(w *world, t *rapid.T, all rows)
}

const mostBookings = 5

func always(*world, rows) bool { return true }

func hasBooking(_ *world, all rows) bool { return len(all.Bookings) > 0 }

// anOpen is a booking that is held, if there is one.
func anOpen(t *rapid.T, all rows) booking {
	held := pick(all.Bookings, func(b booking) bool { return b.Status == boxoffice.BookingHeld })
	if len(held) == 0 {
		held = all.Bookings
	}
	return draw(t, "booking", held)
}

// sales are the bookings whose tickets exist.
func sales(all rows) []booking {
	return pick(all.Bookings, func(b booking) bool { return b.Status == boxoffice.BookingCompleted })
}

// mayBook reports whether it is worth while to book: refusals are tried too, but not all the time.
func mayBook(_ *world, all rows) bool {
	held := pick(all.Bookings, func(b booking) bool { return b.Status == boxoffice.BookingHeld })
	return len(all.Bookings) < mostBookings && len(held) < 2
}

func (w *world) paying() []*session { return pick(w.provider.sessions, (*session).payable) }

func (w *world) rogues() []*session {
	return pick(w.provider.sessions, func(s *session) bool { return s.out && s.Status == boxoffice.SessionExpired })
}

func (w *world) openRuns() []*run { return pick(w.runs, func(r *run) bool { return r.open }) }

func (w *world) readyRuns() []*run { return pick(w.runs, func(r *run) bool { return r.ready(w) }) }

func (w *world) acting() []*run { return pick(w.runs, func(r *run) bool { return r.act != nil }) }

func (w *world) unsettledRefunds() []*refund {
	return pick(w.provider.refunds, func(r *refund) bool { return r.State != boxoffice.RefundFailed })
}

func some[T any](list func(w *world) []T) func(w *world, _ rows) bool {
	return func(w *world, _ rows) bool { return len(list(w)) > 0 }
}

func draw[T any](t *rapid.T, label string, from []T) T {
	return from[rapid.IntRange(0, len(from)-1).Draw(t, label)]
}

// jumps are how far the clock goes at once: around the extension, the hold, the shortest life of a page, its end, the
// backstops, and the hour after which what is handed over is looked at again.
var jumps = []time.Duration{time.Minute, 3 * time.Minute, 6 * time.Minute, 9 * time.Minute, 16 * time.Minute, 36 * time.Minute, 61 * time.Minute}

// actions are those of the model, one list for all who act.
var actions = slices.Concat(handActions, []action{
	{"book", 6, mayBook, func(w *world, t *rapid.T, _ rows) {
		var seats []int
		mask := rapid.IntRange(1, 1<<len(w.seats)-1).Draw(t, "seats")
		for i := range w.seats {
			if mask>>i&1 == 1 {
				seats = append(seats, i)
			}
		}
		w.meet(t, w.book(rapid.IntRange(0, buyers-1).Draw(t, "buyer"), seats...))
	}},
	{"checkout", 10, hasBooking, func(w *world, t *rapid.T, all rows) { w.meet(t, w.checkout(anOpen(t, all))) }},
	{"show", 1, hasBooking, func(w *world, t *rapid.T, all rows) { w.meet(t, w.show(anOpen(t, all))) }},
	{"code", 5, hasBooking, func(w *world, t *rapid.T, all rows) {
		w.meet(t, w.putIn(anOpen(t, all), draw(t, "code", slices.Sorted(maps.Keys(promotions)))))
	}},
	{"no code", 2, hasBooking, func(w *world, t *rapid.T, all rows) { w.meet(t, w.putIn(anOpen(t, all), "")) }},
	{"extend", 2, hasBooking, func(w *world, t *rapid.T, all rows) { w.meet(t, w.extend(anOpen(t, all))) }},
	{"change seats", 4, hasBooking, func(w *world, t *rapid.T, all rows) {
		b := anOpen(t, all)
		var add, remove []string
		for _, seat := range w.seats {
			has := slices.ContainsFunc(all.keptBy(b.ID), func(s booked) bool { return s.TicketID == seat })
			switch change := rapid.IntRange(0, 2).Draw(t, "this one"); {
			case change == 1:
				add = append(add, seat)
			case change == 2 && has: // an exchange of others is refused at once
				remove = append(remove, seat)
			}
		}
		w.meet(t, w.changeSeats(b, add, remove))
	}},
	{"cancel", 4, hasBooking, func(w *world, t *rapid.T, all rows) { w.meet(t, w.cancel(anOpen(t, all))) }},
	{"give back", 6, func(_ *world, all rows) bool { return len(sales(all)) > 0 }, func(w *world, t *rapid.T, all rows) {
		b := draw(t, "sale", sales(all))
		var tickets []string
		for _, seat := range all.keptBy(b.ID) {
			if rapid.Bool().Draw(t, "this one") {
				tickets = append(tickets, seat.TicketID)
			}
		}
		w.meet(t, w.giveBack(b, tickets))
	}},
	{"support", 8, hasBooking, func(w *world, t *rapid.T, all rows) { w.meet(t, w.drawSupport(t, all)) }},
	{"pay", 12, some((*world).paying), func(w *world, t *rapid.T, _ rows) { w.pay(t, draw(t, "page", w.paying()), 0) }},
	{"pay another amount", 1, some((*world).paying), func(w *world, t *rapid.T, _ rows) { w.pay(t, draw(t, "page", w.paying()), 100) }},
	{"pay after expiry", 6, some((*world).rogues), func(w *world, t *rapid.T, _ rows) { w.pay(t, draw(t, "page", w.rogues()), 0) }},
	{"webhook", 10, func(w *world, _ rows) bool { return len(w.provider.events) > 0 }, func(w *world, t *rapid.T, _ rows) {
		i := len(w.provider.events) - 1 - rapid.IntRange(0, len(w.provider.events)-1).Draw(t, "events ago")
		id := w.provider.events[i].ID
		switch rapid.IntRange(0, 5).Draw(t, "twin") {
		case 4:
			id += "_twin"
		case 5:
			id += otherVersion
		}
		w.meet(t, w.webhook(i, id))
	}},
	{"time passes", 10, always, func(w *world, t *rapid.T, _ rows) {
		d := draw(t, "time", jumps)
		t.Logf("%v pass", d)
		w.pass(d)
	}},
	{"sweep", 6, hasBooking, func(w *world, t *rapid.T, _ rows) { w.meet(t, w.sweep()) }},
	{"inbox sweep", 4, func(w *world, _ rows) bool { return len(w.provider.events) > 0 }, func(w *world, t *rapid.T, _ rows) { w.meet(t, w.sweepInbox()) }},
	{"run", 16, some((*world).readyRuns), func(w *world, t *rapid.T, _ rows) { w.goOn(t, draw(t, "run", w.readyRuns())) }},
	{"run through", 8, some((*world).readyRuns), func(w *world, t *rapid.T, _ rows) {
		r := draw(t, "run", w.readyRuns())
		t.Logf("the run of %s goes on until it waits or closes", w.name(r.ref.BookingID))
		if r.act != nil {
			r.act.finish()
			w.ended(r.act)
			r.settle(w)
		}
		w.play(r)
	}},
	{"run lost", 2, some((*world).openRuns), func(w *world, t *rapid.T, _ rows) {
		r := draw(t, "run", w.openRuns())
		t.Logf("the run of %s is lost", w.name(r.ref.BookingID))
		r.drop()
	}},
	{"run lost, its worker still busy", 3, some((*world).acting), func(w *world, t *rapid.T, _ rows) {
		r := draw(t, "run", w.acting())
		t.Logf("the run of %s is lost, a worker still stands at %s", w.name(r.ref.BookingID), r.act.at)
		w.parked, r.act = append(w.parked, r.act), nil
		r.drop()
	}},
	{"step stalls", 4, some((*world).acting), func(w *world, t *rapid.T, _ rows) {
		r := draw(t, "run", w.acting())
		t.Logf("a worker stalls at %s, the step of %s goes to another", r.act.at, w.name(r.ref.BookingID))
		w.parked, r.act = append(w.parked, r.act), nil
	}},
	{"late", 12, func(w *world, _ rows) bool { return len(w.parked) > 0 }, func(w *world, t *rapid.T, _ rows) {
		i := rapid.IntRange(0, len(w.parked)-1).Draw(t, "task")
		k := w.parked[i]
		w.parked = append(w.parked[:i:i], w.parked[i+1:]...)
		w.meet(t, k)
	}},
	{"event cancelled", 1, hasBooking, func(w *world, t *rapid.T, _ rows) {
		t.Log("the event is cancelled")
		w.exec(`UPDATE events SET status = 'cancelled' WHERE id = $1`, w.event)
	}},
	{"bank", 1, always, func(w *world, t *rapid.T, _ rows) {
		w.provider.slowBank = !w.provider.slowBank
		t.Logf("refunds are pending at first: %v", w.provider.slowBank)
	}},
	{"refund settles", 3, some((*world).unsettledRefunds), func(w *world, t *rapid.T, _ rows) {
		r := draw(t, "refund", w.unsettledRefunds())
		if r.State = boxoffice.RefundSucceeded; rapid.IntRange(0, 3).Draw(t, "fails") == 3 {
			r.State, r.Failure = boxoffice.RefundFailed, "lost_or_stolen_card"
		}
		if r.ofTheirs {
			w.provider.emit("charge.refund.updated", r.ID, boxoffice.PaymentEvent{Ask: true})
		} else {
			w.provider.emitRefund(r)
		}
		t.Logf("refund %s: %s", r.ID, r.State)
	}},
	{"refund finished by hand", 4, func(w *world, all rows) bool { return len(w.unfinished(all)) > 0 }, func(w *world, t *rapid.T, all rows) {
		r := draw(t, "refund", w.unfinished(all))
		w.provider.refund(r).byHand = true
		t.Logf("the provider's people finish refund %d of %s", r.N, r.PaymentID)
	}},
	{"tickets spoilt", 1, hasBooking, func(w *world, t *rapid.T, all rows) {
		b := draw(t, "booking", all.Bookings)
		t.Logf("the tickets of %s cannot be made", w.name(b.ID))
		w.spoilt[b.ID] = true
	}},
	{"issue out of patience", 4, some((*world).issuing), func(w *world, t *rapid.T, _ rows) {
		r := draw(t, "run", w.issuing())
		t.Logf("the run of %s gives its tickets up, a worker stands at %s", w.name(r.ref.BookingID), r.act.at)
		w.parked, r.act, r.undo = append(w.parked, r.act), nil, "Your tickets could not be made."
	}},
	{"mail's run", 2, func(w *world, _ rows) bool { return len(w.mails) > 0 }, func(w *world, t *rapid.T, _ rows) {
		t.Log("the mails' own runs go on")
		w.sendMails()
	}},
	{"mail's run lost", 1, func(w *world, _ rows) bool { return len(w.mails) > 0 }, func(w *world, t *rapid.T, _ rows) {
		t.Log("the mails' own runs are lost")
		clear(w.mails)
	}},
})

func (w *world) issuing() []*run {
	return pick(w.acting(), func(r *run) bool { return r.known && r.undo == "" && r.step == boxoffice.StepIssue })
}

func (w *world) pay(t *rapid.T, s *session, more int64) {
	w.provider.pay(s, s.Amount.Minor+more)
	t.Logf("%s is paid with %d", s.ID, s.Amount.Minor)
}

// fates are what becomes of a task after some calls, apart from going on to its end.
var fates = []verdict{stalls, stalls, stalls, dies, loseCall, loseAnswer, breaks, breaksLate, refuses}

// stalls is a task that is left standing before its next call.
const stalls verdict = "stalls"

// fate lets a task make some of its calls and then meet what the draw says.
func fate(t *rapid.T, k *task) string {
	calls := rapid.SampledFrom([]int{-1, -1, -1, -1, -1, 0, 1, 2, 3, 4}).Draw(t, "calls")
	if calls < 0 {
		k.finish()
		return "to its end"
	}
	for ; calls > 0 && !k.ended(); calls-- {
		k.step(goOn)
	}
	if k.ended() {
		return "to its end"
	}
	v, at := draw(t, "fate", fates), k.at
	if v == stalls {
		return "stalls before " + at
	}
	k.step(v)
	k.finish()
	return fmt.Sprintf("meets %q at %s", v, at)
}

// meet lets a request, a webhook or a ghost go on, and keeps it where it stands.
func (w *world) meet(t *rapid.T, k *task) {
	how := fate(t, k)
	t.Logf("%s: %s %v", k.name, how, k.err)
	if !k.ended() {
		w.parked = append(w.parked, k)
		return
	}
	w.ended(k)
}

// goOn lets a run take its next step, or a part of it.
func (w *world) goOn(t *rapid.T, r *run) {
	if !r.advance(w) {
		t.Logf("the run of %s has nothing to do", w.name(r.ref.BookingID))
		return
	}
	k := r.act
	how := fate(t, k)
	t.Logf("the run of %s at %q: %s", w.name(r.ref.BookingID), r.step, how)
	if k.ended() {
		w.ended(k)
		r.settle(w)
	}
}

// weighted is every action as often as its weight says.
var weighted = func() []int {
	var all []int
	for i, a := range actions {
		for range a.weight {
			all = append(all, i)
		}
	}
	// A generator likes what stands first, so what is likely must not stand together.
	const stride = 59
	mixed := make([]int, len(all))
	for i := range all {
		mixed[i] = all[i*stride%len(all)]
	}
	return mixed
}()

// stages are how far a booking may have come before anything goes wrong with it.
var stages = []string{"", "held", "page open", "paid", "heard of", "expired", "paid late", "checkout stalls", "refund broke", "sold"}

// open makes a drawn beginning: up to two bookings that came some way.
func (w *world) open(t *rapid.T) {
	for buyer := range 2 {
		stage := draw(t, "stage", stages)
		if stage == "" {
			continue
		}
		w.book(buyer, buyer).finish()
		all := w.rows()
		b := all.Bookings[len(all.Bookings)-1]
		t.Logf("%s of buyer %d begins as %s", w.name(b.ID), buyer, stage)
		switch stage {
		case "held":
		case "checkout stalls":
			k := w.checkout(b)
			for range rapid.IntRange(1, 3).Draw(t, "calls") {
				k.step(goOn)
			}
			w.parked = append(w.parked, k)
			t.Logf("%s before %s", k.name, k.at)
		default:
			w.checkout(b).finish()
			w.openAs(t, stage, w.provider.sessions[len(w.provider.sessions)-1])
		}
	}
}

// openAs brings a booking whose page is open to a stage behind that.
func (w *world) openAs(t *rapid.T, stage string, page *session) {
	if stage == "expired" || stage == "paid late" {
		w.pass(houseRules.CheckoutMinimum)
		for _, r := range w.runs {
			w.play(r)
		}
	}
	if slices.Contains([]string{"paid", "heard of", "paid late", "refund broke", "sold"}, stage) {
		w.pay(t, page, 0)
	}
	if slices.Contains([]string{"heard of", "paid late", "refund broke", "sold"}, stage) {
		last := len(w.provider.events) - 1
		w.webhook(last, w.provider.events[last].ID).finish()
	}
	if stage == "sold" {
		w.play(w.wake(w.rows().booking(page.booking)))
	}
	if stage == "refund broke" {
		w.spoilt[page.booking] = true
		w.breakRefund(w.wake(w.rows().booking(page.booking)))
		w.pass(time.Minute)
	}
}

// breakRefund lets a run ask for a refund whose call breaks within the provider, which stores that.
func (w *world) breakRefund(r *run) {
	w.before(r, "provider Refund").step(breaks)
	r.act.finish()
	w.ended(r.act)
	r.settle(w)
}

// act lets one thing happen that can.
func (w *world) act(t *rapid.T) {
	all := w.rows()
	i := rapid.SampledFrom(weighted).Filter(func(i int) bool { return actions[i].can(w, all) }).Draw(t, "what")
	actions[i].do(w, t, all)
}
