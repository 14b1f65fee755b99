package seatplan

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every seat is compared with those in the nine squares around it. However many seats a stranger heaps up in one place,
// they must stay few, or validating goes by the square of their number.
func TestValidate_AHeapOfSeatsTakesNoMoreRoomThanSeatsDo(t *testing.T) {
	t.Parallel()
	row := Row{Label: "1"}
	for i := range 10_000 {
		row.Seats = append(row.Seats, Seat{Number: i + 1, X: 5 + 50*(i%2), Y: 5 + 50*(i/2%2)})
	}
	v := &validator{plan: Plan{Sections: []Section{{Name: "Heap", Rows: []Row{row}}}}, seats: map[cell][]spot{}}
	v.checkSections()
	require.Len(t, v.problems, MaxProblems)
	kept := 0
	for _, spots := range v.seats {
		kept += len(spots)
	}
	require.Equal(t, 4, kept, "one seat in each place")
}
