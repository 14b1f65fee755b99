package temporal

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBuild_MakesThePinnedVersionOnce(t *testing.T) {
	t.Parallel()
	progress := make(chan string, 9)
	b := builder{tools: toolsModule(t, "package main\n\nfunc main() { println(\"built\") }\n"), cache: t.TempDir(), goCommand: "go",
		progress: func(m string) { progress <- m }}
	results := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := b.built(t.Context())
			results <- err
		}()
	}
	require.NoError(t, <-results)
	require.NoError(t, <-results)
	require.Len(t, progress, 1, "two at once build once")
	require.Contains(t, <-progress, "v1.2.3")
	out, err := exec.Command(filepath.Join(b.cache, "temporal-v1.2.3")).CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "built\n", string(out))
}

func TestBuild_FailureIsToldAndLeavesNoProgram(t *testing.T) {
	t.Parallel()
	b := builder{tools: toolsModule(t, "package main\n\nthis is no Go\n"), cache: t.TempDir(), goCommand: "go", progress: func(string) {}}
	_, err := b.built(t.Context())
	require.ErrorContains(t, err, "syntax error")
	require.ErrorContains(t, err, "go build")
	require.NoFileExists(t, filepath.Join(b.cache, "temporal-v1.2.3"))

	b.goCommand = "there-is-no-such-go"
	_, err = b.built(t.Context())
	require.ErrorContains(t, err, "cd "+b.tools+" && go build")
}

func TestFindTools_InAFolderAbove(t *testing.T) {
	t.Parallel()
	tools := toolsModule(t, "package main\n")
	deep := filepath.Join(filepath.Dir(tools), "a", "b")
	require.NoError(t, os.MkdirAll(deep, 0o755))
	found, err := findTools(deep)
	require.NoError(t, err)
	require.Equal(t, tools, found)
	_, err = findTools("/")
	require.ErrorContains(t, err, "tools/go.mod")
}

func TestFind_NamedProgramMustBeThere(t *testing.T) {
	t.Parallel()
	_, err := Find(context.Background(), Options{Bin: "/there/is/none"})
	require.ErrorIs(t, err, ErrNoProgram)
}

// toolsModule is a tools module whose command line of Temporal is the given program, so that a build takes a second.
func toolsModule(t *testing.T, program string) string {
	t.Helper()
	tools := filepath.Join(t.TempDir(), "tools")
	for name, content := range map[string]string{
		"go.mod": "module example.test/tools\n\ngo 1.26\n\nrequire github.com/temporalio/cli v1.2.3 // indirect\n\n" +
			"replace github.com/temporalio/cli => ./cli\n",
		"cli/go.mod":               "module github.com/temporalio/cli\n\ngo 1.26\n",
		"cli/cmd/temporal/main.go": program,
	} {
		path := filepath.Join(tools, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return tools
}
