// Package archtest holds the arrows between packages: who may import whom. It asks the go command, and depends on the
// standard library alone.
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/boxoffice/boxoffice"

// allowed says which packages of this module each package may import, tests apart. What is not listed may not exist.
var allowed = map[string][]string{
	"":                            {},
	"migrations":                  {},
	"seatplan":                    {""},
	"activities":                  {""},
	"workflows":                   {"", "activities"},
	"bookings":                    {"", "workflows", "internal/failpoint", "internal/metrics"},
	"worker":                      {"", "workflows", "activities", "internal/failpoint", "internal/metrics"},
	"api":                         {"", "internal/serving", "internal/seatwatch", "internal/bookingwatch"},
	"accounts":                    {"", "workflows"},
	"events":                      {"", "seatplan"},
	"seating":                     {"", "seatplan"},
	"postgres":                    {"", "seatplan", "seating"},
	"payments":                    {""},
	"posters":                     {""},
	"tickets":                     {""},
	"mail":                        {""},
	"files":                       {""},
	"seed":                        {"", "seatplan"},
	"search":                      {""},
	"web":                         {},
	"indexing":                    {"", "workflows"},
	"scheduling":                  {"", "workflows"},
	"reconcile":                   {""},
	"bench":                       {"", "internal/buyer", "internal/pause", "seatplan"}, // it buys as people do, in a hall of its own
	"bench/chaos":                 {"", "internal/buyer", "internal/pause"},
	"internal/failpoint":          {},
	"internal/metrics":            {""},
	"internal/serving":            {""},
	"internal/seatwatch":          {""},
	"internal/bookingwatch":       {"", "internal/pause"},
	"internal/buyer":              {"internal/pause"},
	"internal/pause":              {},
	"internal/devstack/proc":      {},
	"internal/devstack/postgres":  {"internal/devstack/proc"},
	"internal/devstack/temporal":  {"internal/devstack/proc"},
	"internal/devstack/network":   {},
	"internal/devstack/prepare":   {"internal/devstack/temporal", "internal/devstack/postgres"},
	"internal/devstack/stripe":    {"internal/devstack/proc"},
	"internal/devstack/smtp":      {},
	"internal/devstack/typesense": {"internal/devstack/proc"},
	"internal/testdb":             {"migrations", "internal/devstack/postgres", "internal/devstack/proc"},
	"internal/archtest":           {},
	"test/stack":                  {"workflows", "internal/buyer", "internal/failpoint", "internal/devstack/proc", "internal/devstack/network", "internal/devstack/postgres", "internal/devstack/temporal"},
	"test/browser":                {},
	"test/chaos":                  {},
	"test/e2e":                    {},
	"test/failures":               {},
	"test/failures/money":         {},
	"test/failures/search":        {},
	"test/failures/temporal":      {},
	"test/property":               {},
	"test/linear":                 {},
	"test/model":                  {""},
	"cmd/boxoffice":               {"*"},
}

// libraries says who alone may import a library: one package for each outside system.
var libraries = map[string][]string{
	"github.com/gin-gonic/gin":      {"api"},
	"github.com/jackc/pgx/v5":       {"postgres", "internal/devstack/postgres", "internal/testdb", "test/stack"},
	"github.com/stripe/stripe-go":   {"payments"},
	"github.com/jung-kurt/gofpdf":   {"tickets"},
	"golang.org/x/image/webp":       {"posters"},
	"github.com/skip2/go-qrcode":    {"tickets"},
	"github.com/wneessen/go-mail":   {"mail"},
	"gocloud.dev":                   {"files"},
	"github.com/pressly/goose":      {"postgres", "internal/testdb"},
	"go.temporal.io/sdk/client":     {"bookings", "worker", "cmd/boxoffice", "internal/devstack/temporal", "test/stack", "internal/metrics", "accounts", "indexing", "scheduling"},
	"go.temporal.io/sdk/workflow":   {"workflows", "worker"},
	"go.temporal.io/sdk/activity":   {"activities", "worker"},
	"go.temporal.io/sdk/worker":     {"worker"},
	"github.com/alecthomas/kong":    {"cmd/boxoffice"},
	"github.com/emersion/go-smtp":   {"internal/devstack/smtp"},
	"github.com/typesense":          {"search"},
	"github.com/sony/gobreaker":     {"search"},
	"github.com/blevesearch":        {"internal/devstack/typesense"},
	"github.com/prometheus":         {"api", "cmd/boxoffice", "internal/metrics", "internal/serving"},
	"go.opentelemetry.io":           {"internal/metrics"},
	"github.com/arran4/golang-ical": {"tickets"},
	"github.com/Shopify/toxiproxy":  {"internal/devstack/network"},
	"github.com/anishathalye":       {}, // porcupine, for tests
}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports,Deps"}, args...)...)
	command.Dir = "../.."
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	require.NoError(t, err, complaint.String())
	var packages []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}

// short gives the path inside the module, and whether it is one of its packages.
func short(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// violations names every import that the tables above do not allow.
func violations(packages []pkg) []string {
	var found []string
	for _, p := range packages {
		from, _ := short(p.ImportPath)
		may, known := allowed[from]
		if !known {
			found = append(found, from+" has no line in the table of packages")
			continue
		}
		for _, path := range p.Imports {
			if to, ours := short(path); ours && !slices.Contains(may, to) && !slices.Contains(may, "*") {
				found = append(found, from+" imports "+to)
			}
			for library, users := range libraries {
				if (path == library || strings.HasPrefix(path, library+"/")) && !slices.Contains(users, from) {
					found = append(found, from+" imports "+path)
				}
			}
			if from == "" && strings.Contains(strings.Split(path, "/")[0], ".") {
				found = append(found, "the root package imports "+path)
			}
		}
	}
	return found
}

func TestPackagesImportOnlyWhatTheyMay(t *testing.T) {
	t.Parallel()
	require.Empty(t, violations(list(t, "./...")))
}

func TestAViolationIsFound(t *testing.T) {
	t.Parallel()
	found := violations([]pkg{
		{ImportPath: module + "/api", Imports: []string{module + "/postgres", "github.com/jackc/pgx/v5/pgxpool"}},
		{ImportPath: module, Imports: []string{"github.com/google/uuid"}},
		{ImportPath: module + "/misc"},
	})
	require.ElementsMatch(t, []string{
		"api imports postgres", "api imports github.com/jackc/pgx/v5/pgxpool", "the root package imports github.com/google/uuid",
		"misc has no line in the table of packages",
	}, found)
}

// Workflow code is replayed: nothing that it links may do I/O of ours.
func TestWorkflowsLinkNoAdapter(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./workflows") {
		for _, path := range p.Deps {
			for _, library := range []string{"github.com/jackc/pgx", "github.com/gin-gonic", "github.com/stripe/", "gocloud.dev", "net/smtp"} {
				require.False(t, strings.HasPrefix(path, library), "workflows links %s", path)
			}
		}
	}
}
