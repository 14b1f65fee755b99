package tickets_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/tickets"
	"github.com/stretchr/testify/require"
)

var now = time.Date(2026, time.November, 28, 2, 0, 0, 0, time.UTC)

func someClaims() boxoffice.EntryClaims {
	return boxoffice.EntryClaims{
		AdmissionID: "019ab222-0000-7000-8000-0000c0de0001", EventID: "019ab000-0000-7000-8000-000000000001",
		Seat: "Parkett <links> & Loge, row Ä, seat 12", ExpiresAt: now.Add(time.Hour),
	}
}

func sign(t testing.TB, keys tickets.Keys, claims boxoffice.EntryClaims) string {
	t.Helper()
	token, err := keys.Sign(claims)
	require.NoError(t, err)
	return token
}

func requireRefused(t *testing.T, err error, about string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err))
	require.ErrorContains(t, err, about)
}

func TestATokenSaysWhatWasSigned(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, testKey)
	token := sign(t, keys, someClaims())
	claims, err := keys.Verify(token, now)
	require.NoError(t, err)
	require.Equal(t, someClaims(), claims)
	require.Equal(t, token, sign(t, keys, someClaims()), "the same claims give the same token")
}

func TestATokenIsWrittenThisWay(t *testing.T) {
	t.Parallel()
	parts := strings.Split(sign(t, keysOf(t, testKey), someClaims()), ".")
	require.Len(t, parts, 4)
	require.Equal(t, []string{"v2", "test"}, parts[:2])
	body, err := base64.RawURLEncoding.DecodeString(parts[2])
	require.NoError(t, err)
	expires := binary.BigEndian.AppendUint32(nil, uint32(now.Add(time.Hour).Unix()))
	require.Equal(t, "019ab222000070008000"+"0000c0de0001"+"019ab000000070008000"+"000000000001"+hex.EncodeToString(expires)+
		hex.EncodeToString([]byte("Parkett <links> & Loge, row Ä, seat 12")), hex.EncodeToString(body))
}

// Codes are on paper: what an earlier release has signed admits as long as its event lasts.
func TestATokenOfAnEarlierVersionVerifies(t *testing.T) {
	t.Parallel()
	const token = "v1.test.eyJhZG0iOiIwMTlhYjIyMi0wMDAwLTcwMDAtODAwMC0wMDAwYzBkZTAwMDEiLCJldnQiOiIwMTlhYjAwMC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDEi" +
		"LCJzZWF0IjoiUGFya2V0dCA8bGlua3M-ICYgTG9nZSwgcm93IMOELCBzZWF0IDEyIiwiZXhwIjoxNzk1ODM0ODAwfQ" +
		".8TN_cNafivcSmv4is62LU9Ys9NA-WqmOh5_xAYUe3avMT7JL1j6nwrjEOoprp2mC9UEM0EVp1NWxVJ_PP5IfCQ"
	claims, err := keysOf(t, testKey).Verify(token, now)
	require.NoError(t, err)
	require.Equal(t, someClaims(), claims)
	_, err = keysOf(t, testKey).Verify("v2"+token[2:], now)
	requireRefused(t, err, "signature is wrong")
	_, err = keysOf(t, testKey).Verify(token, now.Add(2*time.Hour))
	requireRefused(t, err, "expired")
}

func TestWhatCannotBeSigned(t *testing.T) {
	t.Parallel()
	for about, spoil := range map[string]func(*boxoffice.EntryClaims){
		"no ID":   func(c *boxoffice.EntryClaims) { c.AdmissionID = "7" },
		"no time": func(c *boxoffice.EntryClaims) { c.ExpiresAt = time.Time{} },
		`"00000000-0000-0000-0000-000000000000" is no ID`: func(c *boxoffice.EntryClaims) { c.EventID = "00000000-0000-0000-0000-000000000000" },
		"2200-": func(c *boxoffice.EntryClaims) { c.ExpiresAt = now.AddDate(174, 0, 0) },
	} {
		claims := someClaims()
		spoil(&claims)
		_, err := keysOf(t, testKey).Sign(claims)
		requireRefused(t, err, about)
	}
}

// What else is once signed with the key must not pass as an entry.
func TestWhatIsSignedAndNoEntryIsRefused(t *testing.T) {
	t.Parallel()
	_, seed, _ := strings.Cut(testKey, ":")
	raw, err := base64.RawURLEncoding.DecodeString(seed)
	require.NoError(t, err)
	for about, body := range map[string]string{
		"not those of an entry": `{"adm":"019ab222"}`,
		"lacks its admission":   strings.Repeat("\x00", 16) + strings.Repeat("e", 16) + "\x70\x00\x00\x00",
		"or its expiry":         strings.Repeat("e", 32) + "\x00\x00\x00\x00",
		"are not those":         strings.Repeat("e", 32) + "\x70\x00\x00\x00\xff",
	} {
		signed := "v2.test." + base64.RawURLEncoding.EncodeToString([]byte(body))
		signature := ed25519.Sign(ed25519.NewKeyFromSeed(raw), []byte(signed))
		_, err := keysOf(t, testKey).Verify(signed+"."+base64.RawURLEncoding.EncodeToString(signature), now)
		requireRefused(t, err, about)
	}
}

