package stripe

// Statuses of disputes. Those of an inquiry take no money.
const (
	needsResponse = "needs_response"
	inquiry       = "warning_needs_response"
	disputeWon    = "won"
	disputeLost   = "lost"
)

// takes reports whether the bank has the disputed money, until it decides or for good.
func (d dispute) takes() bool { return d.Status == needsResponse || d.Status == disputeLost }

// openDispute is what the cardholder's bank does: it takes the money back and says the cardholder never bought anything; or,
// with an inquiry, it only asks. What was refunded before is not disputed; a charge refunded in full is left alone.
func (s *Server) openDispute(t *tx, chargeID, status string) (opened dispute, ok bool) {
	c, ok := get(&t.view, t.st.charges, chargeID)
	if !ok || c.Dispute != "" || c.Refunded == c.Amount {
		return dispute{}, false
	}
	d := dispute{
		ID: newDisputeID(), Charge: c.ID, PaymentIntent: c.PaymentIntent, Amount: c.Amount - c.Refunded, Currency: c.Currency,
		Reason: "fraudulent", Status: status, Brand: c.Card.Brand, Created: s.clock.unix(),
	}
	c.Dispute = d.ID
	put(t, t.st.disputes, d.ID, d)
	put(t, t.st.charges, c.ID, c)
	s.emit(t, "charge.dispute.created", t.dispute(d, nil), nil, cause{})
	if d.takes() {
		s.emit(t, "charge.dispute.funds_withdrawn", t.dispute(d, nil), nil, cause{})
	}
	return d, true
}

// closeDispute is the bank's decision.
func (s *Server) closeDispute(t *tx, d dispute, status string) dispute {
	before, took := obj{"status": d.Status}, d.takes()
	d.Status = status
	put(t, t.st.disputes, d.ID, d)
	s.emit(t, "charge.dispute.closed", t.dispute(d, nil), before, cause{})
	if took && !d.takes() {
		s.emit(t, "charge.dispute.funds_reinstated", t.dispute(d, nil), nil, cause{})
	}
	return d
}

// getDispute is GET /v1/disputes/{id}.
func (s *Server) getDispute(c *call) func(v *view) (any, *apiError) {
	return func(v *view) (any, *apiError) {
		found, ok := get(v, v.st.disputes, c.object)
		if !ok {
			return nil, noSuch("dispute", c.object, "id")
		}
		return v.dispute(found, c.expand), nil
	}
}

// listDisputes is GET /v1/disputes.
func (s *Server) listDisputes(c *call) func(v *view) (any, *apiError) {
	pg := c.params.page()
	pg.created(c.params)
	intent, of := c.params.optional("payment_intent", 200), c.params.optional("charge", 200)
	return func(v *view) (any, *apiError) {
		return list(v.st.disputes, pg, listing[dispute]{
			kind: "dispute", path: c.path,
			created: func(x dispute) int64 { return x.Created },
			wanted: func(x dispute) bool {
				return (intent == "" || x.PaymentIntent == intent) && (of == "" || x.Charge == of)
			},
			render: func(x dispute) (any, *apiError) { return v.dispute(x, c.expand.under("data")), nil },
		})
	}
}
