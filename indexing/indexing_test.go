package indexing

import (
	"errors"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"
)

// There is one rebuild at a time: who starts another one joins it.
func TestStartReindex(t *testing.T) {
	t.Parallel()
	temporal := mocks.NewClient(t)
	var options client.StartWorkflowOptions
	temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
		options, _ = args.Get(1).(client.StartWorkflowOptions)
	}).Return(nil, nil).Once()
	require.NoError(t, New(temporal).StartReindex(t.Context()))
	require.Equal(t, workflows.ReindexWorkflowID, options.ID)
	require.Equal(t, workflows.QueueBulk, options.TaskQueue)
	require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, options.WorkflowIDConflictPolicy)

	temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything).Return(nil, errors.New("connection refused")).Once()
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(New(temporal).StartReindex(t.Context())))
}

func TestProgress_ErrNoneOrAway(t *testing.T) {
	t.Parallel()
	for code, err := range map[boxoffice.Code]error{
		boxoffice.CodeNotFound: serviceerror.NewNotFound("none"), boxoffice.CodeUnavailable: errors.New("no worker answers"),
	} {
		temporal := mocks.NewClient(t)
		temporal.On("QueryWorkflow", mock.Anything, workflows.ReindexWorkflowID, "", workflows.QueryReindexProgress).Return(nil, err).Once()
		_, err := New(temporal).Progress(t.Context())
		require.Equal(t, code, boxoffice.CodeOf(err))
	}
}
