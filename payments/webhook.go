package payments

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"
)

// asyncFailed tells that a page was filled in and its payment failed later.
const asyncFailed = string(stripe.EventTypeCheckoutSessionAsyncPaymentFailed)

// The types that mean something to us. At this API version charge.refunded tells that a refund was made, by whomever, and
// charge.refund.updated what became of it; the others came with later versions (stripe-go v76 has no constant for
// refund.failed). The object of the first is the charge, without its refunds; disputes are told of in any order: both are
// asked about.
var (
	sessionEvents = []string{
		string(stripe.EventTypeCheckoutSessionCompleted), string(stripe.EventTypeCheckoutSessionExpired),
		string(stripe.EventTypeCheckoutSessionAsyncPaymentSucceeded), asyncFailed,
	}
	refundEvents = []string{
		string(stripe.EventTypeChargeRefundUpdated), string(stripe.EventTypeRefundCreated), string(stripe.EventTypeRefundUpdated),
		"refund.failed",
	}
	chargeEvents  = []string{string(stripe.EventTypeChargeRefunded)}
	disputeEvents = []string{
		string(stripe.EventTypeChargeDisputeCreated), string(stripe.EventTypeChargeDisputeUpdated), string(stripe.EventTypeChargeDisputeClosed),
		string(stripe.EventTypeChargeDisputeFundsWithdrawn), string(stripe.EventTypeChargeDisputeFundsReinstated),
	}
)

// WebhookTypes are the event types that a webhook endpoint of ours asks for, at stripe.APIVersion. Others would be stored
// and ignored: each payment would cost three webhooks more.
func WebhookTypes() []string {
	return slices.Concat(sessionEvents, chargeEvents, []string{string(stripe.EventTypeChargeRefundUpdated)}, disputeEvents)
}

// VerifyWebhook checks the Stripe-Signature header over the raw body, and reads the event after that. It calls nobody and
// never panics. Events of other types come with neither Session nor Refund; of charges and disputes only that they are to be
// asked about.
//
// The payload of the event is what was signed, but for what no database keeps: see storable.
//
// CodeBadSignature: missing, wrong, or of a time more than five minutes from ours, before or after. CodeMalformed: signed,
// but no event. What is a signed event and cannot be understood is no error: it comes back Parked with the reason, so that
// it is kept and seen rather than sent again for three days.
func (c *Client) VerifyWebhook(payload []byte, signature string) (boxoffice.PaymentEvent, error) {
	if err := c.genuine(payload, signature); err != nil {
		return boxoffice.PaymentEvent{}, boxoffice.WrapError(boxoffice.CodeBadSignature, err, "The webhook's signature is missing, wrong or stale.")
	}
	payload = storable(payload)
	var e event
	if !utf8.Valid(payload) || json.Unmarshal(payload, &e) != nil || e.ID == "" || e.Type == "" || hasOutlandishNumber(payload) {
		return boxoffice.PaymentEvent{}, boxoffice.Errorf(boxoffice.CodeMalformed, "The webhook is not an event.")
	}
	read := boxoffice.PaymentEvent{
		ID: e.ID, Type: e.Type, APIVersion: e.APIVersion, ObjectID: e.objectID(), Live: e.Livemode, Payload: payload,
	}
	switch {
	case e.APIVersion != stripe.APIVersion:
		read.Parked = fmt.Sprintf("api version %q, not %s", e.APIVersion, stripe.APIVersion)
	case e.Livemode != c.live:
		read.Parked = fmt.Sprintf("livemode %t, with a key of livemode %t", e.Livemode, c.live)
	default:
		e.readObject(&read)
	}
	return read, nil
}

// event is the envelope of a webhook. Its object is read later, when it is known to be of our version.
type event struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	APIVersion string `json:"api_version"`
	Livemode   bool   `json:"livemode"`
	Data       struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// objectID is empty for an object without one.
func (e *event) objectID() string {
	var object struct {
		ID string `json:"id"`
	}
	if len(e.Data.Object) == 0 || json.Unmarshal(e.Data.Object, &object) != nil {
		return ""
	}
	return object.ID
}

// readObject puts the session or refund into the event, or says that it cannot be read.
func (e *event) readObject(into *boxoffice.PaymentEvent) {
	switch {
	case slices.Contains(sessionEvents, e.Type):
		var object stripe.CheckoutSession
		if e.unmarshal(&object) {
			if s, ok := readSession(&object); ok {
				into.Session = afterAll(e.Type, s)
				return
			}
		}
		into.Parked = "session cannot be read"
	case slices.Contains(refundEvents, e.Type):
		var object stripe.Refund
		if e.unmarshal(&object) {
			if r, ok := readRefund(&object); ok {
				into.Refund = &r
				return
			}
		}
		into.Parked = "refund cannot be read"
	case slices.Contains(chargeEvents, e.Type), slices.Contains(disputeEvents, e.Type):
		into.Ask = true
	}
}

// afterAll gives the session that an event tells of. One whose payment failed after it was filled in stays complete at
// Stripe; to us it is a page that nobody paid and nobody can pay any more.
func afterAll(kind string, s boxoffice.PaymentSession) *boxoffice.PaymentSession {
	if kind == asyncFailed && !s.Paid {
		s.Status = boxoffice.SessionExpired
	}
	return &s
}

func (e *event) unmarshal(object any) bool {
	return len(e.Data.Object) > 0 && json.Unmarshal(e.Data.Object, object) == nil
}

var errForged = errors.New("none of our secrets signed this")

// genuine: one of the secrets signed this body, within the tolerance of our clock. stripe-go's own check of the time looks
// only into the past and reads the clock itself, so it is made here; the time is part of what is signed.
func (c *Client) genuine(payload []byte, signature string) error {
	signed, ok := signedAt(signature)
	if !ok || !slices.ContainsFunc(c.secrets, func(secret string) bool {
		return webhook.ValidatePayloadIgnoringTolerance(payload, signature, secret) == nil
	}) {
		return errForged
	}
	now, tolerance := c.now().Unix(), int64(webhook.DefaultTolerance/time.Second)
	if signed < now-tolerance || signed > now+tolerance {
		return boxoffice.ErrStaleWebhook
	}
	return nil
}

// signedAt reads the time of a Stripe-Signature header ("t=1495999758,v1=…"). Of several it takes the last, as stripe-go
// does, so that the time that is judged is the one that was signed.
func signedAt(header string) (at int64, ok bool) {
	for pair := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(pair, "=")
		if name != "t" {
			continue
		}
		var err error
		if at, err = strconv.ParseInt(value, 10, 64); err != nil {
			return 0, false
		}
		ok = true
	}
	return at, ok
}
