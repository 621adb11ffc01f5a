package config

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/catalog"
)

// builder makes the models and groups of a file.
type builder struct {
	*reading
	connector *connector
	stores    *storeSet

	entries map[string]*entry
	making  []string                 // the models in progress; each one is needed by the one before
	infos   map[string]llm.ModelInfo // by provider/model; complete before any call is made
}

func newBuilder(r *reading, earlier []*openStore) *builder {
	c := &connector{reading: r}
	return &builder{
		reading: r, connector: c, stores: &storeSet{reading: r, connector: c, earlier: earlier},
		entries: make(map[string]*entry),
	}
}

// closers returns everything that has to be closed with the models.
func (b *builder) closers() []io.Closer {
	closers := slices.Clone(b.connector.closers)
	for _, s := range b.stores.open {
		closers = append(closers, s)
	}
	return closers
}

// build reads the content of the file and makes its models. It opens nothing, and asks for no
// key, until it has checked the whole file. If there are problems, it returns nil.
func (b *builder) build(data []byte) *generation {
	if !b.parse(data) {
		return nil
	}
	c := checker{b.reading}
	c.check()
	g := &generation{builder: b, names: b.names, entries: b.entries, defaultName: c.defaultName()}
	b.connector.allowList()
	if b.untrusted {
		c.checkUntrusted()
	}
	if len(b.list) > 0 {
		return nil
	}
	b.stores.openAll()
	for _, name := range b.names {
		b.entry(name)
	}
	lacking := b.reportLacking()
	b.infos = make(map[string]llm.ModelInfo)
	for _, e := range b.entries {
		if e != nil && e.info.Name != "" {
			b.infos[e.model.String()] = e.info.ModelInfo
		}
	}
	g.warnings = append(exposures(b.path, b.file), lacking...)
	g.stamps = b.watched
	return g
}

// unnamed makes a model that the file does not name, by a name of the form provider/model.
func (b *builder) unnamed(name string) (*entry, error) {
	b.list = nil
	e := b.model(&modelConfig{Model: &text{value: name}})
	if e != nil && e.lacks != nil {
		b.list = append(b.list, e.lacks...)
	}
	if err := b.err(); err != nil {
		message := b.list[0].Message
		if !strings.Contains(message, name) {
			message = "cannot open " + name + ": " + message
		}
		return nil, &llm.Error{Kind: llm.InvalidRequest, Message: message}
	}
	return e, nil
}

// entry makes the model or group with this name, if that has not been done.
func (b *builder) entry(name string) *entry {
	if e, done := b.entries[name]; done {
		return e
	}
	b.making = append(b.making, name)
	defer func() { b.making = b.making[:len(b.making)-1] }()
	var e *entry
	if m := b.file.Models.get(name); m != nil {
		e = b.model(&m.value)
	} else {
		e = b.group(b.file.Groups.get(name))
	}
	b.entries[name] = e
	return e
}

// modelNamed returns a model or group of the file, for a middleware or a group that names it.
func (b *builder) modelNamed(name string) (*llm.Model, error) {
	switch i := slices.Index(b.making, name); {
	case !slices.Contains(b.names, name):
		return nil, invalidf("unknown model or group%s; %s", quoted(name, b.names), suggest(name, b.names))
	case i >= 0:
		return nil, invalidf("the model %q needs itself (%s); remove one of these uses", name, strings.Join(append(b.making[i:], name), " → "))
	}
	e := b.entry(name)
	if e == nil {
		return nil, invalidf("the model %q cannot be made", name)
	}
	return e.model, nil
}

// facts returns the facts about a model, from the file or the catalog.
func (b *builder) facts(provider, model string) (llm.ModelInfo, bool) {
	if info, ok := b.infos[provider+"/"+model]; ok {
		return info, true
	}
	m, ok := catalog.Lookup(provider + "/" + model)
	return m.ModelInfo, ok
}

// prices returns the prices of a model. It reports false if they are unknown.
func (b *builder) prices(provider, model string) (llm.Prices, bool) {
	info, ok := b.facts(provider, model)
	if !ok || info.Prices == nil {
		return llm.Prices{}, false
	}
	return *info.Prices, true
}

