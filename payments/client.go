// Package payments takes money through Stripe's hosted Checkout: payment pages, refunds, and the webhooks that tell of both.
// Its one dependency is github.com/stripe/stripe-go/v76, which also fixes the version of Stripe's API that is spoken
// ([stripe.APIVersion]): the webhook endpoint must be made with that version.
//
// Every call may be repeated. Each one that changes something at Stripe names an idempotency key that is a function of our
// own row, except where the change is harmless when made twice. An answer that is not known is CodeProviderUnknown and
// nothing else; see error.go for how answers are told apart.
//
// No error text and no log line of this package holds a card, a key, an e-mail address or a message of Stripe's, which may
// quote any of them. What is kept of a refusal are its HTTP status, type, code, parameter and request ID: with the last one
// Stripe's dashboard shows the rest.
package payments

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/checkout/session"
	"github.com/stripe/stripe-go/v76/dispute"
	"github.com/stripe/stripe-go/v76/refund"
)

const (
	defaultTimeout = 15 * time.Second
	networkRetries = 2 // by stripe-go, under the same key
)

// Options of a Client. Only APIKey is required.
type Options struct {
	APIKey  string // secret or restricted, sk_… or rk_…; whether it is a live key is read from its prefix
	APIBase string // where Stripe's API is; empty: https://api.stripe.com. A live key goes over https only

	// WebhookSecrets are the signing secrets that are good now, whsec_…: two while one is being rolled. Without any, no
	// webhook is believed.
	WebhookSecrets []string

	// Timeout of one HTTP exchange; default 15 s. A call of this package makes up to three of them with pauses of a second
	// (and ExpireSession and Refund more than one call): whoever bounds it from outside leaves room for that.
	Timeout time.Duration

	Logger *slog.Logger     // default slog.Default()
	Now    func() time.Time // default time.Now
}

// Client is Stripe as a [boxoffice.PaymentProvider]. It is safe for concurrent use and has no global state.
type Client struct {
	sessions session.Client
	refunds  refund.Client
	disputes dispute.Client
	http     *http.Client
	live     bool
	secrets  []string
	log      *slog.Logger
	now      func() time.Time
}

var _ boxoffice.PaymentProvider = (*Client)(nil)

// New checks the options and makes a client. It calls nobody: a key that Stripe does not know is found at the first call.
func New(o Options) (*Client, error) {
	o = o.withDefaults()
	live, err := keyMode(o.APIKey)
	if err != nil {
		return nil, err
	}
	if err := checkBase(o.APIBase, live); err != nil {
		return nil, err
	}
	for i, secret := range o.WebhookSecrets {
		// An empty secret would make every forged webhook genuine.
		if !strings.HasPrefix(secret, "whsec_") || len(secret) == len("whsec_") {
			return nil, fmt.Errorf("payments: webhook secret %d does not begin with whsec_", i+1)
		}
	}
	client, err := newHTTPClient(o.Timeout)
	if err != nil {
		return nil, err
	}
	log := o.Logger.With("part", "payments")
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(o.APIBase), HTTPClient: client, MaxNetworkRetries: stripe.Int64(networkRetries),
		LeveledLogger: bridge{log}, EnableTelemetry: stripe.Bool(false),
	})
	return &Client{
		sessions: session.Client{B: backend, Key: o.APIKey}, refunds: refund.Client{B: backend, Key: o.APIKey},
		disputes: dispute.Client{B: backend, Key: o.APIKey}, http: client, live: live, secrets: append([]string(nil), o.WebhookSecrets...), log: log, now: o.Now,
	}, nil
}

// Close gives idle connections back. Calls in progress are not disturbed, and the client can still be used.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (o Options) withDefaults() Options {
	if o.APIBase == "" {
		o.APIBase = stripe.APIURL
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// keyMode says whether a key is of live mode. Its errors never quote the key.
func keyMode(key string) (live bool, err error) {
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return false, errors.New("payments: the API key holds a character that no key has")
		}
	}
	for prefix, live := range map[string]bool{"sk_test_": false, "rk_test_": false, "sk_live_": true, "rk_live_": true} {
		if strings.HasPrefix(key, prefix) && len(key) > len(prefix) {
			return live, nil
		}
	}
	return false, errors.New("payments: the API key begins with none of sk_test_, rk_test_, sk_live_, rk_live_")
}

func checkBase(base string, live bool) error {
	u, err := url.Parse(base)
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https", u.User != nil, u.RawQuery != "", u.Fragment != "":
		return errors.New("payments: the API base is not an absolute http URL without user, query and fragment")
	case live && u.Scheme != "https":
		return errors.New("payments: a live key must not travel over plain http; the API base has to be https")
	}
	return nil
}

func newHTTPClient(timeout time.Duration) (*http.Client, error) {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("payments: net/http's default transport was replaced")
	}
	transport := standard.Clone()
	transport.MaxIdleConnsPerHost = 32 // all calls go to one host; the default of 2 would open a connection for most of them
	return &http.Client{
		Transport: transport, Timeout: timeout,
		// Stripe never redirects. Whoever does in its place must not be sent the key.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// bridge hands stripe-go's retries to slog and drops all else: its other lines quote answers and messages of Stripe, which
// hold e-mail addresses, and tell nothing that the returned errors do not.
type bridge struct{ log *slog.Logger }

var _ stripe.LeveledLoggerInterface = bridge{}

func (bridge) Debugf(string, ...any) {}
func (bridge) Infof(string, ...any)  {}
func (bridge) Errorf(string, ...any) {}

// Warnf gets the announcements of retries: method, host, path, pause.
func (b bridge) Warnf(format string, args ...any) {
	b.log.Warn("stripe-go", "message", fmt.Sprintf(format, args...))
}
