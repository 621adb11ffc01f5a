// Package ollamabuild builds Ollama from Go modules and keeps the program in a
// cache, so that tests run against a real model server wherever there is Go
// and a C++ compiler.
//
// Besides the compiler it needs two header-only libraries, in Debian the
// packages nlohmann-json3-dev and libstb-dev. A third, miniaudio, is replaced
// by a stub: the built server refuses audio input.
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

// Version is the release that is built: the newest whose inference engine is
// part of its own Go module. From 0.30 on it is a separate program.
const Version = "v0.24.0"

const module = "github.com/ollama/ollama"

//go:embed stub/miniaudio/miniaudio.h
var miniaudio []byte

// Program returns the path of the Ollama program, building it if the cache has
// none: some minutes of work for the compiler. Output of the build goes to log.
//
// The cache is that of package cache. Several processes may call Program at
// once: one builds, the others wait for it.
func Program(ctx context.Context, log io.Writer) (string, error) {
	// The stub is part of the name for two reasons: a changed stub must not
	// meet a program built with the old one, and Go's build cache knows headers
	// by their path alone, not by what they say.
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
		return "", fmt.Errorf("building Ollama %s (it needs a C++ compiler and the Debian packages nlohmann-json3-dev and libstb-dev): %w", Version, err)
	}
	return program, nil
}

// build leaves the finished program at the given path, or nothing there.
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
	// A rename is whole or not at all, unlike the copy that go install makes.
	return os.Rename(filepath.Join(bin, "ollama"), program)
}
