package stack

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"go.temporal.io/api/workflowservice/v1"
)

// auditPatience is for what is still under way when the last test is done.
const auditPatience = 30 * time.Second

// Audit holds the system against every promise: boxoffice audit must find nothing, our books must say what the provider's
// say, and where nothing was disturbed every booking had one run. What is under way is waited for.
func (s *System) Audit(ctx context.Context) error {
	if s.DB == nil {
		return errors.New("it never became ready")
	}
	for _, hold := range []func(context.Context) error{s.auditPromises, s.auditMoney, s.auditRuns} {
		ctx, cancel := context.WithTimeout(ctx, auditPatience)
		err := poll(ctx, func() error { return hold(ctx) })
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// auditPromises is boxoffice audit, as an operator runs it.
func (s *System) auditPromises(ctx context.Context) error {
	command := exec.CommandContext(ctx, program, "audit", "--grace", "5s", "--provider")
	command.Env = environment("DATABASE_URL="+s.Env["DATABASE_URL"], "BLOB_URL="+s.Env["BLOB_URL"],
		"STRIPE_API_BASE="+s.Env["STRIPE_API_BASE"], "STRIPE_API_KEY="+s.Env["STRIPE_API_KEY"])
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("boxoffice audit: %w\n%s", err, out)
	}
	return nil
}

// auditMoney compares our books with the provider's: every charge and every refund that it has, we know of.
func (s *System) auditMoney(ctx context.Context) error {
	var taken, back int64
	err := errors.Join(
		each(ctx, s, "/v1/charges", func(m movement) {
			if m.Status == "succeeded" {
				taken += m.Amount
			}
		}),
		each(ctx, s, "/v1/refunds", func(m movement) {
			if m.Status != "failed" && m.Status != "canceled" {
				back += m.Amount
			}
		}))
	if err != nil {
		return err
	}
	var received, returned int64
	err = s.DB.QueryRow(ctx, `SELECT (SELECT coalesce(sum(amount_minor), 0) FROM payments),
		(SELECT coalesce(sum(amount_minor), 0) FROM refunds WHERE state <> 'failed' AND origin IN ('booking', 'dashboard'))`).Scan(&received, &returned)
	if err == nil && (taken != received || back != returned) {
		err = fmt.Errorf("the provider took %d and gave %d back, our books say %d and %d", taken, back, received, returned)
	}
	return err
}

// auditRuns asserts that where nothing was killed every booking had one run, and none two: a second one would have found
// nothing to do, at the price of a booking's. Only a booking that was cancelled before its run began needs none.
func (s *System) auditRuns(ctx context.Context) error {
	if s.disturbed {
		return nil
	}
	var bookings, needed int64
	err := s.DB.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE status <> 'cancelled') FROM bookings`).Scan(&bookings, &needed)
	if err != nil {
		return err
	}
	runs, err := s.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: `WorkflowType = 'Booking'`})
	if n := runs.GetCount(); err == nil && (n < needed || n > bookings) { // what Temporal lists comes a moment late
		err = fmt.Errorf("%d bookings, %d of them not cancelled, had %d runs", bookings, needed, n)
	}
	return err
}
