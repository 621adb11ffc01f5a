// Package redis makes Redis and Valkey available to config files, as the kind of store
// "redis":
//
//	stores:
//	  fleet: {kind: redis, url: {env: REDIS_URL}, settings: {prefix: support}}
//	models:
//	  fast:
//	    model: groq/openai/gpt-oss-20b
//	    middleware:
//	      - rate_limit: {requests: 500, shared: {store: fleet, store_down: refuse}}
//
// Import it for this effect only:
//
//	import _ "github.com/parley-llm/parley/providers/config/redis"
//
// Package providers/all does not import it, so that a program that shares no state does not
// link a Redis client.
package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"

	"github.com/parley-llm/parley/llm/middleware/store"
	"github.com/parley-llm/parley/llm/redisstore"
	"github.com/parley-llm/parley/providers/config"
)

func init() {
	config.RegisterStore("redis", config.Store{New: func() config.StoreSettings { return new(settings) }})
}

// settings are the settings of a store in Redis, in addition to its address. The address has
// the form redis://user:password@host:6379/0, or begins with rediss:// for TLS. Its query can
// have options of go-redis, for example ?read_timeout=1s&pool_size=20.
type settings struct {
	// Prefix begins the names of all keys. The default is "parley".
	Prefix string `yaml:"prefix"`
	// Cluster says that the address is a node of a cluster. The query of the address can have
	// more nodes: ?addr=host2:6379&addr=host3:6379.
	Cluster bool `yaml:"cluster"`
}

// errURL is the error of an invalid address.
//
// Security: it does not show the address, which can contain a password.
var errURL = errors.New("invalid url; use the form redis://user:password@host:6379/0, or rediss:// for TLS, " +
	"with only options of go-redis in the query")

// closingStore is a store that closes its client.
type closingStore struct {
	*redisstore.Store
	client redis.UniversalClient
}

// Close closes the connections.
func (s closingStore) Close() error { return s.client.Close() }

// Open makes the store. It sends nothing.
func (s *settings) Open(c config.StoreConfig) (store.Store, error) {
	client, err := connect(c, s.Cluster)
	if err != nil {
		return nil, err
	}
	var options []redisstore.Option
	if s.Prefix != "" {
		options = append(options, redisstore.Prefix(s.Prefix))
	}
	return closingStore{redisstore.New(client, options...), client}, nil
}

// connect returns a client, which connects at its first use.
func connect(c config.StoreConfig, cluster bool) (redis.UniversalClient, error) {
	if c.URL == "" {
		return nil, errors.New("it has no url; add one, for example \"url: {env: REDIS_URL}\"")
	}
	if cluster {
		o, err := redis.ParseClusterURL(string(c.URL))
		if err != nil {
			return nil, errURL
		}
		if err := secure(o.TLSConfig, c.TLS); err != nil {
			return nil, err
		}
		o.Dialer, o.ContextTimeoutEnabled = dialer(c, o.TLSConfig), true
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(string(c.URL))
	if err != nil {
		return nil, errURL
	}
	if err := secure(o.TLSConfig, c.TLS); err != nil {
		return nil, err
	}
	o.Dialer, o.ContextTimeoutEnabled = dialer(c, o.TLSConfig), true
	return redis.NewClient(o), nil
}

// secure adds the TLS settings of the file to those of the address.
func secure(to, from *tls.Config) error {
	switch {
	case from == nil:
		return nil
	case to == nil:
		return errors.New("it has tls, and its url does not begin with rediss://; change one of them")
	}
	to.RootCAs, to.Certificates = from.RootCAs, from.Certificates
	if from.ServerName != "" {
		to.ServerName = from.ServerName
	}
	return nil
}

// dialer returns a function that connects within the egress list of the file, or nil if the
// file has no list. go-redis expects such a function to start TLS.
func dialer(c config.StoreConfig, secured *tls.Config) func(ctx context.Context, network, address string) (net.Conn, error) {
	if c.Dial == nil || secured == nil {
		return c.Dial
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := c.Dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		inside := tls.Client(conn, secured)
		if err := inside.HandshakeContext(ctx); err != nil {
			_ = conn.Close() // the handshake's error is the one to tell
			return nil, err
		}
		return inside, nil
	}
}
