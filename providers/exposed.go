package providers

import (
	"net/url"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/internal/httpcall"
)

// exposed tells of what is written in a file that everybody may read, and nobody should: keys,
// passwords, and texts whose names say that they are such.
func (b *builder) exposed() []Problem {
	info, err := os.Stat(b.problems.file)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return nil
	}
	w := &exposure{problems: problems{file: b.problems.file}}
	for _, p := range b.file.Providers {
		w.connection(p.value.connection)
	}
	for _, m := range b.file.Models {
		w.connection(m.value.connection)
		w.data("", m.value.Options.node)
		w.middleware(m.value.Middleware)
	}
	for _, g := range b.file.Groups {
		w.data("", g.value.Settings.node)
		w.middleware(g.value.Middleware)
	}
	for _, s := range b.file.Stores {
		if s.value.URL != nil && strings.Contains(string(s.value.URL.literal), "@") {
			w.warn("password", "use {env: NAME}", s.value.URL.place)
		}
		w.data("", s.value.Settings.node)
	}
	_ = w.err() // which sorts them
	return w.list
}

// exposure collects what a file shows.
type exposure struct {
	problems
	seen map[*yaml.Node]bool // aliases that have been looked at
}

func (w *exposure) warn(what, instead string, at place) {
	if instead != "" {
		instead = ", or " + instead
	}
	w.add(at, "the %s is written here, and everybody on this machine may read the file: chmod 600 %s%s", what, w.file, instead)
}

func (w *exposure) connection(c connection) {
	for _, k := range c.credentials() {
		if k.literal != "" {
			w.warn("key", "use {env: NAME}", k.place)
		}
	}
	for _, h := range c.Headers {
		if h.value != nil && h.value.literal != "" && httpcall.HoldsCredential(h.name.value) {
			w.warn("header "+h.name.value, "use {env: NAME}", h.value.place)
		}
	}
	if c.Proxy != nil {
		if u, err := url.Parse(c.Proxy.value); err == nil && u.User != nil {
			w.warn("password", "", c.Proxy.place)
		}
	}
}

func (w *exposure) middleware(list []middlewareConfig) {
	for _, m := range list {
		w.data("", m.settings.node)
	}
}

// data looks for texts under names that say what they are.
func (w *exposure) data(name string, n *yaml.Node) {
	switch {
	case n == nil:
	case n.Kind == yaml.AliasNode:
		if !w.seen[n.Alias] {
			if w.seen == nil {
				w.seen = make(map[*yaml.Node]bool)
			}
			w.seen[n.Alias] = true
			w.data(name, n.Alias)
		}
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			w.data(n.Content[i].Value, n.Content[i+1])
		}
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			w.data(name, item)
		}
	case n.ShortTag() == "!!str" && n.Value != "" && looksSecret(name):
		w.warn("value of "+name, "", placeOf(n))
	}
}

// secretWords are in the names of texts that are secrets.
var secretWords = []string{"secret", "password", "authorization", "api_key", "apikey", "api-key", "access_token", "auth_token"}

// looksSecret reports whether the name of a text says that it is a secret: prompt_cache_key and max_tokens do not.
func looksSecret(name string) bool {
	name = strings.ToLower(name)
	return name == "token" || slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}
