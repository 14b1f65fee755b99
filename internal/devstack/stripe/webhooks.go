package stripe

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// giveUpAfter is how long Stripe tries to deliver an event.
const giveUpAfter = 3 * 24 * time.Hour

// Endpoint is where events are sent to.
type Endpoint struct {
	ID      string   // names it across restarts, so that what waits for it finds it under a new URL; by default we_<its place in the list>
	URL     string   // absolute, http or https
	Secret  string   // signs the deliveries; see NewWebhookSecret
	Retired string   // the secret before, if it is still in use after a roll: deliveries are signed with both
	Events  []string // the types it wants; empty or * is all
}

func (e Endpoint) wants(kind string) bool {
	return len(e.Events) == 0 || slices.ContainsFunc(e.Events, func(want string) bool { return matchesType(want, kind) })
}

// SetWebhooks replaces the endpoints. Events that an endpoint has not taken stay, and go to the endpoint with the same ID;
// those of one that is gone wait for it to come back. An event of a time without endpoints is delivered to nobody later.
func (s *Server) SetWebhooks(endpoints ...Endpoint) error {
	named := slices.Clone(endpoints)
	seen := map[string]bool{}
	for i, e := range named {
		if e.ID == "" {
			named[i].ID = "we_" + strconv.Itoa(i)
		}
		u, err := url.Parse(e.URL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("webhook endpoint %q: not an absolute http URL", e.URL)
		}
		if e.Secret == "" {
			return fmt.Errorf("webhook endpoint %s: no signing secret", e.URL)
		}
		if seen[named[i].ID] {
			return fmt.Errorf("webhook endpoint %s: its ID %s is taken", e.URL, named[i].ID)
		}
		seen[named[i].ID] = true
	}
	s.webhooks.mu.Lock()
	s.webhooks.endpoints = named
	waiting := s.webhooks.parked
	s.webhooks.parked = nil
	s.webhooks.mu.Unlock()
	for _, key := range waiting {
		s.outbox.add(s.clock.Now(), key)
	}
	return nil
}

// webhooks are the endpoints, and the deliveries whose endpoint is not there.
type webhooks struct {
	mu        sync.Mutex
	endpoints []Endpoint
	parked    []string
}

func (s *Server) endpoints() []Endpoint {
	s.webhooks.mu.Lock()
	defer s.webhooks.mu.Unlock()
	return s.webhooks.endpoints // replaced as a whole, never changed
}

// endpointOrPark finds the endpoint of a delivery, or sets the delivery aside until SetWebhooks brings it.
func (s *Server) endpointOrPark(id, key string) (Endpoint, bool) {
	s.webhooks.mu.Lock()
	defer s.webhooks.mu.Unlock()
	for _, e := range s.webhooks.endpoints {
		if e.ID == id {
			return e, true
		}
	}
	s.webhooks.parked = append(s.webhooks.parked, key)
	return Endpoint{}, false
}

// dispatch sends deliveries as they become due, Options.MaxParallel at a time, until ctx is done.
func (s *Server) dispatch(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, s.options.MaxParallel)
	for s.outbox.await(ctx) {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		key, ok := s.outbox.due()
		if !ok { // another clock reading: not quite due
			<-slots
			continue
		}
		running.Go(func() {
			defer func() { <-slots }()
			s.deliver(ctx, key)
		})
	}
}

func (s *Server) deliver(ctx context.Context, key string) {
	var d delivery
	var found bool
	var event obj
	var err error
	s.store.read(func(v *view) {
		if d, found = get(v, v.st.deliveries, key); found {
			head, _ := get(v, v.st.events, d.Event)
			event, err = v.event(head)
		}
	})
	if !found {
		return
	}
	to, ok := s.endpointOrPark(d.Endpoint, key)
	if !ok {
		return
	}
	if err == nil {
		err = s.post(ctx, to, event)
	}
	if ctx.Err() != nil {
		return // the simulator stops; this attempt counts for nothing
	}
	s.settleDelivery(d, to, err)
}

// settleDelivery notes that the event was taken, or when to try again.
func (s *Server) settleDelivery(d delivery, to Endpoint, failure error) {
	now := s.clock.Now()
	giveUp := now.Sub(time.Unix(d.First, 0)) >= giveUpAfter
	err := s.store.update(func(t *tx) error {
		if failure == nil || giveUp {
			del(t, t.st.deliveries, d.ID)
			return nil
		}
		d.Attempts++
		next := now.Add(s.backoff(d.Attempts))
		d.Next = next.UnixMilli()
		put(t, t.st.deliveries, d.ID, d)
		t.after = append(t.after, func() { s.outbox.add(next, d.ID) })
		return nil
	})
	switch {
	case err != nil:
		s.log.Error("a webhook's outcome was not stored; it will be sent again", "event", d.Event, "url", to.URL, "error", err)
		s.outbox.add(now.Add(s.options.RetryBase), d.ID)
	case failure != nil && giveUp:
		s.log.Warn("webhook given up after three days", "event", d.Event, "url", to.URL, "error", failure)
	case failure != nil:
		s.log.Info("webhook not taken, trying again", "event", d.Event, "url", to.URL, "attempt", d.Attempts, "error", failure)
	}
}

// backoff is how long to wait after so many failed attempts: RetryBase, doubled each time, up to RetryMax.
func (s *Server) backoff(attempts int) time.Duration {
	wait := s.options.RetryBase
	for i := 1; i < attempts && wait < s.options.RetryMax; i++ {
		wait *= 2
	}
	return min(wait, s.options.RetryMax)
}

// post sends an event once. Anything but a 2xx within Options.DeliveryTimeout is an error; redirects are not followed.
func (s *Server) post(ctx context.Context, to Endpoint, event obj) error {
	body, err := json.MarshalIndent(event, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the event: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	req.Header.Set("Stripe-Signature", sign(to, s.clock.unix(), body))
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	err = errors.Join(err, res.Body.Close())
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("answered %s", res.Status)
	}
	return err
}

// RollSecret has all endpoints sign with another secret from now on. keepOld lets them sign with the one before as well, as
// Stripe does for as long as its owner chose when rolling.
func (s *Server) RollSecret(secret string, keepOld bool) {
	s.webhooks.mu.Lock()
	defer s.webhooks.mu.Unlock()
	rolled := slices.Clone(s.webhooks.endpoints)
	for i, e := range rolled {
		rolled[i].Secret, rolled[i].Retired = secret, ""
		if keepOld {
			rolled[i].Retired = e.Secret
		}
	}
	s.webhooks.endpoints = rolled
}

// sign is the value of Stripe-Signature: the time, and for each secret the HMAC-SHA256 of time and body under it
// (https://stripe.com/docs/webhooks#verify-manually).
func sign(to Endpoint, at int64, body []byte) string {
	parts := []string{"t=" + strconv.FormatInt(at, 10)}
	for _, secret := range []string{to.Secret, to.Retired} {
		if secret == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(strconv.FormatInt(at, 10) + ".")) // a hash takes every write
		mac.Write(body)
		parts = append(parts, "v1="+hex.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(parts, ",")
}

func newWebhookClient(o Options) *http.Client {
	return &http.Client{
		Timeout:       o.DeliveryTimeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: o.MaxParallel, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