func TestATokenOfAnOddSeatNameVerifies(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, testKey)
	for _, seat := range []string{"", "\xff\xfe", "a\u2028b", "\x00", `"\`, "🎭"} {
		claims := someClaims()
		claims.Seat = seat
		got, err := keys.Verify(sign(t, keys, claims), now)
		require.NoError(t, err, "%q", seat)
		require.Equal(t, strings.ToValidUTF8(seat, "\uFFFD"), got.Seat)
	}
}

func TestEveryChangedCharacterIsRefused(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, testKey)
	token := sign(t, keys, someClaims())
	for i := range token {
		for _, other := range []byte{token[i] ^ 1, token[i] ^ 0x20, 'A', '.', '\n', 0} {
			if other == token[i] {
				continue
			}
			changed := token[:i] + string(other) + token[i+1:]
			_, err := keys.Verify(changed, now)
			require.Error(t, err, "position %d: %q", i, changed)
			require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err))
		}
	}
}

func TestATokenExpires(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, testKey)
	token := sign(t, keys, someClaims())
	_, err := keys.Verify(token, now.Add(time.Hour-time.Second))
	require.NoError(t, err)
	_, err = keys.Verify(token, now.Add(time.Hour))
	requireRefused(t, err, "expired at 2026-11-28T03:00:00Z")
}

func TestForgeriesAreRefused(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, testKey)
	token := sign(t, keys, someClaims())
	parts := strings.Split(token, ".")
	join := func(parts ...string) string { return strings.Join(parts, ".") }
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for about, forged := range map[string]string{
		"four parts":             join(parts[:3]...),
		"four parts of an entry": token + ".more",
		"another version":        join("v3", parts[1], parts[2], parts[3]),
		"key that is not known":  join("v2", "none", parts[2], parts[3]),
		"signature cannot":       join("v2", "test", parts[2], ""),
		"signature cannot be":    token + "\n",
		"signature is wrong":     join("v2", "test", none, parts[3]),
		"too long":               join("v2", "test", strings.Repeat("A", 2000), parts[3]),
		"other version":          join(none, "test", parts[2], parts[3]),
		"parts of an entry code": "",
	} {
		_, err := keys.Verify(forged, now)
		require.Error(t, err, about)
		require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), about)
		if about != "other version" {
			require.ErrorContains(t, err, about)
		}
	}
	// Bytes that only pad, and set bits that carry nothing, are other texts of the same signature.
	last := parts[3][len(parts[3])-1]
	for _, spelled := range []string{token + "=", token + "==", token[:len(token)-1] + string(nextInAlphabet(last))} {
		_, err := keys.Verify(spelled, now)
		requireRefused(t, err, "signature")
	}
}

// nextInAlphabet gives a base64url character that differs from c in its lowest bit alone.
func nextInAlphabet(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)^1]
}

func TestATokenOfAnotherKeyIsRefused(t *testing.T) {
	t.Parallel()
	theirs := keysOf(t, strings.Replace(otherKey, "other", "test", 1)) // the same name, another secret
	_, err := keysOf(t, testKey).Verify(sign(t, theirs, someClaims()), now)
	requireRefused(t, err, "signature is wrong")
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	old := sign(t, keysOf(t, testKey), someClaims())
	both := keysOf(t, otherKey+" , "+testKey)
	require.True(t, strings.HasPrefix(sign(t, both, someClaims()), "v2.other."), "the first key signs")
	for _, token := range []string{old, sign(t, both, someClaims())} {
		_, err := both.Verify(token, now)
		require.NoError(t, err)
	}
	_, err := keysOf(t, otherKey).Verify(old, now)
	requireRefused(t, err, "not known here")
}

func TestADoorVerifiesWithThePublicKeyAlone(t *testing.T) {
	t.Parallel()
	keys := keysOf(t, testKey+","+otherKey)
	text := keys.Public().String()
	require.NotContains(t, text, strings.TrimPrefix(testKey, "test:"))
	door, err := tickets.ParsePublicKeys(text)
	require.NoError(t, err)
	require.Equal(t, text, door.String())
	claims, err := door.Verify(sign(t, keys, someClaims()), now)
	require.NoError(t, err)
	require.Equal(t, someClaims(), claims)
	_, err = tickets.PublicKeys{}.Verify(sign(t, keys, someClaims()), now)
	requireRefused(t, err, "not known here")
}

func FuzzVerify(f *testing.F) {
	keys := keysOf(f, testKey)
	valid := sign(f, keys, someClaims())
	for _, seed := range []string{valid, valid + "\r\n", "v2.test..", "v1.test..", "....", "v2.test.e30.", "v1.test.e30." + valid[len(valid)-86:], ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := keys.Verify(token, now)
		if err != nil {
			require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err))
			require.Equal(t, boxoffice.EntryClaims{}, claims)
			return
		}
		require.Equal(t, token, sign(t, keys, claims), "what passes has exactly one text, and it is ours")
	})
}
