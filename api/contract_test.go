package api

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice"
)

func TestTheSpecIsValid(t *testing.T) {
	t.Parallel()
	doc, _ := spec(t)
	require.NoError(t, doc.Validate(t.Context()))
}

func TestTheRouteListEqualsTheSpec(t *testing.T) {
	t.Parallel()
	doc, _ := spec(t)
	var specified, listed []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			specified = append(specified, method+" "+path)
		}
	}
	for _, r := range setup(t).routes() {
		listed = append(listed, r.method+" "+r.path)
	}
	require.ElementsMatch(t, specified, listed)
}

func TestEveryGroupOfTheSpecIsAService(t *testing.T) {
	t.Parallel()
	doc, _ := spec(t)
	for _, r := range setup(t).routes() {
		tags := doc.Paths.Find(r.path).GetOperation(r.method).Tags
		want := r.service
		if want == "" {
			want = "operations"
		}
		require.Equal(t, []string{want}, tags, r.path)
	}
}

func TestTheTypesAreGeneratedFromTheSpec(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	fresh, config := filepath.Join(folder, "api.gen.go"), filepath.Join(folder, "config.yaml")
	settings, err := os.ReadFile("oapi-codegen.yaml")
	require.NoError(t, err)
	elsewhere := strings.Replace(string(settings), "output: api.gen.go", "output: "+fresh, 1)
	require.NoError(t, os.WriteFile(config, []byte(elsewhere), 0o600))
	generate := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../tools/go.mod", "oapi-codegen",
		"-config", config, "openapi.yaml")
	out, err := generate.CombinedOutput()
	require.NoError(t, err, string(out))
	want, err := os.ReadFile(fresh)
	require.NoError(t, err)
	got, err := os.ReadFile("api.gen.go")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run go generate ./api")
}

func TestRequestBodiesNameAllTheirFields(t *testing.T) {
	t.Parallel()
	doc, _ := spec(t)
	for name, schema := range doc.Components.Schemas {
		if strings.HasSuffix(name, "Request") && schema.Value.Type.Is("object") {
			allowed := schema.Value.AdditionalProperties.Has
			require.True(t, allowed != nil && !*allowed, "%s allows unknown fields", name)
		}
	}
}

// example fills the parameters of a path with what the fakes have.
func example(path string) string {
	switch {
	case strings.HasPrefix(path, "/titles/"):
		path = strings.Replace(path, "{id}", titleID, 1)
	case strings.HasPrefix(path, "/venues/"):
		path = strings.Replace(path, "{id}", venueID, 1)
	case strings.HasPrefix(path, "/promotions/"):
		path = strings.Replace(path, "{id}", promotionID, 1)
	case strings.HasPrefix(path, "/events/"), strings.HasPrefix(path, "/organizer/events/"):
		path = strings.Replace(path, "{id}", eventID, 1)
	}
	if strings.HasPrefix(path, "/support/tasks/") {
		path = strings.Replace(path, "{id}", taskID, 1)
	}
	return strings.NewReplacer("{id}", bookingID, "{ticketID}", ticketID, "{hash}", planHash).Replace(path)
}

// somePoster is a PNG that is large enough.
func somePoster() string {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 100, 100))); err != nil {
		panic(err)
	}
	return file.String()
}

