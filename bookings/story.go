package bookings

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
)

// metadataQuery asks a worker what Temporal's UI asks it: the SDK answers.
const metadataQuery = "__temporal_workflow_metadata"

// How long Temporal is asked about a run, how long its worker, and how much of a history is read: a booking has 20 events, and
// one whose steps fail for a day some hundreds.
const (
	askPatience   = 4 * time.Second
	queryPatience = 2 * time.Second
	mostEvents    = 2000
	mostRuns      = 20
)

// askRun asks Temporal what the newest run of a booking does, and what its runs did. What it does not tell in time is missing from the answer, which says
// so.
func (s *Service) askRun(ctx context.Context, bookingID string) (boxoffice.RunReport, []boxoffice.StoryLine) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	id := workflows.BookingWorkflowID(bookingID)
	run, err := s.Temporal.DescribeWorkflowExecution(ctx, id, "")
	if _, absent := errors.AsType[*serviceerror.NotFound](err); absent {
		return boxoffice.RunReport{Missing: "Temporal has no run of this booking: none was needed yet, or it was lost or forgotten."}, nil
	}
	if err != nil {
		s.Logger.WarnContext(ctx, "Temporal does not tell of a run", "booking", bookingID, "error", err)
		return boxoffice.RunReport{Missing: "Temporal does not answer, so what its run does and did is not told here."}, nil
	}
	report := boxoffice.RunReport{Open: isOpen(run)}
	if report.Open {
		report.Says = s.askWorker(ctx, id)
	}
	newest := run.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	events, err := s.readHistory(ctx, id, newest, mostEvents)
	report.Failing = failingStep(run, events)
	story := tell(events)
	earlier, listErr := s.earlierRuns(ctx, id, newest)
	err = errors.Join(err, listErr)
	for _, runID := range earlier {
		before, readErr := s.readHistory(ctx, id, runID, mostEvents-len(story))
		err = errors.Join(err, readErr)
		story = append(story, tell(before)...)
	}
	if err != nil {
		s.Logger.WarnContext(ctx, "Temporal does not tell all of a booking's runs", "booking", bookingID, "error", err)
		report.Missing = "Temporal did not tell all that the booking's runs did."
	}
	return report, story
}

// earlierRuns gives the runs of a booking but the newest, as far as Temporal remembers them. Its list may lag by a second.
func (s *Service) earlierRuns(ctx context.Context, workflowID, newest string) (runIDs []string, err error) {
	list, err := s.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: mostRuns, Query: fmt.Sprintf("WorkflowId = '%s'", workflowID),
	})
	for _, run := range list.GetExecutions() {
		if id := run.GetExecution().GetRunId(); id != newest {
			runIDs = append(runIDs, id)
		}
	}
	return runIDs, err
}

func (s *Service) readHistory(ctx context.Context, workflowID, runID string, most int) (events []*historypb.HistoryEvent, err error) {
	pages := s.Temporal.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for len(events) < most && pages.HasNext() {
		event, err := pages.Next()
		if err != nil {
			return events, err
		}
		events = append(events, event)
	}
	return events, nil
}

// askWorker asks a worker for the current details of an open run; empty where none answers.
func (s *Service) askWorker(ctx context.Context, workflowID string) string {
	ctx, cancel := context.WithTimeout(ctx, queryPatience)
	defer cancel()
	answer, err := s.Temporal.QueryWorkflow(ctx, workflowID, "", metadataQuery)
	if err != nil {
		return ""
	}
	var about sdkpb.WorkflowMetadata
	if err := answer.Get(&about); err != nil {
		return ""
	}
	return plain(about.GetCurrentDetails())
}

// failingStep gives the step that is tried again and again, if one is. Its words are in the history, if that is known.
func failingStep(run *workflowservice.DescribeWorkflowExecutionResponse, events []*historypb.HistoryEvent) *boxoffice.FailingStep {
	for _, pending := range run.GetPendingActivities() {
		if pending.GetLastFailure() == nil {
			continue
		}
		step := boxoffice.FailingStep{
			Step: pending.GetActivityType().GetName(), Attempt: int(pending.GetAttempt()), LastError: pending.GetLastFailure().GetMessage(),
		}
		if next := pending.GetNextAttemptScheduleTime(); next != nil {
			step.NextTryAt = next.AsTime()
		}
		for _, e := range events {
			if scheduled := e.GetActivityTaskScheduledEventAttributes(); scheduled.GetActivityId() == pending.GetActivityId() && scheduled != nil {
				step.Step = summaryOf(e, step.Step)
			}
		}
		return &step
	}
	return nil
}

