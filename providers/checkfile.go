package providers

import (
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// What a file says is checked as a whole before anything is opened: that its names are names of
// something, and that no group contains itself.

func (b *builder) checkProviders() {
	for _, p := range b.file.Providers {
		kind, at := p.name.value, p.name.place
		if strings.Contains(kind, "/") {
			b.add(at, "the name of a provider has no slash")
			continue
		}
		if p.value.Type != nil {
			kind, at = p.value.Type.value, p.value.Type.place
		}
		_, known, all := registered(&registry.openers, kind)
		_, taken, _ := registered(&registry.openers, p.name.value)
		switch {
		case !known && p.value.Type == nil:
			b.add(at, "there is no provider %q, and the section has no type; %s", kind, orNearest(kind, all))
		case !known:
			b.add(at, "there is no provider %q that this program imports; %s", kind, orNearest(kind, all))
		case taken && kind != p.name.value:
			b.add(at, "%q is a provider already, and cannot be made another: give the section another name", p.name.value)
		}
		b.checkConnection(p.name.place, p.value.connection)
	}
}

func (b *builder) checkConnection(at place, c connection) {
	_, balances, _ := registered(&registry.groups, keyGroup)
	switch {
	case c.Keys == nil:
	case c.Key != nil:
		b.add(c.Key.place, "there are both key and keys: leave one out")
	case len(*c.Keys) == 0:
		b.add(at, "keys is empty: leave it out, or name a key")
	case !balances:
		b.add((*c.Keys)[0].place, "several keys take turns by the group %q, which this program does not import: llm/middleware/register has it", keyGroup)
	}
	for i, h := range c.Headers {
		if first := slices.IndexFunc(c.Headers, h.sameHeader); first < i {
			b.add(h.name.place, "the header %q is here a second time, after line %d", h.name.value, c.Headers[first].name.place.line)
		}
	}
	if c.BaseURL == nil {
		return
	}
	if name, ok := variable(c.BaseURL.value); ok {
		b.add(c.BaseURL.place, "the file's text is taken as it is, and no variable in it is replaced: write the address in place of %s", name)
	} else if _, err := httpcall.ParseBaseURL("", c.BaseURL.value); err != nil {
		b.add(c.BaseURL.place, "%s", messageOf(err))
	}
}

func (b *builder) checkModels() {
	if len(b.names) == 0 {
		b.add(place{}, "the file has no models: add models, as in \"models: {fast: openai/gpt-6-luna}\"")
	}
	for i := range b.file.Models {
		m := &b.file.Models[i]
		if strings.Contains(m.name.value, "/") {
			b.add(m.name.place, "the name of a model in the file has no slash: that is for provider/model")
		}
		if m.value.Model == nil {
			b.add(m.name.place, "the model %q does not say which it is: add model, as in \"model: openai/gpt-6-luna\"", m.name.value)
			continue
		}
		b.checkConnection(m.name.place, m.value.connection)
		b.kindOf(m.value.Model)
	}
}

func (b *builder) checkGroups() {
	for i := range b.file.Groups {
		g := &b.file.Groups[i]
		if b.file.Models.get(g.name.value) != nil {
			b.add(g.name.place, "there is a model of the name %q already", g.name.value)
		}
		_, _, kinds := registered(&registry.groups, "")
		switch {
		case g.value.Kind == nil:
			b.add(g.name.place, "the group %q does not say what it does: add kind; %s", g.name.value, orNearest("", kinds))
		case !slices.Contains(kinds, g.value.Kind.value):
			b.add(g.value.Kind.place, "there is no kind of group %q; %s", g.value.Kind.value, orNearest(g.value.Kind.value, kinds))
		}
		if len(g.value.Models) == 0 {
			b.add(g.name.place, "the group %q has no models", g.name.value)
		}
		for _, m := range g.value.Models {
			if !slices.Contains(b.names, m.value) {
				b.add(m.place, "there is no model or group %q; %s", m.value, orNearest(m.value, b.names))
			}
		}
	}
	done := make(map[string]bool)
	for i := range b.file.Groups {
		b.checkCycles(&b.file.Groups[i], nil, done)
	}
}

// checkCycles tells of groups that contain themselves. The path leads to g.
func (b *builder) checkCycles(g *row[groupConfig], path []string, done map[string]bool) {
	name := g.name.value
	if done[name] {
		return
	}
	path = append(path, name)
	for _, m := range g.value.Models {
		if i := slices.Index(path, m.value); i >= 0 {
			b.add(m.place, "the group %q contains itself: %s", m.value, strings.Join(append(path[i:], m.value), " → "))
			continue
		}
		if inner := b.file.Groups.get(m.value); inner != nil {
			b.checkCycles(inner, path, done)
		}
	}
	done[name] = true
}

// checkDefaults tells of settings that no provider could be sent.
func (b *builder) checkDefaults(c *defaultsConfig, r llm.Request) {
	if c == nil {
		return
	}
	r.Options = nil
	r.Messages = []llm.Message{llm.User("-")}
	if err := r.Validate(); err != nil {
		b.add(c.place, "the defaults cannot be used: %s", messageOf(err))
	}
}
