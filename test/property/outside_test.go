package property

import (
	"context"
	"errors"

	"github.com/boxoffice/boxoffice"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// outside is the ticket renderer, the file store and the mail server.
type outside struct {
	files  map[string][]byte
	spoilt map[string]bool // bookings whose tickets cannot be made
	mailed map[string]int  // deliveries by message
}

var (
	_ boxoffice.TicketFiles  = (*outside)(nil)
	_ boxoffice.FileStore    = (*outside)(nil)
	_ boxoffice.MailComposer = (*outside)(nil)
	_ boxoffice.MailSender   = (*outside)(nil)
)

// PDF renders the booking's ID.
func (o *outside) PDF(doc boxoffice.TicketDocument) ([]byte, error) {
	if o.spoilt[doc.BookingID] {
		return nil, boxoffice.Errorf(boxoffice.CodeIssueImpossible, "These tickets cannot be made.")
	}
	return []byte("%PDF-1.7 " + doc.BookingID), nil
}

// Calendar renders nothing.
func (o *outside) Calendar(boxoffice.TicketDocument) ([]byte, error) {
	return []byte("BEGIN:VCALENDAR"), nil
}

// QR is not asked for by a run.
func (o *outside) QR(boxoffice.TicketDocument, string) ([]byte, error) {
	return nil, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no code.")
}

// Put keeps a file.
func (o *outside) Put(ctx context.Context, key, _ string, content []byte) error {
	return tell(ctx, "files", "Put", func() error { o.files[key] = content; return nil })
}

// Get reads a file.
func (o *outside) Get(ctx context.Context, key string) ([]byte, error) {
	return ask(ctx, "files", "Get", func() ([]byte, error) {
		if content, ok := o.files[key]; ok {
			return content, nil
		}
		return nil, boxoffice.Errorf(boxoffice.CodeNotFound, "There is no file %s.", key)
	})
}

// Compose writes a mail.
func (o *outside) Compose(job boxoffice.EmailJob, _, _ []byte) (boxoffice.MailMessage, error) {
	return boxoffice.MailMessage{ID: job.ID, To: job.Recipient, Subject: string(job.Kind)}, nil
}

// Send delivers a mail.
func (o *outside) Send(ctx context.Context, m boxoffice.MailMessage) error {
	return tell(ctx, "mail", "Send", func() error {
		if k := taskOf(ctx); k != nil && k.last == refuses {
			return boxoffice.Errorf(boxoffice.CodeMailRejected, "The server refuses this mail.")
		}
		o.mailed[m.ID]++
		return nil
	})
}

// temporal is Temporal's client as the booking service uses it: it starts and wakes the runs of the world.
type temporal struct {
	client.Client
	world *world
}

var errUnknownRun = errors.New("a start without a booking")

func (c temporal) start(args []any) (*run, error) {
	if len(args) == 1 {
		if ref, ok := args[0].(boxoffice.BookingRef); ok {
			return c.world.runOf(ref), nil
		}
	}
	return nil, errUnknownRun
}

// ExecuteWorkflow starts a run, unless one runs or, where duplicates are rejected, ever ran.
func (c temporal) ExecuteWorkflow(ctx context.Context, o client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	return nil, tell(ctx, "temporal", "start", func() error {
		r, err := c.start(args)
		if err != nil {
			return err
		}
		if r.open || r.ever && o.WorkflowIDReusePolicy == enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE {
			return serviceerror.NewWorkflowExecutionAlreadyStarted("started", "", "")
		}
		r.begin()
		return nil
	})
}

// DescribeWorkflowExecution tells of a run whose code does not fail; the tests of package bookings have those that do.
func (c temporal) DescribeWorkflowExecution(ctx context.Context, _, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return &workflowservice.DescribeWorkflowExecutionResponse{}, tell(ctx, "temporal", "describe", func() error { return nil })
}

// SignalWithStartWorkflow wakes the run, or starts one with the signal in its buffer.
func (c temporal) SignalWithStartWorkflow(
	ctx context.Context, _, _ string, _ any, _ client.StartWorkflowOptions, _ any, args ...any,
) (client.WorkflowRun, error) {
	return nil, tell(ctx, "temporal", "signal with start", func() error {
		r, err := c.start(args)
		if err != nil {
			return err
		}
		if !r.open {
			r.begin()
		}
		r.signalled = true
		return nil
	})
}

// SignalWorkflow wakes a run if one is open.
func (c temporal) SignalWorkflow(ctx context.Context, id, _, _ string, _ any) error {
	return tell(ctx, "temporal", "signal", func() error {
		for _, r := range c.world.runs {
			if r.open && r.workflowID() == id {
				r.signalled = true
				return nil
			}
		}
		return serviceerror.NewNotFound("no run")
	})
}
