// Package files keeps made files, such as ticket PDFs, in a folder or in an object store. Its one dependency is
// gocloud.dev/blob.
package files

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/boxoffice/boxoffice"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file://
	_ "gocloud.dev/blob/memblob"  // mem://
	_ "gocloud.dev/blob/s3blob"   // s3://
	"gocloud.dev/gcerrors"
)

// Store keeps files under their keys. It may be used by many goroutines at once.
type Store struct {
	bucket *blob.Bucket
}

var _ boxoffice.FileStore = (*Store)(nil)

// Open opens the store that a BLOB_URL names:
//
//   - file:///absolute/folder: a folder, made if missing (with access for its owner alone). A key is a path in it, and a
//     file has the content and nothing else beside it. Put writes next to the file and renames, so a reader, and a crash of
//     the program, sees the old content or the new one.
//   - s3://bucket?region=…: an S3 bucket, with the parameters of gocloud.dev/blob/s3blob; credentials come from where AWS
//     tools look for them. It is not dialled here.
//   - mem://: this process's memory, for tests.
//
// CodeInvalid for an address that is none of these, CodeUnavailable when the folder cannot be made. Close it.
func Open(ctx context.Context, address string) (*Store, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, boxoffice.InvalidField("BLOB_URL", "The file store's address cannot be read.")
	}
	switch parsed.Scheme {
	case "file":
		if address, err = folder(parsed); err != nil {
			return nil, err
		}
	case "s3":
		if parsed.Host == "" {
			return nil, boxoffice.InvalidField("BLOB_URL", "The file store's address names no bucket.")
		}
	case "mem":
	default:
		return nil, boxoffice.InvalidField("BLOB_URL", "The file store's address must begin with file://, s3:// or mem://.")
	}
	bucket, err := blob.OpenBucket(ctx, address)
	if err != nil {
		return nil, translate(err, "The file store cannot be opened.")
	}
	return &Store{bucket: bucket}, nil
}

// folder completes the address of a folder: fileblob would else write through the system's temporary folder, from where a
// rename may cross devices, and put a file of attributes beside each file.
func folder(parsed *url.URL) (string, error) {
	if parsed.Host != "" || !filepath.IsAbs(parsed.Path) {
		return "", boxoffice.InvalidField("BLOB_URL", "The folder must be absolute: file:///var/lib/boxoffice.")
	}
	query := parsed.Query()
	for name, value := range map[string]string{
		"create_dir": "true", "no_tmp_dir": "true", "metadata": "skip", "dir_file_mode": "0700",
	} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	completed := *parsed
	completed.Path = path.Clean(parsed.Path)
	completed.RawQuery = query.Encode()
	return completed.String(), nil
}

// Close gives up the store's connections. Nothing may be called after it.
func (s *Store) Close() error {
	if err := s.bucket.Close(); err != nil {
		return fmt.Errorf("close the file store: %w", err)
	}
	return nil
}

// Put writes a file whole, replacing one of the same key at once: of writers at the same time one wins, and nobody reads a
// mixture. CodeInvalid for a bad key, CodeUnavailable.
func (s *Store) Put(ctx context.Context, key, contentType string, content []byte) error {
	if err := check(key); err != nil {
		return err
	}
	if err := s.bucket.WriteAll(ctx, key, content, &blob.WriterOptions{ContentType: contentType}); err != nil {
		return translate(err, "The file cannot be stored at this moment.")
	}
	return nil
}

// Get reads a file whole. CodeInvalid for a bad key, CodeNotFound, CodeUnavailable.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	if err := check(key); err != nil {
		return nil, err
	}
	content, err := s.bucket.ReadAll(ctx, key)
	if err != nil {
		return nil, translate(err, "The file cannot be read at this moment.")
	}
	return content, nil
}

// maxKey bounds a key in bytes; S3 takes 1,024, file systems 255 a part.
const maxKey = 240

// part is what stands between the slashes of a key: names that mean the same to every file system and object store.
var part = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)

// check lets only plain relative keys through, so that none can lead out of the folder.
func check(key string) error {
	if len(key) > maxKey {
		return boxoffice.InvalidField("key", "The file's key is longer than %d bytes.", maxKey)
	}
	for name := range strings.SplitSeq(key, "/") {
		if !part.MatchString(name) {
			return boxoffice.InvalidField("key", "The file's key %q is not made of letters, digits, dots, - and _ between slashes.", key)
		}
	}
	return nil
}

// translate is the one place where the store's errors become the program's.
func translate(err error, message string) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return boxoffice.WrapError(boxoffice.CodeNotFound, err, "There is no such file.")
	}
	return boxoffice.WrapError(boxoffice.CodeUnavailable, err, message)
}
