package stripe

// getIntent is GET /v1/payment_intents/{id}.
func (s *Server) getIntent(c *call) func(v *view) (any, *apiError) {
	return func(v *view) (any, *apiError) {
		found, ok := get(v, v.st.intents, c.object)
		if !ok {
			return nil, noSuch("payment_intent", c.object, "intent")
		}
		return v.intent(found, c.expand), nil
	}
}

// listIntents is GET /v1/payment_intents.
func (s *Server) listIntents(c *call) func(v *view) (any, *apiError) {
	pg := c.params.page()
	pg.created(c.params)
	return func(v *view) (any, *apiError) {
		return list(v.st.intents, pg, listing[paymentIntent]{
			kind: "payment_intent", path: c.path,
			created: func(x paymentIntent) int64 { return x.Created },
			render:  func(x paymentIntent) (any, *apiError) { return v.intent(x, c.expand.under("data")), nil },
		})
	}
}

// getCharge is GET /v1/charges/{id}.
func (s *Server) getCharge(c *call) func(v *view) (any, *apiError) {
	return func(v *view) (any, *apiError) {
		found, ok := get(v, v.st.charges, c.object)
		if !ok {
			return nil, noSuch("charge", c.object, "id")
		}
		return v.charge(found, c.expand), nil
	}
}

// listCharges is GET /v1/charges.
func (s *Server) listCharges(c *call) func(v *view) (any, *apiError) {
	pg := c.params.page()
	pg.created(c.params)
	intent := c.params.optional("payment_intent", 200)
	return func(v *view) (any, *apiError) {
		return list(v.st.charges, pg, listing[charge]{
			kind: "charge", path: c.path,
			created: func(x charge) int64 { return x.Created },
			wanted:  func(x charge) bool { return intent == "" || x.PaymentIntent == intent },
			render:  func(x charge) (any, *apiError) { return v.charge(x, c.expand.under("data")), nil },
		})
	}
}

// getBalance is GET /v1/balance: what was captured less what was refunded, is disputed or was paid out. Everything is available
// at once.
func (s *Server) getBalance(*call) func(v *view) (any, *apiError) {
	return func(v *view) (any, *apiError) {
		sums := v.sums()
		currencies := sums.currencies()
		available, pending := make([]any, 0, len(currencies)), make([]any, 0, len(currencies))
		for _, currency := range currencies {
			net := v.available(sums, currency)
			available = append(available, obj{"amount": net, "currency": currency, "source_types": obj{"card": net}})
			pending = append(pending, obj{"amount": 0, "currency": currency, "source_types": obj{"card": 0}})
		}
		return obj{"object": "balance", "livemode": false, "available": available, "pending": pending}, nil
	}
}
