package typesense_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/devstack/typesense"
)

// start runs a server until the test ends.
func start(t *testing.T, o typesense.Options) *typesense.Server {
	t.Helper()
	if o.APIKey == "" {
		o.APIKey = "test"
	}
	server, err := typesense.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	return server
}
