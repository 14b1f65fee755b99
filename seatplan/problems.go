package seatplan

import (
	"fmt"

	"github.com/boxoffice/boxoffice"
)

// MaxProblems is how many problems of a plan are reported at most: a broken file says the same thing a thousand times.
const MaxProblems = 100

// problems are what is wrong with a plan, and where.
type problems []boxoffice.FieldError

func (p *problems) add(place, format string, args ...any) {
	if len(*p) < MaxProblems {
		*p = append(*p, boxoffice.FieldError{Field: place, Message: fmt.Sprintf(format, args...)})
	}
}

// invalid gives the problems as one error, nil if there are none.
func (p problems) invalid() error {
	if len(p) == 0 {
		return nil
	}
	err := boxoffice.Errorf(boxoffice.CodeInvalid, "The seat plan is not valid. %s: %s", p[0].Field, p[0].Message)
	err.Fields = p
	return err
}
