package stripe

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStore_EverythingSurvivesARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.paidSession("4242424242424242")
	made := b.refund("payment_intent", s.str("payment_intent.id"), "amount", "100")
	b.advance(time.Hour)
	paths := []string{
		"/v1/checkout/sessions", "/v1/payment_intents", "/v1/charges", "/v1/refunds", "/v1/events", "/v1/balance",
		"/v1/refunds/" + made.str("id"), "/v1/checkout/sessions/" + s.str("id") + "/line_items",
	}
	before := map[string]reply{}
	for _, path := range paths {
		before[path] = b.get(path)
	}
	b.restart()
	for _, path := range paths {
		require.Equal(t, before[path].body, b.get(path).body, path)
	}
	require.InDelta(t, time.Now().Add(time.Hour).Unix(), b.sim.clock.unix(), 5, "the clock does not go back")
}

// A killed process leaves the file as the kernel has it: whole changes, and at most the beginning of one.
func TestStore_IgnoresAChangeCutOffInTheMiddle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.newSession()
	require.NoError(t, b.sim.Stop())
	path := filepath.Join(b.dir, "stripe.journal")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)

	torn := append([]byte{}, whole...)
	torn = append(torn, `{"k":"charge","id":"ch_torn","v":{"id":"ch_torn","amount":1,"status":"succeeded"},"m":true}`+"\n"...)
	torn = append(torn, `{"k":"payment_intent","id":"pi_to`...)
	require.NoError(t, os.WriteFile(path, torn, 0o600))
	b.start()
	require.Empty(t, b.get("/v1/charges").data())
	require.Len(t, b.get("/v1/checkout/sessions").data(), 1)
	b.newSession()
	b.restart()
	require.Len(t, b.get("/v1/checkout/sessions").data(), 2)
}

func TestStore_RefusesADamagedJournal(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"no JSON":      "not a record\n",
		"unknown kind": `{"k":"invoice","id":"in_1","v":{}}` + "\n",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "stripe.journal"), []byte(line), 0o600))
		_, err := Start(t.Context(), Options{Dir: dir})
		require.ErrorContains(t, err, "journal", name)
	}
}

func TestStore_CompactsAndForgets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var last reply
	for i := range 60 {
		last = b.post("/v1/checkout/sessions", order(), key, "k"+strconv.Itoa(i))
		require.Equal(t, http.StatusOK, b.post("/v1/checkout/sessions/"+last.str("id")+"/expire", nil, key, "x"+strconv.Itoa(i)).status)
	}
	size := func() int64 {
		info, err := os.Stat(filepath.Join(b.dir, "stripe.journal"))
		require.NoError(t, err)
		return info.Size()
	}
	before := size()
	later := func(o *Options) { o.Now = func() time.Time { return time.Now().Add(31 * 24 * time.Hour) } }
	b.restart(later)
	require.Less(t, size(), before/2)
	require.Empty(t, b.get("/v1/events").data(), "Stripe lists events for 30 days")
	require.Equal(t, "expired", b.get("/v1/checkout/sessions/"+last.str("id")).str("status"))
	b.restart(later)
	require.Len(t, b.get("/v1/checkout/sessions?limit=100").data(), 60)
}

func TestStore_CompactionKeepsBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 130 {
		b.post("/v1/checkout/sessions/"+b.newSession().str("id")+"/expire", nil, key, "one key")
	}
	s := b.paidSession("4242424242424242")
	b.post("/v1/refunds", map[string][]string{"charge": {s.str("payment_intent.latest_charge.id")}}, key, "refund:1")
	before := b.get("/v1/events?limit=100")
	b.restart()
	require.Equal(t, before.body, b.get("/v1/events?limit=100").body)
	again := b.post("/v1/refunds", map[string][]string{"charge": {s.str("payment_intent.latest_charge.id")}}, key, "refund:1")
	require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	require.Regexp(t, "^re_", again.str("id"))
}

func TestStore_AFailedWriteChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.newSession()
	b.sim.store.mu.Lock()
	file := b.sim.store.journal.file
	broken, err := os.Open(file.Name()) // read only: writes fail, reads do not
	require.NoError(t, err)
	b.sim.store.journal.file = broken
	b.sim.store.mu.Unlock()
	failed := b.post("/v1/checkout/sessions", order(), key, "k")
	require.Equal(t, http.StatusInternalServerError, failed.status)
	require.Len(t, b.get("/v1/checkout/sessions").data(), 1)

	b.sim.store.mu.Lock()
	b.sim.store.journal.file = file
	b.sim.store.mu.Unlock()
	require.NoError(t, broken.Close())
	require.Equal(t, http.StatusOK, b.post("/v1/checkout/sessions", order(), key, "k").status, "the key was not used up")
}

func TestStart_RefusesWhatIsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := Start(t.Context(), Options{Dir: b.dir})
	require.ErrorContains(t, err, "another Stripe simulator uses")
	address := b.sim.URL[len("http://"):]
	_, err = Start(t.Context(), Options{Dir: t.TempDir(), Addr: address})
	require.ErrorContains(t, err, address)
	_, err = Start(t.Context(), Options{})
	require.ErrorContains(t, err, "Dir")
	_, err = Start(t.Context(), Options{Dir: t.TempDir(), Webhooks: []Endpoint{{URL: "x"}}})
	require.Error(t, err)
}

func TestStart_StopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := cancelled(t)
	sim, err := Start(ctx, Options{Dir: t.TempDir(), PublicURL: "https://pay.example/"})
	require.NoError(t, err)
	require.NotNil(t, sim.Handler())
	cancel()
	require.NoError(t, sim.Wait())
	_, err = http.Get(sim.URL + "/healthz")
	require.Error(t, err)
}

func TestStore_TakesManySessionsAtOnce(t *testing.T) {
	t.Parallel()
	shop := newReceiver(t, nil)
	b := setup(t, with(shop.endpoint()))
	const buyers, each = 20, 10
	begin := time.Now()
	var all sync.WaitGroup
	for range buyers {
		all.Go(func() {
			for range each {
				r, err := b.try(http.MethodPost, "/v1/checkout/sessions", order(), nil)
				if err != nil {
					continue
				}
				_, _ = b.try(http.MethodPost, "/c/pay/"+r.str("id"), map[string][]string{
					"email": {"a@example.com"}, "card_number": {"4242424242424242"}}, nil)
			}
		})
	}
	all.Wait()
	t.Logf("%.0f paid sessions a second", buyers*each/time.Since(begin).Seconds())
	state := b.get("/_sim/state")
	require.EqualValues(t, buyers*each, state.num("sessions.complete"))
	require.EqualValues(t, buyers*each*orderTotal, state.num("captured.usd"))
	b.eventually("all webhooks are taken", func() bool { return b.sim.pending() == 0 })
	require.Len(t, shop.all(), buyers*each*4)
}
