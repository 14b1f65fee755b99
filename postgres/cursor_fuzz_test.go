package postgres

import (
	"encoding/base64"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

// FuzzCursors holds every cursor that is accepted against what the database can compare with: anything else would be
// refused by the server, and be a fault of ours.
func FuzzCursors(f *testing.F) {
	for _, plain := range []string{
		"", "17 " + uuid.NewString(), "2026-12-01T18:00:00Z " + uuid.NewString(), `{"s":"Stalls","r":"C","n":12}`,
		`{"s":"Stalls\u0000","r":"C","n":12}`, `{"s":"Stalls","r":"C","n":4294967296}`,
		"2026-12-01T18:00:00Z urn:uuid:" + uuid.NewString(), "2026-12-01T18:00:00Z {" + uuid.NewString() + "}",
		"0000-01-01T00:00:00+23:59 " + uuid.NewString(), "9999-12-31T23:59:59-23:59 " + uuid.NewString(),
	} {
		f.Add([]byte(plain), true)
		f.Add([]byte(plain), false)
	}
	f.Fuzz(func(t *testing.T, plain []byte, encode bool) {
		text := string(plain)
		if encode {
			text = base64.RawURLEncoding.EncodeToString(plain)
		}
		if before, id, err := parseBookingCursor(text); err == nil {
			require.Len(t, id, 36)
			require.NoError(t, uuid.Validate(id))
			require.True(t, before.Year() > -4713 && before.Year() <= 10_000, before)
		} else {
			require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err))
		}
		if c, err := parseEventCursor(text); text == "" {
			require.Equal(t, eventCursor{}, c)
		} else if err == nil {
			again, err := parseEventCursor(c.String())
			require.NoError(t, err)
			require.Equal(t, c, again)
		} else {
			require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err))
		}
		if c, err := parseSeatCursor(text); err == nil {
			require.True(t, utf8.ValidString(c.Section+c.Row))
			require.NotContains(t, c.Section+c.Row, "\x00")
			require.True(t, c.Number >= 0 && c.Number <= 1<<31-1)
		} else {
			require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err))
		}
	})
}
