package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	composecli "github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/tickets"
)

// These tests hold docker-compose.yml, as the engine's own loader reads it, against the program. What needs a container
// engine (that the images of others exist, and do with their settings what their makers say) they cannot see.

const repository = "../.."

func composeOptions(t *testing.T, env types.Mapping, options ...composecli.ProjectOptionsFn) *composecli.ProjectOptions {
	t.Helper()
	options = append(options, composecli.WithProfiles([]string{"*"}))
	loader, err := composecli.NewProjectOptions([]string{filepath.Join(repository, "docker-compose.yml")}, options...)
	require.NoError(t, err)
	loader.Environment = env
	return loader
}

// compose is docker-compose.yml with these variables and no others; services of all profiles are in it.
func compose(t *testing.T, env types.Mapping) *types.Project {
	t.Helper()
	project, err := composeOptions(t, env).LoadProject(t.Context())
	require.NoError(t, err)
	return project
}

// exampleEnv is .env.example as somebody fills it in: secrets where they are missing, and what is commented either left so
// or taken as it stands.
func exampleEnv(t *testing.T, withCommented bool) (env types.Mapping, missing []string) {
	t.Helper()
	text := read(t, ".env.example")
	if withCommented {
		text = regexp.MustCompile(`(?m)^# ([A-Z_]+=)`).ReplaceAllString(text, "$1")
	}
	env, err := dotenv.Parse(strings.NewReader(text))
	require.NoError(t, err)
	key, err := tickets.GenerateKey()
	require.NoError(t, err)
	for name, value := range env {
		if value == "" {
			missing = append(missing, name)
			env[name] = map[string]string{"STRIPE_API_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1", "TICKET_SIGNING_KEY": key}[name]
		}
		if env[name] == "" {
			env[name] = "password"
		}
	}
	return env, missing
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, path))
	require.NoError(t, err)
	return string(content)
}

// ours are the services that run the program.
func ours(project *types.Project) map[string]types.ServiceConfig {
	found := map[string]types.ServiceConfig{}
	for name, service := range project.Services {
		if service.Build != nil {
			found[name] = service
		}
	}
	return found
}

// settings of a service: what has no value is not set.
func settings(service types.ServiceConfig) map[string]string {
	set := map[string]string{}
	for name, value := range service.Environment {
		if value != nil {
			set[name] = *value
		}
	}
	return set
}

// commandLine is the program's own, and the settings that the command of that name reads.
func commandLine(name string) (parser *kong.Kong, reads []string) {
	parser = kong.Must(&cli{}, kong.Name("boxoffice"))
	for _, node := range parser.Model.Leaves(false) {
		if node.Name != name {
			continue
		}
		for _, flag := range slices.Concat(node.AllFlags(false)...) {
			reads = append(reads, flag.Envs...)
		}
	}
	return parser, append(reads, "GOMEMLIMIT") // which Go itself reads
}

// Every command of ours is one that the program has, with flags that it has; every variable is one that it reads, with a
// value that it takes; and it misses none.
func TestCompose_SetsWhatTheProgramReads(t *testing.T) {
	for _, withCommented := range []bool{false, true} {
		env, _ := exampleEnv(t, withCommented)
		services := ours(compose(t, env))
		require.Subset(t, slices.Collect(maps.Keys(services)), []string{"api", "worker", "migrate", "seed"})
		for name, service := range services {
			t.Run(fmt.Sprintf("%s, commented %t", name, withCommented), func(t *testing.T) {
				require.NotEmpty(t, service.Command)
				parser, reads := commandLine(service.Command[0])
				for variable := range service.Environment {
					require.Contains(t, reads, variable, "boxoffice %s does not read it", service.Command[0])
				}
				for _, variable := range reads {
					t.Setenv(variable, "") // so that the test's end brings back what it was
					require.NoError(t, os.Unsetenv(variable))
				}
				for variable, value := range settings(service) {
					t.Setenv(variable, value)
				}
				_, err := parser.Parse(service.Command)
				require.NoError(t, err)
			})
		}
	}
}

// .env.example has every variable that the file takes, and no other. What must be filled in is named where it is missing.
func TestCompose_EnvExampleIsWhatTheFileAsksFor(t *testing.T) {
	t.Parallel()
	offered, _ := exampleEnv(t, true)
	filled, missing := exampleEnv(t, false)
	model, err := composeOptions(t, offered, composecli.WithInterpolation(false)).LoadModel(t.Context())
	require.NoError(t, err)
	asked := map[string]bool{"COMPOSE_PROFILES": true} // by the engine itself
	for name := range template.ExtractVariables(model, nil) {
		asked[name] = true
	}
	for _, service := range compose(t, filled).Services {
		for name, value := range service.Environment {
			if value == nil {
				asked[name] = true
			}
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(asked)), slices.Collect(maps.Keys(offered)))

	require.NotEmpty(t, missing)
	for _, name := range missing {
		env, _ := exampleEnv(t, false)
		env[name] = ""
		_, err := composeOptions(t, env).LoadProject(t.Context())
		require.ErrorContains(t, err, "required variable "+name+" is missing a value")
	}
	require.Contains(t, compose(t, offered).Services["stripe-simulator"].Profiles, offered["COMPOSE_PROFILES"])
	require.Regexp(t, `(?m)^/\.env$`, read(t, ".gitignore"))
}
