package stack

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// RowsOf gives all that is written of bookings, a row a line, so that a test can say that nothing has changed. The epoch is
// left out: a run that begins once more raises it, also where it finds nothing to do.
func (s *System) RowsOf(t *testing.T, bookingIDs ...string) (lines []string) {
	t.Helper()
	require.NoError(t, s.DB.QueryRow(t.Context(), `
		WITH p AS (SELECT * FROM payments WHERE booking_id = ANY ($1::text[]::uuid[])),
			bt AS (SELECT * FROM booking_tickets WHERE booking_id = ANY ($1::text[]::uuid[])),
			everything (line) AS (
				SELECT 'booking ' || (to_jsonb(x) - 'epoch')::text FROM bookings x WHERE id = ANY ($1::text[]::uuid[])
				UNION ALL SELECT 'booked ' || row_to_json(x)::text FROM bt x
				UNION ALL SELECT 'ticket ' || row_to_json(x)::text FROM tickets x WHERE id IN (SELECT ticket_id FROM bt)
				UNION ALL SELECT 'admission ' || row_to_json(x)::text FROM admissions x WHERE ticket_id IN (SELECT ticket_id FROM bt)
				UNION ALL SELECT 'attempt ' || row_to_json(x)::text FROM payment_attempts x WHERE booking_id = ANY ($1::text[]::uuid[])
				UNION ALL SELECT 'payment ' || row_to_json(x)::text FROM p x
				UNION ALL SELECT 'refund ' || row_to_json(x)::text FROM refunds x WHERE payment_id IN (SELECT id FROM p)
				UNION ALL SELECT 'mail ' || row_to_json(x)::text FROM emails x WHERE booking_id = ANY ($1::text[]::uuid[])
				UNION ALL SELECT 'story ' || row_to_json(x)::text FROM booking_timeline x WHERE booking_id = ANY ($1::text[]::uuid[]))
		SELECT array_agg(line ORDER BY line) FROM everything`, bookingIDs).Scan(&lines))
	return lines
}

// WebhookOf gives the webhook that tells of the payment of a page, as the provider sends it.
func (s *System) WebhookOf(t *testing.T, sessionID string) (payload []byte) {
	t.Helper()
	require.NoError(t, each(t.Context(), s, "/v1/events", func(raw json.RawMessage) {
		var event struct {
			Type string `json:"type"`
			Data struct {
				Object struct {
					ID string `json:"id"`
				} `json:"object"`
			} `json:"data"`
		}
		if json.Unmarshal(raw, &event) == nil && event.Type == CompletedEvent && event.Data.Object.ID == sessionID {
			payload = raw
		}
	}))
	require.NotEmpty(t, payload, "the provider tells nothing of a payment")
	return payload
}

// SetOnSale takes an event off sale, or puts it on sale again. CancelEvent does the former until the test ends.
func (s *System) SetOnSale(t *testing.T, eventID string, onSale bool) {
	t.Helper()
	status := map[bool]string{false: "cancelled", true: "on_sale"}[onSale]
	_, err := s.DB.Exec(t.Context(), `UPDATE events SET status = $2::event_status WHERE id = $1`, eventID, status)
	require.NoError(t, err)
}

// EventOf gives the event of a booking.
func (s *System) EventOf(t *testing.T, bookingID string) (eventID string) {
	t.Helper()
	require.NoError(t, s.DB.QueryRow(t.Context(), `SELECT event_id FROM bookings WHERE id = $1`, bookingID).Scan(&eventID))
	return eventID
}
