// Command prepare installs what the development stack and the tests run: a PostgreSQL server and the Temporal command
// line, each into the cache, once. It does nothing where both are there, and depends on the packages that run them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/boxoffice/boxoffice/internal/devstack/postgres"
	"github.com/boxoffice/boxoffice/internal/devstack/temporal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) //nolint:forbidigo // this is a main package
	err := prepare(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
}

func prepare(ctx context.Context) error {
	tell := func(message string) { fmt.Fprintln(os.Stderr, "  "+message) }
	if _, err := postgres.Find(ctx, postgres.Options{Progress: tell}); err != nil {
		return err
	}
	_, err := temporal.Find(ctx, temporal.Options{Progress: tell})
	return err
}
