// Package ollamabuild builds Ollama from Go modules and keeps the program in a cache.
// Tests can then run a real model server on every machine with Go and a C++ compiler.
//
// In addition to the compiler, the build needs two header-only libraries: on Debian, the
// packages nlohmann-json3-dev and libstb-dev. A third library, miniaudio, is replaced by
// a stub, so that the server rejects audio input.
package ollamabuild

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

// Version is the release that is built. It is the newest one with its inference engine in
// the same Go module. From 0.30 on, the engine is a separate program.
const Version = "v0.24.0"

const module = "github.com/ollama/ollama"

//go:embed stub/miniaudio/miniaudio.h
var miniaudio []byte

// Program returns the path of the Ollama program. If it is not in the cache, Program
// builds it, which takes several minutes. The output of the build goes to log.
//
// The cache is that of package cache. Several processes may call Program at the same
// time: one builds, and the others wait.
func Program(ctx context.Context, log io.Writer) (string, error) {
	// The name contains a hash of the stub for two reasons. After a change of the stub,
	// the old program must not be used. And Go's build cache identifies headers by path,
	// not by content.
	sum := sha256.Sum256(miniaudio)
	dir, unlock, err := cache.Folder(fmt.Sprintf("ollama-%s-%x", Version, sum[:4]))
	if err != nil {
		return "", err
	}
	defer unlock()

	program := filepath.Join(dir, "ollama")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := build(ctx, dir, program, log); err != nil {
		return "", fmt.Errorf("build Ollama %s (needs a C++ compiler and the Debian packages nlohmann-json3-dev and libstb-dev): %w", Version, err)
	}
	return program, nil
}

// build creates the program at the given path. If it fails, no file is left there.
func build(ctx context.Context, dir, program string, log io.Writer) error {
	include := filepath.Join(dir, "include")
	if err := os.MkdirAll(filepath.Join(include, "miniaudio"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(include, "miniaudio", "miniaudio.h"), miniaudio, 0o644); err != nil {
		return err
	}
	bin, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)

	install := exec.CommandContext(ctx, "go", "install", module+"@"+Version)
	install.Dir = dir // outside any module
	install.Env = append(os.Environ(), "GOBIN="+bin, "CGO_ENABLED=1", "CGO_CPPFLAGS="+os.Getenv("CGO_CPPFLAGS")+" -I"+include)
	install.Stdout = log
	install.Stderr = log
	if err := install.Run(); err != nil {
		return err
	}
	// A rename is atomic. The copy that go install makes is not.
	return os.Rename(filepath.Join(bin, "ollama"), program)
}
