package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/buyer"
	"github.com/stretchr/testify/require"
)

// The points around calls to the outside, as the program names them.
const (
	BeforeCreateSession = "provider-create-session-before"
	AfterCreateSession  = "provider-create-session-after"
	BeforeExpireSession = "provider-expire-session-before"
	AfterExpireSession  = "provider-expire-session-after"
	BeforeRefund        = "provider-refund-before"
	AfterRefund         = "provider-refund-after"
	BeforePutFile       = "files-put-before"
	AfterPutFile        = "files-put-after"
	BeforeSendMail      = "mail-send-before"
	AfterSendMail       = "mail-send-after"
)

// KillAt arms a point, does what leads a child there, kills the child that stands there, and sees that another takes its
// place. It gives what the lead came to, and when the child died.
func (s *System) KillAt(t *testing.T, child, point string, lead func() error) (killed time.Time, led error) {
	t.Helper()
	armed := filepath.Join(s.Failpoints, point)
	require.NoError(t, os.WriteFile(armed, nil, 0o600))
	t.Cleanup(func() { _ = os.Remove(armed) }) // or it would stop the next test, where this one fails
	underWay := make(chan error, 1)
	go func() { underWay <- lead() }()
	Eventually(t, 30*time.Second, func() error {
		said, err := os.ReadFile(armed + ".reached")
		if err != nil {
			return err
		}
		pid, err := s.PID(child)
		if err == nil && string(said) != strconv.Itoa(pid) {
			err = fmt.Errorf("process %s stands at %s, not the %s, %d", said, point, child, pid)
		}
		return err
	})
	// Killed first and disarmed then, so that nothing gets past the point; the next process takes longer than that.
	pid := s.Signal(t, child, syscall.SIGKILL)
	killed = time.Now()
	require.NoError(t, errors.Join(os.Remove(armed), os.Remove(armed+".reached")))
	led = <-underWay
	s.AwaitRestart(t, child, pid)
	return killed, led
}

// Hit is a booking under way when a child was killed.
type Hit struct {
	Customer
	Booking buyer.Booking
	Point   string
	Killed  time.Time
}

// PayAndKillWorker has the customer pay, for new seats where there is no booking yet, and kills the worker at the point.
// What was hit before is still coming to itself then, and may be hit again.
func (h *Hit) PayAndKillWorker(t *testing.T, s *System, seats ...string) {
	t.Helper()
	killed, led := s.KillAt(t, "worker", h.Point, func() (err error) {
		if len(seats) > 0 {
			if h.Booking, err = h.Book(t.Context(), "", seats...); err != nil {
				return err
			}
		}
		page, err := h.Checkout(t.Context(), h.Booking.ID)
		if err == nil {
			_, err = h.Pay(t.Context(), page.URL, h.Email, GoodCard)
		}
		return err
	})
	require.NoError(t, led, "%s: the buyer notices nothing", h.Point)
	h.Killed = killed
}

// Settled waits until what was hit has come to its end, and tells how long that took from the kill.
func (h Hit) Settled(t *testing.T, s *System, status string) {
	t.Helper()
	s.AwaitStatus(t, h.Customer, h.Booking.ID, status)
	run, _ := s.EndedRun(t, h.Booking.ID)
	require.NotNil(t, run.WorkflowCloseTime)
	t.Logf("%s, with all that comes after, %s after the kill at %s", status, run.WorkflowCloseTime.Sub(h.Killed).Round(100*time.Millisecond), h.Point)
}
