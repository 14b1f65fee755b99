package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/boxoffice/boxoffice/internal/devstack/proc"
)

// startChildren runs the API and the worker as processes of their own, as they are deployed, and waits until the API
// serves.
func (s *stack) startChildren(ctx, childCtx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	for _, name := range []string{"api", "worker"} {
		if err := s.startChild(childCtx, program, name); err != nil {
			return err
		}
	}
	return s.awaitReady(ctx)
}

// startChild runs one command of this program. Its process ID is in the file name/name.pid of the state folder.
func (s *stack) startChild(ctx context.Context, program, name string) error {
	if err := os.MkdirAll(s.folder(name), 0o755); err != nil {
		return err
	}
	return keep(ctx, s.children, s.restarted(name), func(ctx context.Context) (<-chan struct{}, func() error, error) {
		record, err := proc.Claim(ctx, filepath.Join(s.folder(name), name+".pid"), proc.Orphan{})
		if err != nil {
			return nil, nil, err
		}
		process, err := proc.Start(ctx, proc.Options{
			Name: "boxoffice " + name, Path: program, Args: []string{name}, Env: s.childEnv(), PIDFile: record,
			LogFile: s.logFile(name), Grace: 30 * time.Second,
		})
		if err != nil {
			return nil, nil, fmt.Errorf("boxoffice %s: %w", name, err)
		}
		wait := func() error {
			<-process.Done()
			closeErr := record.Close()
			if err := process.Err(); err != nil {
				return fmt.Errorf("boxoffice %s: %w\n%s", name, err, process.LogTail(2000))
			}
			return closeErr
		}
		return process.Done(), wait, nil
	})
}

func (s *stack) logFile(name string) string { return filepath.Join(s.folder(name), "log") }

// childEnv is this process's environment, with what the stack knows better.
func (s *stack) childEnv() []string {
	settings := map[string]string{
		"DATABASE_URL":          s.urls.database,
		"TEMPORAL_ADDRESS":      s.urls.temporal,
		"STRIPE_API_BASE":       s.urls.stripe,
		"STRIPE_API_KEY":        s.secrets.StripeKey,
		"STRIPE_WEBHOOK_SECRET": s.secrets.WebhookSecret,
		"SMTP_URL":              s.urls.smtp,
		"BLOB_URL":              "file://" + filepath.ToSlash(s.folder("files")),
		"TICKET_SIGNING_KEY":    s.secrets.TicketKey,
		"BOXOFFICE_BASE_URL":    s.urls.boxoffice,
		"BOXOFFICE_ADDR":        "127.0.0.1:" + strconv.Itoa(s.command.Port),
		"BOXOFFICE_ADMIN_ADDR":  "127.0.0.1:" + strconv.Itoa(s.command.AdminPort),
		"LOG_FORMAT":            "json",
	}
	var env []string
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		if _, known := settings[name]; !known {
			env = append(env, setting)
		}
	}
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	return env
}

// readyPatience is how long the API may take until it serves.
const readyPatience = time.Minute

// awaitReady waits until the API says that it and all it needs is ready.
func (s *stack) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	last := errors.New("no answer yet")
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.urls.admin+"/readyz", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			err = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return err
			}
			last = fmt.Errorf("/readyz answers %s", response.Status)
		}
		select {
		case failure := <-s.failed:
			return failure
		default:
		}
		if !pause(ctx, 50*time.Millisecond) {
			return fmt.Errorf("the API is not ready: %w; its log is %s", last, s.logFile("api"))
		}
	}
}
