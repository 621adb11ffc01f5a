package providers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
	"github.com/parley-llm/parley/providers/catalog"
)

// builder makes the models of a file.
type builder struct {
	problems
	with  Environment
	found bool
	dir   string // of the file: paths in it are beside it

	file        *file
	egress      *egress.List
	egressPlace place
	names       []string // of the file's models and groups
	entries     map[string]*entry
	making      []string                  // the models in the making, each for the one before
	infos       map[string]llm.ModelInfo  // by provider/model; complete before any call is made
	opened      map[string][]llm.Provider // by the name of the section, for models without a connection of their own; one for each key
	stores      []*openStore
	earlier     []*openStore // of the reading of the file that this one takes the place of
	closers     []io.Closer
	watched     []stamp
}

func (b *builder) getenv(name string) string { return b.with.getenv(name) }

// beside returns a path of the file's, which is beside the file unless it is absolute; ~ is the user's folder.
func (b *builder) beside(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(b.dir, path)
}

func (b *builder) watchFile(path string) {
	b.watched = append(b.watched, stampOf(b.beside(path)))
}

// decoderFor reads pieces of the file whose type is known only now.
func (b *builder) decode(r raw, t reflect.Type) reflect.Value {
	d := &decoder{problems: b.problems}
	v := r.into(d, t)
	b.problems = d.problems
	return v
}

// build reads the file's content and makes what it says. Nothing is opened, and no key
// is asked for, before all of the file is known to make sense.
func (b *builder) build(data []byte) *generation {
	d := &decoder{problems: b.problems}
	b.file = new(file)
	if root := d.parse(data); root != nil {
		d.value(root, reflect.ValueOf(b.file).Elem())
	}
	b.problems = d.problems
	if len(b.list) > 0 {
		return nil
	}
	b.entries = make(map[string]*entry)
	b.names = append(b.file.Models.names(), b.file.Groups.names()...)
	b.checkProviders()
	b.checkModels()
	b.checkGroups()
	b.checkStores()
	g := &generation{builder: b, names: b.names, entries: b.entries, standard: b.standard()}
	b.allowList()
	if b.found {
		b.checkFound()
	}
	if len(b.list) > 0 {
		return nil
	}
	b.openStores()
	for _, name := range b.names {
		b.entry(name)
	}
	b.infos = make(map[string]llm.ModelInfo)
	for _, e := range b.entries {
		if e != nil && e.info.Name != "" {
			b.infos[e.model.String()] = e.info.ModelInfo // as calls name it
		}
	}
	g.warnings = b.exposed()
	g.stamps = b.watched
	return g
}

// entry makes the model or group of this name, unless that has been done.
func (b *builder) entry(name string) *entry {
	if e, done := b.entries[name]; done {
		return e
	}
	b.making = append(b.making, name)
	defer func() { b.making = b.making[:len(b.making)-1] }()
	var e *entry
	if m := b.file.Models.get(name); m != nil {
		e = b.model(name, &m.value)
	} else {
		e = b.group(b.file.Groups.get(name))
	}
	b.entries[name] = e
	return e
}

// Model is for middleware whose settings name other models: see [File].
func (b *builder) Model(name string) (*llm.Model, error) {
	switch i := slices.Index(b.making, name); {
	case !slices.Contains(b.names, name):
		return nil, invalidf("there is no model or group %q; %s", name, orNearest(name, b.names))
	case i >= 0:
		return nil, invalidf("the model %q needs itself: %s", name, strings.Join(append(b.making[i:], name), " → "))
	}
	e := b.entry(name)
	if e == nil {
		return nil, invalidf("the model %q cannot be made", name)
	}
	return e.model, nil
}

// Info is for middleware that counts what calls cost, and what fits: see [File].
func (b *builder) Info(provider, model string) (llm.ModelInfo, bool) {
	if info, ok := b.infos[provider+"/"+model]; ok {
		return info, true
	}
	e, ok := catalog.Lookup(provider + "/" + model)
	return e.ModelInfo, ok
}

// standard returns the name of the default model.
func (b *builder) standard() string {
	names := b.names
	switch {
	case b.file.Default == nil && len(names) == 1:
		return names[0]
	case b.file.Default == nil:
		return ""
	case !slices.Contains(names, b.file.Default.value):
		b.add(b.file.Default.place, "there is no model or group %q; %s", b.file.Default.value, orNearest(b.file.Default.value, names))
	}
	return b.file.Default.value
}

func (b *builder) allowList() {
	if b.file.Egress == nil {
		return
	}
	b.egress = new(egress.List)
	var entries []string
	for _, e := range *b.file.Egress {
		if _, err := egress.Allow(e.value); err != nil {
			b.add(e.place, "%s", messageOf(err))
			continue
		}
		entries = append(entries, e.value)
		b.egressPlace = e.place
	}
	if list, err := egress.Allow(entries...); err == nil {
		b.egress = list
	}
}

