package postgres

// auditTasks are the promises about what only a person can decide: it has an open task as long as it is so, and no longer.
var auditTasks = []auditQuery{
	{AuditPromise{"failed-task-has-its-debt", "an open task about a failed refund is of a payment that owes money which is not on its way"}, `
		SELECT 'task ' || t.id, format('open since %s, but payment %s owes nothing that is not on its way', t.opened_at, p.id)
		FROM support_tasks t LEFT JOIN payments p ON t.key LIKE 'refund-failed:' || p.id || ':%' AND p.booking_id = t.booking_id
		WHERE t.kind = 'refund-failed' AND t.closed_at IS NULL AND (payment_owes(p) > (SELECT coalesce(sum(r.amount_minor), 0)
			FROM refunds r WHERE r.payment_id = p.id AND r.state <> 'failed')) IS NOT TRUE`},
	{AuditPromise{"undecided-is-asked", "money that went back for nobody knows what has an open task, and what is decided has none"}, `
		SELECT 'payment ' || r.payment_id, format('refund %s: of %s %s nobody knows what they were for%s', r.n, r.undecided_minor, r.currency,
			CASE WHEN r.undecided_minor = 0 THEN ', says an open task' ELSE ', and nobody is asked' END)
		FROM refunds r LEFT JOIN support_tasks t ON t.key = 'refund-by-hand:' || r.payment_id || ':' || r.n AND t.closed_at IS NULL
		WHERE (r.undecided_minor > 0) <> (t.id IS NOT NULL)`},
	{AuditPromise{"undecided-is-goodwill", "money that went back for nobody knows what counts as goodwill"}, `
		SELECT 'payment ' || p.id, format('%s %s went back undecided, %s are goodwill', sum(r.undecided_minor), p.currency, p.goodwill_minor)
		FROM payments p JOIN refunds r ON r.payment_id = p.id GROUP BY p.id HAVING sum(r.undecided_minor) > p.goodwill_minor`},
	{AuditPromise{"dispute-is-asked", "a dispute that is open has an open task, and one that has ended has none"}, `
		SELECT 'dispute ' || d.id, format('of payment %s: %s, and its task is %s', d.payment_id, d.state, CASE WHEN t.id IS NULL THEN 'missing' ELSE 'open' END)
		FROM disputes d LEFT JOIN support_tasks t ON t.key = 'dispute:' || d.id AND t.closed_at IS NULL
		WHERE (d.closed_at IS NULL) <> (t.id IS NOT NULL)`},
	// Where there was no room for it, it counts once another refund has failed; in other money than the payment's it cannot.
	{AuditPromise{"lost-dispute-counts", "what a lost dispute took counts as given back, and what another took does not"}, `
		SELECT 'dispute ' || d.id, format('of payment %s: %s, and its refund is %s', d.payment_id, d.state, coalesce(r.state::text, 'missing'))
		FROM disputes d JOIN payments p ON p.id = d.payment_id AND p.currency = d.currency LEFT JOIN refunds r ON r.provider_id = d.id
		WHERE (d.state = 'lost') <> (coalesce(r.state <> 'failed' OR r.failure = 'no room beside the others', false))`},
}
