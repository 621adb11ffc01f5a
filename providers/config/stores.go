package config

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"reflect"
	"slices"
	"sync"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
	"github.com/parley-llm/parley/llm/middleware/store"
)

// StoreConfig has the connection settings of a store in a file.
type StoreConfig struct {
	// URL is the address of the store, or empty. It can contain a password, so all of it is
	// secret.
	URL llm.Secret
	// TLS has a private CA and a client certificate. It is nil if the file sets none.
	TLS *tls.Config
	// Dial connects to addresses on the egress list of the file only. It is nil if the file
	// has no list. Dial does not use TLS.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// storeSet opens the stores of a file.
type storeSet struct {
	*reading
	connector *connector
	open      []*openStore
	earlier   []*openStore // of the generation that this one replaces
}

// openStore is a store that is used by one or more generations. A generation takes over the
// stores whose settings have not changed, with their content and their connections.
type openStore struct {
	is    storeIdentity
	store store.Store

	lock  sync.Mutex
	users int
}

// storeIdentity is the part of the settings that must be equal for a store to be taken over.
type storeIdentity struct {
	name, kind string
	url        llm.Secret
	tls        *tlsConfig
	files      []stamp // of the certificates: other content needs another connection
	egress     []string
	settings   any
}

// share adds a user. It reports false if the store is closed.
func (s *openStore) share() bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.users == 0 {
		return false
	}
	s.users++
	return true
}

// Close removes a user. It closes the store after the last one.
func (s *openStore) Close() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.users--
	if closer, ok := s.store.(io.Closer); ok && s.users == 0 {
		return closer.Close()
	}
	return nil
}

// named returns the store with this name in the file.
func (s *storeSet) named(name string) (store.Store, error) {
	i := slices.IndexFunc(s.open, func(o *openStore) bool { return o.is.name == name })
	switch {
	case i >= 0:
		return s.open[i].store, nil
	case s.file.Stores.get(name) != nil:
		return nil, invalidf("the store %q cannot be opened", name)
	}
	return nil, invalidf("unknown store%s; %s", quoted(name, s.file.Stores.names()), suggest(name, s.file.Stores.names()))
}

// openAll opens the stores of the file, or takes over those of the generation before.
func (s *storeSet) openAll() {
	for i := range s.file.Stores {
		row := &s.file.Stores[i]
		if opened := s.openOne(row.name, &row.value); opened != nil {
			s.open = append(s.open, opened)
		}
	}
}

func (s *storeSet) openOne(name text, c *storeConfig) *openStore {
	kind, ok := storeKind(c.Kind.value)
	if !ok {
		return nil // checkStores has reported it
	}
	before := len(s.list)
	settings := kind.New()
	s.decode(c.Settings, settings)
	is := storeIdentity{name: name.value, kind: c.Kind.value, tls: c.TLS.withoutPlaces(), settings: reflect.ValueOf(settings).Elem().Interface()}
	var config StoreConfig
	if c.URL != nil {
		config.URL, _ = c.URL.resolve(s.reading)
		is.url = config.URL
	}
	watched := len(s.watched)
	config.TLS = s.connector.tls(c.TLS)
	is.files = s.watched[watched:]
	if len(s.list) > before {
		return nil
	}
	if list := s.connector.egress; list != nil {
		config.Dial = list.Dialer(egress.Config{})
		for _, e := range *s.file.Egress {
			is.egress = append(is.egress, e.value)
		}
	}
	for _, old := range s.earlier {
		if reflect.DeepEqual(old.is, is) && old.share() {
			return old
		}
	}
	opened, err := settings.Open(config)
	if err != nil {
		s.add(name.place, "cannot open the store %q: %s", name.value, c.Settings.hide(messageOf(err)))
		return nil
	}
	return &openStore{is: is, store: opened, users: 1}
}

// withoutPlaces returns the settings without their places, which do not identify a store.
func (t *tlsConfig) withoutPlaces() *tlsConfig {
	if t == nil {
		return nil
	}
	bare := func(t *text) *text {
		if t == nil {
			return nil
		}
		return &text{value: t.value}
	}
	return &tlsConfig{CA: bare(t.CA), Cert: bare(t.Cert), Key: bare(t.Key), ServerName: bare(t.ServerName)}
}

// memoryKind is the kind of store that keeps its content in the process. It lives as long as
// the file has it, so it outlives changes of the file.
const memoryKind = "memory"

// memorySettings are the settings of a store of the kind "memory".
type memorySettings struct {
	// MaxBytes limits the stored answers. The default is 64 MiB.
	MaxBytes int `yaml:"max_bytes"`
}

// Open makes the store.
func (s *memorySettings) Open(StoreConfig) (store.Store, error) {
	if s.MaxBytes < 0 {
		return nil, fmt.Errorf("max_bytes is %d; it cannot be negative", s.MaxBytes)
	}
	return &store.Memory{MaxBytes: s.MaxBytes}, nil
}