// kindOf returns the registered provider behind a name of the form provider/model, the section that
// it names, and the model. If there is none, that is a problem.
func (b *builder) kindOf(name *text) (kind, section, model string) {
	section, model, ok := strings.Cut(name.value, "/")
	if !ok || section == "" || model == "" {
		b.add(name.place, "%q is not of the form provider/model, such as openai/gpt-6-luna", name.value)
		return "", "", ""
	}
	kind = section
	if own := b.file.Providers.get(section); own != nil && own.value.Type != nil {
		kind = own.value.Type.value
	}
	if _, known, all := registered(&registry.openers, kind); !known {
		if b.file.Providers.get(section) != nil {
			return "", "", "" // which has been told of the section
		}
		all = append(all, b.file.Providers.names()...)
		slices.Sort(all)
		b.add(name.place, "there is no provider %q; %s", section, orNearest(section, slices.Compact(all)))
		return "", "", ""
	}
	return kind, section, model
}

// model makes a model of the file's.
func (b *builder) model(name string, m *modelConfig) *entry {
	kind, section, modelName := b.kindOf(m.Model)
	if kind == "" {
		return nil
	}
	opened := b.provider(kind, section, m)
	defaults := m.Defaults.request()
	defaults.FailOnUnsupported = defaults.FailOnUnsupported || b.file.FailOnUnsupported
	if m.Options.node != nil {
		t, known, _ := registered(&registry.options, kind)
		if !known {
			b.add(placeOf(m.Options.node), "the provider %q has no options", kind)
		} else if o, ok := b.decode(m.Options, t).Interface().(llm.Options); ok {
			defaults.Options = []llm.Options{o}
		}
	}
	b.checkDefaults(m.Defaults, defaults)
	e := &entry{system: defaults.Messages}
	defaults.Messages = nil
	e.info = b.infoOf(kind, section, modelName, m)
	options := []llm.ModelOption{llm.WithDefaults(defaults), llm.WithMiddleware(b.middleware(m.Middleware)...)}
	if e.info.Name != "" {
		options = append(options, llm.WithMiddleware(catalog.Check(e.info.ModelInfo)))
	}
	if opened == nil || len(b.list) > 0 {
		return nil
	}
	provider, err := inTurns(opened, modelName)
	if err != nil {
		b.add(m.Model.place, "the group %q cannot be made: %s", keyGroup, messageOf(err))
		return nil
	}
	e.model = llm.New(provider, modelName, options...)
	return e
}

// keyGroup is the kind of group that has several keys take turns.
const keyGroup = "balance"

// inTurns returns what answers for a provider that was opened with several keys, once with each.
func inTurns(opened []llm.Provider, model string) (llm.Provider, error) {
	if len(opened) == 1 {
		return opened[0], nil
	}
	members := make([]Member, len(opened))
	for i, p := range opened {
		members[i] = Member{Name: fmt.Sprintf("key %d", i+1), Model: llm.New(p, model)}
	}
	kind, _, _ := registered(&registry.groups, keyGroup)
	handler, err := kind.build(reflect.New(kind.settings).Interface(), members)
	if err != nil {
		return nil, err
	}
	return &groupProvider{opened[0].Name(), handler}, nil
}

// infoOf returns what is known of a model. A server at another address than the provider's own
// has what models it has, of which only the file can tell.
func (b *builder) infoOf(kind, section, model string, m *modelConfig) catalog.Model {
	var e catalog.Model
	if b.connection(section, m).BaseURL == nil {
		e, _ = known(kind, model, Config{Getenv: b.with.Getenv})
	}
	for _, own := range b.file.Catalog {
		if own.name.value == section+"/"+model {
			e = own.value.over(e)
		}
	}
	if m.Info != nil {
		e = m.Info.over(e)
	}
	if !reflect.ValueOf(e).IsZero() {
		e.Provider, e.Name = kind, model
	}
	return e
}

// connection returns how a model's server is reached: its own settings before those of its section.
func (b *builder) connection(section string, m *modelConfig) connection {
	c := m.connection
	if own := b.file.Providers.get(section); own != nil {
		c = c.over(own.value.connection)
	}
	return c
}

// provider opens the provider of a model, once with each of its keys. Models without a connection of their own share those
// of their section.
func (b *builder) provider(kind, section string, m *modelConfig) []llm.Provider {
	shared := !m.connection.isSet()
	if all := b.opened[section]; all != nil && shared {
		return all
	}
	c := b.connection(section, m)
	config := b.config(kind, c)
	open, _, _ := registered(&registry.openers, kind)
	keys := c.credentials()
	if len(keys) == 0 {
		keys = []*keySource{nil} // the provider's usual one
	}
	var all []llm.Provider
	for _, key := range keys {
		if key != nil {
			config.APIKey, config.TokenSource = key.resolve(context.Background(), b)
		}
		if len(b.list) > 0 {
			continue // what is wrong with the other keys is told as well
		}
		p, closers, err := openProvider(open, config)
		if err != nil {
			b.add(m.Model.place, "%s cannot be opened: %s", m.Model.value, b.whyNot(kind, c, err))
			return nil
		}
		b.closers = append(b.closers, closers...)
		all = append(all, p)
	}
	if len(b.list) > 0 {
		return nil
	}
	if shared {
		if b.opened == nil {
			b.opened = make(map[string][]llm.Provider)
		}
		b.opened[section] = all
	}
	return all
}

