package providers

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/parley-llm/parley/llm"
)

// registry is the one piece of global state: what there is to be named.
var registry struct {
	sync.RWMutex
	openers    map[string]Opener
	options    map[string]reflect.Type
	middleware map[string]middlewareKind
	groups     map[string]groupKind
	stores     map[string]storeKind
}

type middlewareKind struct {
	settings reflect.Type
	build    func(settings any, file File) (llm.Middleware, error)
}

type groupKind struct {
	settings reflect.Type
	build    func(settings any, members []Member) (llm.Handler, error)
}

// RegisterOptions says that the options of these providers are a T, so that a
// config file can set them: under "options", by the names in T's yaml or json tags, in
// words with underscores (num_ctx). Providers call it from an init function. It
// panics if a provider has options already.
func RegisterOptions[T llm.Options](names ...string) {
	registry.Lock()
	defer registry.Unlock()
	for _, name := range names {
		add(&registry.options, "RegisterOptions", name, reflect.TypeFor[T]())
	}
}

// RegisterMiddleware makes a middleware available to config files under a name.
// A pointer to S is the middleware. Its exported fields of plain data are its settings,
// named as in [RegisterOptions], and their zero values are the defaults. If it has a method
// Validate() error, settings for which that returns an error are refused. Packages call
// RegisterMiddleware from an init function. It panics if the name is taken.
func RegisterMiddleware[S any, P interface {
	*S
	llm.Middleware
}](name string) {
	RegisterMiddlewareIn(name, func(settings *S, _ File) (llm.Middleware, error) {
		made := P(settings)
		if v, ok := any(made).(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return nil, err
			}
		}
		return made, nil
	})
}

// File is what the settings of a middleware may speak of: the rest of the config file.
type File interface {
	// Model returns the file's model or group of this name. A model cannot be had while it
	// is itself in the making: that would be a cycle.
	Model(name string) (*llm.Model, error)
	// Info returns what is known of a model, by the file and by the catalog. It may be called
	// at any time, by many goroutines at once.
	Info(provider, model string) (llm.ModelInfo, bool)
	// Store returns the file's store of this name: what the kind of store has made, whose type
	// the middleware knows. See [RegisterStore].
	Store(name string) (any, error)
}

// RegisterMiddlewareIn is [RegisterMiddleware] for a middleware whose settings name other
// models of the file, or which needs to know what they can do and cost:
//
//	providers.RegisterMiddlewareIn("fallback", func(s *middleware.Fallback, file providers.File) (llm.Middleware, error) {
//		for i, to := range s.To {
//			model, err := file.Model(to.Name)
//			if err != nil {
//				return nil, err
//			}
//			s.To[i].Model = model
//		}
//		return s, s.Validate()
//	})
func RegisterMiddlewareIn[S any](name string, build func(settings *S, file File) (llm.Middleware, error)) {
	registry.Lock()
	defer registry.Unlock()
	add(&registry.middleware, "RegisterMiddleware", name, middlewareKind{
		settings: reflect.TypeFor[S](),
		build:    func(settings any, file File) (llm.Middleware, error) { return build(settings.(*S), file) },
	})
}

// Member is a model of a group, under the name that it has in the config file:
// settings of the group may speak of it by that name.
type Member struct {
	Name  string
	Model *llm.Model
}

// RegisterGroup makes a kind of group available to config files: several models
// that answer as one, such as "fallback" and "balance". S holds its settings, as for
// [RegisterMiddleware]. build returns what answers a call that is made to the
// group; it is called with at least one member. [llm.Model.Do] hands a call on to one, so that a
// middleware around the first is a group as well:
//
//	providers.RegisterGroup("fallback", func(s *middleware.Fallback, members []providers.Member) (llm.Handler, error) {
//		for _, m := range members[1:] {
//			s.To = append(s.To, middleware.FallbackTarget{Name: m.Name, Model: m.Model})
//		}
//		return s.Wrap(members[0].Model.Do), s.Validate()
//	})
//
// It panics if the name is taken.
func RegisterGroup[S any](kind string, build func(settings *S, members []Member) (llm.Handler, error)) {
	registry.Lock()
	defer registry.Unlock()
	add(&registry.groups, "RegisterGroup", kind, groupKind{
		settings: reflect.TypeFor[S](),
		build:    func(settings any, members []Member) (llm.Handler, error) { return build(settings.(*S), members) },
	})
}

func add[T any](m *map[string]T, function, name string, value T) {
	if _, taken := (*m)[name]; taken || name == "" {
		panic(fmt.Sprintf("parley: providers.%s(%q): the name is empty, or taken already", function, name))
	}
	if *m == nil {
		*m = make(map[string]T)
	}
	(*m)[name] = value
}

// registered returns what is registered under a name, and all names, sorted.
func registered[T any](m *map[string]T, name string) (value T, ok bool, names []string) {
	registry.RLock()
	defer registry.RUnlock()
	value, ok = (*m)[name]
	return value, ok, slices.Sorted(maps.Keys(*m))
}
