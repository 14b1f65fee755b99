package stripe

import (
	"errors"
	"fmt"
	"net/http"
)

// What people and banks do, and no API request: refunds made in Stripe's dashboard, which carry no metadata of ours, refunds
// that a bank sends back at a later time, disputes and their end.

// refundByHand is POST /_sim/refunds: a refund made in the dashboard. Without an amount it is all that is left.
func (s *Server) refundByHand(w http.ResponseWriter, r *http.Request) {
	var in struct {
		PaymentIntent string `json:"payment_intent"`
		Amount        int64  `json:"amount_minor"`
	}
	if !s.decodeSim(w, r, &in) {
		return
	}
	s.simChange(w, func(t *tx) (any, *apiError) {
		from, e := t.refundable(in.PaymentIntent, "")
		if e != nil {
			return nil, e
		}
		left := from.Amount - from.Refunded
		if in.Amount == 0 {
			in.Amount = left
		}
		if in.Amount < 1 || in.Amount > left {
			return nil, refuse("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
				money(in.Amount, from.Currency), money(left, from.Currency))
		}
		made := s.refund(t, from, refund{Amount: in.Amount, Reason: "requested_by_customer"}, cause{})
		return t.refund(made, nil), nil
	})
}

// failRefund is POST /_sim/refunds/{id}/fail: the bank sends the money back.
func (s *Server) failRefund(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	s.simChange(w, func(t *tx) (any, *apiError) {
		s.refundFails(t, id)
		failed, ok := get(&t.view, t.st.refunds, id)
		if !ok {
			return nil, noSuch("refund", id, "id")
		}
		return t.refund(failed, nil), nil
	})
}

// disputeByHand is POST /_sim/disputes: the cardholder's bank takes the money of a payment, or only asks about it.
func (s *Server) disputeByHand(w http.ResponseWriter, r *http.Request) {
	var in struct {
		PaymentIntent string `json:"payment_intent"`
		Inquiry       bool   `json:"inquiry"`
	}
	if !s.decodeSim(w, r, &in) {
		return
	}
	status := needsResponse
	if in.Inquiry {
		status = inquiry
	}
	s.simChange(w, func(t *tx) (any, *apiError) {
		intent, ok := get(&t.view, t.st.intents, in.PaymentIntent)
		if !ok || len(intent.Charges) == 0 {
			return nil, noSuch("payment_intent", in.PaymentIntent, "payment_intent")
		}
		opened, ok := s.openDispute(t, intent.Charges[len(intent.Charges)-1], status)
		if !ok {
			return nil, refuse("", "payment_intent", "There is nothing to dispute.")
		}
		return t.dispute(opened, nil), nil
	})
}

// decideDispute is POST /_sim/disputes/{id}/close: the bank decides. Of an inquiry it ends the asking.
func (s *Server) decideDispute(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Status string `json:"status"`
	}
	if !s.decodeSim(w, r, &in) {
		return
	}
	if in.Status != disputeWon && in.Status != disputeLost && in.Status != "warning_closed" {
		s.simError(w, http.StatusBadRequest, errors.New("status must be won, lost or warning_closed"))
		return
	}
	id := r.PathValue("id")
	s.simChange(w, func(t *tx) (any, *apiError) {
		open, ok := get(&t.view, t.st.disputes, id)
		if !ok {
			return nil, noSuch("dispute", id, "id")
		}
		return t.dispute(s.closeDispute(t, open, in.Status), nil), nil
	})
}

// simChange makes a change and answers with what it gives.
func (s *Server) simChange(w http.ResponseWriter, change func(t *tx) (any, *apiError)) {
	s.settleDue(s.clock.Now())
	var answer any
	err := s.store.update(func(t *tx) error {
		var e *apiError
		if answer, e = change(t); e != nil {
			return e
		}
		return nil
	})
	if known, ok := errors.AsType[*apiError](err); ok {
		s.simError(w, known.status, known)
		return
	}
	if err != nil {
		s.simError(w, http.StatusInternalServerError, fmt.Errorf("store the change: %w", err))
		return
	}
	s.writeJSON(w, http.StatusOK, answer)
}
