package main

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"

	devtemporal "github.com/boxoffice/boxoffice/internal/devstack/temporal"
	"github.com/boxoffice/boxoffice/workflows"
)

// Nothing is published beyond this machine, and what holds data or rules workflows is not published at all. What is
// published of ours is a port that the program listens on.
func TestCompose_PublishesNothingBeyondThisMachine(t *testing.T) {
	t.Parallel()
	env, _ := exampleEnv(t, true)
	project := compose(t, env)
	published := map[string][]string{}
	for name, service := range project.Services {
		require.Empty(t, service.NetworkMode, name)
		for _, port := range service.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, "%s: port %d", name, port.Target)
			published[name] = append(published[name], fmt.Sprintf(":%d", port.Target))
		}
	}
	require.Equal(t, []string{"api", "mailpit", "stripe-simulator", "temporal-ui"}, slices.Sorted(maps.Keys(published)))
	require.Equal(t, []string{settings(project.Services["api"])["BOXOFFICE_ADDR"]}, published["api"])
	require.Contains(t, project.Services["stripe-simulator"].Command, "--addr="+published["stripe-simulator"][0])

	for _, network := range []string{"data", "temporal", "search"} {
		require.True(t, project.Networks[network].Internal, network)
	}
	for name, allowed := range map[string][]string{
		"postgres": {"data"}, "typesense": {"search"}, "temporal": {"data", "temporal"},
		"temporal-ui": {"outside", "temporal"}, "mailpit": {"outside"}, "stripe-simulator": {"outside"},
	} {
		require.ElementsMatch(t, allowed, networks(project.Services[name]), name)
	}
}

func networks(service types.ServiceConfig) []string {
	return slices.Collect(maps.Keys(service.Networks))
}

// What a service of ours is told to reach is another service, on a network that both are on.
func TestCompose_ReachesWhatItNames(t *testing.T) {
	t.Parallel()
	env, _ := exampleEnv(t, false)
	offered, _ := exampleEnv(t, true)
	env["STRIPE_API_BASE"] = offered["STRIPE_API_BASE"]
	project := compose(t, env)
	reached := map[string]bool{}
	for name, service := range ours(project) {
		told := strings.Join(append(slices.Collect(maps.Values(settings(service))), service.Command...), "\n")
		for _, found := range regexp.MustCompile(`(?m)(?:^|//|@)([a-z-]+):\d+`).FindAllStringSubmatch(told, -1) {
			host := found[1]
			if host == "localhost" { // what a browser reaches
				continue
			}
			require.Contains(t, project.Services, host, "%s is told to reach it", name)
			require.True(t, slices.ContainsFunc(networks(service), func(network string) bool {
				return slices.Contains(networks(project.Services[host]), network)
			}), "%s and %s have no network in common", name, host)
			reached[host] = true
		}
	}
	require.Equal(t, []string{"api", "mailpit", "postgres", "stripe-simulator", "temporal", "typesense"}, slices.Sorted(maps.Keys(reached)))
}

// A condition that a service waits for can come true, and neither the API nor the worker starts without a schema and a
// namespace. What runs on is started again when it dies, and whether it is well can be seen.
func TestCompose_StartsInOrder(t *testing.T) {
	t.Parallel()
	env, _ := exampleEnv(t, false)
	project := compose(t, env)
	for name, service := range project.Services {
		for other, dependency := range service.DependsOn {
			switch waitedFor := project.Services[other]; dependency.Condition {
			case types.ServiceConditionHealthy:
				require.NotNil(t, waitedFor.HealthCheck, "%s waits for %s to be healthy", name, other)
			case types.ServiceConditionCompletedSuccessfully:
				require.Equal(t, types.RestartPolicyOnFailure, waitedFor.Restart, "%s waits for the end of %s", name, other)
			default:
				require.Fail(t, "waits for nothing", "%s for %s", name, other)
			}
		}
		_, reads := commandLine(firstOr(service.Command, ""))
		asked := service.Build == nil || slices.Contains(reads, "BOXOFFICE_ADMIN_ADDR")
		if service.Restart == types.RestartPolicyUnlessStopped && asked {
			require.NotNil(t, service.HealthCheck, "%s: whether it is well cannot be seen", name)
		}
		require.Positive(t, service.MemLimit, name)
	}
	for _, name := range []string{"api", "worker"} {
		require.Equal(t, types.RestartPolicyUnlessStopped, project.Services[name].Restart, name)
		require.ElementsMatch(t, []string{"migrate", "temporal-namespace"}, project.Services[name].GetDependencies(), name)
		require.Greater(t, time.Duration(*project.Services[name].StopGracePeriod), 20*time.Second, name)
	}
}

