package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func TestTranslate(t *testing.T) {
	t.Parallel()
	server := func(state, constraint string) error {
		return fmt.Errorf("act: %w", &pgconn.PgError{Code: state, ConstraintName: constraint})
	}
	_, refused := pgconn.Connect(t.Context(), "postgres://nobody@127.0.0.1:1/none?connect_timeout=2")
	require.Error(t, refused)
	for name, c := range map[string]struct {
		err  error
		code boxoffice.Code
	}{
		"no row":                    {pgx.ErrNoRows, boxoffice.CodeNotFound},
		"already ours":              {boxoffice.Errorf(boxoffice.CodeSeatsLost, "gone"), boxoffice.CodeSeatsLost},
		"username":                  {server("23505", "users_username"), boxoffice.CodeUsernameTaken},
		"another unique":            {server("23505", "tickets_seat"), boxoffice.CodeDuplicateIdentifier},
		"refunds above payment":     {server("23514", "refunds_within_payment"), boxoffice.CodeRefundExceeds},
		"another check":             {server("23514", "tickets_state"), boxoffice.CodeInternal},
		"foreign key":               {server("23503", "tickets_booked"), boxoffice.CodeInternal},
		"lock timeout":              {server("55P03", ""), boxoffice.CodeUnavailable},
		"statement timeout":         {server("57014", ""), boxoffice.CodeUnavailable},
		"deadlock, again and again": {server("40P01", ""), boxoffice.CodeUnavailable},
		"serialization":             {server("40001", ""), boxoffice.CodeUnavailable},
		"read-only replica":         {server("25006", ""), boxoffice.CodeUnavailable},
		"too many connections":      {server("53300", ""), boxoffice.CodeUnavailable},
		"shutting down":             {server("57P01", ""), boxoffice.CodeUnavailable},
		"stopped in a transaction":  {server("25P03", ""), boxoffice.CodeUnavailable},
		"disk full":                 {server("53100", ""), boxoffice.CodeUnavailable},
		"disk fails":                {server("58030", ""), boxoffice.CodeUnavailable},
		"a file may not grow":       {&pgconn.PgError{Code: "XX000", File: "md.c"}, boxoffice.CodeUnavailable},
		"bug of the server":         {&pgconn.PgError{Code: "XX000", File: "relcache.c"}, boxoffice.CodeInternal},
		"index is corrupted":        {&pgconn.PgError{Code: "XX002", File: "nbtpage.c"}, boxoffice.CodeInternal},
		"syntax":                    {server("42601", ""), boxoffice.CodeInternal},
		"connection refused":        {refused, boxoffice.CodeUnavailable},
		"connection reset":          {&net.OpError{Op: "read", Err: errors.New("reset")}, boxoffice.CodeUnavailable},
		"end of stream":             {fmt.Errorf("receive: %w", io.ErrUnexpectedEOF), boxoffice.CodeUnavailable},
		"closed by the other side":  {io.EOF, boxoffice.CodeUnavailable},
		"our socket is closed":      {net.ErrClosed, boxoffice.CodeUnavailable},
		"out of time":               {context.DeadlineExceeded, boxoffice.CodeUnavailable},
		"scan":                      {pgx.ScanArgError{ColumnIndex: 1, Err: errors.New("cannot scan")}, boxoffice.CodeInternal},
		"anything else":             {errors.New("unexpected"), boxoffice.CodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := translate(c.err)
			require.Equal(t, c.code, boxoffice.CodeOf(err), "%v", err)
			require.ErrorIs(t, err, c.err, "the cause stays for the log")
			if e, ok := errors.AsType[*boxoffice.Error](err); ok && c.code == boxoffice.CodeUnavailable {
				require.GreaterOrEqual(t, e.RetryAfter, time.Second)
			}
		})
	}
	require.NoError(t, translate(nil))
	require.Same(t, context.Canceled, translate(context.Canceled), "who gave up asks for no explanation")
}

func TestLostRace(t *testing.T) {
	t.Parallel()
	for state, lost := range map[string]bool{"40001": true, "40P01": true, "23505": false, "57P01": false} {
		require.Equal(t, lost, lostRace(&pgconn.PgError{Code: state}), state)
	}
	require.True(t, lostRace(&pgconn.PgError{Code: "23505", ConstraintName: "bookings_reference_key"}))
	require.False(t, lostRace(io.EOF))
	require.False(t, lostRace(nil))
}
