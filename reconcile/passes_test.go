package reconcile_test

import (
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// A webhook that comes after all, later than a pass, changes nothing: one payment, which sells once.
func TestReconcile_TheWebhookComesAfterAll(t *testing.T) {
	t.Parallel()
	h := newHall(t, 1)
	s := h.open(t)
	intent := h.pay(t, s, goodCard)
	h.age(t)
	require.Equal(t, 1, h.pass(t, boxoffice.ReconcilePass{}).Repaired)
	require.Zero(t, one[int](t, h, `SELECT count(*) FROM webhook_inbox`), "no webhook is made up")
	require.Equal(t, boxoffice.EventTaken, h.hear(t, s).Fate)
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM payments`))
	now, err := h.store.VerifyHold(t.Context(), s.ID)
	require.NoError(t, err)
	_, err = h.store.ConfirmSeats(t.Context(), s.ID, now.Epoch, now.Unsettled)
	require.NoError(t, err)
	require.True(t, one[bool](t, h, `SELECT w.processed_at IS NOT NULL FROM webhook_inbox w`), "the sale settles it")
	require.Equal(t, "sale", one[string](t, h, `SELECT settled_as::text FROM payments WHERE payment_intent = $1`, intent))
}

// Passes at once, and webhooks beside them, come to what one of them would.
func TestReconcile_AtOnce(t *testing.T) {
	t.Parallel()
	const sales = 12
	h := newHall(t, sales+2)
	open := make([]sale, sales)
	for i := range open {
		open[i] = h.open(t)
		h.pay(t, open[i], goodCard)
	}
	_, wrong, _ := h.known(t, goodCard)
	h.exec(t, `UPDATE payments SET amount_minor = 1400 WHERE payment_intent = $1`, wrong)
	late := h.open(t)
	h.expire(t, late)
	h.age(t)

	var passes sync.WaitGroup
	ended := make([]boxoffice.ReconcilePass, 3)
	for i := range ended {
		passes.Go(func() { ended[i] = h.pass(t, boxoffice.ReconcilePass{}) })
	}
	passes.Go(func() {
		for _, s := range open {
			h.hear(t, s)
		}
	})
	passes.Wait()
	for _, pass := range ended {
		require.Equal(t, 1, pass.Found)
	}
	require.Equal(t, sales+1, one[int](t, h, `SELECT count(*) FROM payments`))
	require.Equal(t, sales+1, one[int](t, h, `SELECT count(*) FROM booking_timeline WHERE what = 'payment received'`))
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM support_tasks`))
	require.Equal(t, "dead", one[string](t, h, `SELECT state::text FROM payment_attempts WHERE id = $1`, late.attempt.ID))
}

// A pass that is gone on from any earlier state of it, as after a kill, does nothing twice.
func TestReconcile_GoesOnFromAnyState(t *testing.T) {
	t.Parallel()
	h := newHall(t, 4)
	h.pay(t, h.open(t), goodCard)
	s, _, payment := h.known(t, slowCard)
	h.giveBack(t, s, payment)
	require.NoError(t, h.sim.AdvanceClock(time.Hour))
	h.base.AdvanceClock(t, time.Hour)
	_, wrong, _ := h.known(t, goodCard)
	h.exec(t, `UPDATE payments SET amount_minor = 1400 WHERE payment_intent = $1`, wrong)
	h.expire(t, h.open(t))
	h.age(t)
	states := []boxoffice.ReconcilePass{{}}
	for now := states[0]; now.Phase != boxoffice.ReconcileEnd; states = append(states, now) {
		next, err := h.Advance(t.Context(), now)
		require.NoError(t, err)
		now = next
	}
	whole := states[len(states)-1]
	require.Equal(t, []int{3, 1}, []int{whole.Repaired, whole.Found})
	rows := func() string {
		return one[string](t, h, `SELECT concat((SELECT jsonb_agg(p ORDER BY id) FROM payments p), (SELECT jsonb_agg(to_jsonb(r) - 'asked_at') FROM refunds r),
			(SELECT jsonb_agg(a ORDER BY id) FROM payment_attempts a), (SELECT jsonb_agg(e ORDER BY id) FROM emails e),
			(SELECT jsonb_agg(x ORDER BY id) FROM booking_timeline x), (SELECT jsonb_agg(s ORDER BY id) FROM support_tasks s))`)
	}
	before := rows()
	for _, state := range states[1:] {
		again := h.pass(t, state)
		require.Equal(t, 1, again.Found, "from %s on", state.Phase)
	}
	require.Equal(t, before, rows())
}

