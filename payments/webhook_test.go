package payments_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/payments"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76/webhook"
)

// noon is the time of every clock here.
var noon = time.Unix(1790000000, 0)

func webhookClient(t testing.TB, key string, secrets ...string) *payments.Client {
	t.Helper()
	client, err := payments.New(payments.Options{APIKey: key, WebhookSecrets: secrets, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	return client
}

func signed(body, secret string, at time.Time) string {
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(webhook.ComputeSignature(at, []byte(body), secret)))
}

func eventJSON(kind, version, live, object string) string {
	return `{"id":"evt_1","object":"event","type":"` + kind + `","api_version":"` + version + `","livemode":` + live + `,"data":{"object":` + object + `}}`
}

const pinned = "2023-10-16"

func TestVerifyWebhookJudgesTheSignature(t *testing.T) {
	t.Parallel()
	body := eventJSON("charge.succeeded", pinned, "false", `{"id":"ch_1"}`)
	good := signed(body, testSecret, noon)
	_, mac, _ := strings.Cut(good, ",")
	cases := map[string]struct {
		header string
		ok     bool
	}{
		"good":                  {good, true},
		"by the older secret":   {signed(body, "whsec_older", noon), true},
		"rolled: two of them":   {good + ",v1=" + strings.Repeat("00", 32), true},
		"with an unknown part":  {good + ",v0=abc", true},
		"299 s old":             {signed(body, testSecret, noon.Add(-299*time.Second)), true},
		"301 s old":             {signed(body, testSecret, noon.Add(-301*time.Second)), false},
		"299 s ahead":           {signed(body, testSecret, noon.Add(299*time.Second)), true},
		"301 s ahead":           {signed(body, testSecret, noon.Add(301*time.Second)), false},
		"absent":                {"", false},
		"by a strange secret":   {signed(body, "whsec_strange", noon), false},
		"by no secret":          {signed(body, "", noon), false},
		"of another body":       {signed(body+" ", testSecret, noon), false},
		"without a time":        {mac, false},
		"with another time":     {fmt.Sprintf("t=%d,%s", noon.Unix()+1, mac), false},
		"with a time before it": {signed(body, testSecret, noon.Add(-time.Hour)) + fmt.Sprintf(",t=%d", noon.Unix()), false},
		"of another scheme":     {strings.Replace(good, "v1=", "v0=", 1), false},
		"time without bounds":   {"t=9223372036854775807," + mac, false},
		"time below all":        {"t=-9223372036854775808," + mac, false},
		"no number":             {"t=noon," + mac, false},
		"nonsense":              {"=,=,t=,v1", false},
	}
	client := webhookClient(t, testKey, "whsec_older", testSecret)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := client.VerifyWebhook([]byte(body), tc.header)
			if tc.ok {
				require.NoError(t, err)
				return
			}
			require.Equal(t, boxoffice.CodeBadSignature, codeOf(t, err))
		})
	}
}

func TestVerifyWebhookWithoutSecretsBelievesNothing(t *testing.T) {
	t.Parallel()
	body := eventJSON("charge.succeeded", pinned, "false", `{"id":"ch_1"}`)
	_, err := webhookClient(t, testKey).VerifyWebhook([]byte(body), signed(body, "", noon))
	require.Equal(t, boxoffice.CodeBadSignature, codeOf(t, err))
}

