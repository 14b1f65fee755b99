package seed

import (
	"context"
	"fmt"

	"github.com/boxoffice/boxoffice"
)

// Account is a login whose password everybody knows.
type Account struct {
	Username string
	Password string
	Email    string
	Location string
	Role     boxoffice.Role
}

// DemoAccounts are the accounts of a system that runs on one machine to be looked at. They must never be created where
// strangers can log in.
var DemoAccounts = []Account{
	{"organizer", "curtain-up-at-eight", "organizer@example.com", "Chico, CA", boxoffice.RoleOrganizer},
	{"support", "how-may-we-help-you", "support@example.com", "", boxoffice.RoleSupport},
	{"admin", "keys-to-the-box-office", "admin@example.com", "", boxoffice.RoleAdmin},
	{"alice", "alice-likes-the-front-row", "alice@example.com", "Chico, CA", boxoffice.RoleBuyer},
	{"bob", "bob-sits-on-the-aisle", "bob@example.com", "Memphis, TN", boxoffice.RoleBuyer},
}

// CreateAccounts creates those of the accounts that are not there yet and gives all of them by username. An account that
// exists stays as it is, whatever its password. hash makes the form in which a password is stored.
func CreateAccounts(
	ctx context.Context, users boxoffice.UserStore, accounts []Account, hash func(password string) (string, error),
) (map[string]boxoffice.User, error) {
	created := make(map[string]boxoffice.User, len(accounts))
	for _, a := range accounts {
		u, err := users.UserByUsername(ctx, a.Username)
		if boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
			u, err = createAccount(ctx, users, a, hash)
		}
		if err != nil {
			return nil, fmt.Errorf("create the account %q: %w", a.Username, err)
		}
		created[a.Username] = u
	}
	return created, nil
}

func createAccount(
	ctx context.Context, users boxoffice.UserStore, a Account, hash func(string) (string, error),
) (boxoffice.User, error) {
	stored, err := hash(a.Password)
	if err != nil {
		return boxoffice.User{}, err
	}
	return users.CreateUser(ctx, boxoffice.User{
		Username: a.Username, PasswordHash: stored, Email: a.Email, Location: a.Location, Role: a.Role,
	})
}
