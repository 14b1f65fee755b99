// Package indexing starts the rebuilding of the search index and tells how far it is. Temporal's client is its one
// dependency.
package indexing

import (
	"context"
	"errors"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// patience bounds a call to Temporal.
const patience = 10 * time.Second

// Service rebuilds the search index by the one workflow that does so.
type Service struct{ temporal client.Client }

var _ boxoffice.Reindexer = (*Service)(nil)

// New makes a service over a client of Temporal.
func New(temporal client.Client) *Service { return &Service{temporal: temporal} }

// StartReindex starts a rebuild, or leaves the one alone that is under way.
func (s *Service) StartReindex(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflows.ReindexWorkflowID, TaskQueue: workflows.QueueBulk, StaticSummary: "Build the search index anew",
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, workflows.Reindex)
	return unavailable(err)
}

// Progress tells how far the rebuild is that was started last. CodeNotFound where there was none; CodeUnavailable where no
// worker answers.
func (s *Service) Progress(ctx context.Context) (p boxoffice.ReindexProgress, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	value, err := s.temporal.QueryWorkflow(ctx, workflows.ReindexWorkflowID, "", workflows.QueryReindexProgress)
	if err == nil {
		err = value.Get(&p)
	}
	return p, unavailable(err)
}

// Wait waits until the rebuild that was started last has ended, and gives the number of events that it loaded.
func (s *Service) Wait(ctx context.Context) (events int, err error) {
	err = s.temporal.GetWorkflow(ctx, workflows.ReindexWorkflowID, "").Get(ctx, &events)
	return events, err
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	if _, absent := errors.AsType[*serviceerror.NotFound](err); absent {
		return boxoffice.WrapError(boxoffice.CodeNotFound, err, "The search index has not been rebuilt lately.")
	}
	return boxoffice.WrapError(boxoffice.CodeUnavailable, err, "The rebuilding of the search index cannot be reached at this moment.")
}
