package tickets_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/tickets"
	"github.com/stretchr/testify/require"
)

func TestAGeneratedKeyWorks(t *testing.T) {
	t.Parallel()
	first, err := tickets.GenerateKey()
	require.NoError(t, err)
	second, err := tickets.GenerateKey()
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	keys := keysOf(t, first+","+second)
	_, err = keys.Verify(sign(t, keys, someClaims()), now)
	require.NoError(t, err)
}

func TestBadKeySettingsAreRefusedWithoutRepeatingThem(t *testing.T) {
	t.Parallel()
	secret := strings.TrimPrefix(testKey, "test:")
	for _, setting := range []string{
		"", ",", secret, ":" + secret, "a.b:" + secret, "test:", "test:!!", "test:" + secret[:20], testKey + "," + testKey,
		testKey + ",", "test:" + secret + "AA", strings.Repeat("k", 33) + ":" + secret, "test:" + secret[:42] + "B",
	} {
		_, err := tickets.ParseKeys(setting)
		require.Error(t, err, setting)
		require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), setting)
		require.NotContains(t, err.Error(), secret[:20])
		_, err = tickets.ParsePublicKeys(setting)
		require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), setting)
	}
}

func TestKeysDoNotShowThemselves(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, otherKey)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		shown := fmt.Sprintf(format, keys)
		require.Equal(t, "keys other", shown)
	}
	require.Contains(t, fmt.Sprint(tickets.Options{Keys: keys}), "keys other")
}

func TestARendererNeedsAKey(t *testing.T) {
	t.Parallel()
	_, err := tickets.New(tickets.Options{})
	require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err))
}
