package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/payments"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// contained runs a service of ours outside of a container: the program, with the command and the settings that the file has
// for it. What it would listen on are free ports of this machine, other services are away, and its volume is a folder.
type contained struct {
	ports map[string]string // ":8080" in the container, an address here
	log   bytes.Buffer
	ended chan struct{}
}

var (
	listens  = regexp.MustCompile(`^(--addr=)?(:\d+)$`)
	otherOne = regexp.MustCompile(`\b(postgres|temporal|mailpit|stripe-simulator|api):\d+`)
)

func contain(t *testing.T, service types.ServiceConfig) *contained {
	t.Helper()
	c := &contained{ports: map[string]string{}, ended: make(chan struct{})}
	folder := t.TempDir()
	here := func(value string) string {
		if port := listens.FindStringSubmatch(value); port != nil {
			c.ports[port[2]] = freeAddr(t)
			return port[1] + c.ports[port[2]]
		}
		value = otherOne.ReplaceAllString(value, "127.0.0.1:1")
		return strings.ReplaceAll(value, "/var/lib/boxoffice", folder)
	}
	self, err := os.Executable()
	require.NoError(t, err)
	var args []string
	for _, arg := range service.Command {
		args = append(args, here(arg))
	}
	ctx, stop := context.WithCancel(t.Context())
	command := exec.CommandContext(ctx, self, args...)
	command.Env = []string{"BOXOFFICE_TEST_MAIN=1"}
	for name, value := range settings(service) {
		command.Env = append(command.Env, name+"="+here(value))
	}
	command.Stdout, command.Stderr = &c.log, &c.log
	require.NoError(t, command.Start())
	go func() {
		defer close(c.ended)
		_ = command.Wait() // killed, or its log says why
	}()
	t.Cleanup(func() {
		stop()
		<-c.ended
		if t.Failed() {
			t.Log(c.log.String())
		}
	})
	return c
}

// Every health check of ours is one that the program takes, of an address that it listens on, at a path that it answers.
// With all other services away, a process that needs them answers that it is not ready.
func TestCompose_AsksForHealthWhereTheProgramAnswers(t *testing.T) {
	t.Parallel()
	env, _ := exampleEnv(t, false)
	entry := regexp.MustCompile(`(?m)^ENTRYPOINT \["([^"]+)"\]$`).FindStringSubmatch(read(t, "Dockerfile"))
	require.NotNil(t, entry)
	for name, service := range ours(compose(t, env)) {
		if service.HealthCheck == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test := service.HealthCheck.Test
			require.Equal(t, []string{"CMD", entry[1], "healthcheck"}, []string(test[:3]))
			parser, _ := commandLine("healthcheck")
			_, err := parser.Parse(test[2:])
			require.NoError(t, err)
			asked := regexp.MustCompile(`^http://127\.0\.0\.1(:\d+)(/.*)$`).FindStringSubmatch(test[3])
			require.NotNil(t, asked, test[3])
			process := contain(t, service)
			require.Contains(t, process.ports, asked[1], "nothing listens there")
			answer := process.ask(t, asked[1], asked[2])
			if slices.Contains(service.Command, "stripe-simulator") {
				require.NoError(t, answer)
			} else {
				require.ErrorContains(t, answer, "503")
				require.Regexp(t, `/readyz$`, asked[2])
			}
		})
	}
}

// The simulator sends its webhooks to where the API takes them.
func TestCompose_TheSimulatorAndTheAPIMeet(t *testing.T) {
	t.Parallel()
	env, _ := exampleEnv(t, false)
	services := ours(compose(t, env))
	to := regexp.MustCompile(`(?m)^--webhook-url=http://api(:\d+)(/.*)$`).FindStringSubmatch(strings.Join(services["stripe-simulator"].Command, "\n"))
	require.NotNil(t, to)
	api := contain(t, services["api"])
	require.Contains(t, api.ports, to[1], "nothing listens there")
	require.NoError(t, api.ask(t, to[1], "/healthz"))
	response, err := http.Post("http://"+api.ports[to[1]]+to[2], "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusBadRequest, response.StatusCode, "it is not signed")
}

// The webhook endpoint that docs/deploy.md has made asks for the events that the program acts on.
func TestDeployGuide_AsksForTheEventsThatAreActedOn(t *testing.T) {
	t.Parallel()
	var asked []string
	for _, event := range regexp.MustCompile(`"enabled_events\[\]=([a-z._]+)"`).FindAllStringSubmatch(read(t, "docs/deploy.md"), -1) {
		asked = append(asked, event[1])
	}
	require.ElementsMatch(t, payments.WebhookTypes(), asked)
}

// ask is the health check of a process, once that process answers.
func (c *contained) ask(t *testing.T, port, path string) error {
	t.Helper()
	check := healthcheckCommand{URL: "http://" + c.ports[port] + path, Timeout: 10 * time.Second}
	poll, patience := time.NewTicker(50*time.Millisecond), time.NewTimer(30*time.Second)
	defer poll.Stop()
	defer patience.Stop()
	for {
		answer := check.Run(t.Context())
		if !errors.Is(answer, syscall.ECONNREFUSED) {
			return answer
		}
		select {
		case <-c.ended:
			require.FailNow(t, "it ended", c.log.String())
		case <-patience.C:
			require.FailNow(t, "nobody answers at "+check.URL)
		case <-poll.C:
		}
	}
}
