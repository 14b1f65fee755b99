package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A state folder keeps its secrets; one from before there was a search server gets a key for it and keeps the rest.
func TestSecretsAreKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets.json")
	made, err := loadSecrets(path)
	require.NoError(t, err)
	require.NotEmpty(t, made.TypesenseKey)
	again, err := loadSecrets(path)
	require.NoError(t, err)
	require.Equal(t, made, again)

	require.NoError(t, os.WriteFile(path, []byte(`{"stripe_key":"a","webhook_secret":"b","ticket_key":"c"}`), 0o600))
	old, err := loadSecrets(path)
	require.NoError(t, err)
	require.NotEmpty(t, old.TypesenseKey)
	require.Equal(t, secrets{StripeKey: "a", WebhookSecret: "b", TicketKey: "c", TypesenseKey: old.TypesenseKey}, old)
	again, err = loadSecrets(path)
	require.NoError(t, err)
	require.Equal(t, old, again)
}
