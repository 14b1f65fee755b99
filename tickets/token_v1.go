package tickets

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice"
)

// textClaims are the claims of the tokens of version 1, which are JSON. The order of the fields is the order of the text.
type textClaims struct {
	Admission string `json:"adm"`
	Event     string `json:"evt"`
	Seat      string `json:"seat"`
	Expires   int64  `json:"exp"` // Unix seconds
}

// parseTextClaims is parseClaims for version 1, which is no longer written. Reading and writing again must give the same.
func parseTextClaims(encoded string) (boxoffice.EntryClaims, error) {
	body, err := encoding.DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return boxoffice.EntryClaims{}, badToken("The code's claims cannot be read.")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	var wire textClaims
	if err := decoder.Decode(&wire); err != nil {
		return boxoffice.EntryClaims{}, badToken("The code's claims are not those of an entry.")
	}
	if again, err := wire.text(); err != nil || !bytes.Equal(again, body) {
		return boxoffice.EntryClaims{}, badToken("The code's claims are not written the one right way.")
	}
	if wire.Admission == "" || wire.Event == "" || wire.Expires <= 0 {
		return boxoffice.EntryClaims{}, badToken("The code lacks its admission, its event or its expiry.")
	}
	return boxoffice.EntryClaims{
		AdmissionID: wire.Admission, EventID: wire.Event, Seat: wire.Seat, ExpiresAt: time.Unix(wire.Expires, 0).UTC(),
	}, nil
}

// text is the one text of the claims: compact JSON, nothing escaped that need not be.
func (c textClaims) text() ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(c)
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), err
}
