package llamacpptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/interop/cache"
)

// The Debian package with the server, and its suite. The stable suites of 2026 do not
// contain the package. This suite is updated continuously, so the tests use the newest
// server.
const (
	debianPackage = "llama.cpp-tools"
	debianSuite   = "sid"
)

// installed is an unpacked server with all its libraries, including the C library,
// because it is newer than the system's.
type installed struct {
	loader    string // dynamic loader, used instead of the system's
	libraries string // directories, separated by colons
	backend   string // library for computation on the CPU
	program   string
}

// install returns the server, unpacked in the cache. If it is not in the cache, apt
// downloads it from the system's mirror, checked with the system's keys, into a separate
// directory. Nothing is installed in the system. Output goes to log.
func install(ctx context.Context, log io.Writer) (*installed, error) {
	dir, unlock, err := cache.Folder("llama.cpp-" + debianSuite)
	if err != nil {
		return nil, err
	}
	defer unlock()
	root := filepath.Join(dir, "root")
	if _, err := os.Stat(root); err != nil {
		if err := unpack(ctx, dir, root, log); err != nil {
			return nil, fmt.Errorf("download the Debian package %s of %s (needs apt, dpkg and a Debian mirror): %w", debianPackage, debianSuite, err)
		}
	}
	return find(root)
}

// unpack creates the directory root. If it fails, root does not exist.
func unpack(ctx context.Context, dir, root string, log io.Writer) error {
	work, err := os.MkdirTemp(dir, "apt-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	mirror, err := mirror(ctx)
	if err != nil {
		return err
	}
	for _, folder := range []string{"lists/partial", "archives/partial", "root"} {
		if err := os.MkdirAll(filepath.Join(work, folder), 0o755); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{
		"sources.list": "deb " + mirror + " " + debianSuite + " main\n",
		"status":       "", // empty, so that apt downloads all dependencies
		"apt.conf": fmt.Sprintf(`Dir::Etc::sourcelist "%[1]s/sources.list"; Dir::Etc::sourceparts "-"; Dir::State "%[1]s"; Dir::State::Lists "%[1]s/lists";
Dir::State::status "%[1]s/status"; Dir::Cache "%[1]s"; Dir::Cache::Archives "%[1]s/archives"; APT::Sandbox::User ""; APT::Install-Recommends "false";
`, work),
	} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	run := func(name string, args ...string) error {
		c := exec.CommandContext(ctx, name, args...)
		c.Env = append(os.Environ(), "APT_CONFIG="+filepath.Join(work, "apt.conf"), "DEBIAN_FRONTEND=noninteractive")
		c.Stdout, c.Stderr = log, log
		if err := c.Run(); err != nil {
			return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
		}
		return nil
	}
	if err := run("apt-get", "-q", "update"); err != nil {
		return err
	}
	if err := run("apt-get", "-q", "-y", "--download-only", "install", debianPackage); err != nil {
		return err
	}
	packages, err := filepath.Glob(filepath.Join(work, "archives", "*.deb"))
	if err != nil || len(packages) == 0 {
		return fmt.Errorf("apt downloaded no packages (%v)", err)
	}
	for _, deb := range packages {
		if err := run("dpkg", "-x", deb, filepath.Join(work, "root")); err != nil {
			return err
		}
	}
	return os.Rename(filepath.Join(work, "root"), root) // atomic
}

// mirror returns the URL of the mirror that the system's packages come from.
func mirror(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("list the mirrors of apt: %w", err)
	}
	for line := range bytes.Lines(out) {
		origin, uri, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		if origin == "Debian" && !strings.Contains(uri, "security") {
			return uri, nil
		}
	}
	return "", errors.New("apt has no Debian mirror: run apt-get update on a Debian system")
}

// backends are the libraries that run on every processor of their architecture, in order
// of preference.
var backends = []string{"libggml-cpu-x64.so", "libggml-cpu-sse42.so", "libggml-cpu-armv8.0_1.so"}

// find returns the parts of an unpacked server.
func find(root string) (*installed, error) {
	one := func(pattern string) string {
		found, _ := filepath.Glob(filepath.Join(root, pattern)) // the patterns are valid
		if len(found) == 0 {
			return ""
		}
		return found[0]
	}
	library := filepath.Dir(one("usr/lib/*-linux-gnu*/libllama.so*"))
	in := &installed{
		loader:    one("usr/lib*/ld-linux*.so*"),
		libraries: strings.Join([]string{library, filepath.Join(library, "llama")}, ":"),
		program:   one("usr/bin/llama-server"),
	}
	folder := one("usr/lib/*/ggml/backends*")
	in.libraries += ":" + folder
	for _, name := range backends {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil && in.backend == "" {
			in.backend = filepath.Join(folder, name)
		}
	}
	if slices.Contains([]string{in.loader, in.program, in.backend}, "") {
		return nil, fmt.Errorf("the package %s lacks a file: loader, program and backend are %q; remove %s to download it again",
			debianPackage, []string{in.loader, in.program, in.backend}, root)
	}
	return in, nil
}
