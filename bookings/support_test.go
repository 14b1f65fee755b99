package bookings_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/bookings"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/mocks"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// desk answers as the store would; a method that a test does not expect is a nil dereference.
type desk struct {
	boxoffice.SupportDesk
	acts    []string
	err     error
	mail    string
	support boxoffice.SupportCase
}

func (d *desk) note(act string) error {
	d.acts = append(d.acts, act)
	return d.err
}

func (d *desk) SupportExtend(context.Context, boxoffice.SupportAct, time.Duration) error {
	return d.note("extend")
}
func (d *desk) SupportRelease(context.Context, boxoffice.SupportAct) error { return d.note("release") }
func (d *desk) SupportRetry(_ context.Context, _ boxoffice.SupportAct, step string) error {
	return d.note("retry: " + step)
}

func (d *desk) SupportCancel(context.Context, boxoffice.SupportAct, boxoffice.SupportTerms) error {
	return d.note("cancel")
}

func (d *desk) SupportRefund(context.Context, boxoffice.SupportAct, int64) error {
	return d.note("refund")
}

func (d *desk) SettleByHand(context.Context, boxoffice.SupportAct, boxoffice.RefundRef, []string) error {
	return d.note("settle")
}

func (d *desk) RetryRefund(context.Context, boxoffice.SupportAct, string) error {
	return d.note("retry refund")
}

func (d *desk) RefundedOtherwise(context.Context, boxoffice.SupportAct, string, string) error {
	return d.note("refunded otherwise")
}

func (d *desk) SupportResend(context.Context, boxoffice.SupportAct, string) (string, error) {
	return d.mail, d.note("resend")
}

func (d *desk) SupportCase(context.Context, boxoffice.User, string) (boxoffice.SupportCase, error) {
	return d.support, d.err
}

func withDesk(t *testing.T) (bundle, *desk) {
	t.Helper()
	b, d := setup(t), &desk{}
	options := b.service.Options
	options.Support, options.Logger = d, slog.New(slog.DiscardHandler)
	b.service = bookings.New(options)
	t.Cleanup(func() { require.NoError(t, b.service.Drain()) })
	return b, d
}

var act = boxoffice.SupportAct{Key: "k1", BookingID: "b1", Actor: "anna", Verified: true, Reason: "The bank is slow."}

func acts(s *bookings.Service) map[string]func(ctx context.Context) (string, error) {
	return map[string]func(ctx context.Context) (string, error){
		"extend":  func(ctx context.Context) (string, error) { return s.ExtendHold(ctx, act, time.Minute) },
		"release": func(ctx context.Context) (string, error) { return s.ReleaseHold(ctx, act) },
		"cancel": func(ctx context.Context) (string, error) {
			return s.CancelBooking(ctx, act, boxoffice.SupportTerms{})
		},
		"refund": func(ctx context.Context) (string, error) { return s.RefundGoodwill(ctx, act, 5) },
		"settle": func(ctx context.Context) (string, error) {
			return s.SettleRefund(ctx, act, boxoffice.RefundRef{PaymentID: "p1", N: 1}, nil)
		},
		"retry refund":       func(ctx context.Context) (string, error) { return s.RetryRefund(ctx, act, "p1") },
		"refunded otherwise": func(ctx context.Context) (string, error) { return s.RefundedOtherwise(ctx, act, "p1", "SEPA 42") },
	}
}

// What the store has done, the run is told of; what it refuses, nobody is.
func TestSupport_WakesTheRunAfterAnAct(t *testing.T) {
	t.Parallel()
	for name := range acts(nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, d := withDesk(t)
			d.err = code(boxoffice.CodeBookingClosed)
			_, err := acts(b.service)[name](t.Context())
			require.Equal(t, boxoffice.CodeBookingClosed, boxoffice.CodeOf(err))
			require.NoError(t, b.service.Drain())
			d.err = nil
			b.temporal.On("SignalWithStartWorkflow", mock.Anything, "booking-b1", workflows.SignalSweep, nil, mock.Anything, mock.Anything, mock.Anything).
				Return(nil, errors.New("away")).Once() // which the sweep makes good
			done, err := acts(b.service)[name](t.Context())
			require.NoError(t, err)
			require.True(t, strings.HasSuffix(done, "."), done)
			require.Equal(t, []string{name, name}, d.acts)
		})
	}
}

func TestSupportResend_StartsTheMailOnce(t *testing.T) {
	t.Parallel()
	b, d := withDesk(t)
	_, err := b.service.ResendTickets(t.Context(), act, "")
	require.NoError(t, err)
	require.NoError(t, b.service.Drain(), "done before: nothing is started")
	d.mail = "m1"
	b.temporal.On("ExecuteWorkflow", mock.Anything, mock.MatchedBy(func(o client.StartWorkflowOptions) bool {
		return o.ID == workflows.MailWorkflowID("m1")
	}), mock.Anything, mock.Anything).Return(nil, nil).Once()
	_, err = b.service.ResendTickets(t.Context(), act, "")
	require.NoError(t, err)
}

