// Package reconcile compares the payment provider's record with ours, both ways, a page at a time. What has one right answer
// it mends, by the way that a webhook takes; of the rest it opens support tasks. It depends on the root package alone.
package reconcile

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice"
)

const (
	// pageLife is longer than a payment page lives: a payment may have been begun so long before it was made.
	pageLife = time.Hour
	// refundLife is how long a bank may take to send a refund back. Refunds are few, so each pass looks at all of them.
	refundLife = 30 * 24 * time.Hour
)

// Reconciler takes the steps of a pass. All fields are required.
type Reconciler struct {
	Ledger   boxoffice.ProviderLedger
	Provider boxoffice.PaymentProvider // closes pages
	Bookings boxoffice.BookingStore    // takes what no webhook has told
	Store    boxoffice.ReconcileStore
	Logger   *slog.Logger
}

var _ boxoffice.Reconciler = (*Reconciler)(nil)

// Advance takes the next step. A booking to which it brings news is woken by the sweep, for which the news sets the time.
func (r *Reconciler) Advance(ctx context.Context, before boxoffice.ReconcilePass) (boxoffice.ReconcilePass, error) {
	pass := before
	// What is added must not reach into the pass as it was, which may be gone on from once more.
	pass.Strange, pass.Repairs, pass.Findings = slices.Clip(pass.Strange), slices.Clip(pass.Repairs), slices.Clip(pass.Findings)
	var err error
	switch pass.Phase {
	case "":
		pass, err = r.Store.BeginReconcile(ctx, pass)
	case boxoffice.ReconcilePayments:
		err = r.payments(ctx, &pass)
	case boxoffice.ReconcileRefunds:
		err = r.refunds(ctx, &pass)
	case boxoffice.ReconcilePages:
		err = r.pages(ctx, &pass)
	case boxoffice.ReconcileUnseen:
		err = r.unseen(ctx, &pass)
	case boxoffice.ReconcileReview:
		err = r.review(ctx, &pass)
	case boxoffice.ReconcileEnd:
	}
	if err != nil {
		return before, err
	}
	return pass, nil
}

// turn moves a pass to the next page of its phase, or to the phase that comes then.
func turn(pass *boxoffice.ReconcilePass, next string, then boxoffice.ReconcilePhase) {
	if pass.Cursor = next; next == "" {
		pass.Phase = then
	}
}

// payments compares what the provider took with what we have.
func (r *Reconciler) payments(ctx context.Context, pass *boxoffice.ReconcilePass) error {
	page, err := r.Ledger.Payments(ctx, boxoffice.LedgerWindow{From: pass.Since.Add(-pageLife), To: pass.Until}, pass.Cursor)
	if err != nil {
		return err
	}
	taken := slices.DeleteFunc(page.Items, func(p boxoffice.ProviderPayment) bool { return !p.Captured || p.PaidAt.After(pass.Until) })
	verdicts, err := r.Store.JudgePayments(ctx, taken)
	if err != nil {
		return err
	}
	objects := make([]object, len(taken))
	for i, p := range taken {
		objects[i] = r.payment(p)
	}
	turn(pass, page.Next, boxoffice.ReconcileRefunds)
	return r.settle(ctx, pass, objects, verdicts)
}

// refunds compares what the provider gave back with what we have. One that is younger than the pass, and one that the bank
// may yet send back, is looked at again by the next ones.
func (r *Reconciler) refunds(ctx context.Context, pass *boxoffice.ReconcilePass) error {
	from := pass.Until.Add(-refundLife)
	if pass.Since.Before(from) {
		from = pass.Since
	}
	page, err := r.Ledger.Refunds(ctx, boxoffice.LedgerWindow{From: from, To: pass.Until}, pass.Cursor)
	if err != nil {
		return err
	}
	verdicts, err := r.Store.JudgeRefunds(ctx, page.Items)
	if err != nil {
		return err
	}
	objects := make([]object, len(page.Items))
	for i, refund := range page.Items {
		objects[i] = r.refund(refund)
	}
	turn(pass, page.Next, boxoffice.ReconcilePages)
	return r.settle(ctx, pass, objects, verdicts)
}

// pages closes payment pages that can buy nothing, and attempts whose page is closed.
func (r *Reconciler) pages(ctx context.Context, pass *boxoffice.ReconcilePass) error {
	page, err := r.Ledger.Sessions(ctx, boxoffice.LedgerWindow{From: pass.Since.Add(-pageLife), To: pass.Until}, pass.Cursor)
	if err != nil {
		return err
	}
	verdicts, err := r.Store.JudgePages(ctx, page.Items)
	if err != nil {
		return err
	}
	var objects []object
	var ours []boxoffice.Verdict
	for i, v := range verdicts {
		if v.Standing != boxoffice.StandsForeign { // what another application took on its pages is among the payments
			objects, ours = append(objects, r.page(page.Items[i])), append(ours, v)
		}
	}
	turn(pass, page.Next, boxoffice.ReconcileUnseen)
	return r.settle(ctx, pass, objects, ours)
}

// unseen asks for what we have and the provider's lists did not show.
func (r *Reconciler) unseen(ctx context.Context, pass *boxoffice.ReconcilePass) error {
	ours, err := r.Store.Unseen(ctx, *pass)
	if err != nil {
		return err
	}
	next := ""
	for _, u := range ours {
		next = u.Object
		found, says, err := r.find(ctx, u)
		if err != nil {
			return err
		}
		if says != "" {
			pass.Checked++
			err = r.note(ctx, pass, boxoffice.ReconcileNote{Kind: found.unknown, Object: u.Object, BookingID: u.BookingID, Says: says})
		} else {
			err = r.settleOne(ctx, pass, found)
		}
		if err != nil {
			return err
		}
	}
	turn(pass, next, boxoffice.ReconcileReview)
	return nil
}

// find asks the provider for an object that we have. says is what keeps it from being compared, a sentence.
func (r *Reconciler) find(ctx context.Context, u boxoffice.UnseenObject) (found object, says string, err error) {
	if u.Refund {
		now, err := r.Ledger.RefundNow(ctx, u.Object)
		if boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
			return r.refund(now), "Our books have a refund as done that the provider does not know.", nil
		}
		return r.refund(now), "", err
	}
	now, err := r.Ledger.Payment(ctx, u.Object)
	switch {
	case boxoffice.CodeOf(err) == boxoffice.CodeNotFound:
		return r.payment(now), "Our books have a payment that the provider does not know.", nil
	case err == nil && !now.Captured:
		return r.payment(now), "Our books have a payment of which the provider never captured anything.", nil
	}
	return r.payment(now), "", err
}

// review closes the findings of earlier passes that came right, also those that no window reaches any more, and ends the
// pass.
func (r *Reconciler) review(ctx context.Context, pass *boxoffice.ReconcilePass) error {
	var open []boxoffice.ReconcileNote
	var err error
	if !pass.DryRun {
		if open, err = r.Store.OpenFindings(ctx, pass.Cursor); err != nil {
			return err
		}
	}
	next := ""
	for _, n := range open {
		next = n.Key()
		right, err := r.cameRight(ctx, n)
		if err != nil {
			return err
		}
		if right {
			if err := r.Store.CloseFinding(ctx, n); err != nil {
				return err
			}
		}
	}
	if turn(pass, next, boxoffice.ReconcileEnd); next != "" {
		return nil
	}
	return r.Store.EndReconcile(ctx, *pass)
}
