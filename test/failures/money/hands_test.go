package money

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/boxoffice/boxoffice/postgres"
	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

const (
	failedRefundCard = "4000 0000 0000 5126" // a refund succeeds first, and fails later
	disputedCard     = "4000 0000 0000 0259" // the payment is disputed as fraudulent
)

// hands is a system in which people and banks move money past it.
type hands struct {
	*stack.System
	store *postgres.Bookings
	event string
}

// What people do at the provider and banks do by themselves is found by webhook, counts once, and ends where it should; the
// audit at the end holds every promise against all of it.
func TestMoneyMovesPastUs(t *testing.T) {
	t.Parallel()
	s := stack.Own(t, "hands", stack.Seeded)
	db, err := postgres.Open(t.Context(), s.Env["DATABASE_URL"], postgres.Options{MaxConns: 2})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	h := hands{System: s, store: db.Bookings(boxoffice.HoldRules{}), event: s.Showing(t)}
	t.Run("all of it is refunded by hand", h.allByHand)
	t.Run("a part is refunded by hand", h.partByHand)
	t.Run("a dispute is lost", h.disputeLost)
	t.Run("a dispute is won", h.disputeWon)
	t.Run("a refund fails at the bank", h.refundFails)
}

// sold is a booking whose tickets its buyer has, and the provider's name for its payment.
func (h hands) sold(t *testing.T, card string) (c stack.Customer, b buyer.Booking, intent string) {
	t.Helper()
	c = h.Customer(t)
	b = c.Hold(t, h.event, 2)
	page, err := c.Checkout(t.Context(), b.ID)
	require.NoError(t, err)
	_, err = c.Pay(t.Context(), page.URL, c.Email, card)
	require.NoError(t, err)
	c.AwaitEnd(t, 60*time.Second, b.ID, "completed")
	return c, b, h.SessionsOf(t, b.ID)[0].Intent
}

// atProvider does something at the simulator that people and banks do, and gives the ID of the object that it is about.
func (h hands) atProvider(t *testing.T, path string, body map[string]any) string {
	t.Helper()
	var about struct {
		ID string `json:"id"`
	}
	require.NoError(t, stack.Tell(http.MethodPost, h.Stripe()+"/_sim/"+path, body, &about))
	return about.ID
}

// awaitTask waits until a booking has so many open tasks of a kind, and gives the payment that the newest names.
func (h hands) awaitTask(t *testing.T, b buyer.Booking, kind boxoffice.TaskKind, n int) (payment string) {
	t.Helper()
	stack.Eventually(t, 60*time.Second, func() error {
		var open int
		err := h.DB.QueryRow(t.Context(), `SELECT count(*), coalesce(max(details ->> 'payment'), '') FROM support_tasks
			WHERE booking_id = $1 AND kind = $2 AND closed_at IS NULL`, b.ID, kind).Scan(&open, &payment)
		if err == nil && open != n {
			err = fmt.Errorf("%d open tasks of kind %s", open, kind)
		}
		return err
	})
	return payment
}

// awaitRefunded waits until a sale was undone: it had come to another end before.
func (h hands) awaitRefunded(t *testing.T, c stack.Customer, b buyer.Booking) {
	t.Helper()
	stack.Eventually(t, 60*time.Second, func() error {
		seen, err := c.Booking(t.Context(), b.ID)
		if err == nil && seen.Status != "refunded" {
			err = fmt.Errorf("the booking is %s", seen.Status)
		}
		return err
	})
}

func (h hands) act(b buyer.Booking, key string) boxoffice.SupportAct {
	return boxoffice.SupportAct{Key: key + b.ID, BookingID: b.ID, Actor: "anna", Verified: true, Reason: "the buyer wrote"}
}

func (h hands) allByHand(t *testing.T) {
	c, b, intent := h.sold(t, stack.GoodCard)
	h.atProvider(t, "refunds", map[string]any{"payment_intent": intent})
	h.awaitRefunded(t, c, b)
	require.Equal(t, stack.Money{Charges: 1, Refunds: 1}, h.MoneyOf(t, b.ID))
	h.awaitTask(t, b, boxoffice.TaskRefundByHand, 0)
}

