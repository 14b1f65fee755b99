package main

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// With TYPESENSE_URL dev starts no search server, and its processes get that address and that key.
func TestDevUsesTheSearchServerThatIsNamed(t *testing.T) { // alone, since it changes the environment
	t.Setenv("TYPESENSE_URL", "http://search.invalid:8108")
	t.Setenv("TYPESENSE_API_KEY", "theirs")
	s := &stack{command: &devCommand{Dir: t.TempDir()}, logger: slog.New(slog.DiscardHandler), servers: &errgroup.Group{}}
	require.NoError(t, s.startTypesense(t.Context()))
	require.NoDirExists(t, s.folder("typesense"))
	for _, setting := range []string{"TYPESENSE_URL=http://search.invalid:8108", "TYPESENSE_API_KEY=theirs"} {
		require.True(t, slices.Contains(s.childEnv("api"), setting), setting)
	}
}

// Without it there is one, which the key of the state folder opens.
func TestDevStartsASearchServer(t *testing.T) { // alone, since it changes the environment
	t.Setenv("TYPESENSE_URL", "")
	s := &stack{command: &devCommand{Dir: t.TempDir()}, logger: slog.New(slog.DiscardHandler), servers: &errgroup.Group{}, secrets: secrets{TypesenseKey: "ours"}}
	ctx, stop := context.WithCancel(t.Context())
	defer func() {
		stop()
		require.NoError(t, s.servers.Wait())
	}()
	require.NoError(t, s.startTypesense(ctx))
	require.DirExists(t, s.folder("typesense"))
	for key, want := range map[string]int{"ours": http.StatusOK, "": http.StatusUnauthorized} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.urls.typesense+"/collections", http.NoBody)
		require.NoError(t, err)
		request.Header.Set("X-Typesense-Api-Key", key)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, response.StatusCode)
	}
}
