package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/tickets"
	"github.com/stretchr/testify/require"
)

// What new-key prints is a key that the program takes, another one each time, and nothing else.
func TestNewKey(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	made := map[string]bool{}
	for range 2 {
		command := exec.CommandContext(t.Context(), self, "new-key")
		command.Env = append(os.Environ(), "BOXOFFICE_TEST_MAIN=1")
		out, err := command.Output()
		require.NoError(t, err)
		key := strings.TrimSuffix(string(out), "\n")
		_, err = tickets.ParseKeys(key)
		require.NoError(t, err)
		made[key] = true
	}
	require.Len(t, made, 2)
}
