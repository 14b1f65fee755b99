package tickets

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
)

// maxToken bounds a token in bytes. A usual one has about 300; a QR code of level M holds 2,331.
const maxToken = 1024

// tokenVersion is the one version and, with it, the one algorithm: a token cannot ask for another.
const tokenVersion = "v1"

// wireClaims is how EntryClaims stand in a token. The order of the fields is the order of the text.
type wireClaims struct {
	boxoffice.EntryClaims
	Expires int64 `json:"exp"` // Unix seconds
}

// Sign writes claims as an entry token: `v1.<key id>.<base64url claims>.<base64url Ed25519 signature>`, the signature over all that
// stands before the last dot. Ed25519 draws no random number, so the same claims give the same token. The expiry is cut
// to whole seconds. Keys must come from [ParseKeys].
func (k Keys) Sign(claims boxoffice.EntryClaims) string {
	signer := k.signing[0]
	signed := tokenVersion + "." + signer.id + "." + encoding.EncodeToString(wireText(wireClaims{EntryClaims: claims, Expires: claims.ExpiresAt.Unix()}))
	return signed + "." + encoding.EncodeToString(ed25519.Sign(signer.key, []byte(signed)))
}

// wireText is the one text of the claims: compact JSON, nothing escaped that need not be.
func wireText(wire wireClaims) []byte {
	for _, text := range []*string{&wire.AdmissionID, &wire.EventID, &wire.Seat} {
		*text = strings.ToValidUTF8(*text, "\uFFFD") // else it would be written escaped, and read back otherwise
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(wire); err != nil {
		panic("three strings and a number did not marshal: " + err.Error())
	}
	return bytes.TrimSuffix(body.Bytes(), []byte("\n"))
}

// Verify is [PublicKeys.Verify] with the public halves of k.
func (k Keys) Verify(token string, now time.Time) (boxoffice.EntryClaims, error) {
	return k.public.Verify(token, now)
}

// Verify checks an entry token and gives what it says. It needs no network and costs about 0.1 ms. CodeInvalid with the
// field "token" and what is wrong with it. A valid token says that we issued it, not that the admission is unused or
// still stands: only the box office knows that.
func (p PublicKeys) Verify(token string, now time.Time) (boxoffice.EntryClaims, error) {
	if len(token) > maxToken {
		return boxoffice.EntryClaims{}, badToken("The code is too long to be one of ours.")
	}
	parts := strings.Split(token, ".")
	if len(parts) != 4 {
		return boxoffice.EntryClaims{}, badToken("The code does not have the four parts of an entry code.")
	}
	if parts[0] != tokenVersion {
		return boxoffice.EntryClaims{}, badToken("The code is of another version.")
	}
	key, known := p.keys[parts[1]]
	if !known {
		return boxoffice.EntryClaims{}, badToken("The code is signed with a key that is not known here.")
	}
	signature, err := encoding.DecodeString(parts[3])
	if err != nil || len(signature) != ed25519.SignatureSize || strings.ContainsAny(parts[3], "\r\n") {
		return boxoffice.EntryClaims{}, badToken("The code's signature cannot be read.")
	}
	signed := token[:len(token)-len(parts[3])-1]
	if !ed25519.Verify(key, []byte(signed), signature) {
		return boxoffice.EntryClaims{}, badToken("The code's signature is wrong.")
	}
	claims, err := parseClaims(parts[2])
	if err != nil {
		return boxoffice.EntryClaims{}, err
	}
	if !now.Before(claims.ExpiresAt) {
		return boxoffice.EntryClaims{}, badToken("The code expired at %s.", claims.ExpiresAt.Format(time.RFC3339))
	}
	return claims, nil
}

// parseClaims reads the claims of a token whose signature is right. It is strict all the same: what another program of
// ours once signs with this key for another purpose must not pass as an entry. Of each claim there is exactly one text,
// so reading and writing again must give the same.
func parseClaims(encoded string) (boxoffice.EntryClaims, error) {
	body, err := encoding.DecodeString(encoded)
	if err != nil {
		return boxoffice.EntryClaims{}, badToken("The code's claims cannot be read.")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	var wire wireClaims
	if err := decoder.Decode(&wire); err != nil {
		return boxoffice.EntryClaims{}, badToken("The code's claims are not those of an entry.")
	}
	if !bytes.Equal(wireText(wire), body) {
		return boxoffice.EntryClaims{}, badToken("The code's claims are not written the one right way.")
	}
	if wire.AdmissionID == "" || wire.EventID == "" || wire.Expires <= 0 {
		return boxoffice.EntryClaims{}, badToken("The code lacks its admission, its event or its expiry.")
	}
	claims := wire.EntryClaims
	claims.ExpiresAt = time.Unix(wire.Expires, 0).UTC()
	return claims, nil
}

func badToken(format string, args ...any) *boxoffice.Error {
	return boxoffice.InvalidField("token", format, args...)
}
