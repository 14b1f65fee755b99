package boxoffice

import (
	"context"
	"time"
)

// Role is what a user may do.
type Role string

// The roles, from least to most.
const (
	RoleBuyer     Role = "buyer"
	RoleOrganizer Role = "organizer"
	RoleSupport   Role = "support"
	RoleAdmin     Role = "admin"
)

// IsStaff reports whether the role may see other people's bookings.
func (r Role) IsStaff() bool { return r == RoleSupport || r == RoleAdmin }

// User is a person with an account.
type User struct {
	ID           string
	Username     string // unique whatever its case; kept as it was typed
	PasswordHash string // argon2id in PHC string format; empty in everything that leaves the program
	Email        string // may be empty
	Location     string // "City, ST"; may be empty
	Role         Role
	CreatedAt    time.Time
}

// Session is one login. Its token is random, given out once, and stored as a hash.
type Session struct {
	TokenHash []byte // SHA-256 of the token
	UserID    string
	CreatedAt time.Time
	ExpiresAt time.Time // absolute end, whatever the use
	LastSeen  time.Time // for the idle limit
}

// UserStore keeps users and sessions.
type UserStore interface {
	// CreateUser stores a new user; ID and CreatedAt are set by it. CodeUsernameTaken.
	CreateUser(ctx context.Context, u User) (User, error)
	// UserByUsername finds a user whatever the case of the name. CodeNotFound.
	UserByUsername(ctx context.Context, username string) (User, error)
	// CreateSession stores a session that lasts for ttl by the database's clock and gives its end.
	CreateSession(ctx context.Context, userID string, tokenHash []byte, ttl time.Duration) (time.Time, error)
	// UserBySession finds the user of a session that is not expired, not idle for longer than idle, and not revoked; it
	// notes the use, at most once a minute. CodeUnauthenticated.
	UserBySession(ctx context.Context, tokenHash []byte, idle time.Duration) (User, error)
	// DeleteSession revokes a session; deleting one that is not there is no error.
	DeleteSession(ctx context.Context, tokenHash []byte) error
}
