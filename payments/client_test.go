package payments_test

import (
	"testing"

	"github.com/boxoffice/boxoffice/payments"
	"github.com/stretchr/testify/require"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	cases := map[string]payments.Options{
		"no key":                  {},
		"a publishable key":       {APIKey: "pk_test_verysecretkey"},
		"a bare prefix":           {APIKey: "sk_test_"},
		"a key with a newline":    {APIKey: "sk_test_verysecretkey\n"},
		"a relative base":         {APIKey: testKey, APIBase: "localhost/v1"},
		"a base of another kind":  {APIKey: testKey, APIBase: "ftp://127.0.0.1"},
		"a base with a password":  {APIKey: testKey, APIBase: "https://u:verysecretkey@stripe.example"},
		"a base with a query":     {APIKey: testKey, APIBase: "https://stripe.example?x=1"},
		"a live key over http":    {APIKey: "sk_live_verysecretkey", APIBase: "http://stripe.example"},
		"an empty webhook secret": {APIKey: testKey, WebhookSecrets: []string{testSecret, ""}},
		"no webhook secret":       {APIKey: testKey, WebhookSecrets: []string{"verysecretkey"}},
		"a bare whsec_":           {APIKey: testKey, WebhookSecrets: []string{"whsec_"}},
	}
	for name, o := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := payments.New(o)
			require.Error(t, err)
			requireNothingPrivate(t, err.Error())
		})
	}
}

func TestNewTakesEveryKindOfSecretKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"sk_test_1", "rk_test_1", "sk_live_1", "rk_live_1"} {
		_, err := payments.New(payments.Options{APIKey: key})
		require.NoError(t, err, key)
	}
}
