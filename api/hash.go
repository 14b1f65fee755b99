package api

import (
	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"
)

// HashPassword gives the form in which a password is stored: argon2id in PHC string format. It costs about 20 ms of a CPU
// and 19 MiB. It is for tools that create accounts; requests go through the server's own bound.
func HashPassword(password string) (string, error) {
	return argon2id.CreateHash(norm.NFC.String(password), &hashing)
}
