package postgres

// auditMoney are the promises about money: whoever paid has a ticket or the money, and nobody has more.
var auditMoney = []auditQuery{
	{AuditPromise{"payment-is-settled", "a payment buys seats or is given back, soon"}, `
		SELECT 'payment ' || p.id, format('of booking %s, which is %s: received at %s, neither sold nor refunded', p.booking_id,
			coalesce(b.status::text, 'missing'), p.received_at)
		FROM payments p LEFT JOIN bookings b ON b.id = p.booking_id
		WHERE p.settled_as IS NULL AND p.received_at < @before`},
	{AuditPromise{"sale-is-paid", "a confirmed or completed booking has a payment that bought it"}, `
		SELECT 'booking ' || b.id, format('%s, but no payment bought it', b.status)
		FROM bookings b WHERE b.status IN ('confirmed', 'completed')
			AND NOT EXISTS (SELECT FROM payments p WHERE p.booking_id = b.id AND p.settled_as = 'sale')`},
	{AuditPromise{"sale-is-paid-once", "a booking is bought by one payment"}, `
		SELECT 'booking ' || p.booking_id, 'bought by the payments ' || string_agg(p.id::text, ' and ' ORDER BY p.id)
		FROM payments p WHERE p.settled_as = 'sale' GROUP BY p.booking_id HAVING count(*) > 1`},
	{AuditPromise{"sale-is-paid-exactly", "the payment that bought a booking is of its amount and currency"}, `
		SELECT 'payment ' || p.id, format('of %s %s bought booking %s for %s %s', p.amount_minor, p.currency, b.id, b.amount_minor, b.currency)
		FROM payments p JOIN bookings b ON b.id = p.booking_id
		WHERE p.settled_as = 'sale' AND (p.amount_minor <> b.amount_minor OR p.currency <> b.currency)`},
	{AuditPromise{"payment-bought-something", "a payment that bought a booking finds it sold, or sold and taken back"}, `
		SELECT 'payment ' || p.id, format('bought booking %s, which is %s', p.booking_id, coalesce(b.status::text, 'missing'))
		FROM payments p LEFT JOIN bookings b ON b.id = p.booking_id
		WHERE p.settled_as = 'sale' AND (b.status IN ('confirmed', 'completed', 'refunding', 'refunded')) IS NOT TRUE`},
	// The refund rows are written by the transaction that settles, or that undoes the sale.
	{AuditPromise{"refund-covers-payment", "what of a payment is to go back has its refunds, or, where one failed, a person who was asked"}, `
		SELECT 'payment ' || p.id, format('of booking %s, which is %s: %s of %s %s goes back%s', b.id, b.status, r.back, payment_owes(p), p.currency,
			', ' || nullif(r.failed, 0) || ' refunds failed')
		FROM payments p JOIN bookings b ON b.id = p.booking_id
		CROSS JOIN LATERAL (
			SELECT coalesce(sum(r.amount_minor) FILTER (WHERE r.state <> 'failed'), 0) AS back, count(*) FILTER (WHERE r.state = 'failed') AS failed
			FROM refunds r WHERE r.payment_id = p.id) r
		WHERE p.settled_as IS NOT NULL AND r.back < payment_owes(p) AND NOT EXISTS (SELECT FROM support_tasks t
			WHERE t.booking_id = p.booking_id AND t.closed_at IS NULL AND t.kind = 'refund-failed' AND t.key LIKE 'refund-failed:' || p.id || ':%')`},
	{AuditPromise{"refund-within-payment", "no more goes back than came in, in the currency that it came in"}, `
		SELECT 'payment ' || p.id, format('of booking %s: %s %s came in, %s goes back%s', p.booking_id, p.amount_minor, p.currency, sum(r.amount_minor),
			CASE WHEN bool_or(r.currency <> p.currency) THEN ', in ' || string_agg(DISTINCT r.currency, ' and ') END)
		FROM payments p JOIN refunds r ON r.payment_id = p.id WHERE r.state <> 'failed'
		GROUP BY p.id HAVING sum(r.amount_minor) > p.amount_minor OR bool_or(r.currency <> p.currency)`},
	// Banks may take days with a refund that was asked for; ours is to ask, and to tell when all of it arrived. One that the
	// provider's balance does not suffice for is asked for again each quarter of an hour.
	{AuditPromise{"refund-goes-on", "a refund is asked for soon, and ends its booking when it has arrived"}, `
		SELECT 'payment ' || r.payment_id, format('of booking %s: refund %s was requested at %s and not asked for', p.booking_id, r.n, r.requested_at)
		FROM refunds r JOIN payments p ON p.id = r.payment_id
		WHERE r.state = 'pending' AND r.provider_id IS NULL AND greatest(r.requested_at, r.short_at + interval '30 minutes') < @before
		UNION ALL
		SELECT 'booking ' || b.id, format('still refunding, its last refund arrived at %s', max(r.ended_at))
		FROM bookings b JOIN payments p ON p.booking_id = b.id JOIN refunds r ON r.payment_id = p.id
		WHERE b.status = 'refunding'
		GROUP BY b.id HAVING bool_and(r.state <> 'pending') AND max(r.ended_at) < @before
			AND sum(r.amount_minor) FILTER (WHERE r.state = 'succeeded')
				>= (SELECT sum(payment_owes(q)) FROM payments q WHERE q.booking_id = b.id)`},
	{AuditPromise{"refunded-has-arrived", "of a refunded booking no refund is still under way"}, `
		SELECT 'booking ' || b.id, format('refunded, but refund %s of payment %s is %s', r.n, p.id, r.state)
		FROM bookings b JOIN payments p ON p.booking_id = b.id JOIN refunds r ON r.payment_id = p.id
		WHERE b.status = 'refunded' AND p.settled_as IS NOT NULL AND r.state = 'pending'`},
	// Of those that are sold, money-balances asks.
	{AuditPromise{"booking-costs-its-tickets", "a booking that can be paid costs what its tickets do, with their fees; where these have a discount, it has a promotion"}, `
		SELECT 'booking ' || b.id, format('costs %s %s, its tickets %s, with a discount of %s%s', b.amount_minor, b.currency,
			sum(bt.price_minor + bt.fee_minor), sum(bt.discount_minor), CASE WHEN b.promotion_id IS NULL THEN ' and no promotion' END)
		FROM bookings b JOIN booking_tickets bt ON bt.booking_id = b.id
		GROUP BY b.id HAVING (b.status IN ('held', 'expired') AND b.amount_minor <> sum(bt.price_minor + bt.fee_minor))
			OR (b.promotion_id IS NULL AND sum(bt.discount_minor) > 0)`},
	// The money equation, of each booking and of each currency in sum. What is unsettled is told by payment-is-settled;
	// what has been promised back counts as back, and refunded-has-arrived asks for the rest. So does what a person was asked
	// to give back.
	{AuditPromise{"money-balances", "of all that is finished, what came in less what goes back is the price of the valid tickets and what was kept of others, less goodwill"}, `
		WITH lines AS (
			SELECT booking_id, kind, amount_minor, currency, ref FROM booking_ledger
			UNION ALL
			SELECT t.booking_id, 'refund', -(t.details ->> 'amount_minor')::bigint, t.details ->> 'currency', t.key
			FROM support_tasks t WHERE t.kind = 'refund-failed' AND t.closed_at IS NULL)
		SELECT coalesce('booking ' || l.booking_id, 'currency ' || l.currency),
			format('%s %s came in, %s goes back, the valid tickets are worth %s, %s was kept of others',
				coalesce(sum(l.amount_minor) FILTER (WHERE l.kind = 'capture'), 0), l.currency,
				coalesce(-sum(l.amount_minor) FILTER (WHERE l.kind = 'refund'), 0),
				coalesce(-sum(l.amount_minor) FILTER (WHERE l.kind IN ('ticket', 'discount', 'fee', 'goodwill')), 0),
				coalesce(-sum(l.amount_minor) FILTER (WHERE l.kind IN ('fee_kept', 'share_retained')), 0))
		FROM lines l JOIN bookings b ON b.id = l.booking_id
		WHERE b.status IN ('completed', 'expired', 'cancelled', 'refunded')
			AND l.ref NOT IN (SELECT p.id::text FROM payments p WHERE p.settled_as IS NULL)
		GROUP BY GROUPING SETS ((l.booking_id, l.currency), (l.currency))
		HAVING sum(l.amount_minor) <> 0`},
}

