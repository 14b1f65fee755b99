package proc_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// roleEnv makes this test binary play a part of its own tests: a child, or an owner that can be killed.
const roleEnv = "BOXOFFICE_PROC_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "":
		os.Exit(m.Run())
	case "sleeper":
		waitForever()
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ignoring")
		waitForever()
	case "talker":
		fmt.Println("one")
		fmt.Fprintln(os.Stderr, "two")
		fmt.Print("three")
	case "failing":
		fmt.Println("it went wrong")
		os.Exit(3)
	case "owner":
		own()
	}
}

// own starts a sleeper whose pid file is the first argument, prints its ID, and waits to be killed.
func own() {
	claim, err := proc.Claim(context.Background(), os.Args[1], proc.Orphan{})
	exitOn(err)
	p, err := proc.Start(context.Background(), proc.Options{
		Path: os.Args[0], Args: []string{os.Args[1]}, Env: []string{roleEnv + "=sleeper"}, PIDFile: claim,
	})
	exitOn(err)
	fmt.Println(p.PID())
	<-p.Done()
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// role is the environment of this binary in a role.
func role(name string) []string { return append(os.Environ(), roleEnv+"="+name) }

// waitForever lasts until a signal ends the process. A bare select would be reported as a deadlock.
func waitForever() {
	never := make(chan os.Signal, 1)
	signal.Notify(never, syscall.SIGUSR1)
	<-never
}
