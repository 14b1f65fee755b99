package boxoffice_test

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/stretchr/testify/require"
)

func TestCodesAreAllAndUnique(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, constantsOf(t, "error.go", "Code"), texts(boxoffice.Codes), "Codes must list every constant once")
	seen := map[boxoffice.Code]bool{}
	for _, code := range boxoffice.Codes {
		require.False(t, seen[code], "%s stands twice", code)
		seen[code] = true
		require.Regexp(t, regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`), string(code), "a code is the last part of a URL")
	}
}

func TestErrorf(t *testing.T) {
	t.Parallel()
	plain := boxoffice.Errorf(boxoffice.CodeInvalid, "At most %d seats.", 10)
	require.Equal(t, "At most 10 seats.", plain.Message)
	require.Equal(t, "invalid: At most 10 seats.", plain.Error())
	require.NoError(t, plain.Unwrap())

	wrapping := boxoffice.Errorf(boxoffice.CodeUnavailable, "The file ends early: %w", io.ErrUnexpectedEOF)
	require.ErrorIs(t, wrapping, io.ErrUnexpectedEOF)
	require.Equal(t, "The file ends early: unexpected EOF", wrapping.Message)
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(wrapping))

	outer := boxoffice.Errorf(boxoffice.CodeNotFound, "No such hall: %w", plain)
	require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(outer), "the outermost code counts")
	require.ErrorIs(t, outer, &boxoffice.Error{Code: boxoffice.CodeInvalid})
}

func TestWrapErrorKeepsTheCauseFromPeople(t *testing.T) {
	t.Parallel()
	err := boxoffice.WrapError(boxoffice.CodeUnavailable, io.ErrClosedPipe, "Please try again.")
	require.Equal(t, "Please try again.", err.Message)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.Contains(t, err.Error(), io.ErrClosedPipe.Error(), "logs must show the cause")
}

func TestInvalidField(t *testing.T) {
	t.Parallel()
	err := boxoffice.InvalidField("ticket_ids", "At most %d seats.", 10)
	require.Equal(t, boxoffice.CodeInvalid, err.Code)
	require.Equal(t, []boxoffice.FieldError{{Field: "ticket_ids", Message: "At most 10 seats."}}, err.Fields)
	require.Equal(t, "At most 10 seats.", err.Message)
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	require.Equal(t, boxoffice.Code(""), boxoffice.CodeOf(nil))
	require.Equal(t, boxoffice.CodeInternal, boxoffice.CodeOf(io.EOF), "what has no code is a fault of ours")
	for _, code := range boxoffice.Codes {
		err := fmt.Errorf("on the way: %w", boxoffice.Errorf(code, "It does not work."))
		require.Equal(t, code, boxoffice.CodeOf(err))
		require.ErrorIs(t, err, &boxoffice.Error{Code: code, Message: "another message"}, "errors are the same by their code")
		require.NotErrorIs(t, err, &boxoffice.Error{Code: code + "-not"})
		require.Equal(t, code, boxoffice.CodeOf(errors.Join(io.EOF, err)))
	}
}
