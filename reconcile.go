package boxoffice

import (
	"context"
	"time"
)

// ReconcilePhase is what a pass is comparing.
type ReconcilePhase string

// The phases of a pass, in their order.
const (
	ReconcilePayments ReconcilePhase = "payments" // of the provider's record, with ours
	ReconcileRefunds  ReconcilePhase = "refunds"  // the same
	ReconcilePages    ReconcilePhase = "pages"    // payment pages, with our attempts
	ReconcileUnseen   ReconcilePhase = "unseen"   // what we have, and the provider's lists did not show
	ReconcileReview   ReconcilePhase = "review"   // what earlier passes found: it may have come right
	ReconcileEnd      ReconcilePhase = "end"      // the pass is over
)

// FindingKind says what does not agree.
type FindingKind string

// The kinds of findings, and of repairs.
const (
	FindingPayment        FindingKind = "payment"         // the provider's payment and ours differ, or ours is missing
	FindingPaymentLost    FindingKind = "payment-lost"    // it is for a booking that our database does not have
	FindingPaymentUnknown FindingKind = "payment-unknown" // we have it, and the provider has not, or never captured it
	FindingRefund         FindingKind = "refund"          // the provider's refund and ours differ, or ours is missing
	FindingRefundLost     FindingKind = "refund-lost"     // it is of a payment that our database does not have
	FindingRefundUnknown  FindingKind = "refund-unknown"  // we hold it as done, and the provider does not know it
	FindingPage           FindingKind = "page"            // a payment page and its attempt do not agree
)

// ReconcileNote is one thing that did not agree. It holds IDs, states and amounts only: staff read it, and histories keep it.
type ReconcileNote struct {
	Kind      FindingKind `json:"kind"`
	Object    string      `json:"object"`               // the provider's ID
	BookingID string      `json:"booking_id,omitempty"` // empty: none that we have
	Says      string      `json:"says"`                 // a sentence
}

// Key names the fact, for its support task.
func (n ReconcileNote) Key() string { return "reconciliation:" + string(n.Kind) + ":" + n.Object }

// MaxReconcileNotes is how many repairs, and how many findings, a pass names; the others are counted.
const MaxReconcileNotes = 100

// ReconcilePass is one comparison of the provider's record with ours: where it is, and what it has found. The zero pass
// begins where the last one that came to its end stopped.
type ReconcilePass struct {
	Since  time.Time      `json:"since"`           // zero: from the last pass on
	Until  time.Time      `json:"until"`           // chosen at the beginning: what is younger is left to the protocol
	Given  bool           `json:"given,omitempty"` // Since was given: the next pass does not go on from here
	DryRun bool           `json:"dry_run,omitempty"`
	Phase  ReconcilePhase `json:"phase,omitempty"` // empty: not begun
	Cursor string         `json:"cursor,omitempty"`

	Checked  int             `json:"checked"`  // objects
	Foreign  int             `json:"foreign"`  // payments and refunds of the account with nothing of ours: left alone
	Repaired int             `json:"repaired"` // in a dry run: what would be tried to be
	Found    int             `json:"found"`
	Strange  []string        `json:"strange,omitempty"` // the IDs of those that are foreign, the first of them
	Repairs  []ReconcileNote `json:"repairs,omitempty"`
	Findings []ReconcileNote `json:"findings,omitempty"`
}

// Reconciler compares the provider's record with ours, a page at a time.
type Reconciler interface {
	// Advance takes the next step of a pass: at most a hundred objects. It may be repeated from any earlier state of the
	// pass. CodeProviderUnknown, CodeUnavailable: the same step is to be taken again, later.
	Advance(ctx context.Context, pass ReconcilePass) (ReconcilePass, error)
}

// Scheduler has Temporal start what is due again and again. The worker reaches it by this.
type Scheduler interface {
	// Ensure makes the schedules, or brings those that there are up to date; again it does no harm. CodeUnavailable.
	Ensure(ctx context.Context) error
}

// Standing is how an object of the provider's record stands to our books.
type Standing string

// The standings.
const (
	StandsAgreed  Standing = "agreed"
	StandsBehind  Standing = "behind"  // our books are behind: what the provider says can be taken as a webhook of it would be
	StandsApart   Standing = "apart"   // they differ, and nothing says which is right
	StandsLost    Standing = "lost"    // it carries our marks, and is about nothing in our books
	StandsForeign Standing = "foreign" // it is another application's
)

// Verdict is how one object stands.
type Verdict struct {
	Standing  Standing
	BookingID string // ours; empty: none that we have
	Says      string // a sentence, where they do not agree
}

// UnseenObject is a payment or a refund of ours that the provider's lists did not show.
type UnseenObject struct {
	Refund    bool   // else a payment
	Object    string // the provider's ID
	BookingID string
}

// ReconcileStore compares what the provider says with the books, and keeps what came of it. Verdicts come in the order of
// what was asked for; they lock nothing. Any method may fail with CodeUnavailable.
type ReconcileStore interface {
	// BeginReconcile sets the window of a pass by the database's clock, and its first phase.
	BeginReconcile(ctx context.Context, pass ReconcilePass) (ReconcilePass, error)
	// JudgePayments says how payments of the provider's stand.
	JudgePayments(ctx context.Context, payments []ProviderPayment) ([]Verdict, error)
	// JudgeRefunds says how refunds of the provider's stand.
	JudgeRefunds(ctx context.Context, refunds []ProviderRefund) ([]Verdict, error)
	// JudgePages says how payment pages of the provider's stand.
	JudgePages(ctx context.Context, pages []PaymentSession) ([]Verdict, error)
	// MarkSeen notes objects of ours that the provider's lists showed.
	MarkSeen(ctx context.Context, objects []string) error
	// Unseen gives what of the pass's window we have and no MarkSeen has named, at most a hundred, in the order of their IDs.
	Unseen(ctx context.Context, pass ReconcilePass) ([]UnseenObject, error)
	// NoteFinding opens the support task of a finding, or with look only looks for it. decided: a person has closed it.
	NoteFinding(ctx context.Context, n ReconcileNote, look bool) (decided bool, err error)
	// OpenFindings gives findings whose task is open, at most a hundred, behind a key, in the order of their keys.
	OpenFindings(ctx context.Context, after string) ([]ReconcileNote, error)
	// CloseFinding closes the task of a finding that came right.
	CloseFinding(ctx context.Context, n ReconcileNote) error
	// EndReconcile notes that a pass came to its end, and the next one goes on from there, unless Since was given.
	EndReconcile(ctx context.Context, pass ReconcilePass) error
}

// ReconcileState is what operators are told of reconciliation.
type ReconcileState struct {
	Age      time.Duration // since the last pass came to its end; where none has, since the first payment
	Open     int64         // findings that nobody has decided
	Repaired int64         // by all passes
}