// auditRuns are the promises that nothing is forgotten: each open end has a time at which somebody looks.
var auditRuns = []auditQuery{
	{AuditPromise{"unfinished-is-checked", "a booking that is unfinished, or whose money or mail is, has a next check"}, `
		SELECT 'booking ' || b.id, format('%s, and nobody will look at it', b.status)
		FROM bookings b WHERE b.next_check_at IS NULL AND (b.status IN ('held', 'confirmed', 'refunding')
			OR EXISTS (SELECT FROM payments p WHERE p.booking_id = b.id AND p.settled_as IS NULL)
			OR EXISTS (SELECT FROM payments p JOIN refunds r ON r.payment_id = p.id WHERE p.booking_id = b.id AND r.state = 'pending')
			OR EXISTS (SELECT FROM emails e WHERE e.booking_id = b.id AND e.status = 'queued'))`},
	{AuditPromise{"check-is-kept", "a check that is due is made soon"}, `
		SELECT 'booking ' || b.id, format('%s, its check was due at %s: nobody sweeps', b.status, b.next_check_at)
		FROM bookings b WHERE b.next_check_at < @before`},
	{AuditPromise{"called-off-goes-on", "the bookings of an event that was called off are given back, all of them"}, `
		SELECT 'event ' || c.event_id, format('called off at %s, its check was due at %s: nobody sweeps', c.cancelled_at, c.next_check_at)
		FROM event_cancellations c WHERE c.next_check_at < @before
		UNION ALL
		SELECT 'booking ' || b.id, format('still %s, although its event was called off at %s and that is done', b.status, c.cancelled_at)
		FROM event_cancellations c JOIN bookings b ON b.event_id = c.event_id
		WHERE c.finished_at IS NOT NULL AND b.status IN ('held', 'confirmed', 'completed')`},
	{AuditPromise{"closed-booking-is-not-payable", "only a held booking has a payment page that can be paid"}, `
		SELECT 'attempt ' || a.id, format('live, but its booking %s is %s', a.booking_id, coalesce(b.status::text, 'missing'))
		FROM payment_attempts a LEFT JOIN bookings b ON b.id = a.booking_id
		WHERE a.state = 'live' AND b.status IS DISTINCT FROM 'held'`},
	// It waits for its booking's run; one that was parked until a moment ago has a payment as young. What is tried again, or was
	// given up, is not known to be ours: it is counted, and asked for below.
	{AuditPromise{"webhook-is-processed", "a webhook of ours has its effect soon"}, `
		SELECT 'webhook ' || w.stripe_event_id, format('%s of %s, booking %s, received at %s: %s', w.type, w.object_id,
			coalesce(w.booking_id::text, '(none)'), w.received_at, coalesce(w.outcome, 'no outcome'))
		FROM webhook_inbox w WHERE w.processed_at IS NULL AND w.next_try_at IS NULL AND w.given_up_at IS NULL AND w.received_at < @before
			AND NOT EXISTS (SELECT FROM payments p WHERE p.session_id = w.object_id AND p.received_at >= @before)`},
	// The last try is due within the longest pause after three days, and ends it, unless the provider gives no answer.
	{AuditPromise{"inbox-is-swept", "a webhook without an effect is tried again when that is due, and for three days"}, `
		SELECT 'webhook ' || w.stripe_event_id, format('%s of %s, received at %s, tried %s times, due again at %s: %s', w.type, w.object_id,
			w.received_at, w.tries, w.next_try_at, coalesce(w.outcome, 'no outcome'))
		FROM webhook_inbox w WHERE w.processed_at IS NULL AND w.next_try_at IS NOT NULL
			AND (w.next_try_at < @before OR w.received_at < @before::timestamptz - @patience::interval)`},
}
