package tokens

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// specials are the special tokens of an encoding.
type specials struct {
	ids   map[string]int
	names map[int]string
	size  int // one more than the largest id
}

func newSpecials(ids map[string]int) specials {
	s := specials{ids: ids, names: make(map[int]string, len(ids))}
	for name, id := range ids {
		s.size = max(s.size, id+1)
		// An id with several names is decoded to the one that says something.
		if other, ok := s.names[id]; !ok || strings.Contains(other, "reserved") ||
			!strings.Contains(name, "reserved") && name < other {
			s.names[id] = name
		}
	}
	return s
}

// SpecialID returns the id of the special token with this name, such as
// "<|endoftext|>".
func (e *Encoding) SpecialID(name string) (id int, ok bool) {
	id, ok = e.special.ids[name]
	return id, ok
}

// Special returns the names of the special tokens, in the order of their ids.
func (e *Encoding) Special() []string {
	ids := e.special.ids
	return slices.SortedFunc(maps.Keys(ids), func(a, b string) int {
		return cmp.Or(cmp.Compare(ids[a], ids[b]), cmp.Compare(a, b))
	})
}

// specialSearch finds the names of some special tokens in text.
type specialSearch struct {
	ids     map[string]int
	first   [256]bool // the bytes that names begin with
	lengths []int     // of names, descending
}

// search returns a search for the names among allowed that there are, nil if
// there are none.
func (s *specials) search(allowed []string) *specialSearch {
	var search *specialSearch
	for _, name := range allowed {
		id, ok := s.ids[name]
		if !ok || name == "" {
			continue
		}
		if search == nil {
			search = &specialSearch{ids: make(map[string]int, len(allowed))}
		}
		search.ids[name] = id
		search.first[name[0]] = true
		search.lengths = append(search.lengths, -len(name))
	}
	if search == nil {
		return nil
	}
	slices.Sort(search.lengths)
	search.lengths = slices.Compact(search.lengths)
	for i := range search.lengths {
		search.lengths[i] *= -1
	}
	return search
}

// next returns the first name in text, the longest if several begin there:
// from where to where, and its token. start is -1 if there is none.
func (s *specialSearch) next(text string) (start, end, id int) {
	for i := range len(text) {
		if !s.first[text[i]] {
			continue
		}
		for _, n := range s.lengths {
			if len(text)-i < n {
				continue
			}
			if id, ok := s.ids[text[i:i+n]]; ok {
				return i, i + n, id
			}
		}
	}
	return -1, -1, 0
}
