package providers

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"reflect"
	"slices"
	"sync"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
)

// A store keeps what middleware of several models, processes or machines shares. What it is and what it
// can do is between those who register stores and those who register middleware: files name it, and that is all.

// StoreConfig is what a file says of the connection to a store.
type StoreConfig struct {
	// URL is where the store is. It may hold a password, so it is a secret as a whole; empty if
	// there is none.
	URL llm.Secret
	// TLS is for private CAs and client certificates; nil if the file sets none.
	TLS *tls.Config
	// Dial holds connections to the file's egress list; nil if it has none. It does no TLS.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

type storeKind struct {
	settings reflect.Type
	open     func(config StoreConfig, settings any) (any, error)
}

// RegisterStore makes a kind of store available to config files, such as "redis". S holds its settings, as
// for [RegisterMiddleware]. open must send nothing. Its errors must not hold the URL. If what it returns is an [io.Closer], it
// is closed with the setup, or once the file has no such store any more. It panics if the name is taken.
func RegisterStore[S any](kind string, open func(config StoreConfig, settings S) (any, error)) {
	registry.Lock()
	defer registry.Unlock()
	add(&registry.stores, "RegisterStore", kind, storeKind{
		settings: reflect.TypeFor[S](),
		open:     func(config StoreConfig, settings any) (any, error) { return open(config, settings.(S)) },
	})
}

// openStore is a store in use by one or more readings of the file. The one that takes the place of another
// takes over the stores whose settings have not changed, with what they hold and their connections.
type openStore struct {
	is    storeIdentity
	store any

	lock  sync.Mutex
	users int
}

// storeIdentity is all that makes a store the one that it is.
type storeIdentity struct {
	name, kind string
	url        llm.Secret
	tls        *tlsConfig
	files      []stamp // of the certificates: another content is another connection
	egress     []string
	settings   any
}

// share adds a user, unless the last one has left.
func (s *openStore) share() bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.users == 0 {
		return false
	}
	s.users++
	return true
}

// Close is called once by each user, and closes the store after the last.
func (s *openStore) Close() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.users--
	if closer, ok := s.store.(io.Closer); ok && s.users == 0 {
		return closer.Close()
	}
	return nil
}

// Store is for middleware whose settings name a store: see [File].
func (b *builder) Store(name string) (any, error) {
	for _, s := range b.stores {
		if s.is.name == name {
			return s.store, nil
		}
	}
	if b.file.Stores.get(name) != nil {
		return nil, invalidf("the store %q cannot be opened", name)
	}
	return nil, invalidf("there is no store %q; %s", name, orNearest(name, b.file.Stores.names()))
}

// checkStores tells of stores that are of no known kind.
func (b *builder) checkStores() {
	_, _, kinds := registered(&registry.stores, "")
	for _, s := range b.file.Stores {
		switch kind := s.value.Kind; {
		case kind == nil:
			b.add(s.name.place, "the store %q does not say what it is: add kind; %s", s.name.value, orNearest("", kinds))
		case !slices.Contains(kinds, kind.value):
			b.add(kind.place, "there is no kind of store %q that this program imports; %s", kind.value, orNearest(kind.value, kinds))
		}
		if url := s.value.URL; url != nil && url.from.Expires > 0 {
			b.add(url.place, "the address of a store does not expire")
		}
	}
}

// openStores opens the file's stores, or takes over those of the reading before.
func (b *builder) openStores() {
	for i := range b.file.Stores {
		row := &b.file.Stores[i]
		if s := b.openStore(row.name, &row.value); s != nil {
			b.stores = append(b.stores, s)
			b.closers = append(b.closers, s)
		}
	}
}

func (b *builder) openStore(name text, c *storeConfig) *openStore {
	kind, _, _ := registered(&registry.stores, c.Kind.value)
	before := len(b.list)
	settings := b.decode(c.Settings, kind.settings).Interface()
	var config StoreConfig
	if c.URL != nil {
		config.URL, _ = c.URL.resolve(context.Background(), b)
	}
	watched := len(b.watched)
	config.TLS = b.tls(c.TLS)
	if len(b.list) > before {
		return nil
	}
	is := storeIdentity{name: name.value, kind: c.Kind.value, url: config.URL, tls: c.TLS.placeless(), files: b.watched[watched:], settings: settings}
	if b.egress != nil {
		config.Dial = b.egress.Dialer(egress.Config{})
		for _, e := range *b.file.Egress {
			is.egress = append(is.egress, e.value)
		}
	}
	for _, old := range b.earlier {
		if reflect.DeepEqual(old.is, is) && old.share() {
			return old
		}
	}
	store, err := kind.open(config, settings)
	if err != nil {
		b.add(name.place, "the store %q cannot be opened: %s", name.value, messageOf(err))
		return nil
	}
	return &openStore{is: is, store: store, users: 1}
}

// placeless returns the settings without their places, which are no part of them.
func (t *tlsConfig) placeless() *tlsConfig {
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
