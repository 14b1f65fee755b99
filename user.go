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

// Roles lists every role.
var Roles = []Role{RoleBuyer, RoleOrganizer, RoleSupport, RoleAdmin}

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
	ID        string // names it to its user; opens nothing
	TokenHash []byte // of HashToken
	UserID    string
	Device    string // what it was opened from, coarsely: "Firefox on Linux"; may be empty
	CreatedAt time.Time
	ExpiresAt time.Time // absolute end, whatever the use
	LastSeen  time.Time // for the idle limit

	PasswordHash string // the user's, against which a password was verified for it; empty: none was
}

// UserStore keeps users and sessions.
type UserStore interface {
	// CreateUser stores a new user; ID and CreatedAt are set by it. CodeUsernameTaken.
	CreateUser(ctx context.Context, u User) (User, error)
	// UserByUsername finds a user whatever the case of the name. CodeNotFound.
	UserByUsername(ctx context.Context, username string) (User, error)
	// CreateSession stores a session that lasts for ttl by the database's clock and gives its end. Of session only UserID,
	// TokenHash, Device and PasswordHash are read. CodeNotFound, also for a user whose password is another by now.
	CreateSession(ctx context.Context, session Session, ttl time.Duration) (time.Time, error)
	// UserBySession finds the user of a session that is not expired, not idle for longer than idle, and not revoked; it
	// notes the use, at most once a minute. CodeUnauthenticated.
	UserBySession(ctx context.Context, tokenHash []byte, idle time.Duration) (User, error)
	// Sessions lists a user's sessions that UserBySession would accept, last used first, at most 100.
	Sessions(ctx context.Context, userID string, idle time.Duration) ([]Session, error)
	// DeleteSession revokes a session; deleting one that is not there is no error.
	DeleteSession(ctx context.Context, tokenHash []byte) error
	// DeleteSessionByID revokes a session of the user. CodeNotFound.
	DeleteSessionByID(ctx context.Context, userID, sessionID string) error
	// DeleteOtherSessions revokes all sessions of the user but one.
	DeleteOtherSessions(ctx context.Context, userID string, keep []byte) error
}

// RoleStore changes who may do what.
type RoleStore interface {
	// SetRole gives a user another role, from their next request on, and says which they had; their sessions stay. The
	// change is written to the audit log under the actor's name, which nobody has verified. Setting the role that they
	// have is no error. CodeNotFound, CodeInvalid on a role that is none.
	SetRole(ctx context.Context, username string, role Role, actor string) (before Role, err error)
}
