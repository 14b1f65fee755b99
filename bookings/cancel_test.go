package bookings_test

import (
	"errors"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
)

var cancellation = boxoffice.Cancellation{UserID: "u1", BookingID: "b1"}

// What is sold is given back where the hold is over; a button that means a hold stops there, and tickets that are named are
// of a sale. Either way the run is started or woken: it asks for the refund.
func TestCancel_GivesBackWhatIsSold(t *testing.T) {
	t.Parallel()
	sold := boxoffice.Errorf(boxoffice.CodeBookingClosed, "sold")
	for name, c := range map[string]struct {
		change func(c *boxoffice.Cancellation)
		code   boxoffice.Code
		calls  []string
	}{
		"all of it":    {func(*boxoffice.Cancellation) {}, "", []string{"RequestCancel", "CancelSale b1"}},
		"a ticket":     {func(c *boxoffice.Cancellation) { c.TicketIDs = []string{"t1"} }, "", []string{"CancelSale b1"}},
		"a hold alone": {func(c *boxoffice.Cancellation) { c.HoldOnly = true }, boxoffice.CodeBookingClosed, []string{"RequestCancel"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.rows.settled, b.rows.cancelErr = true, sold
			if c.code == "" {
				b.temporal.On("SignalWithStartWorkflow", mock.Anything, "booking-b1", workflows.SignalCancel, nil, mock.Anything, mock.Anything, mock.Anything).
					Return(nil, nil).Once()
			}
			request := cancellation
			c.change(&request)
			_, err := b.service.Cancel(t.Context(), request)
			require.Equal(t, c.code, boxoffice.CodeOf(err))
			require.Equal(t, c.calls, b.rows.calls)
		})
	}
	b := setup(t)
	b.rows.cancelErr, b.rows.storeErr = sold, boxoffice.Errorf(boxoffice.CodeSaleFinal, "final")
	_, err := b.service.Cancel(t.Context(), cancellation)
	require.Equal(t, boxoffice.CodeSaleFinal, boxoffice.CodeOf(err), "nobody is woken")
}

func TestCancel_WakesWhatIsNeeded(t *testing.T) {
	t.Parallel()
	t.Run("a page may still be paid: the run must close it", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.temporal.On("SignalWithStartWorkflow", mock.Anything, "booking-b1", workflows.SignalCancel, nil, mock.Anything, mock.Anything, mock.Anything).
			Return(nil, errors.New("away")).Once()
		_, err := b.service.Cancel(t.Context(), cancellation)
		require.NoError(t, err, "the cancellation stands; the sweep wakes the run")
	})
	t.Run("all is done: a run is told, none is started", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.rows.settled = true
		b.temporal.On("SignalWorkflow", mock.Anything, "booking-b1", "", workflows.SignalCancel, nil).
			Return(serviceerror.NewNotFound("no run")).Once()
		_, err := b.service.Cancel(t.Context(), cancellation)
		require.NoError(t, err)
	})
}
