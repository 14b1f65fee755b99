package typesense_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/boxoffice/boxoffice/internal/devstack/typesense"
)

// serveDir makes this test program a server over a folder, so that it can be killed.
const serveDir = "TYPESENSE_TEST_SERVE_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(serveDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	server, err := typesense.Start(context.Background(), typesense.Options{APIKey: "test", Dir: dir})
	if err != nil {
		panic(err)
	}
	fmt.Println(server.URL)
	panic(server.Wait())
}

// spawn runs a server as a process of its own.
func spawn(t *testing.T, dir string) (*exec.Cmd, client) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), serveDir+"="+dir)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return command, client{t, strings.TrimSpace(address)}
}

func found(t *testing.T, c client, collection string) int {
	t.Helper()
	var answer struct{ Found int }
	require.NoError(t, json.Unmarshal(c.get("/collections/"+collection+"/documents/search", url.Values{"q": {"*"}, "per_page": {"0"}}), &answer))
	return answer.Found
}

func line(id int, price float64) string {
	return fmt.Sprintf(`{"id":"%d","title":"Ghost %d","city":"Chico","venue":"El Rey","genres":["Drama"],"starts_at":%d,"price":%g,"available":true,"location":[39.7,-121.8]}`,
		id, id, id, price)
}

// Several importers write while the process is killed, again and again. After each restart every line that was answered is
// there, in its last version that was answered or a later one, and is found.
func TestKilledServerKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := map[int]float64{} // document → price
	for round := range 4 {
		command, c := spawn(t, dir)
		if round == 0 {
			c.create("events")
			c.call(http.MethodPut, "/aliases/shows", nil, []byte(`{"collection_name":"events"}`))
			c.call(http.MethodPut, "/collections/events/synonyms/s", nil, []byte(`{"synonyms":["ghost","spook"]}`))
		}
		checkKept(t, c, acknowledged)
		if round == 2 { // a snapshot must lose nothing either
			c.call(http.MethodPost, "/operations/snapshot", nil, nil)
		}
		importUntilKilled(t, command, c, round, acknowledged)
	}
	_, c := spawn(t, dir)
	checkKept(t, c, acknowledged)
	require.Positive(t, found(t, c, "shows"))
	var answer struct{ Found int }
	require.NoError(t, json.Unmarshal(c.get("/collections/shows/documents/search", url.Values{"q": {"spook"}, "query_by": {"title"}, "per_page": {"0"}}), &answer))
	require.Equal(t, found(t, c, "events"), answer.Found, "the synonym is lost, or not all is indexed")
}

// importUntilKilled has three importers at work, kills the server once enough is answered, and notes what was.
func importUntilKilled(t *testing.T, command *exec.Cmd, c client, round int, acknowledged map[int]float64) {
	t.Helper()
	var mu sync.Mutex
	var importers sync.WaitGroup
	enough := make(chan struct{})
	var once sync.Once
	for importer := range 3 {
		importers.Go(func() {
			for call := range 1000 {
				var lines []string
				prices := map[int]float64{}
				for n := range 20 {
					id := importer*10_000 + (call*10+n)%2000 // half of them again, with another price
					prices[id] = float64(round*1000 + call)
					lines = append(lines, line(id, prices[id]))
				}
				status, _, err := c.try(http.MethodPost, "/collections/events/documents/import", url.Values{"action": {"upsert"}}, []byte(strings.Join(lines, "\n")))
				if err != nil || status != http.StatusOK {
					return
				}
				mu.Lock()
				for id, price := range prices {
					acknowledged[id] = price
				}
				mu.Unlock()
				if call == 10 {
					once.Do(func() { close(enough) })
				}
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(time.Minute):
		t.Fatal("the imports get nowhere")
	}
	require.NoError(t, command.Process.Signal(syscall.SIGKILL))
	importers.Wait()
	command.Wait()
}

func checkKept(t *testing.T, c client, acknowledged map[int]float64) {
	t.Helper()
	kept := map[string]float64{}
	if len(acknowledged) > 0 {
		for text := range strings.Lines(string(c.get("/collections/events/documents/export", nil))) {
			var doc struct {
				ID    string
				Price float64
			}
			require.NoError(t, json.Unmarshal([]byte(text), &doc))
			kept[doc.ID] = doc.Price
		}
		require.Equal(t, len(kept), found(t, c, "events"))
	}
	for id, price := range acknowledged {
		require.GreaterOrEqual(t, kept[fmt.Sprint(id)], price, "document %d was answered with price %v", id, price)
	}
}

// A line that a crash cut short was answered to nobody: it is dropped, and what follows is written in its place.
func TestHalfWrittenLineIsDropped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "typesense.journal")
	first := start(t, typesense.Options{Dir: dir})
	c := client{t, first.URL}
	c.create("events")
	c.importLines("events", []byte(line(1, 5)))
	require.NoError(t, first.Stop())
	journal, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(journal, `{"op":"put","c":"events","id":"2","v":{"id":"`+strings.Repeat("2", 5000)...), 0o600))

	second := start(t, typesense.Options{Dir: dir})
	c = client{t, second.URL}
	require.Equal(t, 1, found(t, c, "events"))
	c.importLines("events", []byte(line(3, 5)))
	require.NoError(t, second.Stop())

	third := start(t, typesense.Options{Dir: dir})
	require.Equal(t, 2, found(t, client{t, third.URL}, "events"))
}