// More than a page of each kind is gone through, page by page, with each object once.
func TestReconcile_ManyPages(t *testing.T) {
	t.Parallel()
	const sales = 230
	h := newHall(t, sales)
	var unheard sync.Map
	var buyers sync.WaitGroup
	open := make([]sale, sales)
	for i := range open {
		open[i] = h.open(t)
	}
	for part := range 4 {
		buyers.Go(func() {
			for i := part; i < sales; i += 4 {
				intent := h.pay(t, open[i], goodCard)
				if i%2 == 0 {
					unheard.Store(intent, true)
				} else {
					h.hear(t, open[i])
				}
			}
		})
	}
	buyers.Wait()
	h.age(t)
	pass := h.pass(t, boxoffice.ReconcilePass{})
	require.Equal(t, []int{2 * sales, sales / 2, 0}, []int{pass.Checked, pass.Repaired, pass.Found}, "payments and pages")
	require.Len(t, pass.Repairs, boxoffice.MaxReconcileNotes, "the others are counted")
	for _, n := range pass.Repairs {
		_, planted := unheard.LoadAndDelete(n.Object)
		require.True(t, planted, "%s is there twice, or was heard of", n.Object)
	}
	require.Equal(t, sales, one[int](t, h, `SELECT count(*) FROM payments`))
	h.requireClean(t)
}

// While the provider gives no answer a pass stays where it is, and goes on once it does.
func TestReconcile_TheProviderIsAway(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]string{
		"too many calls": `"kind":"error","status":429`, "an error of its own": `"kind":"error","status":500`, "no answer": `"kind":"timeout","delay_ms":10000`,
	} {
		for _, path := range []string{"/v1/payment_intents", "/v1/refunds", "/v1/checkout/sessions"} {
			t.Run(name+" at "+path, func(t *testing.T) {
				t.Parallel()
				h := newHall(t, 2)
				s, _, payment := h.known(t, goodCard)
				h.giveBack(t, s, payment)
				h.pay(t, h.open(t), goodCard)
				h.age(t)
				h.tell(t, "/_sim/faults", `{"target":"api","path":"`+path+`",`+fault+`}`, nil)
				h.Ledger = ledgerOf(newClient(t, h.sim.URL, time.Second))
				now := boxoffice.ReconcilePass{}
				for {
					next, err := h.Advance(t.Context(), now)
					if err != nil {
						require.Equal(t, boxoffice.CodeProviderUnknown, boxoffice.CodeOf(err))
						require.Equal(t, now, next)
						break
					}
					require.NotEqual(t, boxoffice.ReconcileEnd, next.Phase, "nobody was asked")
					now = next
				}
				h.mend(t)
				h.Ledger = ledgerOf(h.stripe)
				require.Equal(t, 1, h.pass(t, now).Repaired)
				h.requireClean(t)
			})
		}
	}
}

