package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware/store"
)

// Middleware describes a middleware that is not in package llm/middleware, for config files.
type Middleware struct {
	// New returns a pointer to a struct with the default settings. The file sets its exported
	// fields, named by their yaml tags, their json tags, or their Go names in snake_case. If
	// the type has a method Validate() error, its error is a problem of the file.
	New func() llm.Middleware
	// AllowUntrusted says that a config file found in the working directory can set up
	// this middleware.
	//
	// Security: set it only if no setting can write a file, connect to a server or show the
	// content of calls to somebody else.
	AllowUntrusted bool
}

// Store describes a kind of store for the state that middleware shares, for config files.
type Store struct {
	// New returns a pointer to a struct with the default settings. The file sets its fields,
	// as for a [Middleware].
	New func() StoreSettings
	// AllowUntrusted says that a config file found in the working directory can use this kind
	// of store.
	//
	// Security: set it only for a store inside the process. Another store can read answers and
	// lift limits.
	AllowUntrusted bool
}

// StoreSettings are the settings of a store.
type StoreSettings interface {
	// Open makes the store. It must send nothing, and its errors must not contain the URL. If
	// the store is an [io.Closer], it is closed with the [Config], or when a reload finds that
	// the file no longer has this store.
	Open(StoreConfig) (store.Store, error)
}

// registry has the parts that the program has registered.
var registry struct {
	sync.RWMutex
	middleware map[string]Middleware
	stores     map[string]Store
}

// RegisterMiddleware makes a middleware available to config files under a name. Packages call
// it from an init function. It panics if New is nil or returns no pointer, or if the name is
// empty or taken: these are mistakes in a program, not in its input.
func RegisterMiddleware(name string, m Middleware) {
	registry.Lock()
	defer registry.Unlock()
	_, taken := pieces[name]
	register("RegisterMiddleware", &registry.middleware, name, m, taken || m.New == nil || !isPointer(m.New()))
}

// RegisterStore makes a kind of store available to config files under a name, for example
// "redis". Packages call it from an init function. It panics if New is nil or returns no
// pointer, or if the name is empty or taken.
func RegisterStore(kind string, s Store) {
	registry.Lock()
	defer registry.Unlock()
	register("RegisterStore", &registry.stores, kind, s, kind == memoryKind || s.New == nil || !isPointer(s.New()))
}

func register[T any](function string, m *map[string]T, name string, value T, invalid bool) {
	if _, taken := (*m)[name]; taken || invalid || name == "" {
		panic(fmt.Sprintf("parley: config.%s(%q): the name is empty or taken, or New does not return a pointer", function, name))
	}
	if *m == nil {
		*m = make(map[string]T)
	}
	(*m)[name] = value
}

// isPointer reports whether v is a pointer that is not nil.
func isPointer(v any) bool {
	p := reflect.ValueOf(v)
	return p.Kind() == reflect.Pointer && !p.IsNil()
}

// registeredMiddleware returns the middleware with this name, and the names of all.
func registeredMiddleware(name string) (m Middleware, ok bool, names []string) {
	registry.RLock()
	defer registry.RUnlock()
	m, ok = registry.middleware[name]
	return m, ok, slices.Collect(maps.Keys(registry.middleware))
}

// storeKind returns the kind of store with this name.
func storeKind(kind string) (Store, bool) {
	if kind == memoryKind {
		return Store{New: func() StoreSettings { return new(memorySettings) }, AllowUntrusted: true}, true
	}
	registry.RLock()
	defer registry.RUnlock()
	s, ok := registry.stores[kind]
	return s, ok
}

// storeKinds returns the names of the kinds of store, sorted.
func storeKinds() []string {
	registry.RLock()
	defer registry.RUnlock()
	kinds := append(slices.Collect(maps.Keys(registry.stores)), memoryKind)
	slices.Sort(kinds)
	return kinds
}

// settingsType returns the type of the settings that a pointer points to.
func settingsType(pointer any) reflect.Type { return reflect.TypeOf(pointer).Elem() }
