package stripe

import (
	"net/http"
	"slices"
	"time"
)

// States, as Stripe names them.
const (
	statusOpen      = "open"
	statusComplete  = "complete"
	statusExpired   = "expired"
	statusSucceeded = "succeeded"
	statusFailed    = "failed"
	statusPending   = "pending"
	statusCanceled  = "canceled"
	needsMethod     = "requires_payment_method"
	unpaid          = "unpaid"
	paid            = "paid"
)

const (
	shortestSession = 30 * time.Minute
	longestSession  = 24 * time.Hour
	largestAmount   = 99999999 // Stripe's limit: eight digits
)

// createSession is POST /v1/checkout/sessions.
func (s *Server) createSession(c *call) func(t *tx) (any, *apiError) {
	now := s.clock.unix()
	made := c.readSession(now)
	return func(t *tx) (any, *apiError) {
		made.ID = newSessionID()
		put(t, t.st.sessions, made.ID, made)
		t.after = append(t.after, func() { s.chores.add(time.Unix(made.ExpiresAt, 0), made.ID) })
		return t.session(made, c.expand), nil
	}
}

func (c *call) readSession(now int64) session {
	p := c.params
	made := session{
		Status: statusOpen, PaymentStatus: unpaid, Created: now,
		SuccessURL:        c.successURL(),
		CancelURL:         p.link("cancel_url"),
		ClientReferenceID: p.optional("client_reference_id", 200),
		CustomerEmail:     p.email("customer_email"),
		Metadata:          p.metadata(),
		Locale:            p.optional("locale", 10),
		SubmitType:        p.oneOf("submit_type", "auto", "book", "donate", "pay"),
		BillingAddress:    p.oneOf("billing_address_collection", "auto", "required"),
		CustomerCreation:  p.oneOf("customer_creation", "always", "if_required"),
		PaymentCollection: "if_required",
	}
	if made.CustomerCreation == "" {
		made.CustomerCreation = "if_required"
	}
	if mode := p.oneOf("mode", "payment", "setup", "subscription"); mode != "payment" {
		p.fail(modeError(mode))
	}
	if ui := p.oneOf("ui_mode", "hosted", "embedded"); ui == "embedded" {
		p.fail(invalid(http.StatusBadRequest, "", "ui_mode", "This simulator has hosted pages only."))
	}
	c.readItems(&made)
	c.readMethods()
	made.Intent = c.readIntentData()
	made.ExpiresAt = c.readExpiry(now)
	return made
}

func (c *call) successURL() string {
	if _, ok := c.params.node.kids["success_url"]; !ok {
		c.params.fail(missing("success_url"))
	}
	return c.params.link("success_url")
}

func modeError(mode string) *apiError {
	if mode == "" {
		return missing("mode")
	}
	return invalid(http.StatusBadRequest, "", "mode", "This simulator has sessions of mode payment only, not %s.", mode)
}

// readItems reads the line items and sums them up.
func (c *call) readItems(made *session) {
	p := c.params
	items := p.list("line_items")
	if len(items) == 0 {
		p.fail(missing("line_items"))
		return
	}
	if len(items) > 100 {
		p.fail(invalid(http.StatusBadRequest, "", "line_items", "A Checkout Session has at most 100 line items."))
		return
	}
	for _, p := range items {
		item, currency := readItem(p)
		if made.Currency == "" {
			made.Currency = currency
		}
		if currency != made.Currency {
			p.fail(invalid(http.StatusBadRequest, "", p.key("price_data"), "All prices on a Checkout Session must have the same currency; "+
				"%s was expected, but %s was given.", made.Currency, currency))
		}
		if item.UnitAmount > largestAmount { // below it, no sum of 100 items can overflow
			p.fail(amountTooLarge(p.key("price_data")))
			continue
		}
		made.Amount += item.UnitAmount * item.Quantity
		made.Items = append(made.Items, item)
	}
	switch {
	case made.Amount > largestAmount:
		p.fail(amountTooLarge("line_items"))
	case made.Amount < 1:
		p.fail(invalid(http.StatusBadRequest, "amount_too_small", "line_items", "The Checkout Session's total amount must be more than zero."))
	}
}

func amountTooLarge(param string) *apiError {
	return invalid(http.StatusBadRequest, "amount_too_large", param,
		"The Checkout Session's total amount must be no more than %d in the currency's smallest unit.", largestAmount)
}

func readItem(p *params) (lineItem, string) {
	item := lineItem{ID: newLineItemID(), Price: newPriceID(), Product: newProductID()}
	price, ok := p.text("price", 200)
	if ok {
		p.fail(noSuch("price", price, p.key("price")))
	}
	if item.Quantity, ok = p.integer("quantity"); !ok {
		p.fail(missing(p.key("quantity")))
	} else if item.Quantity < 1 || item.Quantity > 999999 {
		p.fail(invalid(http.StatusBadRequest, "parameter_invalid_integer", p.key("quantity"), "This value must be between 1 and 999999."))
	}
	data := p.sub("price_data")
	if data == nil {
		p.fail(missing(p.key("price_data")))
		return item, ""
	}
	currency := data.currency("currency")
	if item.UnitAmount, ok = data.integer("unit_amount"); !ok {
		data.fail(missing(data.key("unit_amount")))
	} else if item.UnitAmount < 0 {
		data.fail(invalid(http.StatusBadRequest, "parameter_invalid_integer", data.key("unit_amount"), "Invalid non-negative integer"))
	}
	data.oneOf("tax_behavior", "exclusive", "inclusive", "unspecified")
	product := data.sub("product_data")
	if product == nil {
		data.fail(missing(data.key("product_data")))
		return item, currency
	}
	item.Name = product.required("name", 5000)
	item.Description = product.optional("description", 40000)
	product.words("images")
	product.metadata()
	return item, currency
}

