package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/test/stack"
	"github.com/stretchr/testify/require"
)

// portFlags are the flags of dev that say where it listens.
var portFlags = []string{
	"--port", "--admin-port", "--worker-admin-port", "--postgres-port", "--temporal-port", "--temporal-ui-port", "--typesense-port",
	"--stripe-port", "--mail-port", "--smtp-port",
}

// takePorts listens on as many ports as dev needs, and gives the flags that name them. They are free after release.
func takePorts(t *testing.T) (flags []string, ports []int, release func()) {
	t.Helper()
	var held []net.Listener
	for _, flag := range portFlags {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		held = append(held, listener)
		address, ok := listener.Addr().(*net.TCPAddr)
		require.True(t, ok)
		ports = append(ports, address.Port)
		flags = append(flags, flag, strconv.Itoa(address.Port))
	}
	release = func() {
		for _, listener := range held {
			_ = listener.Close() // twice is once
		}
	}
	t.Cleanup(release)
	return flags, ports, release
}

// folder makes a folder that the database's user can reach, which t.TempDir is not.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(stack.Scratch, "dir-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// Every port that is in use is named, with the flag that changes it, before anything is started.
func TestDev_ErrPortInUse(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	flags, ports, _ := takePorts(t)
	_, complaint, code := stack.RunProgram(t, nil, append([]string{"dev", "--dir", dir}, flags...)...)
	require.Equal(t, 1, code)
	for i, flag := range portFlags {
		require.Regexp(t, fmt.Sprintf(`\b%d\b.*%s\b`, ports[i], flag), complaint)
	}
	require.NoDirExists(t, filepath.Join(dir, "postgres"))
}

// askSearchServer sends a call with the key that dev made, and gives the status.
func askSearchServer(t *testing.T, s *stack.System, method, path, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.Env["TYPESENSE_URL"]+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("X-Typesense-Api-Key", s.Env["TYPESENSE_API_KEY"])
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

// The life of a state folder: a sale; a second dev is refused; dev is killed and nothing blocks the next; the sale is
// still there; Ctrl-C stops everything.
func TestDev_StateSurvivesAKilledDev(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	flags, _, release := takePorts(t)
	flags = append(append(flags, "--dir", dir), stack.Seeded...)
	release()

	s := kept(t, flags)
	c := s.Customer(t)
	booking := c.Hold(t, s.Showing(t), 2)
	c.PayFor(t, booking.ID)
	booking = c.AwaitEnd(t, 30*time.Second, booking.ID, "completed")
	s.RequireSoldOnce(t, c, booking)
	require.Equal(t, http.StatusOK, askSearchServer(t, s, http.MethodPut, "/aliases/survivor", `{"collection_name":"none"}`))
	pdf, err := c.File(t.Context(), booking.ID, "tickets.pdf")
	require.NoError(t, err)

	_, complaint, code := stack.RunProgram(t, nil, append([]string{"dev"}, flags...)...)
	require.Equal(t, 1, code)
	require.Contains(t, complaint, "another boxoffice dev runs in "+dir)
	require.Contains(t, complaint, "--dir")

	children := s.Children()
	require.Len(t, children, len(stack.Servers))
	require.NoError(t, syscall.Kill(s.Process.PID(), syscall.SIGKILL))
	<-s.Process.Done()
	s.DB.Close()
	s.Temporal.Close()

	again := kept(t, flags)
	survivor, err := c.Booking(t.Context(), booking.ID)
	require.NoError(t, err, "the same address, session and booking as before")
	require.Equal(t, booking, survivor)
	same, err := c.File(t.Context(), booking.ID, "tickets.pdf")
	require.NoError(t, err)
	require.Equal(t, pdf, same)
	require.Equal(t, http.StatusOK, askSearchServer(t, again, http.MethodGet, "/aliases/survivor", ""))
	mails, err := again.Inbox().To(t.Context(), c.Email)
	require.NoError(t, err)
	require.Len(t, mails, 1)
	next := c.Hold(t, again.Showing(t), 1)
	c.PayFor(t, next.ID)
	next = c.AwaitEnd(t, 30*time.Second, next.ID, "completed")
	again.RequireSoldOnce(t, c, next)

	require.NoError(t, again.Audit(t.Context()))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, again.Stop(ctx))
	require.NoError(t, again.NothingLeft(children), "children of the dev that was killed")
}

// kept starts a system that keeps its state.
func kept(t *testing.T, flags []string) *stack.System {
	t.Helper()
	s, err := stack.Start("kept", flags)
	if s != nil {
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(s.Tails())
			}
			_ = s.Process.Stop() // it is gone, unless the test failed
		})
	}
	require.NoError(t, err)
	return s
}

// Ctrl-C while everything is starting stops what has started.
func TestDev_InterruptedWhileItStarts(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	flags, _, release := takePorts(t)
	release()
	s, err := stack.Launch("hasty", append(append(flags, "--dir", dir), stack.Seeded...))
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Process.Stop() }) // it is gone, unless the test failed
	s.Env = map[string]string{"BOXOFFICE_STATE_DIR": dir}
	stack.Eventually(t, time.Minute, func() error { _, err := s.PID("postgres"); return err })
	children := s.Children()
	require.NoError(t, syscall.Kill(s.Process.PID(), syscall.SIGINT))
	select {
	case <-s.Process.Done():
	case <-time.After(time.Minute):
		require.Fail(t, "dev does not end")
	}
	if late := s.Children(); len(late) > 0 {
		err = fmt.Errorf("records of children are left: %v", late)
	}
	require.NoError(t, errors.Join(err, s.NothingLeft(children)), s.Tails())
}
