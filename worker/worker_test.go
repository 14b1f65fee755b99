package worker

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"
)

func TestAwaitTemporal(t *testing.T) {
	t.Parallel()
	refused := errors.New("connection refused")
	t.Run("a worker that is started while Temporal is away begins when it is there", func(t *testing.T) {
		t.Parallel()
		temporal := mocks.NewClient(t)
		temporal.On("CheckHealth", mock.Anything, mock.Anything).Return(nil, refused).Times(3)
		temporal.On("CheckHealth", mock.Anything, mock.Anything).Return(&client.CheckHealthResponse{}, nil).Once()
		require.True(t, waiting(temporal).awaitTemporal(t.Context()))
	})
	t.Run("it ends when it is asked to", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		temporal := mocks.NewClient(t)
		temporal.On("CheckHealth", mock.Anything, mock.Anything).Run(func(mock.Arguments) { cancel() }).Return(nil, refused).Once()
		o := waiting(temporal)
		o.SweepEvery = time.Hour
		require.NoError(t, Run(ctx, o))
	})
}

func waiting(temporal client.Client) Options {
	return Options{Temporal: temporal, Logger: slog.New(slog.DiscardHandler), SweepEvery: time.Millisecond}
}
