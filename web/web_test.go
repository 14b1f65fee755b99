package web

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
)

// Built or not, there is a page to answer with.
func TestFilesHaveAnIndex(t *testing.T) {
	t.Parallel()
	page, err := fs.ReadFile(Files(), "index.html")
	require.NoError(t, err)
	require.Contains(t, string(page), "<!doctype html>")
}