// running is a run with a step that is tried again, if failing says so.
func running(status enumspb.WorkflowExecutionStatus, failing bool) *workflowservice.DescribeWorkflowExecutionResponse {
	run := &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Status: status, Execution: &commonpb.WorkflowExecution{WorkflowId: "booking-b1", RunId: "r1"},
	}}
	if failing {
		run.PendingActivities = []*workflowpb.PendingActivityInfo{
			{ActivityId: "1", ActivityType: &commonpb.ActivityType{Name: "Calm"}, Attempt: 1},
			{
				ActivityId: "7", ActivityType: &commonpb.ActivityType{Name: "IssueTickets"}, Attempt: 3, LastFailure: &failurepb.Failure{Message: "the store of files is away"},
				NextAttemptScheduleTime: timestamppb.New(deadline),
			},
		}
	}
	return run
}

const open = enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING

func TestRetryStep(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run     *workflowservice.DescribeWorkflowExecutionResponse
		err     error
		updates error // what the update ends in; errNone: there is none
		nudges  bool
		step    string
		done    string
		code    boxoffice.Code
	}{
		"a step is failing":        {run: running(open, true), step: "retry: IssueTickets", done: "tried now"},
		"it worked meanwhile":      {run: running(open, true), updates: errors.New("no step is failing"), nudges: true, step: "retry: IssueTickets", done: "looks"},
		"nothing is failing":       {run: running(open, false), updates: errNone, nudges: true, step: "retry: look again", done: "looks"},
		"the run is lost":          {err: serviceerror.NewNotFound("no run"), updates: errNone, nudges: true, step: "retry: start the run", done: "started"},
		"the run was terminated":   {run: running(enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, false), updates: errNone, nudges: true, step: "retry: start the run", done: "started"},
		"Temporal is away":         {err: errors.New("connection refused"), updates: errNone, code: boxoffice.CodeUnavailable},
		"the store does not allow": {run: running(open, true), updates: errNone, code: boxoffice.CodeForbidden, step: "retry: IssueTickets"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, d := withDesk(t)
			b.temporal.On("DescribeWorkflowExecution", mock.Anything, "booking-b1", "").Return(c.run, c.err)
			if c.code == boxoffice.CodeForbidden {
				d.err = code(c.code)
			}
			if !errors.Is(c.updates, errNone) {
				handle := mocks.NewWorkflowUpdateHandle(t)
				handle.On("Get", mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
					said, ok := args.Get(1).(*string)
					require.True(t, ok)
					*said = "“Make the tickets” is being tried now."
				}).Return(c.updates).Once()
				b.temporal.On("UpdateWorkflow", mock.Anything, mock.MatchedBy(func(o client.UpdateWorkflowOptions) bool {
					in, ok := o.Args[0].(workflows.SupportRequest)
					return ok && o.UpdateID == "k1" && o.UpdateName == workflows.UpdateRetry && in == workflows.SupportRequest{Actor: "anna", Reason: act.Reason, Key: "k1"}
				})).Return(handle, nil).Once()
			}
			if c.nudges {
				b.temporal.On("SignalWithStartWorkflow", mock.Anything, "booking-b1", workflows.SignalSweep, nil, mock.Anything, mock.Anything, mock.Anything).
					Return(nil, nil).Once()
			}
			done, err := b.service.RetryStep(t.Context(), act)
			require.Equal(t, c.code, boxoffice.CodeOf(err))
			require.Contains(t, done, c.done)
			if c.step == "" {
				require.Empty(t, d.acts, "what could not be tried is not written down")
			} else {
				require.Equal(t, []string{c.step}, d.acts)
			}
		})
	}
}

var errNone = errors.New("no update")

// recorded makes the client give a history of a real server.
func (b bundle) recorded(t *testing.T, name string) *historypb.History {
	t.Helper()
	return b.recordedAs(t, name, "r1")
}

func (b bundle) recordedAs(t *testing.T, name, runID string) *historypb.History {
	t.Helper()
	file, err := os.Open("../workflows/testdata/" + name + ".json")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	history, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
	require.NoError(t, err)
	pages := mocks.NewHistoryEventIterator(t)
	at := 0
	pages.On("HasNext").Return(func() bool { return at < len(history.GetEvents()) })
	pages.On("Next").Return(func() *historypb.HistoryEvent { at++; return history.GetEvents()[at-1] }, nil)
	b.temporal.On("GetWorkflowHistory", mock.Anything, "booking-b1", runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT).Return(pages).Once()
	return history
}

// earlier are the runs that Temporal lists.
func (b bundle) earlier(runIDs ...string) {
	list := &workflowservice.ListWorkflowExecutionsResponse{}
	for _, id := range runIDs {
		list.Executions = append(list.Executions, &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{RunId: id}})
	}
	b.temporal.On("ListWorkflow", mock.Anything, mock.MatchedBy(func(r *workflowservice.ListWorkflowExecutionsRequest) bool {
		return r.GetQuery() == "WorkflowId = 'booking-b1'" && r.GetPageSize() > 0
	})).Return(list, nil).Once()
}

