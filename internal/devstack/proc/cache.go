package proc

import (
	"fmt"
	"os"
	"path/filepath"
)

// CacheEnv names the folder in which downloads and builds are kept.
const CacheEnv = "BOXOFFICE_CACHE"

// CacheDir is the folder in which the servers keep what they download or build: BOXOFFICE_CACHE, else the folder boxoffice
// in the user's cache folder. It need not exist yet.
func CacheDir() (string, error) {
	if dir := os.Getenv(CacheEnv); dir != "" {
		dir, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("find the cache folder: %w", err)
		}
		return dir, nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder (set %s): %w", CacheEnv, err)
	}
	return filepath.Join(base, "boxoffice"), nil
}
