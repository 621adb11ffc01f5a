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
}

type middlewareKind struct {
	settings reflect.Type
	build    func(settings any) (llm.Middleware, error)
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
// S holds its settings: exported fields of plain data, named as in
// [RegisterOptions], whose zero values are the defaults. Packages call it from
// an init function. It panics if the name is taken.
func RegisterMiddleware[S interface {
	Middleware() (llm.Middleware, error)
}](name string) {
	registry.Lock()
	defer registry.Unlock()
	add(&registry.middleware, "RegisterMiddleware", name, middlewareKind{
		settings: reflect.TypeFor[S](),
		build:    func(settings any) (llm.Middleware, error) { return settings.(S).Middleware() },
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
//	providers.RegisterGroup("fallback", func(s middleware.Fallback, members []providers.Member) (llm.Handler, error) {
//		for _, m := range members[1:] {
//			s.Models = append(s.Models, m.Model)
//		}
//		fallback, err := s.Middleware()
//		if err != nil {
//			return nil, err
//		}
//		return fallback(members[0].Model.Do), nil
//	})
//
// It panics if the name is taken.
func RegisterGroup[S any](kind string, build func(settings S, members []Member) (llm.Handler, error)) {
	registry.Lock()
	defer registry.Unlock()
	add(&registry.groups, "RegisterGroup", kind, groupKind{
		settings: reflect.TypeFor[S](),
		build:    func(settings any, members []Member) (llm.Handler, error) { return build(settings.(S), members) },
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
