package providers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/parley-llm/parley/llm"
)

// Driver describes a provider: how to open it, and its facts. The table of providers in
// README.md, the schema of config files and the hints of programs are made from these facts.
// Only New is required.
type Driver struct {
	// New makes the provider from its settings and the environment variables below. If the
	// provider is an [io.Closer], the models that are opened with it close it.
	New func(Config) (llm.Provider, error)

	// Title is the name of the vendor or the server, for people: "OpenAI".
	Title string
	// Description is one line for a list of providers.
	Description string

	// KeyEnv are the environment variables that can hold the API key. New uses the first one
	// that is set.
	KeyEnv []string
	// DefaultURL is the address of the API if neither the settings nor the environment give
	// another. It is empty if there is no such address.
	DefaultURL string
	// URLEnv is the environment variable that can hold another address than the vendor's.
	URLEnv string
	// OtherEnv are the other environment variables that New reads.
	OtherEnv []string

	// DefaultModel is the model for programs whose user has set a key but named no model. If
	// it is empty, the provider is not chosen by its key.
	DefaultModel string
	// Rank orders the providers that are chosen by their keys. If there are several keys, the
	// lowest rank is chosen. Providers of rank 0 come last, in the order of their names.
	Rank int
	// Start says how to start a local server: `start it with "ollama serve"`. It is empty for
	// a hosted one.
	Start string
	// Options is a value of the type of the provider's options. If it is nil, config files
	// cannot set options.
	Options llm.Options

	// Settings is a value of the type of [Config.Settings], a struct. If it is nil, the provider
	// has no settings apart from the fields of Config.
	Settings any

	// InProcess says that the provider runs models in the process. It connects to no server, and
	// has no address and no key.
	InProcess bool
	// Fallback returns the name of a model that is part of the program, for programs whose user
	// has configured none, or "". A nil function returns none.
	Fallback func() string

	// AcceptsQuery says that the address can have a query, which is sent with every request.
	AcceptsQuery bool

	// ConfigCredentials says that New takes credentials only from its Config, including
	// Config.Getenv. It is false if the provider can find others, for example in the files of
	// a cloud's command-line tool.
	//
	// Security: if it is false, a config file that the user has not named cannot send the
	// provider to another address.
	ConfigCredentials bool
}

// Redirected reports whether c, or the environment, gives another address than the vendor's.
// The catalog has no facts about the models of another server.
func (d Driver) Redirected(c Config) bool {
	return c.BaseURL != "" || d.URLEnv != "" && c.Env(d.URLEnv) != ""
}

// drivers are the registered drivers. They are the only global state of this package.
var drivers struct {
	sync.RWMutex
	byName map[string]Driver
}

// Register makes a driver available under a name. Packages of providers call it from an init
// function. It panics if the name is empty, contains a slash or is already registered, or if
// New is nil: these are mistakes in a program, not in its input.
func Register(name string, d Driver) {
	drivers.Lock()
	defer drivers.Unlock()
	if name == "" || strings.Contains(name, "/") || d.New == nil {
		panic(fmt.Sprintf("parley: providers.Register(%q): a driver needs a name without a slash, and New", name))
	}
	if _, taken := drivers.byName[name]; taken {
		panic(fmt.Sprintf("parley: providers.Register(%q): the name is already registered", name))
	}
	if drivers.byName == nil {
		drivers.byName = make(map[string]Driver)
	}
	drivers.byName[name] = d
}

// Lookup returns the driver that is registered under a name.
func Lookup(name string) (Driver, bool) {
	drivers.RLock()
	defer drivers.RUnlock()
	d, ok := drivers.byName[name]
	return d, ok
}

// Names returns the names of the registered drivers, sorted.
func Names() []string {
	drivers.RLock()
	defer drivers.RUnlock()
	return slices.Sorted(maps.Keys(drivers.byName))
}