// model makes a model of the file.
func (b *builder) model(m *modelConfig) *entry {
	t, ok := b.target(m.Model)
	if !ok {
		return nil
	}
	opened := b.connector.open(t, m)
	defaults := b.defaults(m.Defaults)
	if m.Options.node != nil {
		b.providerOptions(t, m.Options, &defaults)
	}
	e := &entry{system: defaults.Messages, info: b.infoOf(t, m)}
	defaults.Messages = nil
	options := []llm.ModelOption{llm.WithDefaults(defaults), llm.WithMiddleware(b.middleware(m.Middleware)...)}
	if e.info.Name != "" {
		options = append(options, llm.WithMiddleware(catalog.Check(e.info.ModelInfo)))
	}
	if e.info.Prices != nil {
		options = append(options, llm.WithPrices(*e.info.Prices))
	}
	if opened == nil || len(b.list) > 0 {
		return nil
	}
	provider, err := inTurns(opened, t.model)
	if err != nil {
		b.add(m.Model.place, "invalid group %q: %s", "keys", messageOf(err))
		return nil
	}
	e.lacks = lackingAll(opened)
	e.model = llm.New(provider, t.model, options...)
	return e
}

// defaults returns the default settings of requests, with the system message in Messages.
func (b *builder) defaults(c *defaultsConfig) llm.Request {
	r := c.request()
	r.FailOnUnsupported = r.FailOnUnsupported || b.file.FailOnUnsupported
	if c != nil {
		valid := r
		valid.Messages = []llm.Message{llm.User("-")}
		if err := valid.Validate(); err != nil {
			b.addInvalidSentence(c.place, "defaults", c.settings, reflect.TypeFor[defaultsConfig](), err)
		}
	}
	return r
}

// providerOptions decodes the options that only the provider of a model has.
func (b *builder) providerOptions(t target, part raw, defaults *llm.Request) {
	if t.driver.Options == nil {
		b.add(placeOf(part.node), "the provider %q has no options; remove them", t.kind)
		return
	}
	v := reflect.New(reflect.TypeOf(t.driver.Options))
	b.decode(part, v.Interface())
	defaults.Options = []llm.Options{v.Elem().Interface().(llm.Options)}
}

// infoOf returns the facts about a model: those of the catalog, if the provider's own server
// is used, overridden by those of the file. The catalog has no facts about the models of
// another server.
func (b *builder) infoOf(t target, m *modelConfig) catalog.Model {
	var info catalog.Model
	settings := providers.Config{Getenv: b.options.Getenv}
	if b.connection(t.section, m).BaseURL == nil && !t.driver.Redirected(settings) {
		info, _ = catalog.Lookup(t.kind + "/" + t.model)
	}
	if own := b.file.Catalog.get(t.section + "/" + t.model); own != nil {
		info = own.value.over(info)
	}
	if m.Info != nil {
		info = m.Info.over(info)
	}
	if !reflect.ValueOf(info).IsZero() {
		info.Provider, info.Name = t.kind, t.model
	}
	return info
}

// middleware makes the middleware of a model or group.
func (b *builder) middleware(list []middlewareConfig) []llm.Middleware {
	var made []llm.Middleware
	for _, m := range list {
		kind, ok := middlewareNamed(m.name.value)
		if !ok {
			b.add(m.name.place, "unknown middleware%s; %s", quoted(m.name.value, middlewareNames()), suggest(m.name.value, middlewareNames()))
			continue
		}
		piece := kind.new()
		if !b.decode(m.settings, piece) {
			continue
		}
		if err := b.validate(kind, piece); err != nil {
			b.addInvalid(m.name.place, fmt.Sprintf("middleware %q", m.name.value), m.settings, settingsType(piece), err)
			continue
		}
		made = append(made, piece)
	}
	return made
}

// validate completes the settings of a middleware and checks them.
func (b *builder) validate(kind middlewareKind, piece llm.Middleware) error {
	if kind.inChain != nil {
		if err := b.complete(kind.inChain(piece)); err != nil {
			return err
		}
	}
	if v, ok := piece.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}

// group makes a group of the file.
func (b *builder) group(g *row[groupConfig]) *entry {
	kind := groupKinds[g.value.Kind.value]
	var members []member
	for _, m := range g.value.Models {
		model, err := b.modelNamed(m.value)
		if err != nil {
			if len(b.list) == 0 {
				b.add(m.place, "%s", messageOf(err))
			}
			return nil
		}
		members = append(members, member{m.value, model})
	}
	settings := reflect.New(kind.settings).Interface()
	b.decode(g.value.Settings, settings)
	middleware := b.middleware(g.value.Middleware)
	defaults := b.defaults(g.value.Defaults)
	if len(b.list) > 0 {
		return nil
	}
	handler, err := kind.build(settings, members)
	if err != nil {
		b.addInvalid(g.name.place, fmt.Sprintf("group %q", g.name.value), g.value.Settings, kind.settings, err)
		return nil
	}
	e := &entry{system: defaults.Messages}
	if e.system == nil {
		e.system = b.entries[g.value.Models[0].value].system
	}
	defaults.Messages = nil
	p := &groupProvider{g.value.Kind.value, handler}
	e.model = llm.New(p, g.name.value, llm.WithDefaults(defaults), llm.WithMiddleware(middleware...))
	return e
}
