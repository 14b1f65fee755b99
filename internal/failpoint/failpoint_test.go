package failpoint_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/failpoint"
	"github.com/stretchr/testify/require"
)

func TestPoints(t *testing.T) {
	t.Run("without a folder nothing is armed", func(t *testing.T) {
		t.Setenv(failpoint.DirEnv, "")
		require.Nil(t, failpoint.FromEnv())
		require.False(t, failpoint.FromEnv().Armed("here"))
		require.NoError(t, failpoint.FromEnv().Reach(t.Context(), "here"))
	})
	t.Run("a point that is not armed is passed", func(t *testing.T) {
		t.Setenv(failpoint.DirEnv, t.TempDir())
		require.False(t, failpoint.FromEnv().Armed("here"))
		require.NoError(t, failpoint.FromEnv().Reach(t.Context(), "here"))
	})
	t.Run("an armed point announces itself and blocks until it is disarmed", func(t *testing.T) {
		dir := t.TempDir()
		t.Setenv(failpoint.DirEnv, dir)
		point := filepath.Join(dir, "here")
		require.NoError(t, os.WriteFile(point, nil, 0o600))
		require.True(t, failpoint.FromEnv().Armed("here"))
		passed := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		go func() { passed <- failpoint.FromEnv().Reach(ctx, "here") }()
		require.Eventually(t, func() bool {
			pid, err := os.ReadFile(point + ".reached")
			return err == nil && string(pid) == strconv.Itoa(os.Getpid())
		}, 10*time.Second, 5*time.Millisecond)
		require.Empty(t, passed, "it blocks")
		require.NoError(t, os.Remove(point))
		require.NoError(t, <-passed)
	})
}
