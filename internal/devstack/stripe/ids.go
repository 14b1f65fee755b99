package stripe

import "crypto/rand"

const idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID makes an unguessable ID that looks like Stripe's: the prefix and n letters and digits (6 bits of chance each, less a
// little).
func newID(prefix string, n int) string {
	raw := make([]byte, n)
	rand.Read(raw) // never fails: crypto/rand ends the process when the system has no randomness
	for i, b := range raw {
		raw[i] = idAlphabet[int(b)%len(idAlphabet)]
	}
	return prefix + string(raw)
}

func newSessionID() string            { return newID("cs_test_a1", 56) }
func newIntentID() string             { return newID("pi_3", 23) }
func newChargeID() string             { return newID("ch_3", 23) }
func newRefundID() string             { return newID("re_3", 23) }
func newDisputeID() string            { return newID("dp_1", 23) }
func newEventID() string              { return newID("evt_1", 23) }
func newLineItemID() string           { return newID("li_1", 23) }
func newPriceID() string              { return newID("price_1", 23) }
func newProductID() string            { return newID("prod_", 14) }
func newPaymentMethodID() string      { return newID("pm_1", 23) }
func newBalanceTransactionID() string { return newID("txn_3", 23) }
func newRequestID() string            { return newID("req_", 14) }

// NewWebhookSecret makes a signing secret for an Endpoint.
func NewWebhookSecret() string { return newID("whsec_", 32) }
