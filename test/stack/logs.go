package stack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Logs gives all that dev, the API and the worker have logged so far, by their names.
func (s *System) Logs(t *testing.T) map[string]string {
	t.Helper()
	logs := map[string]string{}
	for name, path := range map[string]string{
		"dev": s.logFile, "api": filepath.Join(s.Env["BOXOFFICE_STATE_DIR"], "api", "log"),
		"worker": filepath.Join(s.Env["BOXOFFICE_STATE_DIR"], "worker", "log"),
	} {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		logs[name] = string(content)
	}
	return logs
}