// A folder serves one server at a time, and a start that fails leaves the other's state alone.
func TestFolderIsLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := start(t, typesense.Options{Dir: dir})
	c := client{t, server.URL}
	c.create("events")
	c.importLines("events", []byte(line(1, 5)))
	_, err := typesense.Start(t.Context(), typesense.Options{APIKey: "test", Dir: dir})
	require.ErrorContains(t, err, dir)
	c.importLines("events", []byte(line(2, 5)))
	require.Equal(t, 2, found(t, c, "events"))
}

// Dropped and altered collections, deletions and aliases are as they were after a restart, also when the journal was rewritten.
func TestStateSurvivesRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, typesense.Options{Dir: dir})
	c := client{t, first.URL}
	c.create("old")
	c.create("events")
	var lines []string
	for id := range 200 {
		lines = append(lines, line(id, float64(id)))
	}
	c.importLines("events", []byte(strings.Join(lines, "\n")))
	c.call(http.MethodDelete, "/collections/events/documents", url.Values{"filter_by": {"price:>=100"}}, nil)
	c.call(http.MethodDelete, "/collections/old", nil, nil)
	c.call(http.MethodPut, "/aliases/shows", nil, []byte(`{"collection_name":"events"}`))
	c.call(http.MethodPut, "/aliases/gone", nil, []byte(`{"collection_name":"events"}`))
	c.call(http.MethodDelete, "/aliases/gone", nil, nil)
	c.call(http.MethodPatch, "/collections/events", nil, []byte(`{"fields":[{"name":"runtime","type":"int32","optional":true}],"metadata":{"a":1}}`))
	c.importLines("events", []byte(strings.Replace(line(1, 1), `"id"`, `"runtime":90,"id"`, 1)))
	before := snapshotOf(c)
	require.NoError(t, first.Stop())

	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, "typesense.journal"))
		require.NoError(t, err)
		return info.Size()
	}
	grown := size()
	for range 2 {
		server := start(t, typesense.Options{Dir: dir})
		c = client{t, server.URL}
		require.Equal(t, before, snapshotOf(c))
		c.call(http.MethodPost, "/operations/snapshot", nil, nil)
		require.Equal(t, before, snapshotOf(c))
		require.NoError(t, server.Stop())
	}
	require.Less(t, size(), grown*2/3, "the journal still holds what is dead")
}

func snapshotOf(c client) []string {
	return []string{
		string(c.get("/collections", nil)), string(c.get("/aliases", nil)), string(c.get("/collections/events/documents/export", nil)),
		fmt.Sprint(found(c.TB.(*testing.T), c, "shows")),
		string(c.get("/collections/events/documents/export", url.Values{"filter_by": {"runtime:=90"}})),
	}
}

// A start that finds more dead lines than living ones writes the journal anew.
func TestStartForgetsWhatIsDead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, "typesense.journal"))
		require.NoError(t, err)
		return info.Size()
	}
	first := start(t, typesense.Options{Dir: dir})
	c := client{t, first.URL}
	c.create("events")
	for price := range 30 {
		var lines []string
		for id := range 10 {
			lines = append(lines, line(id, float64(price)))
		}
		c.importLines("events", []byte(strings.Join(lines, "\n")))
	}
	before := string(c.get("/collections/events/documents/export", nil))
	require.NoError(t, first.Stop())
	grown := size()

	second := start(t, typesense.Options{Dir: dir})
	require.Less(t, size(), grown/10)
	require.Equal(t, before, string(client{t, second.URL}.get("/collections/events/documents/export", nil)))
	require.NoError(t, second.Stop())
	third := start(t, typesense.Options{Dir: dir})
	require.Equal(t, before, string(client{t, third.URL}.get("/collections/events/documents/export", nil)))
}