func told(story []boxoffice.StoryLine) string {
	var lines []string
	for _, l := range story {
		lines = append(lines, l.What)
	}
	return strings.Join(lines, "\n")
}

// The story is told from the rows and, in between, from what Temporal recorded.
func TestCase_TellsWhatTheRunDid(t *testing.T) {
	t.Parallel()
	b, d := withDesk(t)
	history := b.recorded(t, "sold-issue-retried")
	b.earlier("r1")
	last := history.GetEvents()[len(history.GetEvents())-1].GetEventTime().AsTime()
	d.support = boxoffice.SupportCase{
		Situation: boxoffice.Situation{Status: boxoffice.BookingHeld, Deadline: deadline, Remaining: time.Minute, Epoch: 1},
		Story:     []boxoffice.StoryLine{{At: last.Add(-time.Nanosecond), What: "The tickets were made."}},
	}
	run := running(open, true)
	for _, e := range history.GetEvents() {
		if scheduled := e.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			run.PendingActivities[1].ActivityId = scheduled.GetActivityId()
		}
	}
	b.temporal.On("DescribeWorkflowExecution", mock.Anything, "booking-b1", "").Return(run, nil).Once()
	details, err := converter.GetDefaultDataConverter().ToPayloads(&sdkpb.WorkflowMetadata{CurrentDetails: "The booking is **confirmed**."})
	require.NoError(t, err)
	b.temporal.On("QueryWorkflow", mock.Anything, "booking-b1", "", "__temporal_workflow_metadata").Return(client.NewValue(details), nil).Once()
	c, err := b.service.Case(t.Context(), boxoffice.User{}, "b1")
	require.NoError(t, err)
	require.Equal(t, "The seats are held until 19:30:00 UTC. Waiting for the payment. No payment page is open.", c.WaitsFor)
	require.Equal(t, boxoffice.RunReport{Open: true, Says: "The booking is confirmed.", Failing: &boxoffice.FailingStep{
		Step: "Make the tickets", Attempt: 3, LastError: "the store of files is away", NextTryAt: deadline,
	}}, c.Run)
	story := told(c.Story)
	for _, line := range []string{"A run began.", "“Verify the hold” worked.", "Seats are held until", "The run was told to look: payment.", "“Make the tickets” is tried until it works."} {
		require.Contains(t, story, line)
	}
	require.True(t, strings.HasSuffix(story, "The tickets were made.\nThe run ended: completed."), "in the order of time: %s", story)
}

// Every history that was ever recorded is told without a word that is none for people.
func TestCase_TellsEveryRecordedHistory(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir("../workflows/testdata")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), ".json")
		b, _ := withDesk(t)
		b.recorded(t, name)
		b.earlier("r1")
		b.temporal.On("DescribeWorkflowExecution", mock.Anything, "booking-b1", "").Return(running(enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, false), nil).Once()
		c, err := b.service.Case(t.Context(), boxoffice.User{}, "b1")
		require.NoError(t, err)
		require.NotEmpty(t, c.Story, name)
		require.NotContains(t, told(c.Story), "“”", name)
		require.NotContains(t, told(c.Story), "A step", name)
		require.Regexp(t, "The run (ended|failed): ", told(c.Story), name)
	}
}

// A booking that was sold and then undone had two runs, and both are told.
func TestCase_TellsEarlierRuns(t *testing.T) {
	t.Parallel()
	b, _ := withDesk(t)
	b.recorded(t, "given-back")
	b.recordedAs(t, "sold", "r0")
	b.earlier("r1", "r0")
	b.temporal.On("DescribeWorkflowExecution", mock.Anything, "booking-b1", "").Return(running(enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, false), nil).Once()
	c, err := b.service.Case(t.Context(), boxoffice.User{}, "b1")
	require.NoError(t, err)
	require.Empty(t, c.Run.Missing)
	story := told(c.Story)
	require.Equal(t, 2, strings.Count(story, "A run began."))
	require.Contains(t, story, "“Sell the held seats” worked.")
	require.Contains(t, story, "“Give the money back” worked.")
}

// Where Temporal is away or has no run, or its worker does not answer, the rest is told, and that this is missing.
func TestCase_WithoutTemporal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err     error
		missing string
	}{
		"away":   {errors.New("connection refused"), "does not answer"},
		"no run": {serviceerror.NewNotFound("no run"), "no run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, d := withDesk(t)
			d.support = boxoffice.SupportCase{Situation: boxoffice.Situation{Status: boxoffice.BookingRefunding, StuckRefund: true}}
			b.temporal.On("DescribeWorkflowExecution", mock.Anything, mock.Anything, mock.Anything).Return(nil, c.err).Once()
			got, err := b.service.Case(t.Context(), boxoffice.User{}, "b1")
			require.NoError(t, err)
			require.Contains(t, got.Run.Missing, c.missing)
			require.Equal(t, "A refund failed at the bank. Somebody has to find another way to pay the buyer back.", got.WaitsFor)
		})
	}
	b, d := withDesk(t)
	d.err = code(boxoffice.CodeNotFound)
	_, err := b.service.Case(t.Context(), boxoffice.User{}, "b1")
	require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err))
}
