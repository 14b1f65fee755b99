package stripe

// Expandable properties, by object. Deeper ones are spelled out, for each has to be looked up.
var (
	sessionExpansions = []string{"line_items", "payment_intent", "payment_intent.latest_charge"}
	intentExpansions  = []string{"latest_charge"}
	chargeExpansions  = []string{"payment_intent", "refunds"}
	refundExpansions  = []string{"charge", "payment_intent", "payment_intent.latest_charge"}
	disputeExpansions = []string{"charge", "payment_intent"}
)

func metadataOf(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// ref answers a property that refers to another object: its ID, null, or the object if it is to be expanded.
func ref[T any](v *view, t *table[T], id, property string, x expansion, render func(T, expansion) obj) any {
	if id == "" {
		return nil
	}
	if x.has(property) {
		if o, ok := get(v, t, id); ok {
			return render(o, x.under(property))
		}
	}
	return id
}

func (v *view) session(s session, x expansion) obj {
	o := obj{
		"id": s.ID, "object": "checkout.session", "livemode": false, "mode": "payment", "ui_mode": "hosted",
		"created": s.Created, "expires_at": s.ExpiresAt, "status": s.Status, "payment_status": s.PaymentStatus,
		"amount_subtotal": s.Amount, "amount_total": s.Amount, "currency": s.Currency,
		"total_details":       obj{"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
		"client_reference_id": orNil(s.ClientReferenceID), "metadata": metadataOf(s.Metadata),
		"customer": nil, "customer_creation": orNil(s.CustomerCreation), "customer_email": orNil(s.CustomerEmail),
		"customer_details": nil,
		"success_url":      s.SuccessURL, "cancel_url": orNil(s.CancelURL), "url": nil,
		"payment_intent":       ref(v, v.st.intents, s.PaymentIntent, "payment_intent", x, v.intent),
		"payment_method_types": []string{"card"}, "payment_method_collection": orNil(s.PaymentCollection),
		"payment_method_options":     obj{"card": obj{"request_three_d_secure": "automatic"}},
		"locale":                     orNil(s.Locale),
		"submit_type":                orNil(s.SubmitType),
		"billing_address_collection": orNil(s.BillingAddress),
		"automatic_tax":              obj{"enabled": false, "liability": nil, "status": nil},
		"phone_number_collection":    obj{"enabled": false},
		"custom_fields":              []any{},
		"custom_text":                obj{"after_submit": nil, "shipping_address": nil, "submit": nil, "terms_of_service_acceptance": nil},
		"shipping_options":           []any{},
	}
	for _, absent := range []string{
		"after_expiration", "allow_promotion_codes", "client_secret", "consent", "consent_collection", "currency_conversion", "invoice",
		"invoice_creation", "payment_link", "payment_method_configuration_details", "recovered_from", "setup_intent",
		"shipping_address_collection", "shipping_cost", "shipping_details", "subscription",
	} {
		o[absent] = nil
	}
	if email := s.buyer(); email != "" {
		o["customer_details"] = obj{"address": nil, "email": email, "name": nil, "phone": nil, "tax_exempt": "none", "tax_ids": []any{}}
	}
	if s.Status == statusOpen {
		o["url"] = v.st.pageURL(s.ID)
	}
	if x.has("line_items") {
		o["line_items"] = obj{"object": "list", "data": s.renderItems(), "has_more": false,
			"url": "/v1/checkout/sessions/" + s.ID + "/line_items"}
	}
	return o
}

func (s session) buyer() string {
	if s.PaidByEmail != "" {
		return s.PaidByEmail
	}
	return s.CustomerEmail
}

func (s session) renderItems() []any {
	items := make([]any, len(s.Items))
	for i, it := range s.Items {
		total := it.UnitAmount * it.Quantity
		items[i] = obj{
			"id": it.ID, "object": "item", "amount_discount": 0, "amount_subtotal": total, "amount_tax": 0, "amount_total": total,
			"currency": s.Currency, "description": it.Name, "quantity": it.Quantity,
			"price": obj{
				"id": it.Price, "object": "price", "active": false, "billing_scheme": "per_unit", "created": s.Created,
				"currency": s.Currency, "custom_unit_amount": nil, "livemode": false, "lookup_key": nil, "metadata": obj{},
				"nickname": nil, "product": it.Product, "recurring": nil, "tax_behavior": "unspecified", "tiers_mode": nil,
				"transform_quantity": nil, "type": "one_time", "unit_amount": it.UnitAmount,
				"unit_amount_decimal": decimal(it.UnitAmount),
			},
		}
	}
	return items
}

func (v *view) intent(i paymentIntent, x expansion) obj {
	received := int64(0)
	if i.Status == statusSucceeded {
		received = i.Amount
	}
	latest := ""
	if len(i.Charges) > 0 {
		latest = i.Charges[len(i.Charges)-1]
	}
	o := obj{
		"id": i.ID, "object": "payment_intent", "livemode": false, "amount": i.Amount, "amount_capturable": 0,
		"amount_received": received, "amount_details": obj{"tip": obj{}}, "currency": i.Currency, "status": i.Status,
		"created": i.Created, "client_secret": i.ClientSecret, "capture_method": "automatic", "confirmation_method": "automatic",
		"latest_charge":          ref(v, v.st.charges, latest, "latest_charge", x, v.charge),
		"payment_method":         orNil(i.PaymentMethod),
		"payment_method_options": obj{"card": obj{"installments": nil, "mandate_options": nil, "network": nil, "request_three_d_secure": "automatic"}},
		"payment_method_types":   []string{"card"},
		"metadata":               metadataOf(i.Data.Metadata), "description": orNil(i.Data.Description),
		"receipt_email": orNil(i.Data.ReceiptEmail), "statement_descriptor": orNil(i.Data.StatementDescriptor),
		"statement_descriptor_suffix": orNil(i.Data.StatementDescriptorSuffix),
		"canceled_at":                 nil, "cancellation_reason": nil, "last_payment_error": nil,
	}
	for _, absent := range []string{
		"application", "application_fee_amount", "automatic_payment_methods", "customer", "invoice", "next_action", "on_behalf_of",
		"payment_method_configuration_details", "processing", "review", "setup_future_usage", "shipping", "source", "transfer_data",
		"transfer_group",
	} {
		o[absent] = nil
	}
	if i.CanceledAt != 0 {
		o["canceled_at"], o["cancellation_reason"] = i.CanceledAt, "automatic"
	}
	if d := i.Decline; d != nil && i.Status != statusSucceeded {
		o["last_payment_error"] = obj{"type": "card_error", "charge": latest, "code": d.Code, "decline_code": d.DeclineCode,
			"message": d.Message, "doc_url": docsURL + "/error-codes/" + hyphens(d.Code)}
	}
	return o
}

func (v *view) charge(c charge, x expansion) obj {
	paid := c.Status == statusSucceeded
	captured := int64(0)
	if paid {
		captured = c.Amount
	}
	o := obj{
		"id": c.ID, "object": "charge", "livemode": false, "amount": c.Amount, "amount_captured": captured,
		"amount_refunded": c.Refunded, "currency": c.Currency, "captured": paid, "paid": paid, "status": c.Status,
		"refunded": paid && c.Refunded == c.Amount, "disputed": c.Dispute != "", "created": c.Created,
		"balance_transaction": orNil(c.BalanceTransaction),
		"billing_details":     obj{"address": noAddress(), "email": orNil(c.Email), "name": nil, "phone": nil},
		"payment_intent":      ref(v, v.st.intents, c.PaymentIntent, "payment_intent", x, v.intent),
		"payment_method":      c.PaymentMethod, "payment_method_details": obj{"type": "card", "card": c.Card.render()},
		"metadata": metadataOf(c.Data.Metadata), "description": orNil(c.Data.Description), "receipt_email": orNil(c.Data.ReceiptEmail),
		"statement_descriptor":            orNil(c.Data.StatementDescriptor),
		"statement_descriptor_suffix":     orNil(c.Data.StatementDescriptorSuffix),
		"calculated_statement_descriptor": "SIMULATOR", "fraud_details": obj{}, "failure_code": nil, "failure_message": nil,
		"outcome": c.outcome(), "receipt_url": nil,
	}
	for _, absent := range []string{
		"application", "application_fee", "application_fee_amount", "customer", "destination", "dispute", "failure_balance_transaction",
		"invoice", "on_behalf_of", "order", "receipt_number", "review", "shipping", "source", "source_transfer", "transfer_data",
		"transfer_group",
	} {
		o[absent] = nil
	}
	o["dispute"] = orNil(c.Dispute)
	if c.Decline != nil {
		o["failure_code"], o["failure_message"] = c.Decline.Code, c.Decline.Message
	}
	if x.has("refunds") {
		o["refunds"] = obj{"object": "list", "url": "/v1/charges/" + c.ID + "/refunds", "has_more": false, "data": v.refundsOf(c)}
	}
	return o
}

// refundsOf lists a charge's refunds, newest first.
func (v *view) refundsOf(c charge) []any {
	data := []any{}
	for i := len(c.Refunds) - 1; i >= 0; i-- {
		if r, ok := get(v, v.st.refunds, c.Refunds[i]); ok {
			data = append(data, v.refund(r, nil))
		}
	}
	return data
}

func (c charge) outcome() obj {
	if c.Decline != nil {
		return obj{"network_status": "declined_by_network", "reason": orNil(c.Decline.DeclineCode), "risk_level": "normal", "risk_score": 20,
			"seller_message": "The bank did not return any further details with this decline.", "type": "issuer_declined"}
	}
	return obj{"network_status": "approved_by_network", "reason": nil, "risk_level": "normal", "risk_score": 20,
		"seller_message": "Payment complete.", "type": "authorized"}
}

func (c cardOnFile) render() obj {
	return obj{
		"brand": c.Brand, "last4": c.Last4, "exp_month": c.ExpMonth, "exp_year": c.ExpYear, "country": "US", "funding": "credit",
		"network": c.Brand, "fingerprint": nil, "installments": nil, "mandate": nil, "three_d_secure": nil, "wallet": nil,
		"checks": obj{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
	}
}

func noAddress() obj {
	return obj{"city": nil, "country": nil, "line1": nil, "line2": nil, "postal_code": nil, "state": nil}
}

func (v *view) refund(r refund, x expansion) obj {
	o := obj{
		"id": r.ID, "object": "refund", "amount": r.Amount, "currency": r.Currency, "status": r.Status, "created": r.Created,
		"charge":              ref(v, v.st.charges, r.Charge, "charge", x, v.charge),
		"payment_intent":      ref(v, v.st.intents, r.PaymentIntent, "payment_intent", x, v.intent),
		"balance_transaction": orNil(r.BalanceTransaction), "reason": orNil(r.Reason), "metadata": metadataOf(r.Metadata),
		"destination_details": obj{"type": "card", "card": obj{"reference_status": "pending",
			"reference_type": "acquirer_reference_number", "type": "refund"}},
		"receipt_number": nil, "source_transfer_reversal": nil, "transfer_reversal": nil,
	}
	if r.Status == statusFailed {
		o["failure_reason"], o["failure_balance_transaction"] = r.FailureReason, r.FailureBalanceChange
	}
	return o
}

func (v *view) dispute(d dispute, x expansion) obj {
	evidence := obj{"enhanced_evidence": obj{}}
	for _, name := range []string{
		"access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure", "cancellation_rebuttal",
		"customer_communication", "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature",
		"duplicate_charge_documentation", "duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt",
		"refund_policy", "refund_policy_disclosure", "refund_refusal_explanation", "service_date", "service_documentation",
		"shipping_address", "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number",
		"uncategorized_file", "uncategorized_text",
	} {
		evidence[name] = nil
	}
	const week = 7 * 24 * 3600
	return obj{
		"id": d.ID, "object": "dispute", "livemode": false, "amount": d.Amount, "currency": d.Currency, "created": d.Created,
		"charge":         ref(v, v.st.charges, d.Charge, "charge", x, v.charge),
		"payment_intent": ref(v, v.st.intents, d.PaymentIntent, "payment_intent", x, v.intent),
		"reason":         d.Reason, "status": d.Status, "is_charge_refundable": d.Status == inquiry, "metadata": obj{},
		"balance_transactions": []any{}, "balance_transaction": nil, "evidence": evidence,
		"enhanced_eligibility_types": []any{},
		"evidence_details": obj{"due_by": d.Created + week, "has_evidence": false, "past_due": false, "submission_count": 0,
			"enhanced_eligibility": obj{}},
		"payment_method_details": obj{"type": "card", "card": obj{"brand": d.Brand, "case_type": "chargeback", "network": d.Brand,
			"network_reason_code": "83"}},
	}
}
