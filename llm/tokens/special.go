package tokens

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm/tokens/internal/match"
)

// specials are the special tokens of an encoding.
type specials struct {
	ids   map[string]int
	names map[int]string
	size  int // the largest id plus one
}

func newSpecials(ids map[string]int) specials {
	s := specials{ids: ids, names: make(map[int]string, len(ids))}
	for name, id := range ids {
		s.size = max(s.size, id+1)
		// An id with several names is decoded to the most descriptive name.
		if other, ok := s.names[id]; !ok || strings.Contains(other, "reserved") ||
			!strings.Contains(name, "reserved") && name < other {
			s.names[id] = name
		}
	}
	return s
}

// SpecialID returns the id of a special token by name, for example "<|endoftext|>".
func (e *Encoding) SpecialID(name string) (id int, ok bool) {
	id, ok = e.special.ids[name]
	return id, ok
}

// Special returns the names of the special tokens in the order of their ids.
func (e *Encoding) Special() []string {
	ids := e.special.ids
	return slices.SortedFunc(maps.Keys(ids), func(a, b string) int {
		return cmp.Or(cmp.Compare(ids[a], ids[b]), cmp.Compare(a, b))
	})
}

// search returns a finder for the allowed names that the encoding has, or nil if it has
// none of them.
func (s *specials) search(allowed []string) *match.Finder {
	found := make(map[string]int, len(allowed))
	for _, name := range allowed {
		if id, ok := s.ids[name]; ok && name != "" {
			found[name] = id
		}
	}
	if len(found) == 0 {
		return nil
	}
	return match.NewFinder(found)
}