// summaryOf gives the words that were written beside an event.
func summaryOf(e *historypb.HistoryEvent, otherwise string) string {
	if text := textOf(e.GetUserMetadata().GetSummary()); text != "" {
		return text
	}
	return otherwise
}

func textOf(p *commonpb.Payload) (text string) {
	if p == nil || converter.GetDefaultDataConverter().FromPayload(p, &text) != nil {
		return ""
	}
	return text
}

// tell makes sentences of those events of a history that mean something to people.
func tell(events []*historypb.HistoryEvent) []boxoffice.StoryLine {
	steps := map[int64]string{} // of regular activities, by the event that scheduled them
	var story []boxoffice.StoryLine
	for _, e := range events {
		if scheduled := e.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			steps[e.GetEventId()] = summaryOf(e, scheduled.GetActivityType().GetName())
		}
		if what := sentence(e, steps); what != "" {
			story = append(story, boxoffice.StoryLine{At: e.GetEventTime().AsTime(), Source: "run", Actor: "workflow", What: what})
		}
	}
	return story
}

// sentence tells an event; empty: it means nothing to people.
func sentence(e *historypb.HistoryEvent, steps map[int64]string) string {
	switch e.GetEventType() { //nolint:exhaustive // most of fifty kinds are Temporal's own business
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
		return "A run began."
	case enumspb.EVENT_TYPE_MARKER_RECORDED:
		return tellMarker(e)
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		return fmt.Sprintf("“%s” is tried until it works.", steps[e.GetEventId()])
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
		return fmt.Sprintf("“%s” worked.", steps[e.GetActivityTaskCompletedEventAttributes().GetScheduledEventId()])
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
		failed := e.GetActivityTaskFailedEventAttributes()
		return fmt.Sprintf("“%s” failed for good: %s", steps[failed.GetScheduledEventId()], failed.GetFailure().GetMessage())
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
		return fmt.Sprintf("“%s” was given up.", steps[e.GetActivityTaskTimedOutEventAttributes().GetScheduledEventId()])
	case enumspb.EVENT_TYPE_TIMER_STARTED:
		return summaryOf(e, "The run waits") + "."
	case enumspb.EVENT_TYPE_TIMER_FIRED:
		return "The time that the run waited for came."
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
		return fmt.Sprintf("The run was told to look: %s.", e.GetWorkflowExecutionSignaledEventAttributes().GetSignalName())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
		return fmt.Sprintf("Support asked the run for: %s.", e.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetName())
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED:
		failed := e.GetWorkflowTaskFailedEventAttributes()
		if failed.GetCause() == enumspb.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND {
			return "" // a signal came while the run was about to end, so it looks once more
		}
		return "The run's code failed: " + failed.GetFailure().GetMessage()
	}
	return tellEnd(e)
}

// tellMarker tells a local activity, which leaves a marker when it is done.
func tellMarker(e *historypb.HistoryEvent) string {
	marker := e.GetMarkerRecordedEventAttributes()
	if marker.GetMarkerName() != "LocalActivity" {
		return ""
	}
	step := summaryOf(e, "A step")
	if failure := marker.GetFailure(); failure != nil {
		return fmt.Sprintf("“%s” failed: %s", step, failure.GetMessage())
	}
	return fmt.Sprintf("“%s” worked.", step)
}

func tellEnd(e *historypb.HistoryEvent) string {
	end, ended := strings.CutPrefix(e.GetEventType().String(), "WorkflowExecution")
	switch {
	case !ended:
		return ""
	case end == "Failed":
		return "The run failed: " + e.GetWorkflowExecutionFailedEventAttributes().GetFailure().GetMessage()
	case end == "Completed", end == "Terminated", end == "Canceled", end == "TimedOut":
		return "The run ended: " + strings.ToLower(end) + "."
	}
	return ""
}
