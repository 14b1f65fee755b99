package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/security.md rests on tests. One that is renamed or dropped must not go on being promised.
func TestSecurityRestsOnTestsThatExist(t *testing.T) {
	t.Parallel()
	const document = "../../docs/security.md"
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	written := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	require.NoError(t, filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, name := range declared.FindAllSubmatch(source, -1) {
			written[string(name[1])] = true
		}
		return err
	}))
	promised := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, promised)
	for _, name := range promised {
		require.True(t, written[name[1]], "%s promises %s, which is not there", document, name[1])
	}
}