func (c *call) readMethods() {
	methods := c.params.words("payment_method_types")
	if i := slices.IndexFunc(methods, func(m string) bool { return m != "card" }); i >= 0 {
		c.params.fail(invalid(http.StatusBadRequest, "", "payment_method_types", "The payment method type provided: %s is invalid. "+
			"This simulator takes cards only.", methods[i]))
	}
}

func (c *call) readIntentData() intentData {
	p := c.params.sub("payment_intent_data")
	if p == nil {
		return intentData{}
	}
	p.oneOf("capture_method", "automatic", "automatic_async")
	return intentData{
		Metadata: p.metadata(), Description: p.optional("description", 1000), ReceiptEmail: p.email("receipt_email"),
		StatementDescriptor:       p.optional("statement_descriptor", 22),
		StatementDescriptorSuffix: p.optional("statement_descriptor_suffix", 22),
	}
}

func (c *call) readExpiry(now int64) int64 {
	at, ok := c.params.integer("expires_at")
	switch {
	case !ok:
		return now + int64(longestSession.Seconds())
	case at < now+int64(shortestSession.Seconds()):
		c.params.fail(invalid(http.StatusBadRequest, "", "expires_at",
			"The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."))
	case at > now+int64(longestSession.Seconds()):
		c.params.fail(invalid(http.StatusBadRequest, "", "expires_at",
			"The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."))
	}
	return at
}

// getSession is GET /v1/checkout/sessions/{id}.
func (s *Server) getSession(c *call) func(v *view) (any, *apiError) {
	return func(v *view) (any, *apiError) {
		found, ok := get(v, v.st.sessions, c.object)
		if !ok {
			return nil, noSuch("checkout.session", c.object, "session")
		}
		return v.session(found, c.expand), nil
	}
}

// listSessions is GET /v1/checkout/sessions.
func (s *Server) listSessions(c *call) func(v *view) (any, *apiError) {
	pg := c.params.page()
	pg.created(c.params)
	intent := c.params.optional("payment_intent", 200)
	status := c.params.oneOf("status", statusComplete, statusExpired, statusOpen)
	return func(v *view) (any, *apiError) {
		return list(v.st.sessions, pg, listing[session]{
			kind: "checkout.session", path: c.path,
			created: func(x session) int64 { return x.Created },
			wanted: func(x session) bool {
				return (intent == "" || x.PaymentIntent == intent) && (status == "" || x.Status == status)
			},
			render: func(x session) (any, *apiError) { return v.session(x, c.expand.under("data")), nil },
		})
	}
}

// listLineItems is GET /v1/checkout/sessions/{id}/line_items.
func (s *Server) listLineItems(c *call) func(v *view) (any, *apiError) {
	pg := c.params.page()
	return func(v *view) (any, *apiError) {
		found, ok := get(v, v.st.sessions, c.object)
		if !ok {
			return nil, noSuch("checkout.session", c.object, "session")
		}
		items := newTable[any]("item")
		rendered := found.renderItems()
		for i := len(rendered) - 1; i >= 0; i-- { // the list shows the last one put first
			items.set(found.Items[i].ID, rendered[i])
		}
		return list(items, pg, listing[any]{
			kind: "line_item", path: c.path,
			created: func(any) int64 { return found.Created },
			render:  func(x any) (any, *apiError) { return x, nil },
		})
	}
}

// expireSession is POST /v1/checkout/sessions/{id}/expire.
func (s *Server) expireSession(c *call) func(t *tx) (any, *apiError) {
	return func(t *tx) (any, *apiError) {
		found, ok := get(&t.view, t.st.sessions, c.object)
		if !ok {
			return nil, noSuch("checkout.session", c.object, "session")
		}
		if found.Status != statusOpen {
			return nil, refuse("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status "+
				"of `%s`.", found.Status)
		}
		return t.session(s.expire(t, found, c.cause()), c.expand), nil
	}
}

// expire ends an open session; a payment that was tried and failed on it is cancelled.
func (s *Server) expire(t *tx, old session, why cause) session {
	expired := old
	expired.Status = statusExpired
	put(t, t.st.sessions, expired.ID, expired)
	if intent, ok := get(&t.view, t.st.intents, old.PaymentIntent); ok && intent.Status == needsMethod {
		intent.Status, intent.CanceledAt = statusCanceled, s.clock.unix()
		put(t, t.st.intents, intent.ID, intent)
		s.emit(t, "payment_intent.canceled", t.intent(intent, nil), nil, why)
	}
	s.emit(t, "checkout.session.expired", t.session(expired, nil), nil, why)
	return expired
}
