package postgres

// Details are written with NULLs in mind: an audit also meets rows that no constraint would let in.

// auditSeats are the promises about seats: sold once, to who paid, and never stuck.
var auditSeats = []auditQuery{
	{AuditPromise{"seat-sold-once", "no two confirmed or completed bookings have the same seat"}, `
		SELECT 'ticket ' || bt.ticket_id, 'sold to the bookings ' || string_agg(b.id::text, ' and ' ORDER BY b.id)
		FROM booking_tickets bt JOIN bookings b ON b.id = bt.booking_id
		WHERE bt.released_at IS NULL AND b.status IN ('confirmed', 'completed')
		GROUP BY bt.ticket_id HAVING count(*) > 1`},
	{AuditPromise{"seat-admits-once", "a seat has at most one valid admission"}, `
		SELECT 'ticket ' || a.ticket_id, count(*) || ' valid admissions: ' || string_agg(a.id || ' of booking ' || a.booking_id, ', ' ORDER BY a.id)
		FROM admissions a WHERE a.voided_at IS NULL GROUP BY a.ticket_id HAVING count(*) > 1`},
	{AuditPromise{"sold-seat-has-its-sale", "a sold seat belongs to a confirmed or completed booking that booked it, and to its buyer"}, `
		SELECT 'ticket ' || t.id, CASE
			WHEN b.id IS NULL THEN format('sold to the booking %s, which there is not', coalesce(t.booking_id::text, '(none)'))
			WHEN b.status NOT IN ('confirmed', 'completed') THEN format('sold to booking %s, which is %s', b.id, b.status)
			WHEN bt.ticket_id IS NULL THEN format('sold to booking %s, which did not book it', b.id)
			WHEN bt.released_at IS NOT NULL THEN format('sold to booking %s, which let it go at %s', b.id, bt.released_at)
			ELSE format('sold to booking %s of user %s, but held by user %s', b.id, b.user_id, coalesce(t.holder_id::text, '(none)')) END
		FROM tickets t
		LEFT JOIN bookings b ON b.id = t.booking_id
		LEFT JOIN booking_tickets bt ON bt.booking_id = t.booking_id AND bt.ticket_id = t.id
		WHERE t.state = 'sold' AND (b.id IS NULL OR b.status NOT IN ('confirmed', 'completed') OR bt.ticket_id IS NULL
			OR bt.released_at IS NOT NULL OR t.holder_id IS DISTINCT FROM b.user_id)`},
	// A seat that another sale has, too, is told once, by seat-sold-once.
	{AuditPromise{"sale-has-its-seats", "every seat of a confirmed or completed booking is sold to it, and it has one at least"}, `
		SELECT 'booking ' || b.id, format('%s, but its ticket %s is %s%s', b.status, t.id, t.state, ', of booking ' || t.booking_id)
		FROM bookings b
		JOIN booking_tickets bt ON bt.booking_id = b.id AND bt.released_at IS NULL
		JOIN tickets t ON t.id = bt.ticket_id
		WHERE b.status IN ('confirmed', 'completed') AND (t.state <> 'sold' OR t.booking_id IS DISTINCT FROM b.id)
			AND NOT EXISTS (SELECT FROM booking_tickets ot JOIN bookings o ON o.id = ot.booking_id
				WHERE ot.ticket_id = t.id AND ot.released_at IS NULL AND o.id <> b.id AND o.status IN ('confirmed', 'completed'))
		UNION ALL
		SELECT 'booking ' || b.id, format('%s, but it has no seat', b.status) FROM bookings b
		WHERE b.status IN ('confirmed', 'completed')
			AND NOT EXISTS (SELECT FROM booking_tickets bt WHERE bt.booking_id = b.id AND bt.released_at IS NULL)`},
	{AuditPromise{"cancelled-is-not-sold", "a booking that its buyer cancelled is not sold"}, `
		SELECT 'booking ' || b.id, format('%s, but its buyer cancelled it', b.status)
		FROM bookings b WHERE b.closing_reason = 'cancel' AND b.status IN ('confirmed', 'completed')`},
	{AuditPromise{"closed-booking-holds-nothing", "a booking that is expired, cancelled or refunded has let go of its seats"}, `
		SELECT 'ticket ' || t.id, format('held until %s for booking %s, which is %s', t.held_until, t.booking_id, coalesce(b.status::text, 'missing'))
		FROM tickets t LEFT JOIN bookings b ON b.id = t.booking_id
		WHERE t.state = 'held' AND (b.id IS NULL OR b.status IN ('expired', 'cancelled', 'refunding', 'refunded'))
		UNION ALL
		SELECT 'booking ' || b.id, format('%s, but it has not let go of ticket %s', b.status, bt.ticket_id)
		FROM bookings b JOIN booking_tickets bt ON bt.booking_id = b.id
		WHERE bt.released_at IS NULL AND b.status IN ('expired', 'cancelled', 'refunding', 'refunded')`},
	// The hold is made endless in the transaction that writes the payment, and ends in the one that settles it.
	{AuditPromise{"endless-hold-is-paid", "a seat is held without end only while a payment of its booking is unsettled"}, `
		SELECT 'ticket ' || t.id, format('held without end for booking %s, which has no unsettled payment', b.id)
		FROM tickets t JOIN bookings b ON b.id = t.booking_id
		WHERE t.state = 'held' AND t.held_until = 'infinity' AND b.status = 'held'
			AND NOT EXISTS (SELECT FROM payments p WHERE p.booking_id = b.id AND p.settled_as IS NULL)`},
	{AuditPromise{"page-is-backed", "while a payment page can be paid, its booking's seats stay held for it"}, `
		SELECT 'attempt ' || a.id, format('can be paid until %s, but ticket %s of booking %s is %s%s%s', a.expires_at, t.id, b.id, t.state,
			', of booking ' || nullif(t.booking_id, b.id), ', until ' || t.held_until)
		FROM payment_attempts a
		JOIN bookings b ON b.id = a.booking_id AND b.status = 'held'
		JOIN booking_tickets bt ON bt.booking_id = b.id AND bt.released_at IS NULL
		JOIN tickets t ON t.id = bt.ticket_id
		WHERE a.state = 'live' AND a.expires_at > @now
			AND (t.state = 'held' AND t.booking_id = b.id AND t.held_until >= a.expires_at) IS NOT TRUE`},
	// A provider that is away keeps a hold open up to the seats' backstop, by right. One with money is told as that.
	{AuditPromise{"hold-ends", "a hold ends soon after its deadline, or after the backstop of its seats"}, `
		SELECT 'booking ' || b.id, format('still held, its deadline was %s', b.hold_expires_at)
		FROM bookings b WHERE b.status = 'held' AND b.hold_expires_at < @before
			AND NOT EXISTS (SELECT FROM payments p WHERE p.booking_id = b.id AND p.settled_as IS NULL)
			AND NOT EXISTS (SELECT FROM booking_tickets bt JOIN tickets t ON t.id = bt.ticket_id
				WHERE bt.booking_id = b.id AND t.booking_id = b.id AND t.state = 'held' AND t.held_until >= @before)`},
}

