package stack

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Change is another wording of one place in the source.
type Change struct {
	File         string // from the root of the repository
	Was, Becomes string // Was must be there exactly once
}

// overlay writes the changed file, and gives the go command's flag that uses it instead.
func (c Change) overlay(t *testing.T) string {
	t.Helper()
	original := filepath.Join(root, filepath.FromSlash(c.File))
	source, err := os.ReadFile(original)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(source), c.Was), "%s has changed: it must say once\n%s", c.File, c.Was)
	folder := t.TempDir()
	changed, list := filepath.Join(folder, "changed.go"), filepath.Join(folder, "overlay.json")
	require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(source), c.Was, c.Becomes, 1)), 0o600))
	content, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(list, content, 0o600))
	return "-overlay=" + list
}

// Build builds the program with the change.
func (c Change) Build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "boxoffice")
	out, err := c.gocommand(t, "build", c.overlay(t), "-o", program, "./cmd/boxoffice")
	require.NoError(t, err, out)
	return program
}

// Test runs a test of a package with the change, and gives what it says, and an error where it fails.
func (c Change) Test(t *testing.T, name, pkg string) (out string, err error) {
	t.Helper()
	return c.gocommand(t, "test", c.overlay(t), "-count=1", "-run", "^"+name+"$", pkg)
}

func (c Change) gocommand(t *testing.T, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = root
	out, err := command.CombinedOutput()
	return string(out), err
}
