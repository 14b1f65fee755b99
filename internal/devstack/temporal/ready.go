package temporal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

const (
	pollInterval = 50 * time.Millisecond
	callTimeout  = 5 * time.Second
)

// endedError is a server that ended instead of answering.
type endedError struct {
	err error
	log string // all that was said, or the end of it
}

func (e *endedError) Error() string {
	return fmt.Sprintf("%v; its log ends with:\n%s", e.err, e.log[max(0, len(e.log)-2000):])
}
func (e *endedError) Unwrap() error { return e.err }

// portTaken tells whether another listened on a port that was free when we looked. The server says so, goes on all the
// same, and ends in a panic whose stack is long.
func (e *endedError) portTaken() bool { return strings.Contains(e.log, "address already in use") }

// ready returns when the server works and its namespace is set up, or with an *endedError when the server has ended.
func ready(ctx context.Context, process *proc.Process, opts Options) (err error) {
	addr := hostPort(opts.Port)
	// A gRPC connection that is refused once waits a second before the next try, so the port is watched first.
	if err := poll(ctx, process, func(context.Context) error { return accepts(ctx, addr) }); err != nil {
		return err
	}
	c, err := client.NewLazyClient(client.Options{
		HostPort: addr, Namespace: opts.Namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("connect to temporal: %w", err)
	}
	defer c.Close()
	if err := poll(ctx, process, func(ctx context.Context) error { return works(ctx, c, opts.Namespace) }); err != nil {
		return err
	}
	if err := setUp(ctx, c, opts); err != nil {
		return err
	}
	return poll(ctx, process, func(ctx context.Context) error { return knows(ctx, c, opts) })
}

// poll calls try until it succeeds.
func poll(ctx context.Context, process *proc.Process, try func(context.Context) error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := limited(ctx, try)
		if err == nil {
			return nil
		}
		select {
		case <-process.Done():
			return &endedError{err: errors.Join(process.Err(), ctx.Err()), log: process.LogTail(64 << 10)}
		case <-ctx.Done():
			return fmt.Errorf("temporal does not work yet: %w (%w); its log ends with:\n%s", ctx.Err(), err, process.LogTail(2000))
		case <-tick.C:
		}
	}
}

func limited(ctx context.Context, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return try(ctx)
}

func accepts(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

// works asks each service on the way of a workflow: the frontend, its namespace, and the history service, which is the
// last to come back after a crash. It is asked for a workflow that does not exist, and has to know that.
func works(ctx context.Context, c client.Client, namespace string) error {
	if _, err := c.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return err
	}
	if _, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace}); err != nil {
		return err
	}
	_, err := c.DescribeWorkflowExecution(ctx, "boxoffice-readiness-probe", "")
	var notFound *serviceerror.NotFound
	if errors.As(err, &notFound) {
		return nil
	}
	if err == nil {
		return errors.New("a workflow with the name of the probe exists")
	}
	return err
}

// setUp gives the namespace the search attributes and the retention, each start anew: the server itself sets them only
// when it makes the namespace.
func setUp(ctx context.Context, c client.Client, opts Options) error {
	if err := addSearchAttributes(ctx, c, opts); err != nil {
		return fmt.Errorf("register search attributes: %w", err)
	}
	_, err := c.WorkflowService().UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: opts.Namespace,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(opts.Retention)},
	})
	if err != nil {
		return fmt.Errorf("set the retention of namespace %s: %w", opts.Namespace, err)
	}
	return nil
}

// knows asks whether the server has taken notice of the search attributes: it reads those of an existing namespace every two
// seconds, and refuses to start a workflow that has one it does not know.
func knows(ctx context.Context, c client.Client, opts Options) error {
	var unset []string
	for name := range opts.SearchAttributes {
		unset = append(unset, name+" IS NULL")
	}
	_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: strings.Join(unset, " AND ")})
	return err
}

func addSearchAttributes(ctx context.Context, c client.Client, opts Options) error {
	if len(opts.SearchAttributes) == 0 {
		return nil
	}
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: opts.Namespace})
	if err != nil {
		return err
	}
	missing := map[string]enumspb.IndexedValueType{}
	for _, name := range slices.Sorted(maps.Keys(opts.SearchAttributes)) {
		want, err := enumspb.IndexedValueTypeFromString(opts.SearchAttributes[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		switch is, ok := have.CustomAttributes[name]; {
		case !ok:
			missing[name] = want
		case is != want:
			return fmt.Errorf("%s is registered as %s, not %s: Temporal cannot change that, remove the server's folder to begin anew",
				name, is, want)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: opts.Namespace, SearchAttributes: missing,
	})
	return err
}
