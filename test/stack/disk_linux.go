package stack

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// FillDisk lets no file of dev's Temporal grow beyond what its log of changes has now, as a full disk would, until the test
// ends or what it gives is called.
func (s *System) FillDisk(t *testing.T) (freeDisk func()) {
	t.Helper()
	pid, err := s.PID("temporal")
	require.NoError(t, err)
	s.disturbed = true
	changes, err := os.Stat(s.temporalFiles()[1])
	require.NoError(t, err)
	var free unix.Rlimit
	require.NoError(t, unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &free))
	require.NoError(t, unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(changes.Size()), Max: free.Max}, nil))
	freeDisk = func() { _ = unix.Prlimit(pid, unix.RLIMIT_FSIZE, &free, nil) } // where it has died, its limit has too
	t.Cleanup(freeDisk)
	return freeDisk
}