// exampleOf makes a request that an operation accepts.
func exampleOf(method, path string) request {
	r := request{method: method, path: example(path), body: organizerBodies()[method+" "+path]}
	if body, ok := supportBodies()[method+" "+path]; ok {
		r.body, r.headers = body, []string{"Idempotency-Key", strings.ReplaceAll(path, "/", ".")}
	}
	switch path {
	case "/support/bookings":
		r.path += "?q=7KQ2M9XD"
	case "/signup":
		r.body = `{"username":"grace","password":"correct horse battery"}`
	case "/login":
		r.body = `{"username":"nobody","password":"correct horse battery"}`
	case "/me/password":
		r.body = `{"current_password":"` + goodPassword + `","new_password":"staple of a battery"}`
	case "/me/email":
		r.body = `{"password":"` + goodPassword + `","email":"new@example.com"}`
	case "/password-resets":
		r.body = `{"email":"ada@example.com"}`
	case "/password-resets/confirm":
		r.body = `{"token":"` + strings.Repeat("t", 43) + `","new_password":"staple of a battery"}`
	case "/email-confirmations":
		r.body = `{"token":"` + strings.Repeat("t", 43) + `"}`
	case "/book", "/book/", "/reserve":
		r.body = `["` + ticketID + `"]`
	case "/bookings/{id}/promotion":
		if method == http.MethodPost {
			r.body = `{"code":"SPRING-25"}`
		}
	case "/bookings/{id}/seats":
		r.body = `{"add":["` + ticketID + `"]}`
	case "/titles/{id}/poster":
		if method == http.MethodPut {
			r.body, r.headers = somePoster(), []string{"Content-Type", "image/png"}
		}
	case "/events/{id}/book-best":
		r.body = `{"count":1}`
	case "/bookings/{id}/resend":
		r.body = `{"email":"other@example.com"}`
	case "/webhooks/stripe":
		r.body, r.headers = `{}`, []string{"Stripe-Signature", "good"}
	}
	return r
}

func TestWhoMayAskFollowsTheSpec(t *testing.T) {
	t.Parallel()
	doc, _ := spec(t)
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			t.Run(method+" "+path, func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				open := operation.Security != nil && len(*operation.Security) == 0
				anonymous := b.do(t, exampleOf(method, path))
				if !open {
					anonymous.problem(http.StatusUnauthorized, "unauthenticated")
					require.Equal(t, "Bearer", anonymous.header.Get("WWW-Authenticate"))
				} else if path != "/login" {
					require.Less(t, anonymous.status, 300, string(anonymous.body))
				}
				in := exampleOf(method, path)
				in.token = b.users.join("ada")
				if roles, _ := operation.Extensions["x-roles"].([]any); slices.Contains(roles, any("organizer")) {
					in.token = b.joinOrganizer("olga")
				} else if roles != nil {
					in.token = b.joinStaff("anna")
				}
				in.body = strings.ReplaceAll(in.body, "grace", "henry")
				if path != "/login" {
					require.Less(t, b.do(t, in).status, 300)
				}
				in.token = boxoffice.NewToken()
				if forged := b.do(t, in); !open {
					forged.problem(http.StatusUnauthorized, "unauthenticated")
				}
			})
		}
	}
}

func TestPublicBrowsingOpensTheCatalogueAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) { o.PublicBrowsing = true })
	for _, r := range b.routes() {
		if r.access == visitor {
			require.Contains(t, []string{ServiceEvents, ServiceSearch}, r.service)
			require.Equal(t, http.MethodGet, r.method)
			require.Equal(t, http.StatusOK, b.do(t, exampleOf(r.method, r.path)).status, r.path)
		}
	}
	b.do(t, request{method: "GET", path: "/bookings"}).problem(http.StatusUnauthorized, "unauthenticated")
}

func TestServicesMountTheirRoutesOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *Options) {
		o.Services = []string{ServiceUsers}
		o.Search, o.Catalogue, o.Bookings, o.Support = nil, nil, nil, nil
	})
	for _, r := range b.routes() {
		in := exampleOf(r.method, r.path)
		in.token = b.users.join("ada")
		got := b.do(t, in)
		if slices.Contains([]string{"", ServiceUsers}, r.service) {
			require.NotEqual(t, http.StatusNotFound, got.status, r.path)
		} else {
			got.problem(http.StatusNotFound, "not-found")
		}
	}
}

func TestSpecExamplesFitTheirSchemas(t *testing.T) {
	t.Parallel()
	doc, _ := spec(t)
	require.NoError(t, doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation()))
}
