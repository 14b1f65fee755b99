package reconcile

import (
	"context"
	"slices"

	"github.com/boxoffice/boxoffice"
)

// object is one thing of the provider's record, with what can be done about it.
type object struct {
	id      string
	kind    boxoffice.FindingKind // what does not agree is called so,
	lost    boxoffice.FindingKind // where it is about nothing in our books so,
	unknown boxoffice.FindingKind // and where the provider does not have it so

	take  func(ctx context.Context) error // the provider's word into our books, as a webhook of it would
	judge func(ctx context.Context) (boxoffice.Verdict, error)
}

func (r *Reconciler) payment(p boxoffice.ProviderPayment) object {
	return object{
		id: p.PaymentIntent, kind: boxoffice.FindingPayment, lost: boxoffice.FindingPaymentLost, unknown: boxoffice.FindingPaymentUnknown,
		take: func(ctx context.Context) error {
			session, err := r.Ledger.SessionOf(ctx, p.PaymentIntent)
			if err != nil {
				return err
			}
			return r.receive(ctx, boxoffice.PaymentEvent{Session: &session, ObjectID: session.ID, Live: session.Live})
		},
		judge: func(ctx context.Context) (boxoffice.Verdict, error) {
			return first(r.Store.JudgePayments(ctx, []boxoffice.ProviderPayment{p}))
		},
	}
}

// refund is asked for anew when it is taken: a list may be older than the webhook that came meanwhile.
func (r *Reconciler) refund(refund boxoffice.ProviderRefund) object {
	return object{
		id: refund.ID, kind: boxoffice.FindingRefund, lost: boxoffice.FindingRefundLost, unknown: boxoffice.FindingRefundUnknown,
		take: func(ctx context.Context) (err error) {
			event, err := r.Ledger.RefundEvent(ctx, refund.ID)
			if err != nil {
				return err
			}
			if refund, err = r.Ledger.RefundNow(ctx, refund.ID); err != nil {
				return err
			}
			return r.receive(ctx, event)
		},
		judge: func(ctx context.Context) (boxoffice.Verdict, error) {
			return first(r.Store.JudgeRefunds(ctx, []boxoffice.ProviderRefund{refund}))
		},
	}
}

// page is closed where it is open for nothing. Where its buyer was faster, that payment is taken with it.
func (r *Reconciler) page(page boxoffice.PaymentSession) object {
	return object{
		id: page.ID, kind: boxoffice.FindingPage,
		take: func(ctx context.Context) (err error) {
			if page.Status == boxoffice.SessionOpen {
				if page, err = r.Provider.ExpireSession(ctx, page.ID); err != nil {
					return err
				}
			}
			return r.receive(ctx, boxoffice.PaymentEvent{Session: &page, ObjectID: page.ID, Live: page.Live})
		},
		judge: func(ctx context.Context) (boxoffice.Verdict, error) {
			return first(r.Store.JudgePages(ctx, []boxoffice.PaymentSession{page}))
		},
	}
}

func first(verdicts []boxoffice.Verdict, err error) (boxoffice.Verdict, error) {
	if err != nil {
		return boxoffice.Verdict{}, err
	}
	return verdicts[0], nil
}

func (r *Reconciler) receive(ctx context.Context, e boxoffice.PaymentEvent) error {
	_, err := r.Bookings.ReceivePaymentEvent(ctx, e)
	return err
}

// settle does with each object what its verdict asks for.
func (r *Reconciler) settle(ctx context.Context, pass *boxoffice.ReconcilePass, objects []object, verdicts []boxoffice.Verdict) error {
	var ours []string
	for i, o := range objects {
		if err := r.act(ctx, pass, o, verdicts[i]); err != nil {
			return err
		}
		if verdicts[i].BookingID != "" && o.unknown != "" {
			ours = append(ours, o.id)
		}
	}
	if pass.DryRun {
		return nil
	}
	return r.Store.MarkSeen(ctx, ours)
}

