package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/user"

	"github.com/boxoffice/boxoffice"
)

// roleCommand says what an account may do: boxoffice role olga organizer. Nobody becomes an organizer otherwise.
type roleCommand struct {
	Database databaseSettings `embed:""`

	Username string         `arg:"" help:"Whose account."`
	Role     boxoffice.Role `arg:"" enum:"buyer,organizer,support,admin" help:"buyer, organizer, support or admin."`
}

// Run changes the role, from the account's next request on.
func (c *roleCommand) Run(ctx context.Context) error { return c.change(ctx, os.Stdout) }

func (c *roleCommand) change(ctx context.Context, out io.Writer) error {
	db, err := c.Database.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	before, err := db.Users().SetRole(ctx, c.Username, c.Role, operator())
	if boxoffice.CodeOf(err) == boxoffice.CodeNotFound {
		return fmt.Errorf("there is no account %q", c.Username)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: %s (was %s)\n", c.Username, c.Role, before)
	return err
}

// operator is who the audit log is told did it: the account on this machine.
func operator() string {
	if account, err := user.Current(); err == nil && account.Username != "" {
		return "operator " + account.Username
	}
	return "operator"
}
