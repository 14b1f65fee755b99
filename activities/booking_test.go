package activities_test

import (
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"github.com/stretchr/testify/require"
)

func TestIssueTickets(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.look = boxoffice.Situation{Status: boxoffice.BookingCompleted}
	s, err := b.do(b.a.IssueTickets, act)
	require.NoError(t, err)
	require.Equal(t, b.look, s)
	require.Equal(t, []string{"IssueAdmissions", "PDF", "Put", "CompleteBooking tickets/b1.pdf"}, b.calls,
		"the file is there before the booking says so")
	require.Equal(t, "application/pdf: pdf of b1", b.put["tickets/b1.pdf"])
}

func TestIssueTickets_ErrAtEachPart(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"IssueAdmissions", "PDF", "Put", "CompleteBooking tickets/b1.pdf"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.errs[call] = errOf(boxoffice.CodeIssueImpossible)
			_, err := b.do(b.a.IssueTickets, act)
			require.Equal(t, boxoffice.CodeIssueImpossible, activities.CodeOf(err))
			require.True(t, activities.IsFinal(err))
			require.Equal(t, call, b.calls[len(b.calls)-1], "nothing may follow what failed")
			require.Contains(t, b.logs.String(), "booking=b1")
		})
	}
}
