package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parley-llm/parley/providers"
)

// reading is the state of reading one file, shared by the steps that turn it into models:
//
//   - decode.go fills file from YAML,
//   - checker compares its names with each other and with the registered parts,
//   - connector opens providers, with their keys, TLS settings and proxies,
//   - storeSet opens stores,
//   - builder makes models and groups of all that.
type reading struct {
	problems
	options   Options
	untrusted bool
	dir       string // of the file: relative paths start there

	file    *file
	names   []string // of models and groups
	watched []stamp
}

func newReading(path string, options Options, untrusted bool) *reading {
	r := &reading{problems: problems{path: path}, options: options, untrusted: untrusted, dir: filepath.Dir(path), file: new(file)}
	r.watch(filepath.Base(path)) // before the file is read, so that no change is missed
	return r
}

func (r *reading) getenv(name string) string { return r.options.getenv(name) }

// beside returns the path of a file that the config file names. A relative path starts at the
// directory of the config file, and ~ is the user's home directory.
func (r *reading) beside(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.dir, path)
}

// watch adds a file to those whose changes cause a reload.
func (r *reading) watch(path string) {
	r.watched = append(r.watched, stampOf(r.beside(path)))
}

// target is the parsed form of a name such as openai/gpt-6-luna.
type target struct {
	kind    string // the name of a registered driver
	driver  providers.Driver
	section string // the section of the file for the provider, or kind
	model   string
}

// target finds the driver for a name of the form provider/model. If there is none, it adds a
// problem.
func (r *reading) target(name *text) (t target, ok bool) {
	section, model, ok := strings.Cut(name.value, "/")
	if !ok || section == "" || model == "" {
		r.add(name.place, "the model name %q is not of the form provider/model; use a name such as openai/gpt-6-luna", name.value)
		return target{}, false
	}
	t = target{kind: r.kindOf(section), section: section, model: model}
	if t.driver, ok = providers.Lookup(t.kind); ok {
		return t, true
	}
	if r.file.Providers.get(section) == nil { // otherwise the problem is reported for the section
		names := append(providers.Names(), r.file.Providers.names()...)
		slices.Sort(names)
		r.add(name.place, "unknown provider %q; %s", section, suggest(section, slices.Compact(names)))
	}
	return target{}, false
}

// kindOf returns the name of the driver that a section of the file uses.
func (r *reading) kindOf(section string) string {
	if s := r.file.Providers.get(section); s != nil && s.value.Type != nil {
		return s.value.Type.value
	}
	return section
}

// connection returns the connection settings of a model: its own, then those of its section.
func (r *reading) connection(section string, m *modelConfig) connection {
	c := m.connection
	if own := r.file.Providers.get(section); own != nil {
		c = c.over(own.value.connection)
	}
	return c
}