// settleOne judges an object first.
func (r *Reconciler) settleOne(ctx context.Context, pass *boxoffice.ReconcilePass, o object) error {
	v, err := o.judge(ctx)
	if err != nil {
		return err
	}
	return r.settle(ctx, pass, []object{o}, []boxoffice.Verdict{v})
}

// act does what a verdict asks for.
func (r *Reconciler) act(ctx context.Context, pass *boxoffice.ReconcilePass, o object, v boxoffice.Verdict) (err error) {
	pass.Checked++
	n := boxoffice.ReconcileNote{Kind: o.kind, Object: o.id, BookingID: v.BookingID, Says: v.Says}
	switch v.Standing {
	case boxoffice.StandsAgreed:
		return nil
	case boxoffice.StandsForeign:
		pass.Foreign++
		pass.Strange = capped(pass.Strange, o.id)
		return nil
	case boxoffice.StandsLost:
		n.Kind = o.lost
	case boxoffice.StandsApart:
	case boxoffice.StandsBehind:
		if !pass.DryRun {
			if v, err = r.mend(ctx, o); err != nil {
				return err
			}
		}
		if pass.DryRun || v.Standing == boxoffice.StandsAgreed {
			pass.Repaired++
			pass.Repairs = capped(pass.Repairs, n)
			return nil
		}
		n.Says = v.Says
	}
	return r.note(ctx, pass, n)
}

// mend takes the provider's word, and judges the object again. What cannot be taken, whatever the reason, stays behind: one
// object must not keep a pass from all others. Who is away is waited for.
func (r *Reconciler) mend(ctx context.Context, o object) (boxoffice.Verdict, error) {
	switch err := o.take(ctx); boxoffice.CodeOf(err) {
	case "":
	case boxoffice.CodeProviderUnknown, boxoffice.CodeUnavailable:
		return boxoffice.Verdict{}, err
	default:
		if ctx.Err() != nil {
			return boxoffice.Verdict{}, err
		}
		r.Logger.WarnContext(ctx, "reconciliation: the provider's word was not taken", "kind", o.kind, "object", o.id, "error", err)
	}
	return o.judge(ctx)
}

// note counts a finding, and asks a person to decide it. One that is decided is no finding any more. A dry run, which marks
// nothing as seen, may come to the same twice.
func (r *Reconciler) note(ctx context.Context, pass *boxoffice.ReconcilePass, n boxoffice.ReconcileNote) error {
	if slices.Contains(pass.Findings, n) {
		return nil
	}
	decided, err := r.Store.NoteFinding(ctx, n, pass.DryRun)
	if err != nil || decided {
		return err
	}
	pass.Found++
	pass.Findings = capped(pass.Findings, n)
	return nil
}

func capped[T any](list []T, one T) []T {
	if len(list) == boxoffice.MaxReconcileNotes {
		return list
	}
	return append(list, one)
}

// cameRight tells whether what did not agree once does so now.
func (r *Reconciler) cameRight(ctx context.Context, n boxoffice.ReconcileNote) (bool, error) {
	var o object
	switch n.Kind {
	case boxoffice.FindingPage:
		now, err := r.Provider.Session(ctx, n.Object)
		if err != nil {
			return false, unlessMissing(err)
		}
		o = r.page(now)
	case boxoffice.FindingPayment, boxoffice.FindingPaymentLost, boxoffice.FindingPaymentUnknown,
		boxoffice.FindingRefund, boxoffice.FindingRefundLost, boxoffice.FindingRefundUnknown:
		refund := n.Kind == boxoffice.FindingRefund || n.Kind == boxoffice.FindingRefundLost || n.Kind == boxoffice.FindingRefundUnknown
		found, says, err := r.find(ctx, boxoffice.UnseenObject{Refund: refund, Object: n.Object})
		if err != nil || says != "" {
			return false, err
		}
		o = found
	default:
		return false, nil // of a newer version, which knows what it is
	}
	v, err := o.judge(ctx)
	if err == nil && v.Standing == boxoffice.StandsBehind {
		v, err = r.mend(ctx, o)
	}
	return v.Standing == boxoffice.StandsAgreed, err
}

func unlessMissing(err error) error {
	if boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
		return nil
	}
	return err
}