func (h hands) partByHand(t *testing.T) {
	c, b, intent := h.sold(t, stack.GoodCard)
	h.atProvider(t, "refunds", map[string]any{"payment_intent": intent, "amount_minor": 300})
	payment := h.awaitTask(t, b, boxoffice.TaskRefundByHand, 1)
	seen, err := c.Booking(t.Context(), b.ID)
	require.NoError(t, err)
	require.Equal(t, "completed", seen.Status, "the tickets stay until somebody has decided")
	require.NoError(t, h.store.SettleByHand(t.Context(), h.act(b, "settle"), boxoffice.RefundRef{PaymentID: payment, N: 1}, nil))
	h.awaitTask(t, b, boxoffice.TaskRefundByHand, 0)
}

func (h hands) disputeLost(t *testing.T) {
	c, b, _ := h.sold(t, disputedCard)
	h.awaitTask(t, b, boxoffice.TaskDispute, 1)
	var dispute string
	require.NoError(t, h.DB.QueryRow(t.Context(), `SELECT d.id FROM disputes d JOIN payments p ON p.id = d.payment_id WHERE p.booking_id = $1`, b.ID).Scan(&dispute))
	h.atProvider(t, "disputes/"+dispute+"/close", map[string]any{"status": "lost"})
	h.awaitRefunded(t, c, b)
	require.Equal(t, stack.Money{Charges: 1}, h.MoneyOf(t, b.ID), "the bank has the money: the provider was asked for none")
	h.awaitTask(t, b, boxoffice.TaskDispute, 0)
}

func (h hands) disputeWon(t *testing.T) {
	c, b, intent := h.sold(t, stack.GoodCard)
	dispute := h.atProvider(t, "disputes", map[string]any{"payment_intent": intent})
	h.awaitTask(t, b, boxoffice.TaskDispute, 1)
	h.atProvider(t, "disputes/"+dispute+"/close", map[string]any{"status": "won"})
	h.awaitTask(t, b, boxoffice.TaskDispute, 0)
	seen, err := c.Booking(t.Context(), b.ID)
	require.NoError(t, err)
	require.Equal(t, "completed", seen.Status)
}

// refundFails has the same card fail twice, and then its buyer paid another way.
func (h hands) refundFails(t *testing.T) {
	c := h.Customer(t)
	b := c.Hold(t, h.event, 2)
	h.SetOnSale(t, h.event, false)
	page, err := c.Checkout(t.Context(), b.ID)
	require.NoError(t, err)
	_, err = c.Pay(t.Context(), page.URL, c.Email, failedRefundCard)
	require.NoError(t, err)
	payment := h.awaitTask(t, b, boxoffice.TaskRefundFailed, 1)
	require.NoError(t, h.store.RetryRefund(t.Context(), h.act(b, "retry"), payment))
	_, err = h.DB.Exec(t.Context(), `UPDATE bookings SET next_check_at = boxoffice_now() WHERE id = $1`, b.ID)
	require.NoError(t, err)
	stack.Eventually(t, 60*time.Second, func() error {
		return h.DB.QueryRow(t.Context(), `SELECT FROM refunds WHERE payment_id = $1 AND n = 2 AND state = 'failed'`, payment).Scan()
	})
	h.awaitTask(t, b, boxoffice.TaskRefundFailed, 1)
	seen, err := c.Booking(t.Context(), b.ID)
	require.NoError(t, err)
	require.Equal(t, "refunding", seen.Status, "no false refunded")
	require.NoError(t, h.store.RefundedOtherwise(t.Context(), h.act(b, "paid"), payment, "wire 4711"))
	_, err = h.DB.Exec(t.Context(), `UPDATE bookings SET next_check_at = boxoffice_now() WHERE id = $1`, b.ID)
	require.NoError(t, err)
	c.AwaitEnd(t, 60*time.Second, b.ID, "refunded")
	h.awaitTask(t, b, boxoffice.TaskRefundFailed, 0)
	require.Equal(t, stack.Money{Charges: 1, Refunds: 2}, h.MoneyOf(t, b.ID))
}
