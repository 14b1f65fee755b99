package workflows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/activities"
	devtemporal "github.com/boxoffice/boxoffice/internal/devstack/temporal"
	"github.com/boxoffice/boxoffice/worker"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
)

// To record the histories anew after a change that needs it: go test ./workflows -run TestHistoryEventCounts -record
var record = flag.Bool("record", false, "write the histories of a real server to testdata")

// runs names the workflows; it stays nil.
var runs *workflows.Bookings

const (
	identity = "boxoffice"
	patience = 5 * time.Minute // for a server and its runs, on a busy machine
)

// live is a real server with the real worker over rows in memory.
type live struct {
	client client.Client
	rows   *rows
	post   *post

	library *library
	ledger  *ledger
	matinee *matinee
}

// Ensure is here for nothing: what is due again and again is started by the tests.
func (*live) Ensure(context.Context) error { return nil }

func startLive(t *testing.T) *live {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	server, err := devtemporal.Start(ctx, devtemporal.Options{SearchAttributes: workflows.SearchAttributeTypes()})
	if err != nil {
		cancel()
		require.NoError(t, err)
	}
	c, err := client.Dial(client.Options{HostPort: server.Address, Namespace: server.Namespace, Identity: identity, Logger: quiet})
	require.NoError(t, err)
	l := &live{
		client: c, rows: newRows(time.Now), post: newPost(boxoffice.MailReset), library: newLibrary(1300), ledger: newLedger(),
		matinee: newMatinee(time.Now, 3),
	}
	work, stopWork := context.WithCancel(ctx)
	worked := make(chan error, 1)
	go func() {
		worked <- worker.Run(work, worker.Options{
			Temporal: c, Activities: stepsOver(l.rows), Store: l.rows, Workflows: &workflows.Bookings{IssuePatience: time.Hour},
			Accounts: l.post.steps(), Search: l.library.steps(), Relay: worker.Relay{Outbox: l.library, Builds: l.library, Index: l.library},
			Reconciliation: l.ledger.steps(), Schedules: l, CallOffs: l.matinee.steps(), Canceller: l.matinee,
			Logger: slog.New(slog.DiscardHandler), SweepEvery: time.Hour, InboxEvery: time.Hour,
		})
	}()
	t.Cleanup(func() {
		stopWork()
		require.NoError(t, <-worked)
		c.Close()
		cancel()
		require.NoError(t, server.Wait())
	})
	return l
}

// lead leads a booking to its end and gives the history of its run.
func (l *live) lead(ctx context.Context, t *testing.T, s scenario) *historypb.History {
	t.Helper()
	b := l.rows.book(s.name, s.hold)
	if s.begin != nil {
		s.begin(b)
	}
	id := workflows.BookingWorkflowID(s.name)
	options := client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.QueueBooking, StaticSummary: b.ref.Summary, TypedSearchAttributes: workflows.SearchAttributes(b.ref),
	}
	var run client.WorkflowRun
	var err error
	if s.wakes == "" {
		run, err = l.client.ExecuteWorkflow(ctx, options, runs.Booking, b.ref)
	} else {
		run, err = l.client.SignalWithStartWorkflow(ctx, id, s.wakes, nil, options, runs.Booking, b.ref)
	}
	require.NoError(t, err)
	if s.meet != nil {
		l.await(ctx, t, id, enumspb.EVENT_TYPE_TIMER_STARTED)
		if signal := s.meet(b); signal != "" {
			require.NoError(t, l.client.SignalWorkflow(ctx, id, run.GetRunID(), signal, nil))
		}
	}
	if s.help != "" {
		update, err := l.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: id, UpdateName: s.help, Args: []any{anna(1)}, WaitForStage: client.WorkflowUpdateStageCompleted,
		})
		require.NoError(t, err)
		require.NoError(t, update.Get(ctx, nil))
	}
	if s.stop {
		require.NoError(t, l.client.CancelWorkflow(ctx, id, run.GetRunID()))
	}
	var status boxoffice.BookingStatus
	err = run.Get(ctx, &status)
	require.Equal(t, s.ends, status, "%v", err)
	if s.ends != "" {
		require.Equal(t, boxoffice.StepEnd, b.seen().Next())
	}
	return l.history(ctx, t, id)
}

// await returns when the run's history has an event of a type.
func (l *live) await(ctx context.Context, t *testing.T, id string, kind enumspb.EventType) {
	t.Helper()
	events := l.client.GetWorkflowHistory(ctx, id, "", true, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(t, err)
		if e.GetEventType() == kind {
			return
		}
	}
	require.Fail(t, "the run ended without the event", "%s: %s", id, kind)
}

func (l *live) history(ctx context.Context, t *testing.T, id string) *historypb.History {
	t.Helper()
	history := &historypb.History{}
	events := l.client.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(t, err)
		history.Events = append(history.Events, e)
	}
	return history
}

