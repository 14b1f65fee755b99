package linear

import (
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"
)

// told is an operation of a history that is made up: seats are letters, "AC".
func told(from, to int64, what act, claim int, seats string, a answer) porcupine.Operation {
	c := call{act: what, claim: claim}
	for i, letter := range "ABC" {
		c.seats[i] = strings.ContainsRune(seats, letter)
	}
	if a.at = to; a.verdict == lost {
		a.at, to = never, never
	}
	return porcupine.Operation{Input: c, Call: from, Output: a, Return: to}
}

func until(deadline int64) answer { return answer{verdict: done, deadline: deadline} }

func shown(status string) answer { return answer{verdict: done, status: status} }

func taken(reasons ...string) (a answer) {
	a.verdict = refused
	copy(a.taken[:], reasons)
	return a
}

func rows(claims ...int) (a answer) {
	a.verdict = done
	copy(a.rows[:], claims)
	return a
}

var (
	yes       = answer{verdict: done}
	no        = answer{verdict: refused}
	gotLost   = answer{}
	histories = map[string]struct {
		right   bool
		history []porcupine.Operation
	}{
		"a sale": {true, []porcupine.Operation{
			told(1, 2, hold, 1, "AB", until(100)), told(3, 4, read, 1, "AB", shown("held")), told(5, 90, confirm, 1, "AB", yes),
			told(95, 96, read, 1, "AB", shown("completed")), told(97, 98, hold, 2, "BC", taken("", "sold", "")), told(99, 100, look, 0, "", rows(1, 1, 0)),
		}},
		"two winners of a seat": {false, []porcupine.Operation{
			told(1, 5, hold, 1, "A", until(100)), told(2, 6, hold, 2, "A", until(100)),
		}},
		"two winners of a part": {false, []porcupine.Operation{
			told(1, 5, hold, 1, "AB", until(100)), told(2, 6, hold, 2, "BC", until(100)),
		}},
		"a seat of two is sold, the other not": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "AB", until(100)), told(3, 4, confirm, 1, "AB", yes), told(5, 6, hold, 2, "B", until(100)),
		}},
		"a sold seat is held": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(3, 4, confirm, 1, "A", yes), told(20, 21, hold, 2, "A", until(100)),
		}},
		"a sold seat is sold": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(3, 40, confirm, 1, "A", yes), told(11, 12, hold, 2, "A", until(30)), told(13, 40, confirm, 2, "A", yes),
		}},
		"a hold lapses at its deadline": {true, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(9, 11, hold, 2, "A", until(20)), told(12, 13, read, 1, "A", shown("expired")),
		}},
		"a hold lapses before its deadline": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(8, 9, hold, 2, "A", until(20)),
		}},
		"a hold lapses before the deadline that it was extended to": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(3, 4, extend, 1, "A", until(15)), told(11, 12, hold, 2, "A", until(20)),
		}},
		"a hold lapses late": {true, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(11, 12, extend, 1, "A", no), told(13, 14, hold, 2, "A", taken("held")), told(15, 16, hold, 2, "A", until(30)),
		}},
		"an extension is refused in time": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(3, 4, extend, 1, "A", no),
		}},
		"a hold that has lapsed is extended": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(11, 12, hold, 2, "A", until(20)), told(13, 14, extend, 1, "A", until(30)),
		}},
		"a free seat is refused": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(3, 4, hold, 2, "AB", taken("held", "held")),
		}},
		"a taken seat is not named": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "AB", until(10)), told(3, 4, hold, 2, "ABC", taken("held")),
		}},
		"a hold is called sold": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(3, 4, hold, 2, "A", taken("sold")),
		}},
		"a seat that was let go is had by another": {true, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(100)), told(3, 6, release, 1, "A", yes), told(4, 5, hold, 2, "A", until(100)),
		}},
		"a booking is shown as it no longer is": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(100)), told(3, 4, release, 1, "A", yes), told(5, 6, read, 1, "A", shown("held")),
		}},
		"a booking ends that nobody let go": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(100)), told(5, 6, read, 1, "A", shown("cancelled")),
		}},
		"a sale is shown before it is one": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(100)), told(3, 4, read, 1, "A", shown("completed")), told(5, 6, confirm, 1, "A", yes),
		}},
		"money comes late and finds the seat free": {true, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(11, 12, read, 1, "A", shown("expired")), told(9, 20, confirm, 1, "A", yes),
		}},
		"money goes back though the seat was held": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(3, 4, confirm, 1, "A", no),
		}},
		"a lost hold had its effect": {true, []porcupine.Operation{
			told(1, 0, hold, 1, "A", gotLost), told(3, 4, hold, 2, "A", taken("held")),
		}},
		"a lost hold had none": {true, []porcupine.Operation{
			told(1, 0, hold, 1, "A", gotLost), told(3, 4, hold, 2, "A", until(10)), told(5, 6, confirm, 2, "A", yes), told(98, 99, end, 0, "", yes),
		}},
		"a lost hold has its effect late": {true, []porcupine.Operation{
			told(1, 0, hold, 1, "A", gotLost), told(3, 4, hold, 2, "A", until(10)), told(5, 6, release, 2, "A", yes), told(7, 8, hold, 3, "A", taken("held")),
		}},
		"a lost hold has its effect before it was asked for": {false, []porcupine.Operation{
			told(1, 2, hold, 2, "A", taken("held")), told(3, 0, hold, 1, "A", gotLost),
		}},
		"a lost hold takes a seat before its holder's deadline": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(10)), told(3, 0, hold, 2, "A", gotLost), told(4, 5, release, 1, "A", no), told(98, 99, end, 0, "", yes),
		}},
		"a lost release explains one hold, and no second": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(100)), told(3, 0, release, 1, "A", gotLost), told(5, 6, hold, 2, "A", until(100)), told(7, 8, hold, 3, "A", until(100)),
			told(98, 99, end, 0, "", yes),
		}},
		"a sale is gone from the rows": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(100)), told(3, 4, confirm, 1, "A", yes), told(5, 6, look, 0, "", rows(0, 0, 0)),
		}},
		"a sale is another's in the rows": {false, []porcupine.Operation{
			told(1, 2, hold, 1, "A", until(100)), told(3, 4, confirm, 1, "A", yes), told(5, 6, look, 0, "", rows(2, 0, 0)),
		}},
	}
)

// What must never be told is found, and what may be told is not complained of.
func TestModel_TellsRightFromWrong(t *testing.T) {
	t.Parallel()
	for name, c := range histories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.right, porcupine.CheckOperations(model, c.history))
		})
	}
}
