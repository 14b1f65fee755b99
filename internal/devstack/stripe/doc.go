// Package stripe is a stateful Stripe simulator: an HTTP server that speaks the part of Stripe's API which a shop with hosted
// Checkout needs (version 2023-10-16), shows the hosted payment page, and sends signed webhooks until they are taken.
// Its one dependency is Stripe's published interface; it imports neither a Stripe client nor any client code of this project.
//
// # State
//
// State lives in one append-only journal, Options.Dir/stripe.journal. A change is one write to that file before its answer is
// sent, so it survives a killed process. It is not synced to disk on every change: a power cut may lose the last seconds. At
// start the journal is read, and rewritten without what is outdated (events over 30 days, idempotency keys over 24 hours).
// Event bodies and stored answers stay on disk; memory holds about 5 kB for a paid session.
//
// # What differs from Stripe
//
// Parameters outside the supported subset are refused with parameter_unknown, also those which Stripe would take. There are no
// customers, prices, taxes, discounts, fees or subscriptions, and only cards pay. Any key that begins with sk_test_ opens the
// one account. A session whose total is zero is refused.
package stripe