// auditTickets are the promises to who bought: tickets that admit, a file of them, and a mail.
var auditTickets = []auditQuery{
	{AuditPromise{"completed-admits", "every seat of a completed booking has a valid admission"}, `
		SELECT 'booking ' || b.id, format('completed, but ticket %s has no valid admission', bt.ticket_id)
		FROM bookings b JOIN booking_tickets bt ON bt.booking_id = b.id AND bt.released_at IS NULL
		WHERE b.status = 'completed' AND NOT EXISTS (SELECT FROM admissions a
			WHERE a.booking_id = b.id AND a.ticket_id = bt.ticket_id AND a.voided_at IS NULL)`},
	{AuditPromise{"admission-has-its-sale", "a valid admission is of a confirmed or completed booking and of a seat that it has"}, `
		SELECT 'admission ' || a.id, format('valid for ticket %s of booking %s, which is %s%s', a.ticket_id, a.booking_id,
			coalesce(b.status::text, 'missing'), ' and let it go at ' || bt.released_at)
		FROM admissions a
		LEFT JOIN bookings b ON b.id = a.booking_id
		LEFT JOIN booking_tickets bt ON bt.booking_id = a.booking_id AND bt.ticket_id = a.ticket_id
		WHERE a.voided_at IS NULL AND (b.status IN ('confirmed', 'completed') AND bt.ticket_id IS NOT NULL AND bt.released_at IS NULL) IS NOT TRUE`},
	{AuditPromise{"sale-gets-its-tickets", "a confirmed booking is completed soon"}, `
		SELECT 'booking ' || b.id, format('confirmed, paid by payment %s, sold at %s: no tickets yet', p.id, p.settled_at)
		FROM bookings b JOIN payments p ON p.booking_id = b.id AND p.settled_as = 'sale'
		WHERE b.status = 'confirmed' AND p.settled_at < @before`},
	{AuditPromise{"completed-has-a-file", "a completed booking names its ticket file"}, `
		SELECT 'booking ' || b.id, 'completed, but it names no ticket file'
		FROM bookings b WHERE b.status = 'completed' AND coalesce(b.blob_key, '') = ''`},
	// Who has no address is told nothing, which the timeline says.
	{AuditPromise{"buyer-is-told", "a completed or refunded booking has its mail, and so has each refund that went through"}, `
		WITH untold (booking_id, subject, detail) AS (
			SELECT b.id, 'booking ' || b.id, format('%s, but there is no mail that says so', b.status)
			FROM bookings b WHERE b.status IN ('completed', 'refunded') AND NOT EXISTS (SELECT FROM emails e
				WHERE e.booking_id = b.id AND (e.kind = CASE b.status WHEN 'completed' THEN 'tickets' ELSE 'refunded' END
					OR e.kind = 'called-off' AND b.status = 'refunded'))
			UNION ALL
			SELECT p.booking_id, 'payment ' || p.id, format('of booking %s: refund %s went through at %s, but there is no mail that says so',
				p.booking_id, r.n, r.ended_at)
			FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.state = 'succeeded'
				AND NOT EXISTS (SELECT FROM emails e WHERE e.booking_id = p.booking_id AND e.kind IN ('refunded', 'returned')
					AND e.dedupe_key = 'refund:' || r.payment_id || ':' || r.n)
				AND NOT (r.announced AND EXISTS (SELECT FROM emails e WHERE e.booking_id = p.booking_id AND e.kind = 'called-off')))
		SELECT subject, detail FROM untold u
		WHERE NOT EXISTS (SELECT FROM booking_timeline l WHERE l.booking_id = u.booking_id AND l.what = 'no mail: no address')`},
	{AuditPromise{"mail-is-true", "no mail that is to be sent tells of a refund that did not go through"}, `
		SELECT 'mail ' || e.id, format('of booking %s says that refund %s of payment %s went through, which is %s', e.booking_id, r.n, r.payment_id, r.state)
		FROM emails e JOIN refunds r ON e.dedupe_key = 'refund:' || r.payment_id || ':' || r.n
		WHERE e.status = 'queued' AND r.state <> 'succeeded'`},
	// A mail that was handed over is tried for five days by a workflow of its own, and handed over again where that is lost:
	// so its age counts, not when it was last handed over.
	{AuditPromise{"mail-goes-out", "a mail is sent, or handed to its own workflow, soon; none fails, but for one with tickets that were sent by another"}, `
		SELECT 'mail ' || e.id, format('%s of booking %s, created at %s, %s after %s attempts', e.kind, e.booking_id, e.created_at,
			CASE WHEN e.status = 'failed' THEN 'failed' WHEN e.handed_over IS NULL THEN 'still queued'
			     ELSE format('handed over at %s and not sent,', e.handed_over) END, e.attempts)
		FROM emails e
		WHERE (e.status = 'failed' AND NOT (e.kind = 'tickets' AND EXISTS (SELECT FROM emails again
				WHERE again.booking_id = e.booking_id AND again.kind = 'tickets' AND again.status = 'sent'))) OR (e.status = 'queued' AND e.created_at < CASE
			WHEN e.handed_over IS NULL THEN @before::timestamptz ELSE @before::timestamptz - interval '6 days' END)`},
}
