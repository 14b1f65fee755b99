package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/stretchr/testify/require"
)

// Images of others are of one version, so that the same file starts the same system tomorrow.
func TestImages_ArePinned(t *testing.T) {
	t.Parallel()
	env, _ := exampleEnv(t, false)
	for name, service := range compose(t, env).Services {
		if service.Build != nil {
			require.Equal(t, "boxoffice:dev", service.Image, name)
			continue
		}
		require.Regexp(t, `^[a-z/-]+:v?\d+\.\d+`, service.Image, name)
	}
}

// The image is built with the Go version of go.mod, of the program alone, and does not run as root.
func TestImage_IsBuiltAsTheProgramIs(t *testing.T) {
	t.Parallel()
	dockerfile := read(t, "Dockerfile")
	language := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	require.NotNil(t, language)
	require.Regexp(t, `(?m)^FROM --platform=\$BUILDPLATFORM golang:`+regexp.QuoteMeta(language[1])+`-alpine AS build$`, dockerfile)
	stages := regexp.MustCompile(`(?m)^FROM (.*)$`).FindAllStringSubmatchIndex(dockerfile, -1)
	require.Len(t, stages, 3)
	client, build, image := dockerfile[:stages[1][0]], dockerfile[stages[1][0]:stages[2][0]], dockerfile[stages[2][0]:]
	for _, part := range []string{"npm ci ", "npm run -s build"} {
		require.Contains(t, client, part)
	}
	require.Contains(t, build, "COPY --from=client /src/web/dist web/dist\n")
	require.True(t, strings.HasPrefix(image, "FROM scratch\n"), "what is not there cannot be misused")
	user := regexp.MustCompile(`(?m)^USER (.*)$`).FindAllStringSubmatch(image, -1)
	require.Len(t, user, 1)
	require.Regexp(t, `^[1-9]\d*:[1-9]\d*$`, user[0][1], "a number, so that an orchestrator sees that it is not root")
	for _, part := range []string{"CGO_ENABLED=0 ", "go build -trimpath ", "-X main.version=$VERSION", " ./cmd/boxoffice\n"} {
		require.Contains(t, build, part)
	}

	env, _ := exampleEnv(t, false)
	for name, service := range ours(compose(t, env)) {
		for argument := range service.Build.Args {
			require.Regexp(t, `(?m)^ARG (.* )?`+argument+`(=| |$)`, build, name)
		}
	}
}

// The builder gets every file that the program is made of, and none that is nobody's business.
func TestImage_IsBuiltFromWhatItNeeds(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join(repository, ".dockerignore"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	patterns, err := ignorefile.ReadAll(file)
	require.NoError(t, err)
	ignored, err := patternmatcher.New(patterns)
	require.NoError(t, err)
	needed := append(sources(t), "go.mod", "go.sum", "web/package-lock.json", "web/index.html", "web/src/main.tsx", "web/vite.config.ts", "web/tsconfig.json")
	for _, path := range needed {
		if strings.HasPrefix(path, "web/dist/") && path != "web/dist/.gitignore" {
			continue // the image builds the client itself
		}
		out, err := ignored.MatchesOrParentMatches(path)
		require.NoError(t, err)
		require.False(t, out, "%s is missing in the image's build", path)
	}
	for _, path := range []string{
		".env", ".git/config", ".boxoffice/secrets.json", "bin/boxoffice", "docs/deploy.md", "docker-compose.yml",
		"deploy/temporal/schema.sh", "api/api_test.go", "workflows/testdata/sold.json", "test/stack/system.go", "tools/go.mod",
		"web/node_modules/preact/package.json", "web/dist/index.html", "web/browser/open.ts", "web/src/format.test.ts", "key.pem", "seed/.env",
	} {
		out, err := ignored.MatchesOrParentMatches(path)
		require.NoError(t, err)
		require.True(t, out, "%s goes to the builder", path)
	}
}

// sources are the files of ours that the program is compiled from, and those that are embedded in it.
func sources(t *testing.T) (paths []string) {
	t.Helper()
	root, err := filepath.Abs(repository)
	require.NoError(t, err)
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Dir,GoFiles,EmbedFiles,Module", "./cmd/boxoffice")
	list.Dir, list.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	out, err := list.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, list.Start())
	for decoder := json.NewDecoder(out); ; {
		var p struct {
			Dir                 string
			GoFiles, EmbedFiles []string
			Module              *struct{ Main bool }
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		folder, err := filepath.Rel(root, p.Dir)
		require.NoError(t, err)
		for _, name := range append(p.GoFiles, p.EmbedFiles...) {
			paths = append(paths, filepath.Join(folder, name))
		}
	}
	require.NoError(t, list.Wait())
	require.Contains(t, paths, "cmd/boxoffice/main.go")
	require.Contains(t, paths, "api/openapi.yaml")
	return paths
}
