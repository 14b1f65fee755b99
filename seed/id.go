package seed

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"
)

// IDs have the shape of UUIDv7 (RFC 9562, section 5.7) like all others, but follow from what they name: the same seed run
// again finds its rows. A title or a venue has the same ID in every seed, an event only in its own.

// lastingSince is the time in the IDs of what outlasts a seed.
var lastingSince = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func lastingID(kind string, names ...string) string {
	sum := digest(kind, names...)
	return newID(lastingSince.UnixMilli(), binary.BigEndian.Uint16(sum[8:]), binary.BigEndian.Uint64(sum[:]))
}

// newID puts an ID together. The counter fills the twelve bits after the milliseconds, so that IDs of one millisecond rise
// with it; the random bits are all that keep apart what has the same time and counter.
func newID(millis int64, counter uint16, random uint64) string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(millis)<<16|0x7000|uint64(counter&0x0fff))
	binary.BigEndian.PutUint64(id[8:], random&^(0b11<<62)|0b10<<62)
	return id.String()
}

// random gives a generator that is determined by the names.
func random(kind string, names ...string) *rand.Rand {
	sum := digest(kind, names...)
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])))
}

func digest(kind string, names ...string) [sha256.Size]byte {
	return sha256.Sum256([]byte(kind + "\x00" + strings.Join(names, "\x00")))
}
