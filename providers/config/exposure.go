package config

import (
	"net/url"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/internal/httpcall"
)

// exposures returns a warning for each secret in a file that other users of the machine can
// read: keys, passwords, and texts under a name such as "password".
func exposures(path string, f *file) []Problem {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return nil
	}
	w := &exposure{problems: problems{path: path}}
	for _, p := range f.Providers {
		w.connection(p.value.connection)
	}
	for _, m := range f.Models {
		w.connection(m.value.connection)
		w.data("", m.value.Options.node)
		w.middleware(m.value.Middleware)
	}
	for _, g := range f.Groups {
		w.data("", g.value.Settings.node)
		w.middleware(g.value.Middleware)
	}
	for _, s := range f.Stores {
		if s.value.URL != nil && strings.Contains(string(s.value.URL.literal), "@") {
			w.warn("password", "use {env: NAME}", s.value.URL.place)
		}
		w.data("", s.value.Settings.node)
	}
	return w.sorted()
}

// exposure collects the secrets in a file.
type exposure struct {
	problems
	seen map[*yaml.Node]bool // aliases that have been visited
}

func (w *exposure) warn(secret, instead string, at place) {
	if instead != "" {
		instead = ", or " + instead
	}
	w.add(at, "the %s is in a file that every user of this machine can read; run chmod 600 %s%s", secret, w.path, instead)
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

// data looks for texts under the names of secrets.
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

// secretWords occur in the names of secrets.
var secretWords = []string{"secret", "password", "authorization", "api_key", "apikey", "api-key", "access_token", "auth_token"}

// looksSecret reports whether a text with this name is probably a secret. A prompt_cache_key
// is not, nor are max_tokens.
func looksSecret(name string) bool {
	name = strings.ToLower(name)
	return name == "token" || slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}