// The server is what all capacity is measured by, and it is paid by the event: a change that adds one is to be seen here.
func TestHistoryEventCounts(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	t.Run("runs", func(t *testing.T) {
		for _, s := range scenarios() {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				history := l.lead(ctx, t, s)
				t.Logf("%s: %d events", s.name, len(history.Events))
				keep(t, s.name, history)
				require.LessOrEqual(t, len(history.Events), s.most, "%s", kinds(history))
			})
		}
	})
	l.mailOf(ctx, t, "sold-mail-handed-over", "mail", boxoffice.EmailSent)
	l.mailOf(ctx, t, "sold-mail-given-up", "mail-given-up", boxoffice.EmailFailed)
}

// mailOf waits for the mail of a booking to come to its end in its own workflow, and keeps that history.
func (l *live) mailOf(ctx context.Context, t *testing.T, booking, name string, end boxoffice.EmailStatus) {
	t.Helper()
	b, err := l.rows.byID(booking)
	require.NoError(t, err)
	id := workflows.MailWorkflowID(b.mails[0].id)
	err = l.client.GetWorkflow(ctx, id, "").Get(ctx, nil)
	require.Equal(t, end == boxoffice.EmailSent, err == nil, "%v", err)
	keep(t, name, l.history(ctx, t, id))
	run, err := l.client.DescribeWorkflow(ctx, id, "")
	require.NoError(t, err)
	of, _ := run.TypedSearchAttributes.GetKeyword(workflows.AttributeBookingID)
	require.Equal(t, booking, of, "support finds the mail with its booking")
	b.rows.mu.Lock()
	defer b.rows.mu.Unlock()
	require.Equal(t, end, b.mails[0].status)
}

func TestHistoryOfAnAccountMail(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	for name, fault := range map[string]fault{"account-mail": first(0, ""), "account-mail-given-up": always(boxoffice.CodeIssueImpossible)} {
		l.post.mail.Status, l.post.fault, l.post.tries = boxoffice.EmailQueued, fault, 0
		id := workflows.AccountMailWorkflowID(name)
		run, err := l.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: id, TaskQueue: workflows.QueueFulfilment},
			workflows.AccountMail, boxoffice.AccountMailRef{MailID: name, Kind: boxoffice.MailReset})
		require.NoError(t, err)
		require.Equal(t, name == "account-mail", run.Get(ctx, nil) == nil)
		history := l.history(ctx, t, id)
		keep(t, name, history)
		require.NotContains(t, history.String(), "ada@", "staff reads histories")
		for _, token := range l.post.sent {
			require.NotContains(t, history.String(), token)
		}
	}
}

// A mail workflow that runs already, started by a run that was lost before it could say so, goes on in this run's place.
func TestAMailWorkflowThatRunsAlreadyIsLeftAlone(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	mail := workflows.MailWorkflowID("b1-mail-1")
	earlier, err := l.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: mail, TaskQueue: "nobody listens"},
		runs.Mail, activities.Act{BookingID: "b1", EmailID: "b1-mail-1"})
	require.NoError(t, err)

	l.lead(ctx, t, scenario{name: "b1", ends: boxoffice.BookingCompleted, hold: hold, meet: paid,
		begin: func(b *booking) { b.faults["Send"] = always(boxoffice.CodeUnavailable) }})
	b, err := l.rows.byID("b1")
	require.NoError(t, err)
	require.True(t, b.mails[0].handedOver)
	now, err := l.client.DescribeWorkflow(ctx, mail, "")
	require.NoError(t, err)
	require.Equal(t, earlier.GetRunID(), now.WorkflowExecution.RunID)
}

func kinds(h *historypb.History) []string {
	names := make([]string, len(h.Events))
	for i, e := range h.Events {
		names[i] = e.GetEventType().String()
	}
	return names
}

// buildID is the checksum of the program that took an event on.
var buildID = regexp.MustCompile(`"buildId":\s*"[^"]*"`)

// keep writes a history to testdata where that was asked for, without what names the machine that it was recorded on.
func keep(t *testing.T, name string, h *historypb.History) {
	t.Helper()
	if !*record {
		return
	}
	for _, e := range h.Events {
		if q := e.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue(); q.GetKind() == enumspb.TASK_QUEUE_KIND_STICKY {
			q.Name = stickyQueue
		}
	}
	raw, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h)
	require.NoError(t, err)
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, buildID.ReplaceAll(raw, []byte(`"buildId":"`+identity+`"`)), "", " "))
	indented.WriteByte('\n')
	require.NoError(t, os.MkdirAll("testdata", 0o755))
	require.NoError(t, os.WriteFile(filepath.Join("testdata", name+".json"), indented.Bytes(), 0o644))
}
