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

// install returns a folder that has node_modules with the packages of
// package-lock.json, from the cache or by way of npm, which checks what it
// downloads against the sums in that file. What npm says goes to log. Several
// processes may call install at once: one installs, the others wait for it.
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
		return "", fmt.Errorf("installing npm packages (it needs Node.js 18 or newer and npm, in Debian the packages nodejs and npm, and the npm registry): %w", err)
	}
	return dir, os.Rename(filepath.Join(work, "node_modules"), modules)
}