func TestVerifyWebhookReadsEvents(t *testing.T) {
	t.Parallel()
	client := webhookClient(t, testKey, testSecret)
	verify := func(t *testing.T, body string) boxoffice.PaymentEvent {
		t.Helper()
		e, err := client.VerifyWebhook([]byte(body), signed(body, testSecret, noon))
		require.NoError(t, err)
		require.Equal(t, body, string(e.Payload))
		require.Equal(t, "evt_1", e.ID)
		return e
	}
	for _, kind := range []string{"completed", "expired", "async_payment_succeeded", "async_payment_failed"} {
		e := verify(t, eventJSON("checkout.session."+kind, pinned, "false", sessionJSON("complete", "paid")))
		require.Empty(t, e.Parked)
		require.Equal(t, "cs_1", e.ObjectID)
		require.Equal(t, "attempt-1", e.Session.AttemptID)
		require.True(t, e.Session.Paid)
		require.Nil(t, e.Refund)
	}
	for _, kind := range []string{"charge.refund.updated", "refund.created", "refund.updated", "refund.failed"} {
		e := verify(t, eventJSON(kind, pinned, "false", refundJSON("re_1", "failed", "3")))
		require.Empty(t, e.Parked)
		require.Equal(t, "re_1", e.ObjectID)
		require.Equal(t, "payment-1", e.Refund.PaymentID)
		require.Equal(t, 3, e.Refund.N)
		require.Equal(t, boxoffice.RefundFailed, e.Refund.State)
		require.Nil(t, e.Session)
	}
	byHand := verify(t, eventJSON("charge.refund.updated", pinned, "false", `{"id":"re_2","status":"succeeded","metadata":{"n":"x"}}`))
	require.Empty(t, byHand.Refund.PaymentID)
	for _, kind := range []string{
		"charge.refunded", "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_withdrawn",
		"charge.dispute.funds_reinstated",
	} {
		e := verify(t, eventJSON(kind, pinned, "false", `{"id":"x_1","status":"lost","amount_refunded":1050}`))
		require.Equal(t, boxoffice.PaymentEvent{ID: "evt_1", Type: kind, APIVersion: pinned, ObjectID: "x_1", Ask: true, Payload: e.Payload}, e,
			"nothing of what it says is believed")
	}
	other := verify(t, eventJSON("charge.succeeded", pinned, "false", `{"id":"ch_1"}`))
	require.Equal(t, boxoffice.PaymentEvent{ID: "evt_1", Type: "charge.succeeded", APIVersion: pinned, ObjectID: "ch_1", Payload: other.Payload}, other)
}

// TestVerifyWebhook_PaymentsThatTakeTime: a page that was filled in may be paid later, or not.
func TestVerifyWebhook_PaymentsThatTakeTime(t *testing.T) {
	t.Parallel()
	client := webhookClient(t, testKey, testSecret)
	for kind, want := range map[string]struct {
		said   string
		status boxoffice.SessionStatus
		paid   bool
	}{
		"checkout.session.completed":               {"unpaid", boxoffice.SessionComplete, false},
		"checkout.session.async_payment_succeeded": {"paid", boxoffice.SessionComplete, true},
		"checkout.session.async_payment_failed":    {"unpaid", boxoffice.SessionExpired, false},
	} {
		body := eventJSON(kind, pinned, "false", sessionJSON("complete", want.said))
		e, err := client.VerifyWebhook([]byte(body), signed(body, testSecret, noon))
		require.NoError(t, err)
		require.Equal(t, []any{want.status, want.paid}, []any{e.Session.Status, e.Session.Paid}, kind)
		server := newCanned(t, map[string][]answer{sessionPath: {{status: 200, body: sessionJSON("complete", want.said)}}})
		asking, _ := newClient(t, server.URL)
		now, err := asking.EventNow(t.Context(), e)
		require.NoError(t, err)
		require.Equal(t, e.Session, now.Session, kind)
	}
}

func TestVerifyWebhookParksWhatItCannotUnderstand(t *testing.T) {
	t.Parallel()
	const kind = "checkout.session.completed"
	session := sessionJSON("complete", "paid")
	cases := map[string]struct{ key, body, parked string }{
		"another version":         {testKey, eventJSON(kind, "2024-10-28.acacia", "false", session), `api version "2024-10-28.acacia"`},
		"live, with a test key":   {testKey, eventJSON(kind, pinned, "true", session), "livemode true"},
		"test, with a live key":   {"rk_live_1", eventJSON(kind, pinned, "false", session), "livemode false"},
		"a session without an ID": {testKey, eventJSON(kind, pinned, "false", `{"status":"open"}`), "session"},
		"a session of old":        {testKey, eventJSON(kind, pinned, "false", `{"id":"cs_1","status":"paused"}`), "session"},
		"a list for a session":    {testKey, eventJSON(kind, pinned, "false", `[]`), "session"},
		"null for a session":      {testKey, eventJSON(kind, pinned, "false", `null`), "session"},
		"no object":               {testKey, `{"id":"evt_1","type":"` + kind + `","api_version":"` + pinned + `"}`, "session"},
		"a text for a refund":     {testKey, eventJSON("charge.refund.updated", pinned, "false", `"re_1"`), "refund"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := webhookClient(t, tc.key, testSecret).VerifyWebhook([]byte(tc.body), signed(tc.body, testSecret, noon))
			require.NoError(t, err)
			require.Contains(t, e.Parked, tc.parked)
			require.Nil(t, e.Session)
			require.Nil(t, e.Refund)
			require.Equal(t, tc.body, string(e.Payload))
		})
	}
}

