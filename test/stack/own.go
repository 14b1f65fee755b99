package stack

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Own starts an ephemeral system that is one test's alone. It is audited and stopped at the test's end; its runs are not
// counted.
func Own(t *testing.T, name string, flags []string, settings ...string) *System {
	t.Helper()
	s, err := Start(name, append([]string{"--ephemeral"}, flags...), settings...)
	if s != nil {
		s.disturbed = true
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(s.Tails())
				stopping, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				_ = s.Stop(stopping)
				return
			}
			require.NoError(t, finish(s))
		})
	}
	require.NoError(t, err)
	return s
}
