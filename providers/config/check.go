package config

import (
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/providers"
)

// checker checks a file as a whole before anything is opened: that its names exist, and that
// no group contains itself.
type checker struct{ *reading }

func (c checker) check() {
	c.checkProviders()
	c.checkModels()
	c.checkGroups()
	c.checkStores()
}

func (c checker) checkProviders() {
	for _, p := range c.file.Providers {
		kind, at := p.name.value, p.name.place
		if p.value.Type != nil {
			kind, at = p.value.Type.value, p.value.Type.place
		}
		d, known := providers.Lookup(kind)
		_, taken := providers.Lookup(p.name.value)
		switch {
		case !known && p.value.Type == nil:
			c.add(at, "unknown provider%s, and the section has no type; add type, or %s", quoted(kind, providers.Names()), orSuggest(kind, providers.Names()))
		case !known:
			c.add(at, "unknown provider%s, or its package is not imported; %s", quoted(kind, providers.Names()), suggest(kind, providers.Names()))
		case taken && kind != p.name.value:
			c.add(at, "the name %q belongs to a provider and cannot have another type; use another name", p.name.value)
		}
		c.checkConnection(p.name.place, p.value.connection, d)
	}
}

// commonHeaders are the headers that files set most.
var commonHeaders = []string{"Authorization", "X-Api-Key", "User-Agent", "X-Title", "HTTP-Referer"}

// orSuggest returns a suggestion that continues a sentence.
func orSuggest(name string, valid []string) string {
	s := suggest(name, valid)
	if rest, ok := strings.CutPrefix(s, "did you mean "); ok {
		return "write " + strings.TrimSuffix(rest, "?")
	}
	return s
}

// checkConnection checks the settings of a connection to a provider.
func (c checker) checkConnection(at place, conn connection, d providers.Driver) {
	switch {
	case conn.Keys == nil:
	case conn.Key != nil:
		c.add(conn.Key.place, "both key and keys are set; remove one")
	case len(*conn.Keys) == 0:
		c.add(at, "keys is empty; add a key, or remove keys")
	}
	for i, h := range conn.Headers {
		if first := slices.IndexFunc(conn.Headers, h.sameHeader); first < i {
			c.add(h.name.place, "duplicate header%s; it is also in line %d", quoted(h.name.value, commonHeaders), conn.Headers[first].name.place.line)
		}
	}
	if conn.BaseURL == nil {
		return
	}
	address := conn.BaseURL.value
	if d.AcceptsQuery {
		address, _, _ = strings.Cut(address, "?")
	}
	if name, ok := variable(address); ok {
		c.add(conn.BaseURL.place, "variables in a text are not replaced; write the address in place of %s", name)
	} else if _, err := httpcall.ParseBaseURL("", address); err != nil {
		c.add(conn.BaseURL.place, "%s", messageOf(err))
	}
}

func (c checker) checkModels() {
	if len(c.names) == 0 {
		c.add(place{}, "the file has no models; add models, for example \"models: {fast: openai/gpt-6-luna}\"")
	}
	for i := range c.file.Models {
		m := &c.file.Models[i]
		if m.value.Model == nil {
			c.add(m.name.place, "the model %q has no model; add model, for example \"model: openai/gpt-6-luna\"", m.name.value)
			continue
		}
		t, _ := c.target(m.value.Model)
		c.checkConnection(m.name.place, m.value.connection, t.driver)
	}
}

func (c checker) checkGroups() {
	kinds := groupNames()
	for i := range c.file.Groups {
		g := &c.file.Groups[i]
		if c.file.Models.get(g.name.value) != nil {
			c.add(g.name.place, "the name %q is already used by a model; use another name", g.name.value)
		}
		switch {
		case g.value.Kind == nil:
			c.add(g.name.place, "the group %q has no kind; add kind: %s", g.name.value, strings.Join(kinds, " or "))
		case !slices.Contains(kinds, g.value.Kind.value):
			c.add(g.value.Kind.place, "unknown kind of group%s; %s", quoted(g.value.Kind.value, kinds), suggest(g.value.Kind.value, kinds))
		}
		if len(g.value.Models) == 0 {
			c.add(g.name.place, "the group %q has no models; add models, for example \"models: [fast]\"", g.name.value)
		}
		for _, m := range g.value.Models {
			if !slices.Contains(c.names, m.value) {
				c.add(m.place, "unknown model or group%s; %s", quoted(m.value, c.names), suggest(m.value, c.without(g.name.value)))
			}
		}
	}
	done := make(map[string]bool)
	for i := range c.file.Groups {
		c.checkCycles(&c.file.Groups[i], nil, done)
	}
}

// without returns the names that a group can have for its members: all except its own.
func (c checker) without(own string) []string {
	return slices.DeleteFunc(slices.Clone(c.names), func(name string) bool { return name == own })
}

// checkCycles reports groups that contain themselves. The path leads to g.
func (c checker) checkCycles(g *row[groupConfig], path []string, done map[string]bool) {
	name := g.name.value
	if done[name] {
		return
	}
	path = append(path, name)
	for _, m := range g.value.Models {
		if i := slices.Index(path, m.value); i >= 0 {
			c.add(m.place, "the group %q contains itself (%s); remove one of these members", m.value, strings.Join(append(path[i:], m.value), " → "))
			continue
		}
		if inner := c.file.Groups.get(m.value); inner != nil {
			c.checkCycles(inner, path, done)
		}
	}
	done[name] = true
}

func (c checker) checkStores() {
	kinds := storeKinds()
	for _, s := range c.file.Stores {
		switch kind := s.value.Kind; {
		case kind == nil:
			c.add(s.name.place, "the store %q has no kind; add kind: %s", s.name.value, strings.Join(kinds, " or "))
		case !slices.Contains(kinds, kind.value):
			c.add(kind.place, "unknown kind of store%s, or its package is not imported; %s", quoted(kind.value, kinds), suggest(kind.value, kinds))
		case kind.value == memoryKind && (s.value.URL != nil || s.value.TLS != nil):
			c.add(s.name.place, "the store %q is inside the process; remove url and tls", s.name.value)
		}
		if url := s.value.URL; url != nil && url.from.Expires > 0 {
			c.add(url.place, "the URL of a store cannot expire; remove expires")
		}
	}
}

// defaultName returns the name of the default model, or "".
func (c checker) defaultName() string {
	switch {
	case c.file.Default == nil && len(c.names) == 1:
		return c.names[0]
	case c.file.Default == nil:
		return ""
	case !slices.Contains(c.names, c.file.Default.value):
		c.add(c.file.Default.place, "unknown model or group%s; %s", quoted(c.file.Default.value, c.names), suggest(c.file.Default.value, c.names))
	}
	return c.file.Default.value
}
