package npmtest

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/parley-llm/parley/internal/interop/cache"
)

//go:embed package.json
var manifest []byte

//go:embed package-lock.json
var lockfile []byte

// install returns a directory with the packages of package-lock.json in node_modules. If
// it is not in the cache, npm installs the packages and verifies their checksums. npm's
// output goes to log. Several processes may call install at the same time: one installs,
// and the others wait.
func install(ctx context.Context, log io.Writer) (string, error) {
	return Install(ctx, log, manifest, lockfile, "ci")
}

// Install is install for another package.json and package-lock.json. arguments are those of
// npm: "ci", or "install" with options that "ci" refuses.
func Install(ctx context.Context, log io.Writer, manifest, lockfile []byte, arguments ...string) (string, error) {
	sum := sha256.New()
	sum.Write(manifest)
	sum.Write(lockfile)
	dir, unlock, err := cache.Folder(fmt.Sprintf("npm-%x", sum.Sum(nil)[:4]))
	if err != nil {
		return "", err
	}
	defer unlock()

	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return dir, nil
	}
	work, err := os.MkdirTemp(dir, "install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	for name, data := range map[string][]byte{"package.json": manifest, "package-lock.json": lockfile} {
		if err := os.WriteFile(filepath.Join(work, name), data, 0o644); err != nil {
			return "", err
		}
	}
	npm := exec.CommandContext(ctx, "npm", append(arguments, "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")...)
	npm.Dir = work
	npm.Stdout = log
	npm.Stderr = log
	if err := npm.Run(); err != nil {
		return "", fmt.Errorf("install npm packages (needs Node.js 18 or newer and npm, the Debian packages nodejs and npm, and the npm registry): %w", err)
	}
	return dir, os.Rename(filepath.Join(work, "node_modules"), modules)
}
