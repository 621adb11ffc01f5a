// Package cache keeps what tests built or installed, for the next run.
//
// The cache is the folder named by PARLEY_CACHE, else "parley" in the user's
// cache folder.
package cache

import (
	"os"
	"path/filepath"
)

// Folder returns the path of a folder in the cache, made if need be, and locks
// it: of several processes that ask for the same folder, one has it and the
// others wait. The system gives the lock back if the process dies.
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
