package config

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/catalog"
)

// Config is a config file that has been loaded: models under the user's own names. It comes
// from [Load] and is safe for concurrent use.
//
// A model uses the newest settings of its Config. After a reload, new calls use the new settings, and
// calls in progress end with the old ones.
type Config struct {
	path      string
	untrusted bool // the file was found in the working directory: see untrusted.go
	options   Options

	reloading sync.Mutex
	current   atomic.Pointer[generation]
	closing   sync.Mutex // held while current is replaced, so that Close sees the last one
	closed    atomic.Bool
}

// errClosed is the error of every use of a Config after Close.
var errClosed = &llm.Error{Kind: llm.InvalidRequest, Message: "the config is closed"}

// Options are the settings of [Load] and [Default]. The zero value uses the environment of
// the process.
type Options struct {
	// Getenv looks up environment variables. The default is os.Getenv.
	Getenv func(string) string
	// HTTPClient is used by all providers. If it is set, a file with TLS settings, a proxy or
	// an egress list is refused.
	HTTPClient *http.Client
	// Open opens the model that Default selects if there is no config file. The default is
	// [providers.Config.Open].
	Open func(name string, c providers.Config) (*llm.Model, error)
}

// optionsOf returns the options, with the defaults for a nil pointer.
func optionsOf(o *Options) Options {
	if o == nil {
		return Options{}
	}
	return *o
}

func (o Options) getenv(name string) string {
	if o.Getenv != nil {
		return o.Getenv(name)
	}
	return os.Getenv(name)
}

// Load reads a config file, in YAML or JSON. If options is nil, the defaults are used.
//
// Load checks the whole file. A mistake or a provider that is not imported is a [Problem] in
// an [*Error], with its line and column. If an environment variable with a key is not set, the
// calls of the models that need it fail with kind [llm.Auth], and [Config.Warnings] reports
// it. If no model of the file has its key, Load fails.
//
// The names of fields and the types of
// values are checked first, then their meaning, so that an error shows either all mistakes of
// form or all others.
//
// Load sends nothing. It runs the commands that print keys. If a file is a pipe, Load reads it
// for at most 30 seconds.
//
// Close the Config to release its connections.
func Load(path string, options *Options) (*Config, error) {
	return load(context.Background(), path, optionsOf(options), false)
}

func load(ctx context.Context, path string, options Options, untrusted bool) (*Config, error) {
	c := &Config{path: path, untrusted: untrusted, options: options}
	g, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	c.current.Store(g)
	return c, nil
}

// read reads the file and builds its models.
func (c *Config) read(ctx context.Context) (*generation, error) {
	r := newReading(ctx, c.path, c.options, c.untrusted)
	data, err := readFile(ctx, c.path, maxFileBytes, c.untrusted)
	if errors.Is(err, errTooLarge) {
		err = fmt.Errorf("%s is larger than %d bytes; use a smaller file", c.path, maxFileBytes)
	}
	if err != nil {
		return nil, &llm.Error{Kind: llm.InvalidRequest, Message: "cannot read the config file: " + err.Error(), Err: err}
	}
	var earlier []*openStore
	if g := c.current.Load(); g != nil {
		earlier = g.builder.stores.open
	}
	b := newBuilder(r, earlier)
	g := b.build(data)
	if err := r.err(); err != nil {
		_ = closeAll(b.closers()) // none of them has been used
		return nil, err
	}
	return g, nil
}

// Path returns the path of the file, as it was given to [Load].
func (c *Config) Path() string { return c.path }

// String returns the path of the file and the names of its models. It contains no key.
func (c *Config) String() string { return c.path + ": " + strings.Join(c.Names(), ", ") }

// GoString returns the same text as String.
func (c *Config) GoString() string { return c.String() }

// Names returns the names of the models and groups, in the order of the file.
func (c *Config) Names() []string { return slices.Clone(c.current.Load().names) }

// Warnings returns problems that do not prevent loading but should be fixed, for example a
// key in a file that other users of the machine can read.
func (c *Config) Warnings() []Problem { return slices.Clone(c.current.Load().warnings) }

// Model returns the model or group with this name. If the name is empty, Model returns the
// default of the file, or its only model. If the file has no such name, and the name has the
// form provider/model, Model returns that model, with the settings that the file has for the
// provider, and its egress list.
//
// The model does not have to be closed: the Config owns its connections. If there is no such
// model, the error is of kind [llm.NotFound].
func (c *Config) Model(name string, options ...llm.ModelOption) (*llm.Model, error) {
	g := c.current.Load()
	if name == "" {
		if name = g.defaultName; name == "" {
			return nil, &llm.Error{Kind: llm.InvalidRequest, Message: c.path + " has no default; set default to one of " + strings.Join(g.names, ", ")}
		}
	}
	e, err := g.entry(name)
	if err != nil {
		return nil, err
	}
	r := &route{config: c, name: name, provider: e.model.Provider().Name()}
	return llm.New(r, e.model.Name(), options...), nil
}

// Info returns the facts about the model with this name: those of the catalog, overridden by
// those of the file. It reports false if there are none.
func (c *Config) Info(name string) (catalog.Model, bool) {
	e, err := c.current.Load().entry(name)
	if err != nil {
		return catalog.Model{}, false
	}
	return e.info, e.info.Name != ""
}

// Close releases the connections. Calls in progress continue, and their connections are
// released when they end. Later calls fail with an error of kind [llm.InvalidRequest].
func (c *Config) Close() error {
	c.closing.Lock()
	c.closed.Store(true)
	c.closing.Unlock()
	return c.current.Load().retire()
}

// route is a provider that passes each call to the model that its Config has at that time.
type route struct {
	config   *Config
	name     string
	provider string
}

// Name returns the provider's name at the time when the model was made.
func (r *route) Name() string { return r.provider }

// Do passes the call to the current model.
func (r *route) Do(ctx context.Context, call *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		g, err := r.config.acquire()
		if err != nil {
			yield(llm.Event{}, err)
			return
		}
		defer g.release()
		e, err := g.entry(r.name)
		if err != nil {
			yield(llm.Event{}, err)
			return
		}
		if len(e.system) > 0 && call.Request != nil {
			call = call.Clone()
			call.Request.Messages = slices.Concat(e.system, call.Request.Messages)
		}
		e.model.Do(ctx, call)(yield)
	}
}

// acquire returns the current generation, which stays open until it is released.
func (c *Config) acquire() (*generation, error) {
	for {
		if g := c.current.Load(); g.hold() {
			return g, nil
		}
		if c.closed.Load() { // otherwise the generation was replaced after Load
			return nil, errClosed
		}
	}
}