// A pass goes on where the last one ended, with an overlap; one of a window of its own is no link of that chain.
func TestReconcile_Windows(t *testing.T) {
	t.Parallel()
	h := newHall(t, 1)
	now := func() time.Time { return one[time.Time](t, h, `SELECT boxoffice_now()`).UTC() }
	near := func(want, got time.Time) { t.Helper(); require.WithinDuration(t, want, got, 30*time.Second) }
	first := h.pass(t, boxoffice.ReconcilePass{})
	near(now().Add(-24*time.Hour), first.Since)
	near(now().Add(-5*time.Minute), first.Until)
	h.base.AdvanceClock(t, 10*time.Hour)
	given := h.pass(t, boxoffice.ReconcilePass{Since: now().Add(-time.Hour)})
	near(now().Add(-time.Hour), given.Since)
	dry := h.pass(t, boxoffice.ReconcilePass{DryRun: true})
	second := h.pass(t, boxoffice.ReconcilePass{})
	near(first.Until.Add(-time.Hour), dry.Since)
	near(first.Until.Add(-time.Hour), second.Since)
	h.base.AdvanceClock(t, 60*24*time.Hour)
	near(now().Add(-30*24*time.Hour), h.pass(t, boxoffice.ReconcilePass{}).Since)
	require.Equal(t, 3, one[int](t, h, `SELECT count(*) FROM reconciliations`))
	young := h.pass(t, boxoffice.ReconcilePass{Since: now()})
	require.Equal(t, young.Until, young.Since, "there is nothing to compare yet")

	state, err := h.store.ReconcileState(t.Context())
	require.NoError(t, err)
	require.Less(t, state.Age, time.Minute)
}

// What operators are told: how old the comparison is, what is left to decide, and what was mended.
func TestReconcileState(t *testing.T) {
	t.Parallel()
	h := newHall(t, 2)
	state, err := h.store.ReconcileState(t.Context())
	require.NoError(t, err)
	require.Less(t, state.Age, time.Minute, "nobody paid yet")
	_, wrong, _ := h.known(t, goodCard)
	h.exec(t, `UPDATE payments SET amount_minor = 1400 WHERE payment_intent = $1`, wrong)
	h.pay(t, h.open(t), goodCard)
	h.base.AdvanceClock(t, 3*time.Hour)
	state, err = h.store.ReconcileState(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 3, state.Age.Hours(), 0.1)
	h.pass(t, boxoffice.ReconcilePass{})
	state, err = h.store.ReconcileState(t.Context())
	require.NoError(t, err)
	require.Equal(t, boxoffice.ReconcileState{Age: state.Age, Open: 1, Repaired: 1}, state)
	require.Less(t, state.Age, time.Minute)
}

// A refund that was made in the dashboard goes the way of its webhook. What that cannot place is listed.
func TestReconcile_RefundsByHand(t *testing.T) {
	t.Parallel()
	h := newHall(t, 1)
	_, intent, _ := h.known(t, goodCard)
	id := h.api(t, "/v1/refunds", url.Values{"payment_intent": {intent}, "amount": {strconv.Itoa(300)}})
	h.age(t)
	pass := h.pass(t, boxoffice.ReconcilePass{})
	require.Equal(t, 1, pass.Repaired+pass.Found)
	note := append(pass.Repairs, pass.Findings...)[0]
	require.Equal(t, id, note.Object)
	require.Equal(t, "The provider has a refund of $3.00 that we did not ask for, succeeded.", note.Says)
}

// Where a task of another kind is about the same refund, nobody is asked twice; who closes that one has decided it.
func TestReconcile_AsksNobodyTwice(t *testing.T) {
	t.Parallel()
	h := newHall(t, 1)
	s, _, payment := h.known(t, goodCard)
	id := h.giveBack(t, s, payment)
	h.exec(t, `UPDATE refunds SET amount_minor = 1400`)
	h.exec(t, `INSERT INTO support_tasks (id, key, kind, summary, advice, details)
		VALUES (gen_random_uuid(), 'refund-beyond:1', 'refund-by-hand', 'x', 'x', jsonb_build_object('provider_id', $1::text))`, id)
	h.age(t)
	pass := h.pass(t, boxoffice.ReconcilePass{})
	require.Len(t, pass.Findings, 1)
	require.Equal(t, id, pass.Findings[0].Object)
	require.Equal(t, 1, one[int](t, h, `SELECT count(*) FROM support_tasks`))
	h.exec(t, `UPDATE support_tasks SET closed_at = boxoffice_now(), closed_by = 'anna', resolution = 'I called them.'`)
	h.requireClean(t)
}
