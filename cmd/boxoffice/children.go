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
	"github.com/boxoffice/boxoffice/internal/pause"
	"github.com/boxoffice/boxoffice/workflows"
	enumspb "go.temporal.io/api/enums/v1"
)

// startChildren runs the API and, unless somebody else does, the worker as processes of their own, as they are deployed,
// and waits until the API serves and the worker takes work.
func (s *stack) startChildren(ctx, childCtx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	names := []string{"api"}
	if !s.command.NoWorker {
		names = append(names, "worker")
	}
	for _, name := range names {
		if err := s.startChild(childCtx, program, name); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	if err := s.awaitReady(ctx, "api", s.urls.admin); err != nil || s.command.NoWorker {
		return err
	}
	if err := s.awaitReady(ctx, "worker", s.urls.workerAdmin); err != nil {
		return err
	}
	if err := s.awaitWorker(ctx); err != nil {
		return err
	}
	return s.awaitIndex(ctx)
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
			Name: "boxoffice " + name, Path: program, Args: []string{name}, Env: s.childEnv(name), PIDFile: record,
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

func (s *stack) blobURL() string { return "file://" + filepath.ToSlash(s.folder("files")) }

// childEnv is this process's environment, with what the stack knows better.
func (s *stack) childEnv(name string) []string {
	adminPort := map[string]int{"api": s.command.AdminPort, "worker": s.command.WorkerAdminPort}[name]
	settings := map[string]string{
		"DATABASE_URL":          s.urls.database,
		"TEMPORAL_ADDRESS":      s.urls.temporal,
		"TYPESENSE_URL":         s.urls.typesense,
		"TYPESENSE_API_KEY":     s.secrets.TypesenseKey,
		"STRIPE_API_BASE":       s.urls.stripe,
		"STRIPE_API_KEY":        s.secrets.StripeKey,
		"STRIPE_WEBHOOK_SECRET": s.secrets.WebhookSecret,
		"SMTP_URL":              s.urls.smtp,
		"BLOB_URL":              s.blobURL(),
		"TICKET_SIGNING_KEY":    s.secrets.TicketKey,
		"BOXOFFICE_BASE_URL":    s.urls.boxoffice,
		"BOXOFFICE_ADDR":        "127.0.0.1:" + strconv.Itoa(s.command.Port),
		"BOXOFFICE_ADMIN_ADDR":  "127.0.0.1:" + strconv.Itoa(adminPort),
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

// readyPatience is how long the API and the worker may take until they are ready.
const readyPatience = time.Minute

// awaitReady waits until a process says that it and all it needs is ready.
func (s *stack) awaitReady(ctx context.Context, name, admin string) error {
	return s.await(ctx, name, func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, admin+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			err = fmt.Errorf("/readyz answers %s", response.Status)
		}
		return errors.Join(err, response.Body.Close())
	})
}

// awaitWorker waits until somebody takes the work that is in a hurry.
func (s *stack) awaitWorker(ctx context.Context) error {
	settings := temporalSettings{TemporalAddress: s.urls.temporal, TemporalNamespace: os.Getenv("TEMPORAL_NAMESPACE")}
	temporal, err := settings.dial(s.logger, nil)
	if err != nil {
		return err
	}
	defer temporal.Close()
	return s.await(ctx, "worker", func() error {
		queue, err := temporal.DescribeTaskQueue(ctx, workflows.QueueBooking, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
		if err == nil && len(queue.GetPollers()) == 0 {
			err = errors.New("nobody asks for work")
		}
		return err
	})
}

// awaitIndex waits until there is something to be searched: the worker builds the first index in a moment.
func (s *stack) awaitIndex(ctx context.Context) error {
	client, err := searchSettings{TypesenseURL: s.urls.typesense, TypesenseAPIKey: s.secrets.TypesenseKey}.client(s.logger)
	if err != nil {
		return err
	}
	return s.await(ctx, "worker", func() error {
		if _, err := client.Size(ctx); err != nil {
			return fmt.Errorf("the search index: %w", err)
		}
		return nil
	})
}

// await asks until there is no error. It ends early when a process cannot be kept running.
func (s *stack) await(ctx context.Context, name string, ready func() error) error {
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case failure := <-s.failed:
			return failure
		default:
		}
		if !pause.For(ctx, 50*time.Millisecond) {
			return fmt.Errorf("boxoffice %s is not ready: %w; its log is %s", name, err, s.logFile(name))
		}
	}
}
