package stack

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// walHeader is how long the header of SQLite's log of changes is: "File Format For SQLite Databases", section 4.1.
const walHeader = 32

// FillDisk takes all room for changes from dev's Temporal, as a full disk would, until the test ends or what it gives is
// called. Its log of changes begins anew in the same file now and then, so it is not the file's size that says where it
// writes next.
func (s *System) FillDisk(t *testing.T) (freeDisk func()) {
	t.Helper()
	pid, err := s.PID("temporal")
	require.NoError(t, err)
	s.disturbed = true
	var free unix.Rlimit
	require.NoError(t, unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &free))
	require.NoError(t, unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: walHeader, Max: free.Max}, nil))
	freeDisk = func() { _ = unix.Prlimit(pid, unix.RLIMIT_FSIZE, &free, nil) } // where it has died, its limit has too
	t.Cleanup(freeDisk)
	return freeDisk
}
