// Package cache keeps programs and packages that tests built or installed, for later
// runs.
//
// The cache is the directory in the environment variable PARLEY_CACHE. The default is the
// directory "parley" in the user's cache directory.
package cache

import (
	"os"
	"path/filepath"
)

// Folder returns the path of a directory in the cache, creates it if necessary, and locks
// it. If several processes lock the same directory, one gets it and the others wait. The
// system releases the lock if the process dies.
func Folder(name string) (path string, unlock func(), err error) {
	root, err := root()
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(root, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", nil, err
	}
	unlock, err = lock(filepath.Join(path, "lock"))
	return path, unlock, err
}

func root() (string, error) {
	if dir := os.Getenv("PARLEY_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "parley"), nil
}
