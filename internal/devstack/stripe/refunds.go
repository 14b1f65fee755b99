package stripe

import (
	"net/http"
	"slices"
)

// createRefund is POST /v1/refunds.
func (s *Server) createRefund(c *call) func(t *tx) (any, *apiError) {
	p := c.params
	intentID, chargeID := p.optional("payment_intent", 200), p.optional("charge", 200)
	amount, partial := p.integer("amount")
	wanted := refund{
		Amount: amount, Metadata: p.metadata(),
		Reason: p.oneOf("reason", "duplicate", "fraudulent", "requested_by_customer"),
	}
	p.oneOf("reverse_transfer", "false") // there is no Connect here
	p.oneOf("refund_application_fee", "false")
	switch {
	case intentID == "" && chargeID == "":
		p.fail(invalid(http.StatusBadRequest, "parameter_missing", "",
			"One of the following params should be provided for this request: payment_intent or charge."))
	case partial && amount < 1:
		p.fail(invalid(http.StatusBadRequest, "parameter_invalid_integer", "amount", "Invalid positive integer"))
	}
	return func(t *tx) (any, *apiError) {
		from, e := t.refundable(intentID, chargeID)
		if e != nil {
			return nil, e
		}
		remainder := from.Amount - from.Refunded
		switch {
		case remainder == 0:
			return nil, refuse("charge_already_refunded", "", "Charge %s has already been refunded.", from.ID)
		case !partial:
			wanted.Amount = remainder
		case wanted.Amount > remainder:
			return nil, refuse("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
				money(wanted.Amount, from.Currency), money(remainder, from.Currency))
		}
		if !t.covers(wanted.Amount, from.Currency) {
			return nil, refuse("balance_insufficient", "", "Insufficient funds in your Stripe balance to refund this amount.")
		}
		return t.refund(s.refund(t, from, wanted, c.cause()), c.expand), nil
	}
}

// refundable finds the charge that a refund names, if money can come from it.
func (t *tx) refundable(intentID, chargeID string) (charge, *apiError) {
	if intentID != "" {
		intent, ok := get(&t.view, t.st.intents, intentID)
		if !ok {
			return charge{}, noSuch("payment_intent", intentID, "payment_intent")
		}
		if intent.Status != statusSucceeded {
			return charge{}, refuse("", "payment_intent", "This PaymentIntent (%s) does not have a successful charge to refund.", intentID)
		}
		latest := intent.Charges[len(intent.Charges)-1]
		if chargeID != "" && chargeID != latest {
			return charge{}, refuse("", "charge", "The charge %s does not belong to the PaymentIntent %s.", chargeID, intentID)
		}
		chargeID = latest
	}
	from, ok := get(&t.view, t.st.charges, chargeID)
	switch {
	case !ok:
		return charge{}, noSuch("charge", chargeID, "charge")
	case from.Status != statusSucceeded:
		return charge{}, refuse("charge_not_refundable", "charge", "Charge %s is not refundable: it did not succeed.", chargeID)
	case t.takenFrom(from):
		return charge{}, refuse("charge_disputed", "charge", "Charge %s has been charged back; cannot issue a refund.", chargeID)
	}
	return from, nil
}

// takenFrom reports whether the cardholder's bank has the charge's money.
func (v *view) takenFrom(c charge) bool {
	d, ok := get(v, v.st.disputes, c.Dispute)
	return ok && d.takes()
}

// refund makes the refund. Which state it begins in, and what becomes of it, depends on the card.
func (s *Server) refund(t *tx, from charge, made refund, why cause) refund {
	made.ID, made.Charge, made.PaymentIntent = newRefundID(), from.ID, from.PaymentIntent
	made.Currency, made.Created = from.Currency, s.clock.unix()
	made.Status, made.BalanceTransaction = statusSucceeded, newBalanceTransactionID()
	switch from.Card.Behaviour {
	case refundsLater:
		made.Status = statusPending
		s.schedule(t, choreRefundSucceeds, made.ID)
	case refundFails:
		s.schedule(t, choreRefundFails, made.ID)
	case pays, disputedAsFraud: // succeeded it stays
	}
	before := obj{"amount_refunded": from.Refunded}
	from.Refunded += made.Amount
	from.Refunds = append(slices.Clone(from.Refunds), made.ID)
	put(t, t.st.refunds, made.ID, made)
	put(t, t.st.charges, from.ID, from)
	s.emit(t, "charge.refunded", t.charge(from, nil), before, why)
	return made
}

func (s *Server) refundSucceeds(t *tx, id string) {
	r, ok := get(&t.view, t.st.refunds, id)
	if !ok || r.Status != statusPending {
		return
	}
	r.Status = statusSucceeded
	put(t, t.st.refunds, id, r)
	s.emit(t, "charge.refund.updated", t.refund(r, nil), obj{"status": statusPending}, cause{})
}

// refundFails takes a refund back: its money is on our balance again, and can be refunded once more.
func (s *Server) refundFails(t *tx, id string) {
	r, ok := get(&t.view, t.st.refunds, id)
	if !ok || r.Status == statusFailed {
		return
	}
	before := obj{"status": r.Status}
	r.Status, r.FailureReason, r.FailureBalanceChange = statusFailed, "expired_or_canceled_card", newBalanceTransactionID()
	put(t, t.st.refunds, id, r)
	if from, ok := get(&t.view, t.st.charges, r.Charge); ok {
		from.Refunded -= r.Amount
		put(t, t.st.charges, from.ID, from)
	}
	s.emit(t, "charge.refund.updated", t.refund(r, nil), before, cause{})
}

// getRefund is GET /v1/refunds/{id}.
func (s *Server) getRefund(c *call) func(v *view) (any, *apiError) {
	return func(v *view) (any, *apiError) {
		found, ok := get(v, v.st.refunds, c.object)
		if !ok {
			return nil, noSuch("refund", c.object, "id")
		}
		return v.refund(found, c.expand), nil
	}
}

// listRefunds is GET /v1/refunds.
func (s *Server) listRefunds(c *call) func(v *view) (any, *apiError) {
	pg := c.params.page()
	pg.created(c.params)
	intent, of := c.params.optional("payment_intent", 200), c.params.optional("charge", 200)
	return func(v *view) (any, *apiError) {
		return list(v.st.refunds, pg, listing[refund]{
			kind: "refund", path: c.path,
			created: func(x refund) int64 { return x.Created },
			wanted: func(x refund) bool {
				return (intent == "" || x.PaymentIntent == intent) && (of == "" || x.Charge == of)
			},
			render: func(x refund) (any, *apiError) { return v.refund(x, c.expand.under("data")), nil },
		})
	}
}
