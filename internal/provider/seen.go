package provider

import (
	"hash/maphash"

	"github.com/parley-llm/parley/llm"
)

// SeenSources remembers the sources of an answer, to report each one once. It keeps a hash of
// each source, because a server can send a great number of them. The zero value is ready to
// use.
type SeenSources struct {
	seed   maphash.Seed
	hashes map[uint64]struct{}
}

// Add adds a source. It reports false if the same source has been added before.
func (s *SeenSources) Add(source llm.Source) bool {
	return addTo(s, source)
}

// AddURL adds an address. It reports false if the same address has been added before.
func (s *SeenSources) AddURL(url string) bool {
	return addTo(s, url)
}

// HasURL reports whether the address has been added.
func (s *SeenSources) HasURL(url string) bool {
	_, known := s.hashes[maphash.Comparable(s.seeded(), url)]
	return known
}

func addTo[T comparable](s *SeenSources, value T) bool {
	hash := maphash.Comparable(s.seeded(), value)
	if _, known := s.hashes[hash]; known {
		return false
	}
	s.hashes[hash] = struct{}{}
	return true
}

func (s *SeenSources) seeded() maphash.Seed {
	if s.hashes == nil {
		s.seed, s.hashes = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	return s.seed
}