// whyNot says why a provider cannot be opened. Where it is for want of a key, it says what of the file or of the
// environment to set, which the provider does not know.
func (b *builder) whyNot(kind string, c connection, err error) string {
	vendor := readVendors().get(kind)
	switch {
	case llm.KindOf(err) != llm.Auth || c.credentials() != nil:
		return messageOf(err)
	case vendor == nil || len(vendor.value.Keys) == 0:
		return messageOf(err) + "; a key is written as in \"key: {env: NAME}\""
	case b.found && c.BaseURL != nil:
		return "it has no key, and where a file that nobody named gives the address, none is taken from the environment: write key, or leave base_url out"
	}
	name := vendor.value.Keys[0]
	return "it has no key: set " + name + " in the environment, or say here where the key is, as in \"key: {env: " + name + "}\""
}

// config returns what a provider is opened with, but for its key.
func (b *builder) config(kind string, c connection) Config {
	config := Config{Getenv: b.with.Getenv}
	if b.found && c.BaseURL != nil { // see found.go
		config.Getenv = func(string) string { return "" }
	}
	if c.BaseURL != nil {
		config.BaseURL = c.BaseURL.value
	}
	for _, h := range c.Headers {
		if h.value == nil {
			continue
		}
		value, source := h.value.resolve(context.Background(), b)
		switch {
		case source != nil:
			b.add(h.value.place, "a header cannot expire: leave expires out")
		case !validHeader(h.name.value, string(value)):
			b.add(h.name.place, "this cannot be a header: its name or its value has characters that headers cannot have")
		default:
			if config.Headers == nil {
				config.Headers = make(http.Header)
			}
			config.Headers.Set(h.name.value, string(value))
		}
	}
	if c.Limits != nil {
		config.Limits = llm.Limits(*c.Limits)
	}
	config.HTTPClient = b.client(c, config.Limits)
	return config
}

// validHeader reports whether this can be a header (RFC 9110, section 5).
func validHeader(name, value string) bool {
	const token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return name != "" && strings.Trim(name, token) == "" &&
		!strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

func (b *builder) middleware(list []middlewareConfig) []llm.Middleware {
	var made []llm.Middleware
	for _, m := range list {
		kind, known, all := registered(&registry.middleware, m.name.value)
		if !known {
			b.add(m.name.place, "there is no middleware %q; %s", m.name.value, orNearest(m.name.value, all))
			continue
		}
		before := len(b.list)
		settings := b.decode(m.settings, kind.settings)
		if len(b.list) > before {
			continue
		}
		built, err := kind.build(settings.Addr().Interface(), b)
		if err != nil {
			b.add(m.name.place, "the middleware %q cannot be made: %s", m.name.value, messageOf(err))
			continue
		}
		made = append(made, built)
	}
	return made
}

// group makes a group.
func (b *builder) group(g *row[groupConfig]) *entry {
	kind, _, _ := registered(&registry.groups, g.value.Kind.value)
	var members []Member
	for _, m := range g.value.Models {
		model, err := b.Model(m.value)
		if err != nil {
			if len(b.list) == 0 {
				b.add(m.place, "%s", messageOf(err))
			}
			return nil
		}
		members = append(members, Member{m.value, model})
	}
	settings := b.decode(g.value.Settings, kind.settings)
	middleware := b.middleware(g.value.Middleware)
	defaults := g.value.Defaults.request()
	defaults.FailOnUnsupported = defaults.FailOnUnsupported || b.file.FailOnUnsupported
	b.checkDefaults(g.value.Defaults, defaults)
	if len(b.list) > 0 {
		return nil
	}
	handler, err := kind.build(settings.Addr().Interface(), members)
	if err != nil {
		b.add(g.name.place, "the group %q cannot be made: %s", g.name.value, messageOf(err))
		return nil
	}
	e := &entry{system: defaults.Messages}
	if e.system == nil {
		e.system = b.entries[g.value.Models[0].value].system
	}
	defaults.Messages = nil
	e.model = llm.New(&groupProvider{g.value.Kind.value, handler}, g.name.value, llm.WithDefaults(defaults), llm.WithMiddleware(middleware...))
	return e
}

// groupProvider is several models that answer as one.
type groupProvider struct {
	kind    string
	handler llm.Handler
}

// Name returns the kind of the group.
func (g *groupProvider) Name() string { return g.kind }

// Do has a member answer.
func (g *groupProvider) Do(ctx context.Context, call *llm.Call) llm.Events {
	return g.handler(ctx, call)
}

// messageOf returns what an error says, without what stands before it in each.
func messageOf(err error) string {
	if e, ok := err.(*llm.Error); ok && e.Message != "" {
		return e.Message
	}
	return err.Error()
}