func TestVerifyWebhookRefusesWhatIsNoEvent(t *testing.T) {
	t.Parallel()
	client := webhookClient(t, testKey, testSecret)
	for _, body := range []string{"", "x", "null", "[]", `"evt_1"`, "{}", `{"id":"evt_1"}`, `{"id":7,"type":"x"}`, `{"id":"evt_1","type":"x"} {}`,
		"{\"id\":\"evt_1\",\"type\":\"\xff\"}", `{"id":"evt_1","type":"x","data":[]}`,
		`{"id":"evt_1","type":"x","n":1e200000}`, `{"id":"evt_1","type":"x","n":1E-20000}`, `{"id":"evt_1","type":"x","n":` + strings.Repeat("9", 140_000) + `}`} {
		_, err := client.VerifyWebhook([]byte(body), signed(body, testSecret, noon))
		require.Equal(t, boxoffice.CodeMalformed, codeOf(t, err), body)
	}
}

func FuzzVerifyWebhook(f *testing.F) {
	client := webhookClient(f, testKey, testSecret)
	f.Add([]byte(eventJSON("checkout.session.completed", pinned, "false", sessionJSON("complete", "paid"))), "t=1,v1=00")
	f.Add([]byte(eventJSON("charge.refund.updated", pinned, "false", refundJSON("re_1", "failed", "1"))), "")
	f.Add([]byte(eventJSON("refund.failed", pinned, "false", `"`)), "t=,v1=,=")
	f.Add([]byte(eventJSON("checkout.session.expired", pinned, "false", `{"id":"cs_1","status":"open","payment_intent":{},"line_items":{"data":[null]}}`)), ",")
	f.Add([]byte(eventJSON("charge.succeeded", pinned, "false", `{"id":"\\u0000","name":"\u0000 \ud800 \ud83c\udfab \udfab\ud83c \\ud800"}`)), "")
	f.Fuzz(func(t *testing.T, body []byte, header string) {
		if _, err := client.VerifyWebhook(body, header); err == nil {
			t.Fatal("a signature was guessed")
		}
		e, err := client.VerifyWebhook(body, signed(string(body), testSecret, noon))
		if err != nil {
			require.Equal(t, boxoffice.CodeMalformed, boxoffice.CodeOf(err))
			return
		}
		require.NotEmpty(t, e.ID)
		require.NotEmpty(t, e.Type)
		require.Len(t, e.Payload, len(body))
		require.NotContains(t, e.ID+e.Type+e.APIVersion+e.ObjectID, "\x00")
		var was, kept any
		require.NoError(t, json.Unmarshal(body, &was))
		require.NoError(t, json.Unmarshal(e.Payload, &kept))
		if clean, ok := withoutNUL(was); ok { // encoding/json itself replaces half characters
			require.Equal(t, clean, kept)
		}
		require.False(t, e.Parked != "" && (e.Session != nil || e.Refund != nil))
	})
}

// withoutNUL replaces NUL in all texts of a value; not ok if a name has one, which may make two names one.
func withoutNUL(value any) (clean any, ok bool) {
	ok = true
	within := func(inner any) any {
		inner, fine := withoutNUL(inner)
		ok = ok && fine
		return inner
	}
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, "\x00", "\ufffd"), true
	case []any:
		for i := range value {
			value[i] = within(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = within(value[name])
			ok = ok && !strings.Contains(name, "\x00")
		}
	}
	return value, ok
}

func TestVerifyWebhookKeepsWhatADatabaseTakes(t *testing.T) {
	t.Parallel()
	client := webhookClient(t, testKey, testSecret)
	for typed, kept := range map[string]string{
		`a\u0000b`: `a\ufffdb`, `\ud800`: `\ufffd`, `\ud800x\udc00`: `\ufffdx\ufffd`, `\udc00\ud800`: `\ufffd\ufffd`, `\uD83C\uDFAB`: `\uD83C\uDFAB`,
		`\ud800\ud83c\udfab`: `\ufffd\ud83c\udfab`, `\\u0000`: `\\u0000`, `\\\u0000`: `\\\ufffd`, `\"\u0000`: `\"\ufffd`, `\u0001`: `\u0001`,
	} {
		body := eventJSON("checkout.session.completed", pinned, "false", `{"name":"`+typed+`"}`)
		e, err := client.VerifyWebhook([]byte(body), signed(body, testSecret, noon))
		require.NoError(t, err)
		require.Equal(t, strings.Replace(body, typed, kept, 1), string(e.Payload))
	}
}
