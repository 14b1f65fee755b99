package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/workflows"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
)

// temporalFiles are the files of the database of dev's Temporal.
func (s *System) temporalFiles() []string {
	database := filepath.Join(s.Env["BOXOFFICE_STATE_DIR"], "temporal", "temporal.db")
	return []string{database, database + "-wal", database + "-shm"}
}

// CopyTemporalStore keeps what Temporal has stored at this moment, as a backup would.
func (s *System) CopyTemporalStore(t *testing.T) (copied string) {
	t.Helper()
	copied = t.TempDir()
	pid := s.Signal(t, "temporal", syscall.SIGSTOP) // so that the files are those of one moment
	for _, file := range s.temporalFiles() {
		content, err := os.ReadFile(file)
		if !errors.Is(err, fs.ErrNotExist) {
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(copied, filepath.Base(file)), content, 0o600))
		}
	}
	require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	return copied
}

// LoseTemporalStore kills Temporal and removes all that it has stored; from is a copy that is put in its place, or empty.
// dev starts it again.
func (s *System) LoseTemporalStore(t *testing.T, from string) {
	t.Helper()
	dev := s.Process.PID()
	require.NoError(t, syscall.Kill(dev, syscall.SIGSTOP)) // or it would start Temporal before its files are gone
	defer func() { require.NoError(t, syscall.Kill(dev, syscall.SIGCONT)) }()
	pid := s.Signal(t, "temporal", syscall.SIGKILL)
	Eventually(t, 10*time.Second, func() error {
		if alive(pid) {
			return errors.New("temporal still runs")
		}
		return nil
	})
	for _, file := range s.temporalFiles() {
		if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			require.NoError(t, err)
		}
		if from == "" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, filepath.Base(file)))
		if !errors.Is(err, fs.ErrNotExist) {
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(file, content, 0o600))
		}
	}
}

// AwaitNoRun waits until Temporal answers, and knows of no run of a booking.
func (s *System) AwaitNoRun(t *testing.T, bookingID string) {
	t.Helper()
	Eventually(t, 60*time.Second, func() error {
		run, err := s.Temporal.DescribeWorkflow(t.Context(), workflows.BookingWorkflowID(bookingID), "")
		if _, absent := errors.AsType[*serviceerror.NotFound](err); absent {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("there is a run, %s", run.Status)
		}
		return err
	})
}

// AwaitFailingTask waits until the workflow task of a booking's run has failed for a cause.
func (s *System) AwaitFailingTask(t *testing.T, bookingID string, cause enumspb.WorkflowTaskFailedCause, says string) {
	t.Helper()
	Eventually(t, 20*time.Second, func() error {
		for _, event := range s.History(t, bookingID) {
			if failed := event.GetWorkflowTaskFailedEventAttributes(); failed != nil {
				require.Equal(t, cause, failed.GetCause(), failed.GetFailure().GetMessage())
				require.Contains(t, failed.GetFailure().GetMessage(), says)
				return nil
			}
		}
		return fmt.Errorf("the run of %s has not failed yet", bookingID)
	})
}
