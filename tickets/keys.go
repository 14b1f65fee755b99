package tickets

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/boxoffice/boxoffice"
)

// keyID is what a key may be called: it stands between the dots of a token.
var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// encoding is the base64url of tokens and keys. Strict refuses the spellings whose unused bits are not zero, so that a
// token has exactly one text.
var encoding = base64.RawURLEncoding.Strict()

// Keys are the private signing keys. The first one signs; all of them verify, so that a new key can be put in front while
// tickets of the old one are still out. They never show themselves in logs.
type Keys struct {
	signing []signingKey
	public  PublicKeys
}

type signingKey struct {
	id  string
	key ed25519.PrivateKey
}

// PublicKeys verify entry tokens without being able to make them: what a door device carries. The zero value verifies
// nothing.
type PublicKeys struct {
	order []string
	keys  map[string]ed25519.PublicKey
}

// ParseKeys reads a TICKET_SIGNING_KEY setting: `keyid:base64url(seed of 32 bytes)`, several separated by commas. CodeInvalid,
// with a message that never repeats the secret.
func ParseKeys(s string) (Keys, error) {
	entries, err := parseEntries("TICKET_SIGNING_KEY", s, ed25519.SeedSize)
	if err != nil {
		return Keys{}, err
	}
	keys := Keys{public: PublicKeys{keys: map[string]ed25519.PublicKey{}}}
	for _, entry := range entries {
		private := ed25519.NewKeyFromSeed(entry.value)
		keys.signing = append(keys.signing, signingKey{id: entry.id, key: private})
		keys.public.order = append(keys.public.order, entry.id)
		keys.public.keys[entry.id] = ed25519.PublicKey(private[ed25519.SeedSize:])
	}
	return keys, nil
}

// ParsePublicKeys reads what [PublicKeys.String] writes: `keyid:base64url(public key)`, several separated by commas. CodeInvalid.
func ParsePublicKeys(s string) (PublicKeys, error) {
	entries, err := parseEntries("keys", s, ed25519.PublicKeySize)
	if err != nil {
		return PublicKeys{}, err
	}
	public := PublicKeys{keys: map[string]ed25519.PublicKey{}}
	for _, entry := range entries {
		public.order = append(public.order, entry.id)
		public.keys[entry.id] = ed25519.PublicKey(entry.value)
	}
	return public, nil
}

type keyEntry struct {
	id    string
	value []byte
}

func parseEntries(field, s string, size int) ([]keyEntry, error) {
	var entries []keyEntry
	seen := map[string]bool{}
	for i, text := range strings.Split(strings.TrimSpace(s), ",") {
		id, encoded, found := strings.Cut(strings.TrimSpace(text), ":")
		if !found || !keyID.MatchString(id) {
			return nil, boxoffice.InvalidField(field, "Key %d is not written as keyid:base64url, with letters, digits, - and _ in its ID.", i+1)
		}
		value, err := encoding.DecodeString(strings.TrimRight(encoded, "="))
		if err != nil || len(value) != size {
			return nil, boxoffice.InvalidField(field, "Key %s is not %d bytes of base64url.", id, size)
		}
		if seen[id] {
			return nil, boxoffice.InvalidField(field, "Key ID %s occurs twice.", id)
		}
		seen[id] = true
		entries = append(entries, keyEntry{id: id, value: value})
	}
	return entries, nil
}

// GenerateKey makes a new entry for a TICKET_SIGNING_KEY setting, with a random ID.
func GenerateKey() (string, error) {
	random := make([]byte, 4+ed25519.SeedSize)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("read random bytes for a key: %w", err)
	}
	return "k" + hex.EncodeToString(random[:4]) + ":" + encoding.EncodeToString(random[4:]), nil
}

// Public gives the public halves, in the same order.
func (k Keys) Public() PublicKeys { return k.public }

// String names the keys without their secrets.
func (k Keys) String() string { return "keys " + strings.Join(k.public.order, ", ") }

// GoString is String: %#v shows no secret either.
func (k Keys) GoString() string { return k.String() }

// String writes the keys as [ParsePublicKeys] reads them. Nothing of it is secret.
func (p PublicKeys) String() string {
	entries := make([]string, 0, len(p.order))
	for _, id := range p.order {
		entries = append(entries, id+":"+encoding.EncodeToString(p.keys[id]))
	}
	return strings.Join(entries, ",")
}
