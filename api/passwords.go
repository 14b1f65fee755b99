package api

import (
	"context"
	_ "embed"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"

	"github.com/boxoffice/boxoffice"
)

// hashing is what OWASP's password storage cheat sheet asks of argon2id at least: 19 MiB, two passes, one lane.
var hashing = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// nobodysHash is of a random password that is written down nowhere. It is verified where there is no user, so that an
// unknown username takes as long as a wrong password.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$VVE4W9RN7M0z6Yy6l5+yDA$TyWGzYvTt0g0G8AMuExq01SRoAmZTB7gNR9fj1HNV0Q"

// The bounds of a password: in characters, and in bytes as it is typed.
const (
	minPassword      = 8
	maxPassword      = 256
	maxPasswordBytes = 1024
)

//go:embed passwords/common.txt
var commonPasswordsFile string

// commonPasswords are the best-known passwords of eight characters and more, lower-case and in order.
var commonPasswords = strings.Fields(commonPasswordsFile)

// checkPassword says what is wrong with a new password; "" if nothing.
func checkPassword(password, username string) string {
	if len(password) > maxPasswordBytes {
		return "This may have at most 256 characters."
	}
	password = norm.NFC.String(password)
	folded := strings.ToLower(password)
	_, common := slices.BinarySearch(commonPasswords, folded)
	first, _ := utf8.DecodeRuneInString(folded)
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		return "This needs at least 8 characters."
	case n > maxPassword:
		return "This may have at most 256 characters."
	case folded == strings.ToLower(username):
		return "This must not be the username."
	case common:
		return "This is one of the best-known passwords. Please choose another."
	case strings.Trim(folded, string(first)) == "":
		return "This is one character over and over. Please choose another."
	}
	return ""
}

// passwords hashes and verifies. Few are computed at one time, so that a wave of logins leaves bookings their CPU.
type passwords struct{ slots *semaphore.Weighted }

func newPasswords(atOneTime int) *passwords {
	return &passwords{slots: semaphore.NewWeighted(int64(atOneTime))}
}

// slotPatience is how long a login waits for its turn.
const slotPatience = 3 * time.Second

func (p *passwords) enter(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, slotPatience)
	defer cancel()
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return boxoffice.WrapError(boxoffice.CodeUnavailable, err, "Too many people are logging in. Please try again.")
	}
	return nil
}

// hash makes the PHC string that is stored. CodeUnavailable. Costs about 20 ms of a CPU. A letter with an accent is the
// same however the keyboard composes it (Unicode NFC).
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.slots.Release(1)
	return argon2id.CreateHash(norm.NFC.String(password), &hashing)
}

// verify reports whether the password is the one of the hash; "" stands for nobody's. CodeUnavailable. Costs as much as hash.
func (p *passwords) verify(ctx context.Context, password, hash string) (bool, error) {
	if err := p.enter(ctx); err != nil {
		return false, err
	}
	defer p.slots.Release(1)
	if hash == "" {
		_, err := argon2id.ComparePasswordAndHash(norm.NFC.String(password), nobodysHash)
		return false, err
	}
	return argon2id.ComparePasswordAndHash(norm.NFC.String(password), hash)
}
