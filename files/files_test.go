package files_test

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/files"
	"github.com/stretchr/testify/require"
)

func open(t *testing.T, address string) *files.Store {
	t.Helper()
	store, err := files.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// bucket is the smallest of S3's protocol: PUT and GET of objects, in memory.
func bucket(t *testing.T) string {
	t.Helper()
	var mu sync.Mutex
	objects := map[string][]byte{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch r.Method {
		case http.MethodPut:
			var body bytes.Buffer
			if _, err := body.ReadFrom(r.Body); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			objects[r.URL.Path] = body.Bytes()
		case http.MethodGet:
			content, found := objects[r.URL.Path]
			if !found {
				w.WriteHeader(http.StatusNotFound)
				_, _ = w.Write([]byte(`<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>`))
				return
			}
			_, _ = w.Write(content)
		}
	}))
	t.Cleanup(server.Close)
	return "s3://tickets?region=us-east-1&anonymous=true&use_path_style=true&request_checksum_calculation=when_required&endpoint=" + server.URL
}

func TestEveryStoreKeepsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"folder": "file://" + t.TempDir() + "/made/when missing", "memory": "mem://", "bucket": bucket(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open(t, address)
			const key = "bookings/019ab111-2222/tickets.v1.pdf"
			_, err := store.Get(t.Context(), key)
			require.Equal(t, boxoffice.CodeNotFound, boxoffice.CodeOf(err), "%v", err)
			require.NoError(t, store.Put(t.Context(), key, "application/pdf", []byte("first, and longer")))
			require.NoError(t, store.Put(t.Context(), key, "application/pdf", []byte("second\x00")))
			content, err := store.Get(t.Context(), key)
			require.NoError(t, err)
			require.Equal(t, "second\x00", string(content))
			require.NoError(t, store.Put(t.Context(), "empty", "text/plain", nil))
			content, err = store.Get(t.Context(), "empty")
			require.NoError(t, err)
			require.Empty(t, content)
		})
	}
}

func TestAFolderHoldsPlainFilesThatSurvive(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "blobs")
	first, err := files.Open(t.Context(), "file://"+dir)
	require.NoError(t, err)
	require.NoError(t, first.Put(t.Context(), "a/b.pdf", "application/pdf", []byte("content")))
	require.NoError(t, first.Close())
	content, err := os.ReadFile(filepath.Join(dir, "a", "b.pdf"))
	require.NoError(t, err)
	require.Equal(t, "content", string(content))
	again, err := open(t, "file://"+dir).Get(t.Context(), "a/b.pdf")
	require.NoError(t, err)
	require.Equal(t, content, again)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
	require.Equal(t, []string{"a", "a/b.pdf"}, listing(t, dir))
}

func listing(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path != dir {
			names = append(names, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	}))
	return names
}

func TestReadersNeverSeeAMixtureOfWriters(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "blobs")
	store := open(t, "file://"+dir)
	const size, writers, rounds = 1 << 18, 8, 10
	whole := func(content []byte) bool { // one writer's letter from end to end
		return len(content) == size && bytes.Count(content, content[:1]) == size
	}
	require.NoError(t, store.Put(t.Context(), "k.pdf", "application/pdf", bytes.Repeat([]byte("z"), size)))
	var work sync.WaitGroup
	errs := make(chan error, 2*writers*rounds)
	torn := make(chan struct{}, writers*rounds)
	for writer := range writers {
		work.Go(func() {
			for range rounds {
				errs <- store.Put(t.Context(), "k.pdf", "application/pdf", bytes.Repeat([]byte{byte('a' + writer)}, size))
			}
		})
		work.Go(func() {
			for range rounds {
				content, err := store.Get(t.Context(), "k.pdf")
				errs <- err
				if err == nil && !whole(content) {
					torn <- struct{}{}
				}
			}
		})
	}
	work.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	require.Empty(t, torn)
	require.Equal(t, []string{"k.pdf"}, listing(t, dir), "no temporary file is left")
}

func TestKeysCannotLeadOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := open(t, "file://"+dir+"/inside")
	for _, key := range []string{
		"", "/", "/etc/passwd", "../x", "a/../../x", "a/..", ".", "..", ".hidden", "a//b", "a/", "a\\b", "a b", "a\x00b", "a\nb", "ä",
		"C:x", "a/./b", strings.Repeat("a", 241),
	} {
		require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(store.Put(t.Context(), key, "text/plain", []byte("x"))), "%q", key)
		_, err := store.Get(t.Context(), key)
		require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), "%q", key)
	}
	require.Equal(t, []string{"inside"}, listing(t, dir))
}

func TestTroublesAreUnavailable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := open(t, "file://"+dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	err := store.Put(t.Context(), "file/below", "text/plain", []byte("x")) // a folder is needed where a file is
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err), "%v", err)

	away := httptest.NewServer(nil)
	away.Close()
	unreachable := open(t, "s3://tickets?region=us-east-1&anonymous=true&use_path_style=true&endpoint="+away.URL)
	_, err = unreachable.Get(t.Context(), "a")
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err), "%v", err)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(store.Put(gone, "a", "text/plain", []byte("x"))))
}

func TestBadAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "folder", "/var/x", "file://relative/x", "file://./x", "file:x", "gs://bucket", "s3://", "http://x", ":"} {
		_, err := files.Open(t.Context(), address)
		require.Equal(t, boxoffice.CodeInvalid, boxoffice.CodeOf(err), "%q: %v", address, err)
	}
	taken := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(taken, nil, 0o600))
	_, err := files.Open(t.Context(), "file://"+taken)
	require.Equal(t, boxoffice.CodeUnavailable, boxoffice.CodeOf(err), "%v", err)
}
