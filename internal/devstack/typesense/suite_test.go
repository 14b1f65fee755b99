package typesense_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	_ "github.com/typesense/typesense-go/v3/typesense" // whose suite is run: keeps its module at hand

	"github.com/boxoffice/boxoffice/internal/devstack/typesense"
)

const clientSuite = "github.com/typesense/typesense-go/v3/typesense/test"

// beyond says which tests of the client's suite ask for what this server does not have.
var beyond = []string{
	"Analytics", "Key", "Override", "Preset", "Stopword", "Stemming", "GroupBy", "VectorQuery", "Vote", "Conversation",
}

// The client's own integration suite, as its module brings it, runs against this server. It takes the address and the key from
// its environment, and is built within this module, so that its dependencies are those of go.mod.
func TestClientSuite(t *testing.T) {
	t.Parallel()
	server := start(t, typesense.Options{APIKey: "suite", Dir: t.TempDir()})
	command := exec.CommandContext(t.Context(), "go", "test", "-json", "-count=1", "-tags", "integration", clientSuite)
	command.Env = append(os.Environ(), "TYPESENSE_URL="+server.URL, "TYPESENSE_API_KEY=suite")
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, _ := command.Output() // some of its tests must fail
	output, passed, failed := map[string]string{}, 0, 0
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var event struct{ Action, Test, Output string }
		err := decoder.Decode(&event)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, complaint.String())
		output[event.Test] += event.Output
		isBeyond := slices.ContainsFunc(beyond, func(part string) bool { return strings.Contains(event.Test, part) })
		switch {
		case event.Test == "":
		case event.Action == "pass":
			passed++
		case event.Action == "fail" && isBeyond:
			failed++
		case event.Action == "fail" || event.Action == "skip":
			t.Errorf("%s %ss:\n%s", event.Test, event.Action, output[event.Test])
		}
	}
	t.Logf("%d pass, %d ask for what is not here", passed, failed)
	require.Positive(t, passed, complaint.String()+output[""])
}
