package workflows

import (
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	"go.temporal.io/sdk/workflow"
)

// ReconcileID is the ID of the schedule by which the provider's record is compared with ours, and of its workflows, to which
// Temporal appends the time.
const ReconcileID = "reconcile"

// QueryReconcileProgress answers with a boxoffice.ReconcilePass.
const QueryReconcileProgress = "progress"

// reconcileSteps names the activity. It stays nil: only its method's name is used.
var reconcileSteps *activities.Reconciliation

// compare is a step that takes minutes and says by its heartbeat how far it is. Who is away is waited for; each wait is
// short beside the hour after which the next pass is due.
func compare() kind {
	return kind{queue: QueueBulk, try: 2 * time.Hour, heartbeat: 30 * time.Second, retry: backoff(5*time.Second, 5*time.Minute)}
}

var reconcileSummaries = map[boxoffice.ReconcilePhase]string{
	"":                          "Begin where the last pass ended",
	boxoffice.ReconcilePayments: "Compare payments",
	boxoffice.ReconcileRefunds:  "Compare refunds",
	boxoffice.ReconcilePages:    "Compare payment pages",
	boxoffice.ReconcileUnseen:   "Ask for what the lists did not show",
	boxoffice.ReconcileReview:   "Close what came right",
}

// Reconcile takes one pass through the provider's record and ours, and gives what it found: counts and IDs.
func Reconcile(ctx workflow.Context, pass boxoffice.ReconcilePass) (boxoffice.ReconcilePass, error) {
	err := workflow.SetQueryHandlerWithOptions(ctx, QueryReconcileProgress, func() (boxoffice.ReconcilePass, error) {
		return pass, nil
	}, workflow.QueryHandlerOptions{Description: "How far the pass is, and what it found, as of its last phase"})
	for err == nil && pass.Phase != boxoffice.ReconcileEnd {
		err = workflow.ExecuteActivity(compare().regular(ctx, reconcileSummaries[pass.Phase]), reconcileSteps.Reconcile, pass).Get(ctx, &pass)
	}
	return pass, err
}