func firstOr(list []string, otherwise string) string {
	if len(list) == 0 {
		return otherwise
	}
	return list[0]
}

// What runs the program can write to its volume and to nothing else, and has no rights that it does not need.
func TestCompose_OursMayDoLittle(t *testing.T) {
	t.Parallel()
	env, _ := exampleEnv(t, false)
	project := compose(t, env)
	for name, service := range ours(project) {
		require.True(t, service.ReadOnly, name)
		require.Equal(t, []string{"ALL"}, service.CapDrop, name)
		require.Contains(t, service.SecurityOpt, "no-new-privileges:true", name)
		require.False(t, service.Privileged, name)
		require.Empty(t, service.User, "%s: the image says who", name)
	}
	// The API serves the files that the worker makes.
	api, worker := project.Services["api"], project.Services["worker"]
	require.Equal(t, api.Volumes, worker.Volumes)
	require.Equal(t, "file://"+path.Join(api.Volumes[0].Target, "files"), settings(api)["BLOB_URL"])
	for name, service := range ours(project) {
		for _, volume := range service.Volumes {
			require.Equal(t, types.VolumeTypeVolume, volume.Type, name)
			require.Regexp(t, `(?m)^COPY --from=build --chown=65532:65532 \S+ `+volume.Target+`$`, read(t, "Dockerfile"),
				"%s: a volume belongs to whom the image's folder belongs to", name)
		}
	}
	// From 18 on the image keeps its data in a folder of the version below this one.
	require.Equal(t, "/var/lib/postgresql", project.Services["postgres"].Volumes[0].Target)
}

// Temporal's namespace has the search attributes that runs are started with, and keeps what is closed as long as in
// development; its UI changes nothing unless told otherwise. Its versions are those that the tests run on.
func TestCompose_TemporalIsAsTheProgramNeedsIt(t *testing.T) {
	t.Parallel()
	env, _ := exampleEnv(t, false)
	services := compose(t, env).Services
	namespace := settings(services["temporal-namespace"])
	attributes := map[string]string{}
	for _, attribute := range strings.Fields(namespace["SEARCH_ATTRIBUTES"]) {
		name, kind, _ := strings.Cut(attribute, "=")
		attributes[name] = kind
	}
	require.Equal(t, workflows.SearchAttributeTypes(), attributes)
	retention, err := time.ParseDuration(namespace["RETENTION"])
	require.NoError(t, err)
	require.Equal(t, devtemporal.DefaultRetention, retention)
	for _, name := range []string{"api", "worker"} {
		require.Equal(t, namespace["TEMPORAL_NAMESPACE"], settings(services[name])["TEMPORAL_NAMESPACE"], name)
		require.Equal(t, namespace["TEMPORAL_ADDRESS"], settings(services[name])["TEMPORAL_ADDRESS"], name)
	}
	require.Equal(t, "true", settings(services["temporal-ui"])["TEMPORAL_DISABLE_WRITE_ACTIONS"])

	tested := read(t, "tools/go.mod")
	minor := regexp.MustCompile(`go\.temporal\.io/server v(\d+\.\d+)\.`).FindStringSubmatch(tested)
	ui := regexp.MustCompile(`github\.com/temporalio/ui-server/v2 v(\S+)`).FindStringSubmatch(tested)
	require.NotNil(t, minor)
	require.NotNil(t, ui)
	require.Equal(t, "temporalio/ui:"+ui[1], services["temporal-ui"].Image)
	version, found := strings.CutPrefix(services["temporal"].Image, "temporalio/server:")
	require.True(t, found)
	require.True(t, strings.HasPrefix(version, minor[1]+"."), "the tests run on %s", minor[1])
	for _, name := range []string{"temporal-schema", "temporal-namespace"} {
		require.True(t, strings.HasPrefix(services[name].Image, "temporalio/admin-tools:"+version+"-"), name)
	}
}
